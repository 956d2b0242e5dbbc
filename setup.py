"""Packaging of scenerep_ros: one file serves `colcon build` (ament_python) and `pip install .`."""

import sys
from pathlib import Path

from setuptools import find_packages, setup

NAME = "scenerep_ros"
ROOT = Path(__file__).resolve().parent  # colcon --symlink-install calls a link to this file


def requirements(name: str) -> list[str]:
    """Return the requirement lines of a file and of those that it includes, without comments."""
    found: list[str] = []
    for line in (ROOT / name).read_text().splitlines():
        requirement = line.split("#")[0].strip()
        if requirement.startswith("-r "):
            found += requirements(requirement.removeprefix("-r "))
        elif requirement:
            found.append(requirement)
    return found


def data_tree(source: str, target: str) -> list[tuple[str, list[str]]]:
    """Return the data_files entries of a folder and its subfolders, one entry per folder."""
    files: dict[str, list[str]] = {}
    for path in sorted(path for path in Path(source).rglob("*") if path.is_file()):
        folder = Path(target) / path.relative_to(source).parent
        files.setdefault(folder.as_posix(), []).append(str(path))
    return list(files.items())


def command_files() -> list[tuple[str, list[str]]]:
    """Return the data_files entry of the command `scenerep` for colcon, which adds bin/ to the PATH.

    colcon installs entry points to lib/scenerep_ros only; pip installs them to bin/ itself.
    """
    is_wheel = bool({"bdist_wheel", "editable_wheel"} & set(sys.argv))
    return [] if is_wheel else [("bin", ["resource/scenerep"])]


setup(
    name=NAME,
    version="0.1.0",
    description="Label-free scene segmentation for RGB-D cameras on ROS 2",
    maintainer="scenerep_ros maintainers",
    maintainer_email="maintainers@scenerep.org",
    license="Apache-2.0",
    packages=find_packages(include=[NAME, f"{NAME}.*"]),
    package_data={NAME: ["py.typed", "segmentation/rgb/weights/*", "backbones/weights/student/*"]},
    python_requires=">=3.10",
    install_requires=requirements("requirements.txt"),
    extras_require={
        "map": requirements("requirements-map.txt"),
        "batch": requirements("requirements-batch.txt"),
        "rerun": requirements("requirements-rerun.txt"),
        "bench": requirements("requirements-bench.txt"),
        "export": requirements("requirements-export.txt"),
        "ros": requirements("requirements-ros.txt"),
        "test": requirements("requirements-test.txt"),
        "docs": requirements("requirements-docs.txt"),
    },
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{NAME}"]),
        (f"share/{NAME}", ["package.xml"]),
        (
            f"share/{NAME}/launch",
            [str(path) for path in sorted(Path().glob("[el]*/*.launch.py"))],  # launch/, examples/
        ),
        (f"share/{NAME}/config", [str(path) for path in sorted(Path("config").glob("*.*"))]),
        *command_files(),
        *data_tree("test/data/tabletop", f"share/{NAME}/sample/tabletop"),
    ],
    zip_safe=True,
    entry_points={
        "console_scripts": [
            "segmenter = scenerep_ros.ros.executables:segmenter",
            "replay = scenerep_ros.ros.executables:replay",
            "scenerep = scenerep_ros.cli.executable:scenerep",
        ]
    },
)
