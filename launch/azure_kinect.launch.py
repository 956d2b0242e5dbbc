"""Segment the images of an Azure Kinect.

Start the driver separately, with depth registered to color:
`ros2 launch azure_kinect_ros_driver driver.launch.py`;
then `ros2 launch scenerep_ros azure_kinect.launch.py rviz:=true`.
"""

from launch import LaunchDescription

from scenerep_ros.ros.launch.descriptions import camera_launch


def generate_launch_description() -> LaunchDescription:
    """Describe the launch. `ros2 launch scenerep_ros azure_kinect.launch.py -s` lists its arguments."""
    return camera_launch(__file__, camera="azure_kinect", frame="rgb_camera_link")
