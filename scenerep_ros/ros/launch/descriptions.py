"""Launch descriptions that the launch files share.

The module needs Python and ROS only, because `ros2 launch` runs in the system's Python, which may
lack the nodes' other requirements. A launch file lies in launch/ beside config/, both in the source
tree and in an installation. `share` is the folder above both.
"""

from __future__ import annotations

from pathlib import Path

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction, SetEnvironmentVariable
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from scenerep_ros.filesystem.share import executable_path, fastdds_environment
from scenerep_ros.ros.launch.options import REPLAY_OPTIONS, SEGMENTER_OPTIONS

STOP_TIMEOUT_S = 15
"""Time for a node to exit after SIGINT [s]. A busy machine needs several seconds to unload torch."""


def camera_launch(launch_file: str, camera: str, frame: str) -> LaunchDescription:
    """Describe the launch with a live camera: the segmenter, and RViz on request.

    Args:
        launch_file: path of the calling file.
        camera: name of the parameter file in config/.
        frame: optical frame of the color camera, for RViz.
    """
    share = share_folder(launch_file)
    return LaunchDescription(
        [
            *_launch_arguments(share, camera, frame),
            *_middleware_environment(),
            OpaqueFunction(function=_start_segmenter, args=[share]),
            _rviz(share),
        ]
    )


def replay_launch(launch_file: str, camera: str, frame: str) -> LaunchDescription:
    """Describe the launch with a recording instead of a camera; arguments as camera_launch."""
    share = share_folder(launch_file)
    description = camera_launch(launch_file, camera, frame)
    description.add_action(
        DeclareLaunchArgument("sequence", description="TUM folder, bag, image folder or video")
    )
    for name in REPLAY_OPTIONS:
        description.add_action(_option_argument(name))
    description.add_action(OpaqueFunction(function=_start_replay, args=[share]))
    return description


def share_folder(launch_file: str) -> Path:
    """Return the folder of launch/ and config/. Links are kept, because colcon may install links."""
    return Path(launch_file).absolute().parents[1]


def _launch_arguments(share: Path, camera: str, frame: str) -> list[DeclareLaunchArgument]:
    params = str(share / "config" / f"{camera}.yaml")
    return [
        DeclareLaunchArgument("params", default_value=params, description="parameter file"),
        DeclareLaunchArgument("rviz", default_value="false", description="start RViz"),
        DeclareLaunchArgument("frame", default_value=frame, description="RViz's fixed frame"),
        *map(_option_argument, SEGMENTER_OPTIONS),
    ]


def _option_argument(name: str) -> DeclareLaunchArgument:
    text = f"the nodes' parameter {name}; empty: as in the parameter file"
    return DeclareLaunchArgument(name, default_value="", description=text)


def _middleware_environment() -> list[SetEnvironmentVariable]:
    return [SetEnvironmentVariable(name, value) for name, value in fastdds_environment().items()]


def _start_segmenter(context: LaunchContext, share: Path) -> list[Node]:
    return [_node(context, share, "segmenter", _overrides(context, SEGMENTER_OPTIONS))]


def _start_replay(context: LaunchContext, share: Path) -> list[Node]:
    source = ParameterValue(LaunchConfiguration("sequence"), value_type=str)
    overrides = {"source": source} | _overrides(context, REPLAY_OPTIONS)
    return [_node(context, share, "replay", overrides)]


def _node(
    context: LaunchContext, share: Path, name: str, overrides: dict[str, ParameterValue]
) -> Node:
    """Start a node with the parameter file and the overrides."""
    params = LaunchConfiguration("params").perform(context)
    return Node(
        executable=executable_path(share, name),
        name=name,
        parameters=[params, *([overrides] if overrides else [])],
        output="screen",
        emulate_tty=True,
        sigterm_timeout=str(STOP_TIMEOUT_S),
    )


def _overrides(context: LaunchContext, options: dict[str, type]) -> dict[str, ParameterValue]:
    """Convert the launch arguments that are not empty to parameters of their types."""
    names = [name for name in options if context.launch_configurations[name] != ""]
    return {
        name: ParameterValue(LaunchConfiguration(name), value_type=options[name]) for name in names
    }


def _rviz(share: Path) -> Node:
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(share / "config/segmenter.rviz"), "-f", LaunchConfiguration("frame")],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
