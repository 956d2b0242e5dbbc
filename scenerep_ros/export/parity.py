"""Parity of an exported backbone with fp32 torch, on real frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from scenerep_ros.backbones import Backbone
from scenerep_ros.config.constants import tuned
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.frames import UNLABELLED, Features, RGBDFrame
from scenerep_ros.ops.unit_vectors import unit_rows
from scenerep_ros.pipeline import Pipeline

Labels = NDArray[np.integer]


@dataclass(frozen=True)
class ParityConstants:
    """Tuned constants of the acceptance of an export."""

    min_cosine: float = tuned(
        0.99,
        "mean cosine of features and attention with those of fp32 torch below which an export is "
        "refused",
        set_on="argument: int8 has 0.998, broken exports in public reports 0.02 to 0.9",
    )
    min_label_agreement: float = tuned(
        0.95,
        "mean IoU of objects with those of fp32 torch below which an export is refused",
        set_on="argument: above the differences that noise of the sensor makes",
    )


CONSTANTS = ParityConstants()


@dataclass(frozen=True)
class Parity:
    """Agreement of a backbone with its reference, as means over frames.

    Attributes:
        frames: number of frames.
        feature_cosine: mean cosine of the features of a patch.
        feature_error: relative error of the feature grid.
        attention_cosine: mean cosine of the attention of a head; 1 without attention.
        attention_error: relative error of the attention; 0 without attention.
        label_agreement: mean IoU of the objects, matched one to one; unmatched objects count 0.
        color_label_agreement: the same without depth.
    """

    frames: int
    feature_cosine: float
    feature_error: float
    attention_cosine: float
    attention_error: float
    label_agreement: float
    color_label_agreement: float

    def problems(self) -> list[str]:
        """Return the figures that are below the floor; NaN is below any floor."""
        floors = {
            "feature_cosine": CONSTANTS.min_cosine,
            "attention_cosine": CONSTANTS.min_cosine,
            "label_agreement": CONSTANTS.min_label_agreement,
        }
        values = asdict(self)
        return [
            f"{name.replace('_', ' ')} {values[name]:.4f} < {floor}"
            for name, floor in floors.items()
            if not values[name] >= floor
        ]


def measure_parity(
    candidate: Backbone, reference: Backbone, frames: Sequence[RGBDFrame], config: PipelineConfig
) -> Parity:
    """Compare two backbones on frames, each frame alone.

    Args:
        candidate: exported backbone.
        reference: the same network in fp32, executed by torch.
        frames: at least one frame, with depth or without.
        config: options of the segmentation.
    """
    rows = []
    for frame in frames:
        pair = [backbone(frame.color, config.resolution) for backbone in (candidate, reference)]
        rows.append(
            [
                *_compare(*(each.grid.reshape(-1, each.grid.shape[2]) for each in pair)),
                *_compare_attention(*pair),
                *(
                    label_agreement(*_labels(candidate, reference, frame, config, use_depth))
                    for use_depth in (True, False)
                ),
            ]
        )
    return Parity(len(rows), *(round(float(value), 6) for value in np.mean(rows, axis=0)))


def _compare(actual: NDArray[np.float32], expected: NDArray[np.float32]) -> tuple[float, float]:
    """Return the mean cosine of the rows of two matrices, and their relative error."""
    cosine = (unit_rows(actual) * unit_rows(expected)).sum(axis=1, dtype=np.float64).mean()
    return float(cosine), float(np.linalg.norm(actual - expected) / np.linalg.norm(expected))


def _compare_attention(actual: Features, expected: Features) -> tuple[float, float]:
    if actual.attention is None or expected.attention is None:
        return 1.0, 0.0
    heads = len(actual.attention)
    return _compare(actual.attention.reshape(heads, -1), expected.attention.reshape(heads, -1))


def _labels(
    candidate: Backbone,
    reference: Backbone,
    frame: RGBDFrame,
    config: PipelineConfig,
    use_depth: bool,
) -> list[Labels]:
    options = config.model_copy(update={"use_depth": use_depth, "track": False})
    return [Pipeline(options, backbone)(frame).labels for backbone in (candidate, reference)]


def label_agreement(actual: Labels, expected: Labels) -> float:
    """Return the mean IoU of objects after one-to-one matching, which maximizes it.

    Objects without a partner count 0; two images without objects agree fully.

    Args:
        actual: (H, W) labels; 0 is background.
        expected: (H, W) labels; its unlabelled pixels are left out.
    """
    is_labelled = (expected != UNLABELLED) & (actual != UNLABELLED)
    ids = [np.unique(labels[is_labelled & (labels > 0)]) for labels in (actual, expected)]
    count = max(len(ids[0]), len(ids[1]))
    if count == 0:
        return 1.0
    masks = [
        [(labels == id_) & is_labelled for id_ in unique]
        for labels, unique in zip((actual, expected), ids, strict=True)
    ]
    ious = np.array([[(a & e).sum() / (a | e).sum() for e in masks[1]] for a in masks[0]])
    if ious.size == 0:
        return 0.0
    rows, columns = linear_sum_assignment(ious, maximize=True)
    return float(ious[rows, columns].sum() / count)
