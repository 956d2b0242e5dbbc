"""Segment the images of a Kinect or Xtion.

Start the driver separately, with depth registered to color:
`ros2 launch openni2_camera camera_with_cloud.launch.py`;
then `ros2 launch scenerep_ros kinect.launch.py rviz:=true`.
"""

from launch import LaunchDescription

from scenerep_ros.ros.launch.descriptions import camera_launch


def generate_launch_description() -> LaunchDescription:
    """Describe the launch. `ros2 launch scenerep_ros kinect.launch.py -s` lists its arguments."""
    return camera_launch(__file__, camera="kinect", frame="camera_rgb_optical_frame")
