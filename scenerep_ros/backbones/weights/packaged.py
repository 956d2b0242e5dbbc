"""Weights that the package itself ships: those of the distilled student."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.backbones.weights.checkpoint import CARD_NAME, WEIGHTS_NAME
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import WeightsError

STUDENT = "student"
"""Value of the option `backbone` that selects the distilled student."""
PACKAGE_FOLDER = Path(__file__).parent / STUDENT
"""Folder of the student's checkpoint."""


def packaged_weights(weights: str) -> str:
    """Return the value of the option `weights` for the student: auto is the packaged checkpoint.

    Raises:
        WeightsError: if the package has no such checkpoint, or the weights are those of a hub.
    """
    if weights in ("hub", "wheel"):
        raise WeightsError(
            f"weights = '{weights}': the student is in no hub and no wheel; set weights to auto, to "
            "random, or to a checkpoint of `scenerep-train distill`"
        )
    if weights != "auto":
        return weights
    if not has_packaged_weights():
        raise WeightsError(
            f"backbone {STUDENT}: this version of the package ships no weights of it "
            f"({PACKAGE_FOLDER}: no {WEIGHTS_NAME}); set weights to a checkpoint of `scenerep-train "
            "distill --backbone student`, or choose another backbone"
        )
    return str(PACKAGE_FOLDER)


def has_packaged_weights() -> bool:
    """Return whether this version of the package ships weights of the student."""
    return all((PACKAGE_FOLDER / name).is_file() for name in (WEIGHTS_NAME, CARD_NAME))


def candidate_backbones(options: BackboneOptions) -> list[str]:
    """Return the backbones that serve the same purpose, best first: the student beside the default."""
    is_default = options.backbone == BackboneOptions.model_fields["backbone"].default
    may_change = is_default and options.weights == "auto" and has_packaged_weights()
    return [options.backbone, STUDENT] if may_change else [options.backbone]
