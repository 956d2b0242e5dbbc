from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from moving_scene import DISTANCE, HEIGHT, STEP, WIDTH, wall_frame
from scenerep_training.evaluation.label_propagation.warping import last_places
from scipy.spatial.transform import Rotation

from scenerep_ros.frames import RGBDFrame

ROWS, COLUMNS = np.indices((HEIGHT, WIDTH))


def test_depth_and_pose_say_where_each_pixel_was():
    places = last_places(wall_frame(0), wall_frame(1))
    assert places.measured
    np.testing.assert_array_equal(places.visible, COLUMNS + STEP < WIDTH)
    np.testing.assert_array_equal(places.rows[places.visible], ROWS[places.visible])
    np.testing.assert_array_equal(places.columns[places.visible], COLUMNS[places.visible] + STEP)


def test_what_was_hidden_is_not_visible():
    last = wall_frame(0)
    last.depth[20:40, 30:50] = 1.0  # something stood before the wall
    visible = last_places(last, wall_frame(1)).visible
    expected = COLUMNS + STEP < WIDTH
    expected[20:40, 30 - STEP : 50 - STEP] = False
    np.testing.assert_array_equal(visible, expected)


def test_what_has_no_depth_is_not_visible():
    last, current = wall_frame(0), wall_frame(1)
    current.depth[:10] = np.nan
    last.depth[-10:] = np.nan
    visible = last_places(last, current).visible
    assert not visible[:10].any()
    assert not visible[-10:].any()
    assert visible[10:-10, :-STEP].all()


@pytest.mark.parametrize("lacking", ["pose", "depth", "intrinsics"])
def test_without_pose_or_depth_the_flow_says_it(lacking):
    last, current = (replace(wall_frame(index), **{lacking: None}) for index in (0, 1))
    places = last_places(last, current)
    assert not places.measured
    inner = places.visible[5:-5, 5 : -5 - STEP]
    assert inner.mean() > 0.98
    exact = (places.columns == COLUMNS + STEP) & (places.rows == ROWS)
    assert exact[places.visible].mean() > 0.97
    assert places.visible[:, WIDTH - STEP + 1 :].mean() < 0.2


def test_flow_that_does_not_lead_back_is_not_believed():
    noise = np.random.default_rng(0).integers(0, 255, (2, HEIGHT, WIDTH, 3), np.uint8)
    places = last_places(*(RGBDFrame(color) for color in noise))
    assert places.visible.mean() < 0.2


@given(
    st.lists(st.floats(-3, 3), min_size=3, max_size=3),
    st.lists(st.floats(-9, 9), min_size=3, max_size=3),
)
def test_from_any_pose_a_still_camera_sees_each_pixel_where_it_was(turn, position):
    pose = np.eye(4)
    pose[:3, :3] = Rotation.from_rotvec(turn).as_matrix()
    pose[:3, 3] = position
    frame = replace(wall_frame(0), pose=pose)
    places = last_places(frame, frame)
    assert places.visible.all()
    np.testing.assert_array_equal(places.columns, COLUMNS)
    np.testing.assert_array_equal(places.rows, ROWS)


def test_walking_towards_the_wall_enlarges_it():
    last, current = wall_frame(0), wall_frame(0)
    current.pose[2, 3] = DISTANCE / 2
    current.depth[:] = DISTANCE / 2
    places = last_places(last, current)
    assert places.visible.all()
    assert (places.rows.min(), places.rows.max()) == (24, 71)
    assert (places.columns.min(), places.columns.max()) == (32, 95)


def test_images_of_different_size_have_nothing_in_common():
    small = RGBDFrame(wall_frame(0).color[:50])
    assert not last_places(small, wall_frame(1)).visible.any()


def test_images_too_small_for_flow():
    tiny = RGBDFrame(wall_frame(0).color[:8, :8])
    assert not last_places(tiny, tiny).visible.any()
