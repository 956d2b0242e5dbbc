"""Device, weights and middleware."""

import pytest

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.doctor.findings import Level
from scenerep_ros.doctor.machine import (
    check_device,
    check_middleware,
    check_shared_memory,
    check_weights,
)
from scenerep_ros.filesystem.share import share_folder

FAST = "rmw_fastrtps_cpp"


def levels(environment, rmw=FAST):
    return {finding.name: finding.level for finding in check_middleware(environment, rmw)}


def test_cpu_is_always_there():
    finding = check_device(BackboneOptions(device="cpu"))
    assert finding.level is Level.OK
    assert "CPU" in finding.detail


def test_an_absent_gpu_is_a_failure_if_it_is_asked_for(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    finding = check_device(BackboneOptions(device="cuda"))
    assert finding.level is Level.FAIL
    assert "auto" in finding.advice


def test_weights_that_are_not_here_yet_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))
    finding = check_weights(BackboneOptions())
    assert finding.level is Level.WARN
    assert "scenerep weights" in finding.advice


@pytest.mark.parametrize(("name", "level"), [("there.pth", Level.OK), ("gone.pth", Level.FAIL)])
def test_a_weight_file_must_exist(tmp_path, name, level):
    (tmp_path / "there.pth").touch()
    assert check_weights(BackboneOptions(weights=str(tmp_path / name))).level is level


def test_fast_dds_without_a_profile_is_told_with_the_line_that_helps():
    finding = check_middleware({}, FAST)[-1]
    assert finding.level is Level.WARN
    assert (
        finding.advice
        == f"export FASTDDS_DEFAULT_PROFILES_FILE={share_folder()}/config/fastdds.xml"
    )


@pytest.mark.parametrize(
    ("value", "level"),
    [(str(share_folder() / "config/fastdds.xml"), Level.OK), ("/no/such.xml", Level.FAIL)],
)
def test_the_profile_must_exist(value, level):
    assert levels({"FASTDDS_DEFAULT_PROFILES_FILE": value})["Fast DDS"] is level


def test_large_data_transports_need_no_profile():
    assert levels({"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"})["Fast DDS"] is Level.OK


def test_other_middleware_needs_no_profile():
    assert "Fast DDS" not in levels({}, "rmw_zenoh_cpp")


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({}, Level.OK),
        ({"ROS_DOMAIN_ID": ""}, Level.OK),
        ({"ROS_DOMAIN_ID": "7", "ROS_LOCALHOST_ONLY": "1"}, Level.OK),
        ({"ROS_DOMAIN_ID": "999"}, Level.FAIL),
        ({"ROS_DOMAIN_ID": "seven"}, Level.FAIL),
        ({"ROS_AUTOMATIC_DISCOVERY_RANGE": "OFF"}, Level.WARN),
    ],
)
def test_discovery_settings(environment, level):
    assert levels(environment)["discovery"] is level


def test_absent_shared_memory_is_told(tmp_path):
    assert check_shared_memory(tmp_path / "shm").level is Level.WARN
    assert check_shared_memory(tmp_path).level is Level.OK
