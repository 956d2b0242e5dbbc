"""Checks of the installed packages: requirements, and versions that are known to fail."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.version import Version

from scenerep_ros.doctor.findings import Finding, fail, ok, warn

Versions = Mapping[str, str]
"""Versions of the installed distributions by normalized name."""

OLDEST_PYTHON, NEWEST_PYTHON = (3, 10), (3, 13)
"""Python versions that are tested."""
BAD_OPENCV_MAJOR = 5
"""First major version of OpenCV that breaks cv_bridge."""
ROS2_CV_BRIDGE_MAJOR = 2
"""First major version of cv_bridge for ROS 2; PyPI has the one for ROS 1."""
NUMPY_ABI_MAJOR = 2
"""First major version of NumPy with which apt's cv_bridge fails."""
BAD_SETUPTOOLS_MAJOR = 80
"""First major version of setuptools with which `colcon build --symlink-install` fails."""
OPENCV_NAMES = tuple(
    f"opencv{contrib}-python{headless}"
    for contrib in ("", "-contrib")
    for headless in ("", "-headless")
)
REPORTED_NAMES = ("torch", "timm", "numpy", "opencv-python-headless")
"""Requirements whose versions the report states."""
NAMES_TO_EXPORT = ("torch", "torchvision", "timm", "onnx")
"""Requirements that a network which is exported already does without."""


def installed_versions() -> dict[str, str]:
    """Return the versions of all distributions that this Python finds."""
    versions = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    return {_normalize(name): version for name, version in versions.items() if name}


def runtime_requirements() -> list[Requirement]:
    """Return the requirements of this package without extras."""
    lines = metadata.requires("scenerep_ros") or []
    requirements = [Requirement(line) for line in lines]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Check that Python is a tested version."""
    text = ".".join(map(str, version))
    if OLDEST_PYTHON <= version[:2] <= NEWEST_PYTHON:
        return ok("python", text)
    oldest, newest = (".".join(map(str, limit)) for limit in (OLDEST_PYTHON, NEWEST_PYTHON))
    return warn("python", f"{text} is untested", f"use Python {oldest} to {newest}")


def check_requirements(versions: Versions, requirements: list[Requirement]) -> list[Finding]:
    """Check that each requirement is installed in a suitable version.

    Returns:
        One failure or warning per missing or unsuitable requirement, or one OK finding for all.
    """
    to_export = [item for item in requirements if _normalize(item.name) in NAMES_TO_EXPORT]
    absent = [item.name for item in to_export if _normalize(item.name) not in versions]
    problems = [
        problem
        for requirement in requirements
        if requirement.name not in absent and (problem := _check_one(versions, requirement))
    ]
    if absent:
        problems.append(_warn_of_exports_only(absent))
    if problems:
        return problems
    reported = ", ".join(f"{name} {versions[name]}" for name in REPORTED_NAMES if name in versions)
    return [ok("requirements", f"all {len(requirements)} are installed: {reported}")]


def _warn_of_exports_only(names: list[str]) -> Finding:
    detail = "not installed: only networks that `scenerep export` wrote run"
    return warn(
        ", ".join(names), detail, "pip install -r requirements.txt to run and export others"
    )


def _check_one(versions: Versions, requirement: Requirement) -> Finding | None:
    version = versions.get(_normalize(requirement.name))
    advice = f"pip install '{requirement.name}{requirement.specifier}'"
    if version is None:
        return fail(requirement.name, "not installed", advice)
    if not requirement.specifier.contains(version, prereleases=True):
        detail = f"{version}, but {requirement.specifier} is needed"
        return fail(requirement.name, detail, advice)
    return None


def _normalize(name: str) -> str:
    return name.lower().replace("_", "-")


def check_known_bad(versions: Versions) -> list[Finding]:
    """Find versions that install without error and fail later, silently or far from the cause."""
    return [*_check_opencv(versions), *_check_cv_bridge(versions), *_check_setuptools(versions)]


def _check_opencv(versions: Versions) -> list[Finding]:
    return [
        fail(
            name,
            f"{versions[name]}: OpenCV {BAD_OPENCV_MAJOR} breaks cv_bridge",
            f"pip install '{name}<{BAD_OPENCV_MAJOR}'",
        )
        for name in OPENCV_NAMES
        if _major(versions, name) >= BAD_OPENCV_MAJOR
    ]


def _check_cv_bridge(versions: Versions) -> list[Finding]:
    if "cv-bridge" not in versions:
        return []
    version = versions["cv-bridge"]
    if _major(versions, "cv-bridge") < ROS2_CV_BRIDGE_MAJOR:
        detail = f"{version} is PyPI's, for ROS 1: it decodes 16UC1 depth wrongly, without an error"
        return [
            fail(
                "cv-bridge", detail, "pip uninstall cv-bridge; use apt's ros-$ROS_DISTRO-cv-bridge"
            )
        ]
    if _major(versions, "numpy") >= NUMPY_ABI_MAJOR:
        detail = f"{version} with numpy {versions['numpy']}: apt's is built for NumPy 1 and fails"
        return [
            warn("cv-bridge", detail, "pip install 'numpy<2' if other nodes here use cv_bridge")
        ]
    return []


def _check_setuptools(versions: Versions) -> list[Finding]:
    if "colcon-core" not in versions or _major(versions, "setuptools") < BAD_SETUPTOOLS_MAJOR:
        return []
    detail = (
        f"{versions['setuptools']}: colcon build --symlink-install fails from "
        f"{BAD_SETUPTOOLS_MAJOR} on"
    )
    return [warn("setuptools", detail, f"pip install 'setuptools<{BAD_SETUPTOOLS_MAJOR}'")]


def _major(versions: Versions, name: str) -> int:
    """Return the major version of a distribution; -1 if it is not installed."""
    return Version(versions[name]).major if name in versions else -1
