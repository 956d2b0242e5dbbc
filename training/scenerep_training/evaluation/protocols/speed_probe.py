"""Cost of one backbone at one resolution, measured in a process that does nothing else.

`python -m scenerep_training.evaluation.protocols.speed_probe` reads a request as JSON from standard input and
writes the figures as JSON to standard output; `measure_apart` does that.
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
from scenerep_ros.backbones.hardware import choose_device
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import FrameError, ScenerepError
from scenerep_ros.report import Stopwatch
from scenerep_ros.sources import open_source

WARM_UP = 3
"""Passes that do not count: the first ones choose kernels and allocate."""


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes:
        options: of the backbone, its resolution included.
        data: a recording, of which the first frame is looked at.
        passes: that count.
        threads: of the CPU.
    """

    options: dict[str, Any]
    data: str
    passes: int
    threads: int


def measure_apart(request: Request) -> dict[str, float]:
    """Measure in a new process, which no earlier measurement has warmed or filled.

    Raises:
        FrameError: if it fails, as it does when memory runs out.
    """
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(asdict(request)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return dict(json.loads(done.stdout.splitlines()[-1]))
    if done.returncode < 0:
        raise FrameError(f"the process was killed by signal {-done.returncode}; out of memory?")
    raise FrameError((done.stderr.strip() or "the process failed without a word").splitlines()[-1])


def measure(request: Request) -> dict[str, float]:
    """Measure in this process; the order matters, for counting takes memory itself."""
    torch.set_num_threads(request.threads)
    options = BackboneOptions(**request.options)
    color = open_source(request.data)[0].color
    memory = peak_memory_meter(choose_device(options.device))
    backbone = load_backbone(options)
    times = [
        pass_time(backbone, color, options.resolution) for _ in range(WARM_UP + request.passes)
    ]
    latency = float(np.median(times[WARM_UP:]))
    return {
        "latency_ms": latency,
        "images_per_second": 1e3 / latency,
        "memory_mb": memory() / 1e6,
        "parameters_m": backbone.parameters / 1e6,
        "gflops": count_flops(backbone, color, options.resolution) / 1e9,
    }


def pass_time(backbone: Backbone, color: NDArray[np.uint8], resolution: int) -> float:
    """Milliseconds from image to features, resizing included."""
    watch = Stopwatch(backbone.device)
    with watch("pass"):
        backbone(color, resolution)
    return watch.timings["pass"]


def count_flops(backbone: Backbone, color: NDArray[np.uint8], resolution: int) -> int:
    """Floating-point operations of one image, two for each multiply-add.

    Counted are convolutions, linear layers and attention, as torch counts them; not
    normalisations, activations and resizing. Attention runs as plain matrix products here, which
    every version of torch counts, as not every one does the fused kernel of each device.
    """
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        backbone(color, resolution)
    return counter.get_total_flops()


class CudaMemory:
    """Greatest memory that tensors took on a GPU since the meter was made."""

    def __init__(self) -> None:
        torch.cuda.reset_peak_memory_stats()

    def __call__(self) -> int:
        """Bytes."""
        return torch.cuda.max_memory_allocated()


class ResidentMemory:
    """Greatest growth of this process's resident memory since the meter was made (Linux).

    What torch allocates once for any network at all is there before.
    """

    def __init__(self) -> None:
        with torch.inference_mode():
            F.conv2d(torch.zeros(1, 3, 64, 64), torch.zeros(8, 3, 3, 3)).flatten(1) @ torch.zeros(
                8 * 62 * 62, 8
            )
        self._before = status_bytes("VmRSS")

    def __call__(self) -> int:
        """Bytes."""
        return status_bytes("VmHWM") - self._before


def peak_memory_meter(device: torch.device) -> CudaMemory | ResidentMemory:
    """Choose the meter of a device."""
    return CudaMemory() if device.type == "cuda" else ResidentMemory()


def status_bytes(name: str) -> int:
    """Read a size from /proc/self/status, where getrusage would give the parent's peak as well."""
    (kilobytes,) = re.findall(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.M)
    return 1024 * int(kilobytes)


def main() -> None:
    """Answer one request."""
    try:
        figures = measure(Request(**json.load(sys.stdin)))
    except ScenerepError as error:
        sys.exit(str(error))
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main()
