"""Dark frames are raised, others stay, and black ones say nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.preprocessing.exposure import shows_nothing, to_levels, to_light, well_exposed
from scenerep_ros.sources import open_source


def grey(levels) -> RGBDFrame:
    """Columns of grey."""
    row = np.linspace(*levels, 160).astype(np.uint8)
    return RGBDFrame(np.repeat(np.tile(row, (120, 1))[..., None], 3, axis=2))


@given(st.integers(0, 255))
def test_levels_come_back_from_light(level):
    assert to_levels(to_light(level)) == level


def test_light_is_that_of_the_standard():
    assert float(to_light(128)) == pytest.approx(0.2159, abs=1e-4)


@given(st.integers(135, 255))
def test_a_frame_that_is_bright_enough_stays_itself(level):
    frame = grey((0, level))
    assert well_exposed(frame) is frame


@given(st.integers(10, 120))
def test_a_dark_frame_becomes_as_bright_as_others(level):
    raised = well_exposed(grey((0, level))).color
    assert int(raised.max()) == pytest.approx(200, abs=20)
    assert raised.min() <= 20


def test_the_share_of_light_is_undone(mosd_folder):
    frame = open_source(mosd_folder)[0]
    dark = RGBDFrame(to_levels(np.float32(0.1) * to_light(frame.color)))
    raised, before = well_exposed(dark).color.astype(float), frame.color.astype(float)
    slope = (raised * before).sum() / (before * before).sum()
    assert np.corrcoef(raised.ravel(), before.ravel())[0, 1] > 0.98
    assert 0.8 < slope < 1.3


def test_only_black_frames_without_depth_show_nothing():
    black = np.zeros((120, 160, 3), np.uint8)
    nowhere = np.full((120, 160), np.nan, np.float32)
    assert shows_nothing(RGBDFrame(black))
    assert shows_nothing(RGBDFrame(black, nowhere))
    assert not shows_nothing(RGBDFrame(black, np.ones_like(nowhere)))
    assert not shows_nothing(grey((0, 20)))
