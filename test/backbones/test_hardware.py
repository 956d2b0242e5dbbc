"""Choice of device and precision."""

import pytest
import torch

from scenerep_ros.backbones.hardware import choose_device, choose_dtype
from scenerep_ros.errors import ConfigError

CPU = torch.device("cpu")


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine without CUDA")
def test_choose_device_without_cuda_rejects_cuda_and_auto_selects_cpu():
    with pytest.raises(ConfigError, match=r"finds no CUDA device.*set device to auto or cpu"):
        choose_device("cuda")
    assert choose_device("auto") == CPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_choose_device_with_cuda_selects_it():
    assert choose_device("auto").type == choose_device("cuda").type == "cuda"
    assert choose_dtype("auto", torch.device("cuda")) in (torch.bfloat16, torch.float16)
    assert choose_device("cpu") == CPU


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_choose_dtype_of_a_named_precision_returns_its_dtype(precision, dtype):
    assert choose_dtype(precision, CPU) == dtype


@pytest.mark.parametrize(
    ("avx512_bf16", "amx", "dtype"),
    [
        (False, False, torch.float32),
        (True, False, torch.bfloat16),
        (False, True, torch.bfloat16),
    ],
)
def test_choose_dtype_auto_selects_bf16_on_cpus_with_it(monkeypatch, avx512_bf16, amx, dtype):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: avx512_bf16, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: amx, raising=False)
    assert choose_dtype("auto", CPU) == dtype
