"""Where the network runs, and with how many bits."""

from __future__ import annotations

import torch

from scenerep_ros.config.options import Device, Precision
from scenerep_ros.errors import ConfigError

_DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# Asked by name because each torch release adds some: AVX-512 BF16 and AMX are the units that
# multiply bf16; other CPUs emulate it, slower than fp32.
_BF16_PROBES = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")


def choose_device(device: Device) -> torch.device:
    """Turn the option `device` into a device that is there.

    Raises:
        ConfigError: if CUDA is asked for and absent.
    """
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ConfigError(
            f"device = 'cuda': torch {torch.__version__} sees no CUDA device here; check "
            "`nvidia-smi` and that torch was installed with CUDA, or set device to auto or cpu"
        )
    return torch.device("cuda" if available and device != "cpu" else "cpu")


def choose_dtype(precision: Precision, device: torch.device) -> torch.dtype:
    """Turn the option `precision` into the dtype of the network's weights and activations."""
    if precision != "auto":
        return _DTYPES[precision]
    if device.type == "cuda":
        # Older GPUs emulate bf16 too; their fp16 is fast.
        native = torch.cuda.is_bf16_supported(including_emulation=False)
        return torch.bfloat16 if native else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def _cpu_has_bf16() -> bool:
    return any(getattr(torch.cpu, probe, bool)() for probe in _BF16_PROBES)
