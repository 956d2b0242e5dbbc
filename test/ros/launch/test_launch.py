"""Launch files, parameter files and the RViz configuration, with and without ROS."""

import contextlib
import json
import os
import re
import runpy
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from importlib import import_module
from pathlib import Path
from threading import Event

import pytest
import yaml

from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.config.validation import load_yaml, validated
from scenerep_ros.filesystem.share import executable_path, share_folder
from scenerep_ros.ros.launch.options import (
    REPLAY_OPTIONS,
    SEGMENTER_OPTIONS,
    option_description,
)

ROOT = Path(__file__).resolve().parents[3]
LAUNCH_FILES = sorted((ROOT / "launch").glob("*.launch.py"))
TWO_CAMERAS = ROOT / "examples" / "two_cameras.launch.py"
PARAMETER_FILES = sorted((ROOT / "config").glob("*.yaml"))
LAUNCHER = """
import sys
import tempfile
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
until_exit, path, *arguments = sys.argv[1:]
source = PythonLaunchDescriptionSource(path)
pairs = [argument.split(":=") for argument in arguments]
service = LaunchService()
service.include_launch_description(
    LaunchDescription(
        [
            IncludeLaunchDescription(source, launch_arguments=pairs),
            *(
                [RegisterEventHandler(OnProcessExit(on_exit=[Shutdown(reason="a process ended")]))]
                if until_exit == "True"
                else []
            ),
        ]
    )
)
sys.exit(service.run())
"""
"""Program that runs a launch file, on request until the first of its processes exits."""


def by_name(path):
    return path.name


def displays():
    config = yaml.safe_load((ROOT / "config" / "segmenter.rviz").read_text())
    return config["Visualization Manager"]["Displays"]


def topic_of(display):
    """Return the topic of a display below the segmenter's name."""
    return display["Topic"]["Value"].removeprefix("/segmenter/")


def test_launch_files_have_one_parameter_file_each():
    cameras = {path.name.split(".")[0] for path in LAUNCH_FILES}
    assert cameras == {path.stem for path in PARAMETER_FILES}
    assert {"tum", "kinect"} <= cameras


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=by_name)
def test_launch_file_uses_parameter_file_of_its_camera(path):
    text = path.read_text()
    compile(text, str(path), "exec")
    assert re.findall(r'camera="(\w+)"', text) == [path.name.split(".")[0]]


@pytest.mark.parametrize("path", PARAMETER_FILES, ids=by_name)
def test_parameter_file_is_valid_for_every_node(path):
    assert list(yaml.safe_load(path.read_text())) == ["/**"]
    config = validated(NodeConfig, load_yaml(path))
    assert not config.color_topic.startswith("/")
    assert not config.depth_topic.startswith("/")


@pytest.mark.parametrize(
    ("options", "model"), [(SEGMENTER_OPTIONS, NodeConfig), (REPLAY_OPTIONS, ReplayConfig)]
)
def test_launch_argument_types_match_the_options(options, model):
    for name, kind in options.items():
        assert type(model.model_fields[name].default) is kind, name


def test_rviz_displays_match_the_output_topics():
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    output_topics = import_module("scenerep_ros.ros.transport.output_publishers").OUTPUT_TOPICS
    types = {"Image": "Image", "PointCloud2": "PointCloud2", "MarkerArray": "MarkerArray"}
    shown = {}
    for display in displays():
        topic = topic_of(display)
        shown[topic] = types[display["Class"].split("/")[1]]
    assert set(shown) == {"overlay", "points_colored", "points", "objects"}
    assert shown == {name: output_topics[name].message_type.__name__ for name in shown}


def panels_of(split):
    """Return the panels of a Foxglove layout, a binary tree of splits."""
    if isinstance(split, str):
        return [split]
    assert split["direction"] in ("row", "column")
    return [panel for side in ("first", "second") for panel in panels_of(split[side])]


def test_foxglove_layout_shows_the_output_topics():
    pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    outputs = import_module("scenerep_ros.ros.transport.output_publishers").OUTPUT_TOPICS
    layout = json.loads((ROOT / "config" / "segmenter.foxglove.json").read_text())
    panels = layout["configById"]
    assert set(layout) == {"configById", "globalVariables", "userNodes", "playbackConfig", "layout"}
    assert sorted(panels_of(layout["layout"])) == sorted(panels)
    shown = [*panels["3D!scene"]["topics"], panels["Image!overlay"]["imageMode"]["imageTopic"]]
    assert {topic.removeprefix("/segmenter/") for topic in shown} <= set(outputs)
    assert panels["CallService!reset"]["serviceName"] == "/segmenter/reset"


@pytest.mark.parametrize("argument", ["rate:=fast", "resolution:=1.5", "loop:=maybe"])
def test_launch_argument_of_another_type_is_named_before_any_start(argument):
    options = ["sequence:=/tmp", argument]
    code, output = run_launch(ROOT / "launch" / "tum.launch.py", *options, until_exit=False)
    assert code != 0
    assert f"launch argument {argument}: expected" in output
    assert "process started" not in output


def test_launch_arguments_have_the_description_of_their_option():
    fields = NodeConfig.model_fields | ReplayConfig.model_fields
    for name in (SEGMENTER_OPTIONS | REPLAY_OPTIONS).keys() - {"method"}:
        assert option_description(name) == fields[name].description


def test_middleware_profile_fits_clouds_and_container_memory():
    namespaces = {"d": "http://www.eprosima.com"}
    profile = ET.parse(ROOT / "config" / "fastdds.xml")
    segment = int(profile.find(".//d:segment_size", namespaces).text)
    message = int(profile.find(".//d:maxMessageSize", namespaces).text)
    cloud_bytes = 640 * 480 * 20
    assert message > cloud_bytes
    assert segment > 2 * cloud_bytes
    assert 3 * segment < 64 * 2**20


@pytest.mark.parametrize("name", ["segmenter", "replay"])
def test_executable_path_beside_the_interpreter_is_found(name):
    folder = Path(sys.executable).parent
    if not (folder / name).is_file():
        pytest.skip(f"scenerep_ros is not installed with pip in {folder}")
    assert executable_path(share_folder(), name) == str(folder / name)


@pytest.mark.parametrize("name", ["segmenter", "replay"])
def test_executable_path_finds_pip_and_colcon_installations(tmp_path, name):
    share = tmp_path / "share" / "scenerep_ros"
    for folder in ("bin", "lib/scenerep_ros"):
        executable = tmp_path / folder / name
        executable.parent.mkdir(parents=True)
        executable.touch(mode=0o755)
        assert executable_path(share, name) == str(executable)


def test_executable_path_missing_executable_raises_with_advice(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no_such_node.*colcon"):
        executable_path(tmp_path / "a" / "b", "no_such_node")


COMMON_ARGUMENTS = {"params", "rviz", "frame", "use_sim_time", "log_level", *SEGMENTER_OPTIONS}


@pytest.mark.parametrize("path", [*LAUNCH_FILES, TWO_CAMERAS], ids=by_name)
def test_launch_file_declares_all_arguments(path):
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    description = runpy.run_path(str(path))["generate_launch_description"]()
    arguments = {argument.name for argument in description.get_launch_arguments()}
    assert arguments >= COMMON_ARGUMENTS
    if path != TWO_CAMERAS:
        assert {"namespace", "name"} <= arguments
    if path.name == "tum.launch.py":
        assert {"sequence", *REPLAY_OPTIONS} <= arguments


def run_launch(path, *arguments, until_exit=True, timeout_s=280):
    """Run a launch file; return its exit code and output."""
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    command = [sys.executable, "-c", LAUNCHER, str(until_exit), str(path), *map(str, arguments)]
    process = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s)
    return process.returncode, process.stdout + process.stderr


FAST_OPTIONS = [
    "backbone:=vit_tiny_patch16_224",
    "weights:=random",
    "resolution:=96",
    "method:=kmeans",
]


@pytest.mark.parametrize(
    "namespace", [["namespace:="], ["namespace:=robot/left", "name:=eyes"]], ids=["root", "robot"]
)
def test_tum_launch_replays_and_segments_recording(tabletop_folder, namespace):
    options = ["rate:=0", "max_frames:=3", *FAST_OPTIONS, *namespace]
    code, output = run_launch(
        ROOT / "launch" / "tum.launch.py", f"sequence:={tabletop_folder}", *options
    )
    assert code == 0, output
    assert "replayed 3 frames of TUM folder" in output
    assert "no answer on" not in output
    assert "Traceback" not in output


def test_launch_fails_with_the_error_of_its_node(tabletop_folder):
    path = ROOT / "launch" / "tum.launch.py"
    options = [f"sequence:={tabletop_folder}", "weights:=/nowhere.pth"]
    code, output = run_launch(path, *options, until_exit=False)
    assert code != 0
    assert "weights = '/nowhere.pth': no such file" in output
    assert "segmenter failed with exit code 1" in output


def test_launch_without_rviz_starts_no_process():
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    packages = pytest.importorskip("ament_index_python.packages", reason="ROS is not installed")
    with contextlib.suppress(packages.PackageNotFoundError):
        pytest.skip(f"rviz2 is installed in {packages.get_package_prefix('rviz2')}")
    code, output = run_launch(ROOT / "launch" / "kinect.launch.py", "rviz:=true", until_exit=False)
    assert code != 0
    assert "rviz:=true needs rviz2" in output
    assert "process started" not in output


def test_two_cameras_have_two_segmenters_and_display_groups(ros_context, tmp_path):
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    from camera_listener import ros_node

    from scenerep_ros.ros.transport.pacing import wait_until

    command = [sys.executable, "-c", LAUNCHER, "False", str(TWO_CAMERAS), *FAST_OPTIONS]
    expected = {
        f"/{side}/{name}"
        for side in ("left", "right")
        for name in ("segmenter/labels", "camera/color/image_raw")
    }
    with ros_node("observer") as node, (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            is_found = wait_until(
                lambda: expected <= {name for name, _ in node.get_topic_names_and_types()},
                200.0,
                Event(),
            )
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(60)
    output = (tmp_path / "log").read_text()
    assert is_found, output
    assert "Traceback" not in output


def test_rviz_config_in_a_foreign_folder_is_refused(tmp_path, monkeypatch):
    rviz = pytest.importorskip("scenerep_ros.ros.launch.rviz", reason="launch_ros is not installed")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    template = ROOT / "config" / "segmenter.rviz"
    assert rviz.write_rviz_config(template, ["/front"]).parent.parent == tmp_path
    folder = tmp_path / f"scenerep_ros_{os.getuid()}"
    folder.rename(tmp_path / "elsewhere")
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RuntimeError, match="belongs to another user; remove it"):
        rviz.write_rviz_config(template, ["/front"])


@pytest.mark.parametrize("segmenters", [["/robot/eyes"], ["/left/segmenter", "/right/segmenter"]])
def test_rviz_config_shows_every_segmenter(segmenters):
    rviz = pytest.importorskip("scenerep_ros.ros.launch.rviz", reason="launch_ros is not installed")
    template = (ROOT / "config" / "segmenter.rviz").read_text()
    manager = yaml.safe_load(rviz.rviz_config(template, segmenters))["Visualization Manager"]
    groups = manager["Displays"]
    shown = groups if len(segmenters) == 1 else [d for g in groups for d in g["Displays"]]
    topics = [display["Topic"]["Value"] for display in shown]
    outputs = [topic_of(display) for display in displays()]
    assert topics == [f"{name}/{output}" for name in segmenters for output in outputs]
    if len(segmenters) > 1:
        assert [group["Class"] for group in groups] == ["rviz_common/Group"] * len(segmenters)
