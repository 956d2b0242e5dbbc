"""What a run's figures depend on, so that they can be had again, and no other run's be mixed in."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from scenerep_ros.backbones.checkpoint import WEIGHTS_NAME
from scenerep_ros.backbones.wheel import WHEELS
from scenerep_ros.config.options import PipelineConfig

PACKAGES = (
    *("scenerep_ros", "scenerep-training", "torch", "torchvision", "timm", "numpy", "scipy"),
    *("scikit-learn", "opencv-python-headless"),
)


def collect_settings(
    protocol: str, data: Path, config: PipelineConfig, flags: Mapping[str, Any], command: str
) -> dict[str, Any]:
    """Return the settings of one run, fit for JSON.

    Args:
        protocol: name of the protocol.
        data: what is measured on.
        config: options of the pipeline.
        flags: of the protocol alone.
        command: as typed.
    """
    return {
        "protocol": protocol,
        "data": str(data.resolve()),
        "options": config.model_dump(),
        "flags": {name: plain(value) for name, value in flags.items()},
        "weights_sha256": weights_sha256(config.backbone, config.weights),
        "seed": config.seed,
        "versions": versions(),
        "machine": machine(),
        "command": command,
    }


def weights_sha256(backbone: str, weights: str) -> str | None:
    """Checksum of the file that holds the weights; None where they are in no file of ours."""
    architecture = backbone.split(".")[0]
    if weights in ("auto", "wheel"):
        path = WHEELS[architecture].folder if architecture in WHEELS else Path(weights)
    else:
        path = Path(weights).expanduser()
    path = path / WEIGHTS_NAME if path.is_dir() else path
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that figures depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def machine() -> dict[str, Any]:
    """Kind of machine: never its name."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    """Model of the CPU, which only Linux's /proc/cpuinfo names in full."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def plain(value: Any) -> Any:
    """Make a flag's value fit for JSON."""
    return str(value) if isinstance(value, Path) else value
