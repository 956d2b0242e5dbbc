"""Launch files, parameter files and the RViz configuration, with and without ROS."""

import re
import runpy
import subprocess
import sys
import xml.etree.ElementTree as ET
from importlib import import_module
from pathlib import Path

import pytest
import yaml

from scenerep_ros.config.options import ReplayConfig
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import load_yaml, validated
from scenerep_ros.filesystem.share import executable_path, share_folder
from scenerep_ros.ros.launch.options import REPLAY_OPTIONS, SEGMENTER_OPTIONS

ROOT = Path(__file__).resolve().parents[3]
LAUNCH_FILES = sorted((ROOT / "launch").glob("*.launch.py"))
PARAMETER_FILES = sorted((ROOT / "config").glob("*.yaml"))
LAUNCHER = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import IncludeLaunchDescription, RegisterEventHandler, Shutdown
from launch.event_handlers import OnProcessExit
from launch.launch_description_sources import PythonLaunchDescriptionSource
path, *arguments = sys.argv[1:]
source = PythonLaunchDescriptionSource(path)
pairs = [argument.split(":=") for argument in arguments]
service = LaunchService()
service.include_launch_description(
    LaunchDescription(
        [
            IncludeLaunchDescription(source, launch_arguments=pairs),
            RegisterEventHandler(OnProcessExit(on_exit=[Shutdown(reason="the replay has exited")])),
        ]
    )
)
sys.exit(service.run())
"""
"""Program that runs a launch file until the first of its processes exits."""


def by_name(path):
    return path.name


def displays():
    config = yaml.safe_load((ROOT / "config" / "segmenter.rviz").read_text())
    return config["Visualization Manager"]["Displays"]


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
    assert config.color_topic.startswith("/")
    assert config.depth_topic.startswith("/")


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
        topic = display["Topic"]["Value"].removeprefix("/segmenter/")
        shown[topic] = types[display["Class"].split("/")[1]]
    assert set(shown) == {"overlay", "labels", "points_colored", "points", "objects"}
    assert shown == {name: output_topics[name].message_type.__name__ for name in shown}


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


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=by_name)
def test_launch_file_declares_all_arguments(path):
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    description = runpy.run_path(str(path))["generate_launch_description"]()
    arguments = {argument.name for argument in description.get_launch_arguments()}
    assert {"params", "rviz", "frame", *SEGMENTER_OPTIONS} <= arguments
    if path.name == "tum.launch.py":
        assert {"sequence", *REPLAY_OPTIONS} <= arguments


def test_tum_launch_replays_and_segments_recording(tum_folder):
    pytest.importorskip("launch_ros.actions", reason="launch and launch_ros are not installed")
    options = ["rate:=0", "max_frames:=3", "weights:=random", "resolution:=112", "method:=kmeans"]
    command = [sys.executable, "-c", LAUNCHER, str(ROOT / "launch" / "tum.launch.py")]
    launched = [*command, f"sequence:={tum_folder}", *options]
    process = subprocess.run(launched, capture_output=True, text=True, timeout=200)
    output = process.stdout + process.stderr
    assert process.returncode == 0, output
    assert "replayed 3 frames of TUM folder" in output
    assert "no answer on" not in output
    assert "Traceback" not in output
