"""Replay a TUM RGB-D sequence, or any other recording, and segment it.

`ros2 launch scenerep_ros tum.launch.py sequence:=rgbd_dataset_freiburg1_desk rviz:=true`
"""

from launch import LaunchDescription

from scenerep_ros.ros.launch.descriptions import replay_launch


def generate_launch_description() -> LaunchDescription:
    """Describe the launch. `ros2 launch scenerep_ros tum.launch.py -s` lists its arguments."""
    return replay_launch(__file__, camera="tum", frame="camera")
