"""Objects that fall and settle."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("pybullet", reason="the extra `render` is not installed")

from scenerep_training.rendering.assets import textures
from scenerep_training.rendering.assets.meshes import tiled_box
from scenerep_training.rendering.objects import household
from scenerep_training.rendering.physics import settle
from scenerep_training.rendering.scene import Item, Material, Part

BUILDERS = (household.carton, household.mug, household.bowl, household.plate, household.bottle)


@pytest.fixture
def table():
    part = Part(tiled_box(1.2, 0.8, 0.03), Material(textures.solid((90, 90, 90))))
    return Item("table", (part,)).at((0, 0, -0.03))


@pytest.mark.parametrize("build", BUILDERS)
def test_settled_object_touches_the_table_and_stays_upright(table, build):
    item = build(np.random.default_rng(0)).at((0.1, 0, 0.03), 0.4)
    (settled,) = settle([table], [item], floor=0)
    heights = settled.vertices @ settled.pose[2, :3] + settled.pose[2, 3]
    assert heights.min() == pytest.approx(0, abs=1e-3)
    assert settled.pose[2, 2] == pytest.approx(1, abs=1e-3)


def test_object_beside_the_table_is_left_out(table):
    rng = np.random.default_rng(0)
    items = [household.carton(rng).at((x, 0, 0.03)) for x in (0, 1.5)]
    assert len(settle([table], items, floor=0)) == 1


def test_fruit_dropped_into_a_bowl_stays_inside(table):
    rng = np.random.default_rng(1)
    bowl, fruit = household.bowl(rng).at((0, 0, 0.002)), household.fruit(rng).at((0, 0, 0.1))
    _, settled = settle([table], [bowl, fruit], floor=0)
    assert np.hypot(*settled.pose[:2, 3]) < 0.06
    assert 0 < settled.pose[2, 3] < 0.05
