"""Execution of a forward pass by torch: its precision, its input and its results."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from scenerep_ros.backbones.hardware import DeviceName
from scenerep_ros.config.options import Precision

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# These functions are private and each torch release adds some, so they are looked up by name.
# AVX-512 BF16 and AMX multiply bf16 natively; other CPUs emulate it, slower than fp32.
_BF16_PROBES = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def choose_dtype(precision: Precision, device: DeviceName) -> torch.dtype:
    """Return the dtype of weights and activations that the option `precision` selects."""
    if precision != "auto":
        return _DTYPES[precision]
    if device == "cuda":
        # Older GPUs emulate bf16 as well; their fp16 is fast.
        has_native_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_native_bf16 else torch.float16
    return torch.bfloat16 if _has_cpu_bf16() else torch.float32


def torch_runtime(dtype: torch.dtype) -> str:
    """Return the attribute `runtime` of a backbone that torch executes, such as "torch bf16"."""
    return f"torch {next(name for name, item in _DTYPES.items() if item == dtype)}"


def network_input(
    image: NDArray[np.float32], device: DeviceName, dtype: torch.dtype
) -> torch.Tensor:
    """Copy an image (1, 3, H, W) to a device, channels last."""
    return torch.from_numpy(image).to(device).to(dtype, memory_format=torch.channels_last)


def host_array(values: torch.Tensor) -> NDArray[np.float32]:
    """Copy values of any shape, dtype and device to host memory, in float32."""
    copied: NDArray[np.float32] = values.float().cpu().contiguous().numpy()
    return copied


def _has_cpu_bf16() -> bool:
    return any(getattr(torch.cpu, probe, bool)() for probe in _BF16_PROBES)
