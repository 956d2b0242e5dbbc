"""Checks of device, weights and middleware."""

import platform

import pytest

from scenerep_ros.backbones import hardware
from scenerep_ros.backbones.runtimes import selection
from scenerep_ros.backbones.runtimes.graph import CARD_NAME as GRAPH_CARD
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.doctor.findings import Level
from scenerep_ros.doctor.machine import (
    check_device,
    check_middleware,
    check_runtime,
    check_shared_memory,
    check_weights,
)
from scenerep_ros.filesystem.share import profile_variable, share_folder

FASTDDS = "rmw_fastrtps_cpp"


def levels(environment, rmw=FASTDDS):
    return {finding.name: finding.level for finding in check_middleware(environment, rmw)}


def test_check_device_cpu_is_ok():
    finding = check_device(BackboneOptions(device="cpu"))
    assert finding.level is Level.OK
    assert "CPU" in finding.detail


def test_check_device_cuda_without_a_gpu_fails(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    finding = check_device(BackboneOptions(device="cuda"))
    assert finding.level is Level.FAIL
    assert "auto" in finding.advice


def test_check_runtime_names_runtime_and_device():
    finding = check_runtime(BackboneOptions(runtime="torch", device="cpu"))
    assert (finding.level, finding.detail) == (Level.OK, "torch on cpu")


def test_check_runtime_without_the_processors_runtime_warns(monkeypatch):
    monkeypatch.setattr(selection, "find_spec", lambda name: None)
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    finding = check_runtime(BackboneOptions(device="cpu"))
    assert (finding.level, finding.advice) == (Level.WARN, "pip install onnxruntime")


def test_check_runtime_that_does_not_support_the_device_fails():
    finding = check_runtime(BackboneOptions(runtime="openvino", device="cuda"))
    assert finding.level is Level.FAIL
    assert "openvino" in finding.detail


def test_check_weights_before_the_download_warns(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))
    finding = check_weights(BackboneOptions())
    assert finding.level is Level.WARN
    assert "scenerep weights fetch" in finding.advice


def test_check_weights_without_torch_requires_an_export(tmp_path, monkeypatch):
    monkeypatch.setenv("SCENEREP_CACHE", str(tmp_path))
    monkeypatch.setattr(hardware, "find_spec", lambda name: None)
    finding = check_weights(BackboneOptions())
    assert finding.level is Level.FAIL
    assert "scenerep export" in finding.advice


def test_check_weights_of_an_incomplete_graph_fails(tmp_path):
    (tmp_path / GRAPH_CARD).touch()
    finding = check_weights(BackboneOptions(weights=str(tmp_path)))
    assert finding.level is Level.FAIL
    assert "no card of an exported graph" in finding.detail


def test_check_weights_of_a_registered_backbone_is_ok(monkeypatch):
    monkeypatch.setattr("scenerep_ros.backbones.registry.BACKBONES", {"own_network": None})
    finding = check_weights(BackboneOptions(backbone="own_network"))
    assert finding.level is Level.OK
    assert "registered backbone" in finding.detail


@pytest.mark.parametrize(
    ("name", "level"), [("present.pth", Level.OK), ("missing.pth", Level.FAIL)]
)
def test_check_weights_of_a_file_requires_the_file(tmp_path, name, level):
    (tmp_path / "present.pth").touch()
    assert check_weights(BackboneOptions(weights=str(tmp_path / name))).level is level


def test_check_middleware_without_a_profile_advises_the_export():
    finding = check_middleware({}, FASTDDS)[-1]
    assert finding.level is Level.WARN
    assert finding.advice == f"export {profile_variable()}={share_folder()}/config/fastdds.xml"


@pytest.mark.parametrize(
    ("value", "level"),
    [(str(share_folder() / "config/fastdds.xml"), Level.OK), ("/no/such.xml", Level.FAIL)],
)
def test_check_middleware_requires_the_profile_file(value, level):
    assert levels({profile_variable(): value})["Fast DDS"] is level


def test_check_middleware_with_large_data_transports_is_ok():
    assert levels({"FASTDDS_BUILTIN_TRANSPORTS": "LARGE_DATA"})["Fast DDS"] is Level.OK


def test_check_middleware_other_than_fast_dds_skips_the_profile():
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
def test_check_middleware_checks_the_discovery_settings(environment, level):
    assert levels(environment)["discovery"] is level


def test_check_shared_memory_without_the_folder_warns(tmp_path):
    assert check_shared_memory(tmp_path / "shm").level is Level.WARN
    assert check_shared_memory(tmp_path).level is Level.OK
