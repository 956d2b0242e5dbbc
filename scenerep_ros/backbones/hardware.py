"""Device and precision of the forward pass."""

from __future__ import annotations

import torch

from scenerep_ros.config.options import Device, Precision
from scenerep_ros.errors import ConfigError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# These functions are private and each torch release adds some, so they are looked up by name.
# AVX-512 BF16 and AMX multiply bf16 natively; other CPUs emulate it, slower than fp32.
_BF16_PROBES = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def choose_device(device: Device) -> torch.device:
    """Return the torch device that the option `device` selects.

    Raises:
        ConfigError: if CUDA is selected but not available.
    """
    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise ConfigError(
            f"device = 'cuda': torch {torch.__version__} finds no CUDA device; check `nvidia-smi` "
            "and that torch was installed with CUDA, or set device to auto or cpu"
        )
    return torch.device("cuda" if has_cuda and device != "cpu" else "cpu")


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Return the dtype of weights and activations that the option `precision` selects."""
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cuda":
        # Older GPUs emulate bf16 as well; their fp16 is fast.
        has_native_bf16 = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if has_native_bf16 else torch.float16
    return torch.bfloat16 if _has_cpu_bf16() else torch.float32


def torch_runtime(dtype: torch.dtype) -> str:
    """Return the attribute `runtime` of a backbone that torch executes, such as "torch bf16"."""
    return f"torch {next(name for name, item in _DTYPES.items() if item == dtype)}"


def _has_cpu_bf16() -> bool:
    return any(getattr(torch.cpu, probe, bool)() for probe in _BF16_PROBES)
