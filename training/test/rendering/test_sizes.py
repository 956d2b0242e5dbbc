"""Scenes of boxes of known sizes."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

pytest.importorskip("open3d", reason="the extra `render` is not installed")
pytest.importorskip("pybullet", reason="the extra `render` is not installed")

from scenerep_training.rendering.placement import footprint
from scenerep_training.rendering.recording import RenderOptions
from scenerep_training.rendering.scenes.sizes import CUBE_SIDES_M, SLAB_THICKNESSES_M, sizes


@pytest.mark.slow
def test_sizes_show_all_boxes_apart_at_the_distance():
    (recording,) = sizes(3, RenderOptions(frames=2, only=("1.5_m",)))
    thicknesses = []
    for shot in recording.shots:
        boxes = [item for item in shot.scene.items.values() if item.name in ("cube", "slab")]
        heights = {name: [] for name in ("cube", "slab")}
        for box in boxes:
            heights[box.name].append(np.ptp(box.bounds[:, 2]))
        assert sorted(heights["cube"]) == pytest.approx(sorted(CUBE_SIDES_M))
        thicknesses += heights["slab"]
        for first, second in combinations(map(footprint, boxes), 2):
            assert ((first[0] > second[1]) | (second[0] > first[1])).any()
        assert 1.4 < np.linalg.norm(shot.pose[:3, 3]) < 1.6
    assert sorted(thicknesses) == pytest.approx(sorted(SLAB_THICKNESSES_M))
    labels = [set(shot.scene.items) for shot in recording.shots]
    assert labels[0].isdisjoint(labels[1])
