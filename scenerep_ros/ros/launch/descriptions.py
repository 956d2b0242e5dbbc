"""Launch descriptions that the launch files share.

The module needs Python and ROS only, because `ros2 launch` runs in the system's Python, which may
lack the nodes' other requirements. A launch file lies in launch/ beside config/, both in the source
tree and in an installation. `share` is the folder above both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue

from scenerep_ros.filesystem.share import executable_path, fastdds_environment
from scenerep_ros.ros.launch.options import (
    REPLAY_OPTIONS,
    SEGMENTER_OPTIONS,
    option_description,
    option_value,
)
from scenerep_ros.ros.launch.rviz import rviz_nodes

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
            *middleware_environment(),
            OpaqueFunction(function=check_options),
            OpaqueFunction(function=_start_rviz, args=[share]),
            OpaqueFunction(function=_start_segmenter, args=[share]),
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
        if name not in SEGMENTER_OPTIONS:
            description.add_action(option_argument(name))
    description.add_action(OpaqueFunction(function=_start_replay, args=[share]))
    return description


def share_folder(launch_file: str) -> Path:
    """Return the folder of launch/ and config/. Links are kept, because colcon may install links."""
    return Path(launch_file).absolute().parents[1]


def option_argument(name: str) -> DeclareLaunchArgument:
    """Declare the launch argument of an option of the nodes."""
    text = f"{option_description(name)} Empty: as in the parameter file."
    return DeclareLaunchArgument(name, default_value="", description=text)


def middleware_environment() -> list[SetEnvironmentVariable]:
    """Set the Fast DDS profile also for RViz; the nodes of this package set it themselves."""
    return [SetEnvironmentVariable(name, value) for name, value in fastdds_environment().items()]


def start_node(
    context: LaunchContext,
    share: Path,
    executable: str,
    overrides: dict[str, Any],
    name: str,
    namespace: str,
) -> Node:
    """Start a node with the parameter file and the overrides. Its failure ends the launch.

    Args:
        context: context of the launch.
        share: folder of launch/ and config/.
        executable: segmenter or replay.
        overrides: parameters that differ from the parameter file.
        name: name of the node.
        namespace: namespace of the node; empty for none.
    """
    params = LaunchConfiguration("params").perform(context)
    log_level = LaunchConfiguration("log_level").perform(context)
    logger = f"{namespace}/{name}".strip("/").replace("/", ".")
    common = {"use_sim_time": _is_true(context, "use_sim_time")}
    return Node(
        executable=executable_path(share, executable),
        name=name,
        namespace=namespace,
        parameters=[params, {**common, **overrides}],
        ros_arguments=["--log-level", f"{logger}:={log_level}"],
        output="screen",
        emulate_tty=True,
        sigterm_timeout=str(STOP_TIMEOUT_S),
        on_exit=_end_launch(executable),
    )


def overrides_of(context: LaunchContext, options: dict[str, type]) -> dict[str, ParameterValue]:
    """Convert the launch arguments that are not empty to parameters of their types.

    Raises:
        RuntimeError: naming the argument whose value has another type.
    """
    given = {name: context.launch_configurations.get(name, "") for name in options}
    return {
        name: ParameterValue(option_value(name, text, options[name]), value_type=options[name])
        for name, text in given.items()
        if text
    }


def check_options(context: LaunchContext) -> list[Node]:
    """Check the types of the launch arguments before any process starts, as overrides_of does."""
    overrides_of(context, SEGMENTER_OPTIONS | REPLAY_OPTIONS)
    return []


def _launch_arguments(share: Path, camera: str, frame: str) -> list[DeclareLaunchArgument]:
    params = str(share / "config" / f"{camera}.yaml")
    return [
        DeclareLaunchArgument("params", default_value=params, description="parameter file"),
        DeclareLaunchArgument("namespace", default_value="", description="namespace of the nodes"),
        DeclareLaunchArgument("name", default_value="segmenter", description="segmenter's name"),
        *common_arguments(),
        DeclareLaunchArgument("frame", default_value=frame, description="RViz's fixed frame"),
        *map(option_argument, SEGMENTER_OPTIONS),
    ]


def common_arguments() -> list[DeclareLaunchArgument]:
    """Declare the arguments that every launch file has."""
    return [
        DeclareLaunchArgument("use_sim_time", default_value="false", description="use /clock"),
        DeclareLaunchArgument("log_level", default_value="info", description="nodes' log level"),
        DeclareLaunchArgument("rviz", default_value="false", description="start RViz"),
    ]


def _start_segmenter(context: LaunchContext, share: Path) -> list[Node]:
    overrides = overrides_of(context, SEGMENTER_OPTIONS)
    name, namespace = _name(context), _namespace(context)
    return [start_node(context, share, "segmenter", overrides, name, namespace)]


def _start_replay(context: LaunchContext, share: Path) -> list[Node]:
    source = ParameterValue(LaunchConfiguration("sequence"), value_type=str)
    overrides = {"source": source} | overrides_of(context, REPLAY_OPTIONS)
    return [start_node(context, share, "replay", overrides, "replay", _namespace(context))]


def _start_rviz(context: LaunchContext, share: Path) -> list[Node]:
    segmenter = f"/{_namespace(context)}/{_name(context)}".replace("//", "/")
    return start_rviz(context, share, [segmenter], LaunchConfiguration("frame").perform(context))


def start_rviz(
    context: LaunchContext, share: Path, segmenters: Sequence[str], frame: str
) -> list[Node]:
    """Start RViz if the launch argument rviz is true; see rviz_nodes."""
    return rviz_nodes(share, segmenters, frame) if _is_true(context, "rviz") else []


def _end_launch(executable: str) -> Callable[[ProcessExited, LaunchContext], list[Shutdown]]:
    """Return a handler that ends the launch with the node: with an error if it has failed.

    A replay that has ended without an error leaves the other processes running.
    """

    def on_exit(event: ProcessExited, context: LaunchContext) -> list[Shutdown]:
        if context.is_shutdown:
            return []
        if event.returncode:
            raise RuntimeError(f"{executable} failed with exit code {event.returncode}, see above")
        return [] if executable == "replay" else [Shutdown(reason=f"{executable} has ended")]

    return on_exit


def _namespace(context: LaunchContext) -> str:
    return LaunchConfiguration("namespace").perform(context).strip("/")


def _name(context: LaunchContext) -> str:
    return LaunchConfiguration("name").perform(context)


def _is_true(context: LaunchContext, name: str) -> bool:
    """Read a boolean launch argument.

    Raises:
        RuntimeError: if it is neither true nor false.
    """
    value = LaunchConfiguration(name).perform(context).lower()
    if value not in ("true", "false"):
        raise RuntimeError(f"launch argument {name}:={value}: expected true or false")
    return value == "true"
