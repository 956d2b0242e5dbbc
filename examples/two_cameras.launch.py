"""Segment the images of two cameras, with one segmenter and one group of RViz displays each.

The drivers publish the same topics in two namespaces. For two RealSense cameras:
`ros2 launch realsense2_camera rs_launch.py camera_namespace:=left align_depth.enable:=true serial_no:=...`,
the same with `right`; then `ros2 launch scenerep_ros two_cameras.launch.py rviz:=true`.
"""

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from scenerep_ros.ros.launch import descriptions
from scenerep_ros.ros.launch.options import SEGMENTER_OPTIONS

TOPICS = {
    "color_topic": "camera/color/image_raw",
    "depth_topic": "camera/aligned_depth_to_color/image_raw",
    "camera_info_topic": "camera/color/camera_info",
}
"""Topics of each camera, relative to its namespace."""
SHARE = descriptions.share_folder(__file__)


def generate_launch_description() -> LaunchDescription:
    """Describe the launch. `ros2 launch scenerep_ros two_cameras.launch.py -s` lists its arguments."""
    params = str(SHARE / "config" / "realsense.yaml")
    return LaunchDescription(
        [
            DeclareLaunchArgument("params", default_value=params, description="parameter file"),
            DeclareLaunchArgument(
                "cameras", default_value="left,right", description="namespaces of the cameras"
            ),
            DeclareLaunchArgument("frame", default_value="base_link", description="RViz's frame"),
            *descriptions.common_arguments(),
            *(DeclareLaunchArgument(name, default_value=topic) for name, topic in TOPICS.items()),
            *(
                descriptions.option_argument(name)
                for name in SEGMENTER_OPTIONS
                if name not in TOPICS
            ),
            *descriptions.middleware_environment(),
            OpaqueFunction(function=descriptions.check_options),
            OpaqueFunction(function=start_nodes, args=[SHARE]),
        ]
    )


def start_nodes(context: LaunchContext, share: Path) -> list[Node]:
    """Start RViz and one segmenter for each camera."""
    cameras = LaunchConfiguration("cameras").perform(context).split(",")
    names = [f"/{camera.strip('/')}/segmenter" for camera in cameras]
    frame = LaunchConfiguration("frame").perform(context)
    overrides = descriptions.overrides_of(context, SEGMENTER_OPTIONS)
    return [
        *descriptions.start_rviz(context, share, names, frame),
        *(
            descriptions.start_node(context, share, "segmenter", overrides, "segmenter", camera)
            for camera in cameras
        ),
    ]
