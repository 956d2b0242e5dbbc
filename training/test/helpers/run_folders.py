"""Folders of runs with made-up figures, written as the runner writes them."""

from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.framework.protocol import Protocol, Result
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import run_protocol

from scenerep_ros.errors import FrameError


def write_run(folder, protocol, figures, pictures=True, **settings):
    """Run a protocol whose answers are known.

    Args:
        folder: of the run.
        protocol: name of a registered protocol, whose figures, units and tables are used.
        figures: sample name to its figures, or None where it cannot be read.
        pictures: whether samples have one.
    """

    class Known(PROTOCOLS[protocol]):
        def __init__(self):
            Protocol.__init__(self, folder, None)

        def samples(self):
            return list(figures)

        def evaluate(self, sample):
            if figures[sample] is None:
                raise FrameError(f"{sample}: is damaged")
            return Result(figures[sample], np.zeros((9, 16, 3), np.uint8) if pictures else None)

    asked = {
        "protocol": protocol,
        "data": "/data/things",
        "options": {"clusters": 2},
        "seed": 0,
        "versions": {"python": "3.11"},
        "machine": {"cores": 2},
        "command": f"scenerep-eval {protocol} --data things --out {folder.name}",
    }
    folder.mkdir(parents=True)
    run_protocol(Known(), folder, asked | settings)
    return folder


def ious(values, group=""):
    """Samples 00, 01 ... with an IoU each."""
    return {f"{group}{index:02d}": {"iou": float(value)} for index, value in enumerate(values)}
