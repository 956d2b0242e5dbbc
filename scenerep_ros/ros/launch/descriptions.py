"""What the launch files share.

It needs Python and ROS only: `ros2 launch` runs in the system's Python, where the nodes' other
requirements need not be. A launch file lies in launch/ beside config/, in the source tree and
where it is installed; `share` is the folder above both.
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


def camera_launch(launch_file: str, camera: str, frame: str) -> LaunchDescription:
    """Describe what runs beside a live camera: the segmenter, and RViz on demand.

    Args:
        launch_file: path of the calling file.
        camera: name of the parameter file in config/.
        frame: the colour camera's optical frame, for RViz.
    """
    share = share_folder(launch_file)
    return LaunchDescription(
        [*_arguments(share, camera, frame), *_profile(), _segmenter(share), _rviz(share)]
    )


def replay_launch(launch_file: str, camera: str, frame: str) -> LaunchDescription:
    """Describe the same with a recording in the camera's place; arguments as camera_launch."""
    share = share_folder(launch_file)
    description = camera_launch(launch_file, camera, frame)
    description.add_action(
        DeclareLaunchArgument("sequence", description="TUM folder, bag, image folder or video")
    )
    for name in REPLAY_OPTIONS:
        description.add_action(_option(name))
    description.add_action(OpaqueFunction(function=_start_replay, args=[share]))
    return description


def share_folder(launch_file: str) -> Path:
    """Folder of launch/ and config/; links are kept, because colcon installs links to sources."""
    return Path(launch_file).absolute().parents[1]


def _arguments(share: Path, camera: str, frame: str) -> list[DeclareLaunchArgument]:
    params = str(share / "config" / f"{camera}.yaml")
    return [
        DeclareLaunchArgument("params", default_value=params, description="parameter file"),
        DeclareLaunchArgument("rviz", default_value="false", description="start RViz"),
        DeclareLaunchArgument("frame", default_value=frame, description="RViz's fixed frame"),
        *map(_option, SEGMENTER_OPTIONS),
    ]


def _option(name: str) -> DeclareLaunchArgument:
    text = f"the nodes' parameter {name}; empty: as in the parameter file"
    return DeclareLaunchArgument(name, default_value="", description=text)


def _profile() -> list[SetEnvironmentVariable]:
    return [SetEnvironmentVariable(name, value) for name, value in fastdds_environment().items()]


def _segmenter(share: Path) -> OpaqueFunction:
    return OpaqueFunction(function=_start_segmenter, args=[share])


def _start_segmenter(context: LaunchContext, share: Path) -> list[Node]:
    return [_node(context, share, "segmenter", _given(context, SEGMENTER_OPTIONS))]


def _start_replay(context: LaunchContext, share: Path) -> list[Node]:
    source = ParameterValue(LaunchConfiguration("sequence"), value_type=str)
    return [_node(context, share, "replay", {"source": source} | _given(context, REPLAY_OPTIONS))]


def _node(
    context: LaunchContext, share: Path, name: str, options: dict[str, ParameterValue]
) -> Node:
    """Start a node with the parameter file, and on top the options that were given."""
    params = LaunchConfiguration("params").perform(context)
    return Node(
        executable=executable_path(share, name),
        name=name,
        parameters=[params, *([options] if options else [])],
        output="screen",
        emulate_tty=True,
        sigterm_timeout="15",  # a loaded machine takes its time to unload torch
    )


def _given(context: LaunchContext, options: dict[str, type]) -> dict[str, ParameterValue]:
    """The launch arguments that are not empty, as parameters of their types."""
    given = [name for name in options if context.launch_configurations[name] != ""]
    return {
        name: ParameterValue(LaunchConfiguration(name), value_type=options[name]) for name in given
    }


def _rviz(share: Path) -> Node:
    return Node(
        package="rviz2",
        executable="rviz2",
        arguments=["-d", str(share / "config/segmenter.rviz"), "-f", LaunchConfiguration("frame")],
        condition=IfCondition(LaunchConfiguration("rviz")),
    )
