"""Shared by all tests: isolation from other ROS nodes, and the real data where it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import property_settings  # noqa: F401 - sets hypothesis up
import pytest
from fatal_errors import keep_faulthandler
from kinds import mark_kinds

from scenerep_ros.filesystem.share import profile_variable
from scenerep_ros.ros.transport.domain import free_domain

if TYPE_CHECKING:
    from scenerep_ros.backbones import Backbone

ROOT = Path(__file__).resolve().parent.parent

# Before any test imports rclpy: stray nodes make strange results, so each run has its own domain,
# on this machine only.
os.environ["ROS_DOMAIN_ID"] = str(free_domain())
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ[profile_variable()] = str(ROOT / "config" / "fastdds.xml")
os.environ["HF_HUB_OFFLINE"] = "1"

pytest_collection_modifyitems = mark_kinds
pytest_runtest_setup = keep_faulthandler


def data_folder() -> Path:
    """Folder of the real recordings that development uses; see the skip reason of its tests."""
    return Path(os.environ.get("SCENEREP_DATA", ROOT.parent / "shared" / "data"))


def real_data(name: str) -> Path:
    """Path of one real data set; skips the test where it is absent."""
    path = data_folder() / name
    if not path.is_dir():
        pytest.skip(f"real data {name} is not in {data_folder()}; set SCENEREP_DATA")
    return path


@pytest.fixture(scope="session")
def tum_folder() -> Path:
    """The first 80 pairs of TUM RGB-D freiburg1_rpy."""
    return real_data("tum_fr1_rpy")


@pytest.fixture(scope="session")
def mosd_folder() -> Path:
    """45 labelled Kinect table-top images."""
    return real_data("mosd_learn")


@pytest.fixture(scope="session")
def ecssd_folder() -> Path:
    """Images of ECSSD with masks of their salient objects."""
    return real_data("ecssd")


@pytest.fixture(scope="session")
def nyu_rooms_folder() -> Path:
    """50 labelled Kinect frames of rooms."""
    return real_data("nyu_rooms")


@pytest.fixture(scope="session")
def dinov2() -> Backbone:
    """DINOv2 ViT-S/14 in float32 on the CPU; its weights are fetched once and cached."""
    from scenerep_ros.backbones import load_backbone  # slow: not for tests that need no network
    from scenerep_ros.config.options import BackboneOptions

    return load_backbone(
        BackboneOptions(weights="wheel", runtime="torch", device="cpu", precision="fp32")
    )


@pytest.fixture(scope="session")
def tabletop_folder() -> Path:
    """The embedded sequence: 60 rendered frames with depth, poses and instance masks."""
    return ROOT / "test" / "data" / "tabletop"


@pytest.fixture(scope="session")
def real_grids(dinov2, tum_folder, mosd_folder):
    """Features (22, 30, 384) of two desk frames and two table-top frames."""
    paths = sorted((tum_folder / "rgb").iterdir())[::40][:2]
    paths += sorted((mosd_folder / "color").iterdir())[::20][:2]
    images = (cv2.imread(str(path))[:, :, ::-1].copy() for path in paths)
    return [dinov2(image, 308) for image in images]
