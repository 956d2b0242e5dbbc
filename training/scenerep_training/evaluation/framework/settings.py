"""Settings of a run: everything that its metrics depend on, for reproduction and resumption."""

from __future__ import annotations

import hashlib
import os
import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from scenerep_ros.backbones.weights.checkpoint import WEIGHTS_NAME
from scenerep_ros.backbones.weights.download import WHEELS
from scenerep_ros.config.pipeline import PipelineConfig

PACKAGES = (
    *("scenerep_ros", "scenerep-training", "torch", "torchvision", "timm", "numpy", "scipy"),
    *("scikit-learn", "opencv-python-headless"),
)


def collect_settings(
    protocol: str, data: Path, config: PipelineConfig, flags: Mapping[str, Any], command: str
) -> dict[str, Any]:
    """Return the settings of a run in JSON types.

    Args:
        protocol: name of the protocol.
        data: path of the data.
        config: options of the pipeline.
        flags: flags of the protocol alone.
        command: command line as typed.
    """
    return {
        "protocol": protocol,
        "data": str(data.resolve()),
        "options": config.model_dump(),
        "flags": {name: _to_json_type(value) for name, value in flags.items()},
        "weights_sha256": weights_sha256(config.backbone, config.weights),
        "seed": config.clustering.seed,
        "versions": package_versions(),
        "machine": describe_machine(),
        "command": command,
    }


def weights_sha256(backbone: str, weights: str) -> str | None:
    """Return the checksum of the weights' file; None if they are not in a local file."""
    architecture = backbone.split(".")[0]
    if weights in ("auto", "wheel"):
        path = WHEELS[architecture].folder if architecture in WHEELS else Path(weights)
    else:
        path = Path(weights).expanduser()
    path = path / WEIGHTS_NAME if path.is_dir() else path
    if not path.is_file():
        return None
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that metrics depend on."""
    return {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES}


def describe_machine() -> dict[str, Any]:
    """Return the kind of machine, without its name."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": f"{platform.system()} {platform.machine()}",
    }


def _processor() -> str:
    """Return the CPU model, which only Linux's /proc/cpuinfo gives in full."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"


def _to_json_type(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value
