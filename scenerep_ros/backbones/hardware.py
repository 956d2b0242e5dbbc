"""Device of the forward pass. torch, which takes seconds to import, is asked only where a GPU may be."""

from __future__ import annotations

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from scenerep_ros.config.options import Device
from scenerep_ros.errors import ConfigError

DeviceName = Literal["cpu", "cuda"]

DRIVER_LIBRARIES = ("libcuda.so.1", "nvcuda.dll")
"""Library of NVIDIA's driver on Linux, WSL and Jetson, and on Windows."""
ROCM_DEVICE = Path("/dev/kfd")
"""Device file of AMD's driver, whose GPUs torch calls CUDA devices."""


def choose_device(device: Device) -> DeviceName:
    """Return the device that the option `device` selects.

    Raises:
        ConfigError: if CUDA is selected but not available.
    """
    has_torch = find_spec("torch") is not None
    if device == "cpu" or (device == "auto" and not (has_torch and has_gpu_driver())):
        return "cpu"
    if not has_torch:
        raise ConfigError(
            "device = 'cuda': torch, which computes on it, is not installed; pip install -r "
            "requirements.txt, or set device to auto or cpu"
        )
    import torch  # slow

    has_cuda = torch.cuda.is_available()
    if device == "cuda" and not has_cuda:
        raise ConfigError(
            f"device = 'cuda': torch {torch.__version__} finds no CUDA device; check `nvidia-smi` "
            "and that torch was installed with CUDA, or set device to auto or cpu"
        )
    return "cuda" if has_cuda else "cpu"


def check_torch_installed(
    consequence: str = "only networks run that `scenerep export` wrote; set weights to the folder of one",
) -> None:
    """Check that torch and timm are installed, with which networks are built, exported and trained.

    Args:
        consequence: what follows if one is missing, and a remedy; part of the message.

    Raises:
        ConfigError: if one of them is missing.
    """
    if missing := missing_packages():
        raise ConfigError(
            f"{' and '.join(missing)}: not installed, so {consequence}, or pip install -r "
            "requirements.txt"
        )


def missing_packages() -> list[str]:
    """Return which of torch and timm, without which no network is built, are not installed."""
    return [name for name in ("torch", "timm") if find_spec(name) is None]


def has_gpu_driver() -> bool:
    """Return True if the driver of a GPU is installed, without which torch finds no GPU."""
    return ROCM_DEVICE.exists() or any(map(_can_be_loaded, DRIVER_LIBRARIES))


def release_gpu_memory() -> None:
    """Return the GPU memory that torch keeps for later use, if this process has imported torch."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _can_be_loaded(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
