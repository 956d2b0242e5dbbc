"""Objects of any size in a scene: all segments that are not structure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import Features
from scenerep_ros.ops.regions import filter_labels, region_areas
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.depth.joint_upsampling import upsample_patches
from scenerep_ros.segmentation.depth.patch_samples import PatchSamples
from scenerep_ros.segmentation.depth.scene_segments import segment_scene
from scenerep_ros.segmentation.depth.segment_merging import merge_segments
from scenerep_ros.segmentation.depth.structure import compute_structure_cues
from scenerep_ros.segmentation.rgb.foreground_head import ForegroundLogits

Labels = NDArray[np.int32]


@dataclass(frozen=True)
class FurnitureConstants:
    """Tuned constants of objects of any size."""

    min_free_ratio: float = tuned(
        0.7,
        "ratio of a segment outside of the compact regions in it from which it is an object itself, "
        "like a table that carries them; below it is their rim",
        set_on="40 NYUv2 frames outside of the evaluated ones; from 0.5 to 0.7 precision rises",
    )


CONSTANTS = FurnitureConstants()


def segment_furniture(
    features: Features, logits: ForegroundLogits, context: FrameContext
) -> Labels:
    """Segment the objects of any size by features, positions and structure.

    Args:
        features: features with attention.
        logits: output of the foreground head.
        context: frame with depth.

    Returns:
        (H, W) int32 on the working grid, 1..K; 0 = structure or no depth.
    """
    assert features.attention is not None
    view = context.working_depth
    rows, columns, _ = features.grid.shape
    samples = PatchSamples.from_depth(view, (rows, columns))
    segments = segment_scene(features, samples)
    if not segments.any():
        return np.zeros(view.values.shape, np.int32)
    attention = features.attention.mean(axis=0)
    cues = compute_structure_cues(segments, samples, attention, logits.furnishing)
    is_object = np.concatenate([[False], cues.scores() < 0])
    objects = merge_segments(filter_labels(segments, is_object), features, samples)
    return upsample_patches(objects, samples, view, context.working_color)


def add_furniture(compact: Labels, furniture: Labels, min_area: float = 0.0) -> Labels:
    """Add large objects around compact ones.

    A compact region keeps its outline, as depth shows it to the pixel. Of a segment that it covers
    for the most part nothing but the rim would be left, which is no object.

    Args:
        compact: (H, W) int32, 1..K, 0 = no object.
        furniture: (H, W) int32, 1..L, 0 = no object.
        min_area: area of the smallest large object outside of compact ones, as a ratio of the image.

    Returns:
        (H, W) int32, 1..M without gaps; compact objects come first, in the same order.

    >>> add_furniture(np.array([[1, 0, 0, 0]], np.int32), np.array([[1, 1, 1, 1]], np.int32)).tolist()
    [[1, 2, 2, 2]]
    """
    free = np.where(compact > 0, 0, furniture)
    area, free_area = region_areas(furniture), region_areas(free)
    free_area = np.pad(free_area, (0, len(area) - len(free_area)))
    is_kept = (free_area > 0) & (free_area >= min_area * furniture.size)
    is_kept &= free_area >= CONSTANTS.min_free_ratio * area
    kept = filter_labels(free, is_kept)
    return np.where(kept > 0, kept + compact.max(), compact).astype(np.int32)
