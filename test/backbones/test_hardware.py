"""Choice of the device."""

import sys

import pytest
import torch

from scenerep_ros.backbones import hardware
from scenerep_ros.backbones.hardware import choose_device, has_gpu_driver, release_gpu_memory
from scenerep_ros.errors import ConfigError


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_choose_device_without_cuda_rejects_cuda_and_auto_selects_cpu():
    with pytest.raises(ConfigError, match=r"finds no CUDA device.*set device to auto or cpu"):
        choose_device("cuda")
    assert choose_device("auto") == "cpu"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_choose_device_with_cuda_selects_it():
    assert has_gpu_driver()
    assert choose_device("auto") == choose_device("cuda") == "cuda"
    assert choose_device("cpu") == "cpu"


@pytest.mark.parametrize("has_cuda", [False, True])
def test_choose_device_auto_with_a_driver_asks_torch(monkeypatch, has_cuda):
    monkeypatch.setattr(hardware, "has_gpu_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    assert choose_device("auto") == ("cuda" if has_cuda else "cpu")


def test_choose_device_without_a_driver_does_not_import_torch(monkeypatch):
    monkeypatch.setattr(hardware, "has_gpu_driver", lambda: False)
    monkeypatch.setitem(sys.modules, "torch", None)
    assert choose_device("auto") == choose_device("cpu") == "cpu"


@pytest.mark.parametrize("library", ["libc.so.6", "libm.so.6"])
def test_has_gpu_driver_finds_a_library_that_can_be_loaded(monkeypatch, tmp_path, library):
    monkeypatch.setattr(hardware, "ROCM_DEVICE", tmp_path / "kfd")
    monkeypatch.setattr(hardware, "DRIVER_LIBRARIES", ("libmissing.so.1",))
    assert not has_gpu_driver()
    monkeypatch.setattr(hardware, "DRIVER_LIBRARIES", ("libmissing.so.1", library))
    assert has_gpu_driver()


def test_has_gpu_driver_finds_the_device_of_rocm(monkeypatch, tmp_path):
    monkeypatch.setattr(hardware, "DRIVER_LIBRARIES", ())
    monkeypatch.setattr(hardware, "ROCM_DEVICE", tmp_path)
    assert has_gpu_driver()


def test_release_gpu_memory_does_not_import_torch(monkeypatch):
    monkeypatch.delitem(sys.modules, "torch")
    release_gpu_memory()
    assert "torch" not in sys.modules
