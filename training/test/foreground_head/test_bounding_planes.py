"""Planes that bound a scene."""

import numpy as np
from scenerep_training.foreground_head.bounding_planes import detect_bounding_planes


def test_wall_bounds_scene_and_box_front_does_not():
    rng = np.random.default_rng(0)
    wall = np.column_stack([rng.uniform(-2, 2, (3000, 2)), np.full(3000, 3.0)])
    front = np.column_stack([rng.uniform(-0.4, 0.4, (600, 2)), np.full(600, 2.0)])
    is_structure = detect_bounding_planes(np.concatenate([wall, front]), rng)
    assert is_structure[:3000].all()
    assert not is_structure[3000:].any()


def test_no_points_give_no_planes():
    assert detect_bounding_planes(np.zeros((0, 3)), np.random.default_rng(0)).shape == (0,)
