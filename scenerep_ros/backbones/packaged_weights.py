"""Weights that the package itself ships: those of the distilled student."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.backbones.checkpoint import CARD_NAME, WEIGHTS_NAME
from scenerep_ros.errors import WeightsError

STUDENT = "student"
"""Value of the option `backbone` that selects the distilled student."""
PACKAGE_FOLDER = Path(__file__).parent / "weights"
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
    if not all((PACKAGE_FOLDER / name).is_file() for name in (WEIGHTS_NAME, CARD_NAME)):
        raise WeightsError(
            f"backbone {STUDENT}: this version of the package ships no weights of it "
            f"({PACKAGE_FOLDER}: no {WEIGHTS_NAME}); set weights to a checkpoint of `scenerep-train "
            "distill --backbone student`, or choose another backbone"
        )
    return str(PACKAGE_FOLDER)
