"""Requirements and versions that are known to fail."""

import pytest
from packaging.requirements import Requirement

from scenerep_ros.doctor.findings import Level
from scenerep_ros.doctor.packages import (
    check_known_bad,
    check_python,
    check_requirements,
    installed,
    requirements,
)

NEEDS = [
    Requirement("torch>=2.4"),
    Requirement("PyYAML>=6"),
    Requirement("opencv-python-headless<5"),
]
GOOD = {"torch": "2.15.0", "pyyaml": "6.0", "opencv-python-headless": "4.12", "numpy": "2.1"}


def test_this_installation_is_sound():
    assert [f.level for f in check_requirements(installed(), requirements())] == [Level.OK]
    assert len(requirements()) > 5
    assert not [f for f in check_known_bad(installed()) if f.level is Level.FAIL]


@pytest.mark.parametrize(
    ("version", "level"),
    [
        ((3, 9, 1), Level.WARN),
        ((3, 10, 0), Level.OK),
        ((3, 13, 5), Level.OK),
        ((3, 14, 0), Level.WARN),
    ],
)
def test_python_is_tested_from_3_10_to_3_13(version, level):
    assert check_python(version).level is level


def test_missing_and_old_requirements_are_named_with_the_command_that_helps():
    (missing,) = check_requirements({**GOOD, "torch": "2.4"} | {"pyyaml": "5.1"}, NEEDS)
    assert (missing.level, missing.name) == (Level.FAIL, "PyYAML")
    assert missing.advice == "pip install 'PyYAML>=6'"
    without = {name: version for name, version in GOOD.items() if name != "torch"}
    (absent,) = check_requirements(without, NEEDS)
    assert (absent.name, absent.detail) == ("torch", "not installed")


def test_a_local_build_of_torch_is_a_release():
    assert check_requirements({**GOOD, "torch": "2.4.0+cu121"}, NEEDS)[0].level is Level.OK


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
def test_known_bad_versions_are_found(versions, name, level):
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
def test_good_versions_are_not_blamed(versions):
    assert check_known_bad(versions) == []
