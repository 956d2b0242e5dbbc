"""Run folders with synthetic metrics, written by the real runner."""

from __future__ import annotations

import numpy as np
from scenerep_training.evaluation.framework.protocol import Protocol, Result
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import run_protocol

from scenerep_ros.errors import FrameError


def write_run(folder, protocol, metrics, pictures=True, **settings):
    """Run a protocol with given results.

    Args:
        folder: of the run.
        protocol: name of a registered protocol, whose metric names, units and tables are used.
        metrics: metrics by sample name, or None for an unreadable sample.
        pictures: True to give each sample a picture.
    """

    class Synthetic(PROTOCOLS[protocol]):
        def __init__(self):
            Protocol.__init__(self, folder, None)

        def samples(self):
            return list(metrics)

        def evaluate(self, sample):
            if metrics[sample] is None:
                raise FrameError(f"{sample}: is damaged")
            return Result(metrics[sample], np.zeros((9, 16, 3), np.uint8) if pictures else None)

    default_settings = {
        "protocol": protocol,
        "data": "/data/things",
        "options": {"track": True},
        "seed": 0,
        "versions": {"python": "3.11"},
        "machine": {"cores": 2},
        "command": f"scenerep-eval {protocol} --data things --out {folder.name}",
    }
    folder.mkdir(parents=True)
    run_protocol(Synthetic(), folder, default_settings | settings)
    return folder


def iou_samples(values, prefix=""):
    """Metrics of the samples 00, 01 ... with one IoU each."""
    return {f"{prefix}{index:02d}": {"iou": float(value)} for index, value in enumerate(values)}
