"""Checks of requirements and of versions that are known to fail."""

import pytest
from packaging.requirements import Requirement

from scenerep_ros.doctor.findings import Level
from scenerep_ros.doctor.packages import (
    check_known_bad,
    check_python,
    check_requirements,
    installed_versions,
    runtime_requirements,
)

REQUIREMENTS = [
    Requirement("torch>=2.4"),
    Requirement("PyYAML>=6"),
    Requirement("opencv-python-headless<5"),
]
GOOD = {"torch": "2.15.0", "pyyaml": "6.0", "opencv-python-headless": "4.12", "numpy": "2.1"}


def test_checks_of_this_installation_find_no_failure():
    assert [f.level for f in check_requirements(installed_versions(), runtime_requirements())] == [
        Level.OK
    ]
    assert len(runtime_requirements()) > 5
    assert not [f for f in check_known_bad(installed_versions()) if f.level is Level.FAIL]


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 9, 1), Level.WARN),
        ((3, 10, 0), Level.OK),
        ((3, 13, 5), Level.OK),
        ((3, 14, 0), Level.WARN),
    ],
)
def test_check_python_accepts_3_10_to_3_13(version, level):
    assert check_python(version).level is level


def test_check_requirements_names_old_and_missing_ones_with_advice():
    (old,) = check_requirements({**GOOD, "torch": "2.4"} | {"pyyaml": "5.1"}, REQUIREMENTS)
    assert (old.level, old.name) == (Level.FAIL, "PyYAML")
    assert old.advice == "pip install 'PyYAML>=6'"
    without = {name: version for name, version in GOOD.items() if name != "pyyaml"}
    (missing,) = check_requirements(without, REQUIREMENTS)
    assert (missing.level, missing.name, missing.detail) == (Level.FAIL, "PyYAML", "not installed")


def test_check_requirements_without_torch_warns_that_only_exports_run():
    without = {name: version for name, version in GOOD.items() if name != "torch"}
    (missing,) = check_requirements(without, [*REQUIREMENTS, Requirement("timm>=1")])
    assert (missing.level, missing.name) == (Level.WARN, "torch, timm")
    assert "scenerep export" in missing.detail


def test_check_requirements_accepts_a_local_build_of_torch():
    assert check_requirements({**GOOD, "torch": "2.4.0+cu121"}, REQUIREMENTS)[0].level is Level.OK


@pytest.mark.parametrize(
    ("versions", "name", "level"),
    [
        ({"opencv-python": "5.0.0.1"}, "opencv-python", Level.FAIL),
        ({"opencv-contrib-python-headless": "5.1"}, "opencv-contrib-python-headless", Level.FAIL),
        ({"cv-bridge": "1.13.0.post0", "numpy": "1.26"}, "cv-bridge", Level.FAIL),
        ({"cv-bridge": "3.2.1", "numpy": "2.0.1"}, "cv-bridge", Level.WARN),
        ({"colcon-core": "0.19.0", "setuptools": "80.1"}, "setuptools", Level.WARN),
    ],
)
def test_check_known_bad_finds_bad_versions(versions, name, level):
    (finding,) = check_known_bad(versions)
    assert (finding.name, finding.level) == (name, level)
    assert finding.advice


@pytest.mark.parametrize(
    "versions",
    [
        GOOD,
        {"cv-bridge": "3.2.1", "numpy": "1.26.4"},
        {"setuptools": "84"},
        {"colcon-core": "0.19", "setuptools": "68"},
    ],
)
def test_check_known_bad_accepts_good_versions(versions):
    assert check_known_bad(versions) == []
