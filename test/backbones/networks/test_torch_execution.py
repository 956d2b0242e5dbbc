"""Precision, input and results of a forward pass that torch executes."""

import numpy as np
import pytest
import torch

from scenerep_ros.backbones.networks.torch_execution import choose_dtype, host_array, network_input


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs CUDA")
def test_choose_dtype_auto_on_cuda_is_a_reduced_precision():
    assert choose_dtype("auto", "cuda") in (torch.bfloat16, torch.float16)


@pytest.mark.parametrize(
    ("precision", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_choose_dtype_of_a_named_precision_returns_its_dtype(precision, dtype):
    assert choose_dtype(precision, "cpu") == dtype


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
    assert choose_dtype("auto", "cpu") == dtype


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_network_input_and_host_array_preserve_values(dtype):
    image = np.random.default_rng(0).random((1, 3, 5, 7), np.float32)
    tensor = network_input(image, "cpu", dtype)
    assert tensor.dtype == dtype
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    copied = host_array(tensor)
    assert copied.dtype == np.float32
    np.testing.assert_allclose(copied, image, rtol=torch.finfo(dtype).eps)
