"""Segment the images of a RealSense.

Start the driver separately, with depth registered to color:
`ros2 launch realsense2_camera rs_launch.py align_depth.enable:=true`;
then `ros2 launch scenerep_ros realsense.launch.py rviz:=true`.
"""

from launch import LaunchDescription

from scenerep_ros.ros.launch.descriptions import camera_launch


def generate_launch_description() -> LaunchDescription:
    """Describe the launch. `ros2 launch scenerep_ros realsense.launch.py -s` lists its arguments."""
    return camera_launch(__file__, camera="realsense", frame="camera_color_optical_frame")
