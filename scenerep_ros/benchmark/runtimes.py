"""Forward passes of the backbone in each runtime and precision that this machine has."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from importlib.util import find_spec

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.hardware import choose_device, missing_packages
from scenerep_ros.backbones.weights.packaged import STUDENT, candidate_backbones
from scenerep_ros.benchmark.passes import Candidate
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import ScenerepError
from scenerep_ros.frames import RGBDFrame

log = logging.getLogger(__name__)


def runtime_candidates(
    options: BackboneOptions, exports: Sequence[str] = ()
) -> dict[str, Candidate]:
    """Return the forward pass in each runtime and precision, by the name `runtime precision`.

    Beside the default backbone, the student is measured as `student, runtime precision`. A runtime
    that is not installed or does not support the network is left out, with a log entry.

    Args:
        options: network, weights and resolution.
        exports: folders that `scenerep export` wrote, which are measured as well.
    """
    updates = [
        {"backbone": backbone, "runtime": runtime, "precision": precision}
        for backbone in candidate_backbones(options)
        for runtime, precision in _executions()
    ]
    updates += [{"weights": folder, "runtime": "auto", "precision": "auto"} for folder in exports]
    candidates: dict[str, Candidate] = {}
    for update in updates:
        try:
            backbone = load_backbone(options.model_copy(update=update))
        except ScenerepError as error:
            log.info("left out: %s", error)
            continue
        is_other = update.get("backbone", options.backbone) != options.backbone
        name = f"{STUDENT}, {backbone.runtime}" if is_other else backbone.runtime
        # A precision that the machine lacks runs in another one, which is there already.
        candidates.setdefault(name, forward_pass(backbone, options.resolution))
    return candidates


def _executions() -> Iterator[tuple[str, str]]:
    """Yield the runtimes that are installed, and their precisions."""
    for precision in _torch_precisions():
        yield "torch", precision
    for runtime, package, precisions in (
        ("openvino", "openvino", ("fp32", "bf16")),
        ("onnxruntime", "onnxruntime", ("fp32",)),
        ("tensorrt", "onnxruntime", ("fp32", "fp16")),
    ):
        if find_spec(package):
            yield from ((runtime, precision) for precision in precisions)


def _torch_precisions() -> tuple[str, ...]:
    if missing_packages():
        return ()
    from scenerep_ros.backbones.networks.torch_execution import (
        choose_dtype,  # slow: it imports torch
    )

    native = str(choose_dtype("auto", choose_device("auto")))
    return ("fp32", "bf16") if "bfloat16" in native else ("fp32",)


def forward_pass(backbone: Backbone, resolution: int) -> Candidate:
    """Return a function that computes the features of a frame."""

    def run(frame: RGBDFrame) -> None:
        backbone(frame.color, resolution)

    return run
