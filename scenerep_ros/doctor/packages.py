"""Are the requirements here, and none of the versions that fail silently?"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import metadata

from packaging.requirements import Requirement
from packaging.version import Version

from scenerep_ros.doctor.findings import Finding, fail, ok, warn

Versions = Mapping[str, str]
"""Installed distributions: normalised name to version."""

OPENCV = tuple(
    f"opencv{contrib}-python{headless}"
    for contrib in ("", "-contrib")
    for headless in ("", "-headless")
)
SHOWN = ("torch", "timm", "numpy", "opencv-python-headless")


def installed() -> dict[str, str]:
    """All distributions that this Python sees."""
    found = {d.metadata["Name"]: d.version for d in metadata.distributions()}
    return {name.lower().replace("_", "-"): version for name, version in found.items() if name}


def requirements() -> list[Requirement]:
    """What this package says it needs, without extras."""
    lines = metadata.requires("scenerep_ros") or []
    parsed = [Requirement(line) for line in lines]
    return [need for need in parsed if need.marker is None or need.marker.evaluate({"extra": ""})]


def check_python(version: tuple[int, ...] = sys.version_info[:3]) -> Finding:
    """Python 3.10 to 3.13."""
    text = ".".join(map(str, version))
    if (3, 10) <= version[:2] <= (3, 13):
        return ok("python", text)
    return warn("python", f"{text} is untested", "use Python 3.10 to 3.13")


def check_requirements(versions: Versions, needs: list[Requirement]) -> list[Finding]:
    """One finding a missing or unfit requirement; one for all when all are fine."""
    problems = [problem for need in needs if (problem := _check_one(versions, need))]
    if problems:
        return problems
    shown = ", ".join(f"{name} {versions[name]}" for name in SHOWN if name in versions)
    return [ok("requirements", f"all {len(needs)} are here: {shown}")]


def _check_one(versions: Versions, need: Requirement) -> Finding | None:
    version = versions.get(need.name.lower().replace("_", "-"))
    advice = f"pip install '{need.name}{need.specifier}'"
    if version is None:
        return fail(need.name, "not installed", advice)
    if not need.specifier.contains(version, prereleases=True):
        return fail(need.name, f"{version}, but {need.specifier} is needed", advice)
    return None


def check_known_bad(versions: Versions) -> list[Finding]:
    """Versions that install without complaint and then fail, silently or far from the cause."""
    return [*_opencv(versions), *_cv_bridge(versions), *_setuptools(versions)]


def _opencv(versions: Versions) -> list[Finding]:
    return [
        fail(name, f"{versions[name]}: OpenCV 5 breaks cv_bridge", f"pip install '{name}<5'")
        for name in OPENCV
        if _major(versions, name) >= 5
    ]


def _cv_bridge(versions: Versions) -> list[Finding]:
    if "cv-bridge" not in versions:
        return []
    version = versions["cv-bridge"]
    if _major(versions, "cv-bridge") < 2:
        detail = f"{version} is PyPI's, for ROS 1: it decodes 16UC1 depth wrongly, without an error"
        return [
            fail(
                "cv-bridge", detail, "pip uninstall cv-bridge; use apt's ros-$ROS_DISTRO-cv-bridge"
            )
        ]
    if _major(versions, "numpy") >= 2:
        detail = f"{version} with numpy {versions['numpy']}: apt's is built for NumPy 1 and fails"
        return [
            warn("cv-bridge", detail, "pip install 'numpy<2' if other nodes here use cv_bridge")
        ]
    return []


def _setuptools(versions: Versions) -> list[Finding]:
    if "colcon-core" not in versions or _major(versions, "setuptools") < 80:
        return []
    detail = f"{versions['setuptools']}: colcon build --symlink-install fails from 80 on"
    return [warn("setuptools", detail, "pip install 'setuptools<80'")]


def _major(versions: Versions, name: str) -> int:
    """Major version; -1 where it is not installed."""
    return Version(versions[name]).major if name in versions else -1
