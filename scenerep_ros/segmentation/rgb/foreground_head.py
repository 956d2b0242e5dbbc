"""Linear head that separates foreground from background by features, trained without labels.

As in FOUND (Siméoni et al., "Unsupervised object localization: observing the background to discover
objects", CVPR 2023), a linear layer on frozen features is trained once on many images, with masks
that were made without labels: for images of objects, the foreground of the attention; for rooms, all
that does not lie on a plane that bounds the depth image. `scenerep_training.foreground_head` trains
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.weights.checkpoint import (
    find_checkpoint,
    find_companion,
    read_arrays,
    read_card,
)
from scenerep_ros.backbones.weights.packaged import STUDENT
from scenerep_ros.clustering.feature_points import feature_points
from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.frames import Features

COMPANION_FOLDER = "foreground_head"
"""Folder of a head beside the weights of its backbone."""
PACKAGE_FOLDER = Path(__file__).parent / "weights"
"""Folder of the head of the default backbone."""


@dataclass(frozen=True)
class ForegroundLogits:
    """Output of a head for one frame.

    Attributes:
        salient: (h, w) float32, logit of a patch of an object that stands out.
        furnishing: (h, w) float32, logit of a patch of anything but walls, floor and ceiling.
        is_room: True if the frame resembles a room more than an image of objects.
    """

    salient: NDArray[np.float32]
    furnishing: NDArray[np.float32]
    is_room: bool


class ForegroundHead:
    """Three linear functions: of a patch for objects and for rooms, of the mean patch for the scene.

    Args:
        weight: (3, C) float32, of unit-length features: object, room, scene.
        bias: (3,) float32.
    """

    def __init__(self, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        self.weight = weight
        self.bias = bias

    def __call__(self, features: Features) -> ForegroundLogits | None:
        """Compute the logits of one frame; None if the features have other dimensions."""
        if features.grid.shape[2] != self.weight.shape[1]:
            return None
        points = feature_points(features, components=0)
        scene = points.mean(axis=0) @ self.weight[2] + self.bias[2]
        logits = self.weight[:2] @ points.T + self.bias[:2, None]
        salient, furnishing = logits.reshape(2, *features.grid.shape[:2])
        return ForegroundLogits(salient, furnishing, bool(scene > 0))


def load_foreground_head(options: BackboneOptions) -> ForegroundHead | None:
    """Load the head that was trained for the weights of a backbone.

    It is read from this package for the default backbone and for the student, which predicts the
    features of that backbone, and from the folder `foreground_head` of a checkpoint or an export.

    Returns:
        The head; None if the backbone has none.

    Raises:
        WeightsError: if a file is missing, truncated or modified.
    """
    folder = find_head(options)
    if folder is None:
        return None
    arrays = read_arrays(folder)
    return ForegroundHead(arrays["weight"], arrays["bias"])


def find_head(options: BackboneOptions) -> Path | None:
    """Return the folder of the head that was trained for the weights of a backbone, or None."""
    if options.weights in {"auto", "wheel"}:
        default = BackboneOptions.model_fields["backbone"].default
        return PACKAGE_FOLDER if options.backbone in {default, STUDENT} else None
    if companion := find_companion(options.weights, COMPANION_FOLDER):
        return companion
    checkpoint = find_checkpoint(options.weights)
    if checkpoint is None:
        return None
    is_student = read_card(checkpoint).architecture == STUDENT
    return PACKAGE_FOLDER if is_student else None
