"""Metadata of the package and the files that colcon and pip install."""

import ast
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
import zipfile
from importlib import import_module
from pathlib import Path

import pytest
import yaml

import scenerep_ros

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("scenerep_ros", "launch", "config", "examples", "resource", "test/data/tabletop")
WITHOUT_RCLPY = {"launch", "launch_ros", "ament_index_python", "tf2_ros"}


@pytest.fixture(scope="module")
def package():
    return ET.parse(ROOT / "package.xml").getroot()


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Copy the packaged files to a folder in which a build may leave files."""
    folder = tmp_path_factory.mktemp("tree")
    for name in SHIPPED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in (*ROOT.glob("requirements*.txt"), *ROOT.glob("setup.*"), ROOT / "package.xml"):
        shutil.copy(path, folder)
    return folder


def setup_py(folder, *arguments):
    command = [sys.executable, "setup.py", "--quiet", *arguments]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_version_is_the_same_in_all_metadata(package, tree):
    version = scenerep_ros.__version__
    assert package.findtext("version") == version
    assert setup_py(tree, "--version").split()[-1] == version
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version
    changelog = (ROOT / "CHANGELOG.rst").read_text()
    assert re.findall(r"^(\d+\.\d+\.\d+) \(\S+\)\n-+$", changelog, re.M)[0] == version


def test_package_xml_describes_an_ament_python_package(package):
    assert package.findtext("export/build_type") == "ament_python"
    assert re.fullmatch(r"[\w.+-]+@[\w-]+\.[\w.]+", package.find("maintainer").get("email"))
    assert (ROOT / "resource" / package.findtext("name")).is_file()


def test_package_xml_declares_every_imported_ros_package(package):
    declared = {element.text for element in package.iter("exec_depend")}
    imported = set()
    for path in (ROOT / "scenerep_ros" / "ros").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom | ast.Import):
                names = (
                    [node.module]
                    if isinstance(node, ast.ImportFrom)
                    else [a.name for a in node.names]
                )
                imported |= {name.split(".")[0] for name in names if name}
    ros = {name for name in imported if name.endswith(("_msgs", "_interfaces"))}
    ros |= imported & ({"rclpy"} | WITHOUT_RCLPY)
    assert {"rclpy", "sensor_msgs", "launch_ros"} <= ros
    assert ros <= declared


def test_setup_py_runs_through_a_link_in_another_folder(tree, tmp_path):
    for name in ("setup.py", "setup.cfg", *SHIPPED):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(tree / name)
    assert setup_py(tmp_path, "--name").split()[-1] == "scenerep_ros"


@pytest.fixture(scope="module")
def wheel(tree):
    """Build the wheel of the package."""
    pytest.importorskip("setuptools", "70.1", reason="older setuptools cannot build wheels alone")
    setup_py(tree, "bdist_wheel", "--dist-dir", str(tree / "dist"))
    (path,) = (tree / "dist").glob("*.whl")
    return path


def test_wheel_contains_code_launch_files_and_index(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry_points = archive.read(
            next(n for n in names if n.endswith("entry_points.txt"))
        ).decode()
    shared = {name.split("/data/share/")[1] for name in names if "/data/share/" in name}
    for path in (*ROOT.glob("launch/*.launch.py"), *ROOT.glob("config/*.*")):
        assert f"scenerep_ros/{path.relative_to(ROOT)}" in shared
    assert "scenerep_ros/launch/two_cameras.launch.py" in shared
    assert "ament_index/resource_index/packages/scenerep_ros" in shared
    assert "scenerep_ros/package.xml" in shared
    assert "scenerep_ros/py.typed" in names
    assert not [name for name in names if name.startswith(("test", "training"))]
    assert {"segmenter", "replay", "scenerep"} == set(re.findall(r"^(\w+) =", entry_points, re.M))


def unpack(wheel, prefix):
    """Unpack a wheel as pip does: code to PREFIX/lib, data files to PREFIX.

    pip itself would remove the installation that is being tested.
    """
    code = prefix / "lib" / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(code)
    (data,) = code.glob("*.data/data")
    shutil.copytree(data, prefix, dirs_exist_ok=True)
    return code


def test_installed_wheel_finds_and_opens_its_sample_sequence(wheel, tmp_path):
    code = unpack(wheel, tmp_path)
    script = (
        "from scenerep_ros.filesystem.share import sample_sequence\n"
        "from scenerep_ros.sources import open_source\n"
        "source = open_source(sample_sequence())\n"
        "print(sample_sequence(), len(source), source[59].depth.shape)"
    )
    process = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(code)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    sample = tmp_path / "share" / "scenerep_ros" / "sample" / "tabletop"
    assert process.stdout.strip() == f"{sample} 60 (480, 640)"


@pytest.mark.parametrize(
    "target",
    ["scenerep_ros.ros.nodes.segmenter", "scenerep_ros.ros.nodes.replay", "scenerep_ros.cli.main"],
)
def test_entry_points_are_functions(target):
    if ".ros." in target:
        pytest.importorskip("rclpy", reason="ROS 2 is not installed")
    assert callable(import_module(target).main)
