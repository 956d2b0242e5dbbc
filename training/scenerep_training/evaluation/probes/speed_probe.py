"""Cost of one backbone at one resolution, measured in a process of its own.

`python -m scenerep_training.evaluation.probes.speed_probe` reads a request as JSON from standard
input and writes the metrics as JSON to standard output; `measure_in_subprocess` calls it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.hardware import DeviceName, choose_device
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.report import Stopwatch
from scenerep_ros.sources import open_source

WARM_UP_PASSES = 3
"""Passes that are not measured: the first ones select kernels and allocate memory."""


@dataclass(frozen=True)
class ProbeRequest:
    """Request of one measurement.

    Attributes:
        options: of the backbone, with its resolution.
        data: path of a recording, whose first frame is used.
        passes: number of measured passes.
        threads: number of CPU threads.
    """

    options: dict[str, Any]
    data: str
    passes: int
    threads: int


def measure_in_subprocess(request: ProbeRequest) -> dict[str, float]:
    """Measure in a new process, without caches and allocations of earlier measurements.

    Raises:
        FrameError: if it fails, for example when memory runs out.
    """
    process = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(asdict(request)),
        capture_output=True,
        text=True,
        check=False,
    )
    if process.returncode == 0:
        return dict(json.loads(process.stdout.splitlines()[-1]))
    if process.returncode < 0:
        raise FrameError(f"the process was killed by signal {-process.returncode}; out of memory?")
    message = process.stderr.strip() or "the process failed without an error message"
    raise FrameError(message.splitlines()[-1])


def measure(request: ProbeRequest) -> dict[str, float]:
    """Measure in this process; the memory is read before the operations are counted."""
    torch.set_num_threads(request.threads)
    options = BackboneOptions(**request.options)
    color = open_source(request.data)[0].color
    peak_memory = peak_memory_meter(choose_device(options.device))
    backbone = load_backbone(options)
    times = [
        time_pass(backbone, color, options.resolution)
        for _ in range(WARM_UP_PASSES + request.passes)
    ]
    latency = float(np.median(times[WARM_UP_PASSES:]))
    return {
        "latency_ms": latency,
        "images_per_second": 1e3 / latency,
        "memory_mb": peak_memory() / 1e6,
        "parameters_m": backbone.parameters / 1e6,
        "gflops": count_flops(backbone, color, options.resolution) / 1e9,
    }


def time_pass(backbone: Backbone, color: NDArray[np.uint8], resolution: int) -> float:
    """Return the time from image to features, with resizing [ms]."""
    watch = Stopwatch()
    with watch("pass"):
        backbone(color, resolution)
    return watch.timings["pass"]


def count_flops(backbone: Backbone, color: NDArray[np.uint8], resolution: int) -> int:
    """Count the floating-point operations of one image, two for each multiply-add.

    As torch counts them, these are convolutions, linear layers and attention, without
    normalization, activations and resizing. Attention runs as plain matrix products, which every
    version of torch counts; not every version counts each device's fused kernel.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        backbone(color, resolution)
    return counter.get_total_flops()


class CudaMemory:
    """Peak memory of tensors on a GPU since the meter was created."""

    def __init__(self) -> None:
        torch.cuda.reset_peak_memory_stats()

    def __call__(self) -> int:
        """Return the peak [byte]."""
        return torch.cuda.max_memory_allocated()


class ResidentMemory:
    """Peak growth of the process's resident memory since the meter was created (Linux).

    A small network runs first, so that torch's one-time allocations are not measured.
    """

    def __init__(self) -> None:
        with torch.inference_mode():
            F.conv2d(torch.zeros(1, 3, 64, 64), torch.zeros(8, 3, 3, 3)).flatten(1) @ torch.zeros(
                8 * 62 * 62, 8
            )
        self._initial = status_bytes("VmRSS")

    def __call__(self) -> int:
        """Return the peak growth [byte]."""
        return status_bytes("VmHWM") - self._initial


def peak_memory_meter(device: DeviceName) -> CudaMemory | ResidentMemory:
    """Create the memory meter of a device."""
    return CudaMemory() if device == "cuda" else ResidentMemory()


def status_bytes(name: str) -> int:
    """Read a size from /proc/self/status [byte]; getrusage would include the parent's peak."""
    (kilobytes,) = re.findall(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    return 1024 * int(kilobytes)


def main() -> None:
    """Process one request."""
    try:
        metrics = measure(ProbeRequest(**json.load(sys.stdin)))
    except ScenerepError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(metrics))


if __name__ == "__main__":
    main()
