"""Temporal label filter on label images, without a tracker."""

from collections.abc import Iterable
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.tracking.temporal_filter import CONSTANTS, LabelHysteresis
from scenerep_ros.tracking.warping import BackwardWarp, working_grid_slices

LABELS = (0, 1, 2, 3, 900, UNLABELLED)
BORDER = CONSTANTS.border_tolerance_px
SHAPE = (30, 40)
FRAMES = 3
"""Confirmation frames."""
ALL = np.ones(UNLABELLED + 1, np.bool_)


def still_warp(shape: tuple[int, int], occluded: np.ndarray | None = None) -> BackwardWarp:
    """Warp of a camera at rest."""
    v, u = np.indices(shape, np.float32)
    return BackwardWarp(u, v, np.zeros(shape, np.bool_) if occluded is None else occluded)


def image(value: int) -> np.ndarray:
    return np.full(SHAPE, value, np.uint16)


def filter_sequence(
    label_filter: LabelHysteresis, values: Iterable[int], inferred: np.ndarray | None = None
) -> list[int]:
    """Filtered label of each of some uniform images, of a camera at rest."""
    results = []
    for value in values:
        labels = label_filter.update(image(value), still_warp(SHAPE), ALL, ALL, FRAMES, inferred)
        assert (labels == labels[0, 0]).all()
        results.append(int(labels[0, 0]))
    return results


@pytest.fixture
def label_filter() -> LabelHysteresis:
    """Filter after one frame with label 1."""
    hysteresis = LabelHysteresis()
    hysteresis.update(image(1), None, ALL, ALL, FRAMES)
    return hysteresis


def test_label_hysteresis_without_warp_returns_frame_labels(label_filter):
    assert (label_filter.update(image(2), None, ALL, ALL, FRAMES) == 2).all()


def test_label_hysteresis_new_label_replaces_after_confirmation_frames(label_filter):
    assert filter_sequence(label_filter, [2] * 4) == [1, 1, 2, 2]


def test_label_hysteresis_agreement_resets_disagreement_count(label_filter):
    assert filter_sequence(label_filter, [2, 2, 1, 2, 2]) == [1] * 5


def test_label_hysteresis_inferred_labels_do_not_count(label_filter):
    inferred = np.ones(SHAPE, np.bool_)
    assert filter_sequence(label_filter, [2] * 10, inferred) == [1] * 10


def test_label_hysteresis_unlabelled_frame_keeps_count(label_filter):
    assert filter_sequence(label_filter, [2, 2, UNLABELLED, 2]) == [1, 1, UNLABELLED, 2]


def test_label_hysteresis_untracked_label_is_replaced_at_once(label_filter):
    is_tracked = ALL.copy()
    is_tracked[1] = False
    labels = label_filter.update(image(2), still_warp(SHAPE), is_tracked, ALL, FRAMES)
    assert (labels == 2).all()


@pytest.mark.parametrize(("confirmed", "expected"), [((1, 2), 2), ((1,), 1), ((), 2), ((2,), 2)])
def test_label_hysteresis_unconfirmed_label_never_replaces_confirmed(
    label_filter, confirmed, expected
):
    is_confirmed = np.zeros(UNLABELLED + 1, np.bool_)
    is_confirmed[list(confirmed)] = True
    for _ in range(2 * FRAMES):
        labels = label_filter.update(image(2), still_warp(SHAPE), ALL, is_confirmed, FRAMES)
    assert (labels == expected).all()


def test_label_hysteresis_disoccluded_pixels_take_frame_label(label_filter):
    occluded = np.zeros(SHAPE, np.bool_)
    occluded[10:20, 10:30] = True
    labels = label_filter.update(image(2), still_warp(SHAPE, occluded), ALL, ALL, FRAMES)
    np.testing.assert_array_equal(labels, np.where(occluded, 2, 1))


@pytest.mark.parametrize(("columns", "expected"), [(30, 2), (15, 1)])
def test_label_hysteresis_mostly_changed_transition_is_accepted_whole(
    label_filter, columns, expected
):
    changed = np.zeros(SHAPE, np.bool_)
    changed[:, :columns] = True
    warp = replace(still_warp(SHAPE), changed=changed)
    assert (label_filter.update(image(2), warp, ALL, ALL, FRAMES) == expected).all()


def test_label_hysteresis_disoccluded_pixels_start_with_part_of_count(label_filter):
    everything = np.ones(SHAPE, np.bool_)
    label_filter.update(image(1), still_warp(SHAPE, everything), ALL, ALL, 4)
    # Two of four disagreements are counted already.
    labels = [
        int(label_filter.update(image(2), still_warp(SHAPE), ALL, ALL, 4)[0, 0]) for _ in range(2)
    ]
    assert labels == [1, 2]


@pytest.mark.parametrize(("shift", "follows"), [(BORDER, True), (BORDER + 3, False)])
def test_label_hysteresis_border_moves_within_tolerance_in_second_frame(shift, follows):
    before, after = image(0), image(0)
    before[:, :20], after[:, : 20 + shift] = 5, 5
    hysteresis = LabelHysteresis()
    hysteresis.update(before, None, ALL, ALL, FRAMES)
    first, second = (
        hysteresis.update(after, still_warp(SHAPE), ALL, ALL, FRAMES) for _ in range(2)
    )
    np.testing.assert_array_equal(first, before)
    np.testing.assert_array_equal(second, after if follows else before)


def test_label_hysteresis_border_of_changed_surface_moves_at_once():
    before, after = image(0), image(0)
    before[:, :20], after[:, : 20 + BORDER] = 5, 5
    after[:, 30:] = 7
    before[:, 30 + BORDER :] = 7
    changed = np.zeros(SHAPE, np.bool_)
    changed[:8, 20:] = True
    hysteresis = LabelHysteresis()
    hysteresis.update(before, None, ALL, ALL, FRAMES)
    warp = replace(still_warp(SHAPE), changed=changed)
    labels = hysteresis.update(after, warp, ALL, ALL, FRAMES)
    np.testing.assert_array_equal(labels, np.where(np.arange(SHAPE[0])[:, None] < 8, after, before))


def test_label_hysteresis_thin_strip_far_from_object_is_filtered():
    before, after = image(0), image(0)
    before[:, :20], after[:, :20] = 5, 5
    after[14:16, 20:36] = 5
    hysteresis = LabelHysteresis()
    hysteresis.update(before, None, ALL, ALL, FRAMES)
    labels = hysteresis.update(after, still_warp(SHAPE), ALL, ALL, FRAMES)
    assert (labels[:, :20] == 5).all()
    assert not labels[:, 20 + BORDER :].any()


def test_label_hysteresis_shifted_warp_moves_labels():
    before = image(0)
    before[:, 10:20] = 5
    hysteresis = LabelHysteresis()
    hysteresis.update(before, None, ALL, ALL, FRAMES)
    warp = still_warp(SHAPE)
    moved = BackwardWarp(warp.u - 8, warp.v, warp.occluded)
    labels = hysteresis.update(image(0), moved, ALL, ALL, FRAMES)
    np.testing.assert_array_equal(labels[:, 8:], before[:, :-8])


@given(st.integers(20, 40), st.integers(300, 1500))
@settings(max_examples=20)
def test_label_hysteresis_overwrites_image_to_its_edge(height, width):
    hysteresis, shape = LabelHysteresis(), (height, width)
    hysteresis.update(np.full(shape, 5, np.uint16), None, ALL, ALL, 100)
    grid_shape = np.empty(shape)[working_grid_slices(shape)].shape
    labels = hysteresis.update(np.full(shape, 6, np.uint16), still_warp(grid_shape), ALL, ALL, 100)
    assert (labels == 5).all()


class PixelwiseHysteresis:
    """Reference implementation: the rules pixel by pixel, for a camera at rest."""

    def __init__(self, first: np.ndarray) -> None:
        self.labels = first.astype(int)
        self.counts = np.zeros(first.shape, int)

    def update(
        self, observed, occluded, is_tracked, is_confirmed, confirmation_frames, inferred
    ) -> np.ndarray:
        pixels = list(np.ndindex(observed.shape))
        before, counts = self.labels.copy(), self.counts.copy()
        differing = [p for p in pixels if observed[p] not in (before[p], UNLABELLED)]
        counted = [p for p in differing if not inferred[p]]
        for pixel in counted:
            counts[pixel] += 1
        for pixel in pixels:
            current, proposed = before[pixel], observed[pixel]
            transition_counts = [
                counts[p] for p in counted if (before[p], observed[p]) == (current, proposed)
            ]
            is_persistent = np.mean(transition_counts or 0) >= confirmation_frames
            is_accepted = (
                pixel in differing
                and is_persistent
                and (is_confirmed[proposed] or not is_confirmed[current])
            )
            self.counts[pixel] = 0 if is_accepted or current == proposed else counts[pixel]
            if occluded[pixel]:
                self.counts[pixel] = confirmation_frames // CONSTANTS.disocclusion_divisor
            if is_accepted or occluded[pixel] or not is_tracked[current]:
                self.labels[pixel] = proposed
        is_settled = (counts >= CONSTANTS.min_border_frames) | inferred
        self.labels = self.with_moved_borders(observed, is_settled)
        return np.where(observed == UNLABELLED, observed, self.labels)

    def with_moved_borders(self, observed: np.ndarray, is_settled: np.ndarray) -> np.ndarray:
        differs = (self.labels != observed).astype(np.uint8)
        opened = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        labels = self.labels.copy()
        for v, u in np.argwhere(differs & ~opened & (observed != UNLABELLED) & is_settled):
            rows, columns = (slice(max(0, x - BORDER), x + BORDER + 1) for x in (v, u))
            if (self.labels[rows, columns] == observed[v, u]).any():
                labels[v, u] = observed[v, u]
        return labels


def random_regions(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Label image of rectangles, with single pixels of other labels."""
    rectangles = rng.choice(LABELS, (4, 5), p=(0.3, 0.2, 0.2, 0.1, 0.1, 0.1)).astype(np.uint16)
    labels = cv2.resize(rectangles, shape[::-1], interpolation=cv2.INTER_NEAREST)
    is_speck = rng.random(shape) < 0.05
    return np.where(is_speck, rng.choice(LABELS, shape), labels).astype(np.uint16)


def random_label_mask(rng: np.random.Generator) -> np.ndarray:
    """Lookup table (65536,) that is true for the background and three labels."""
    mask = np.zeros(UNLABELLED + 1, np.bool_)
    mask[[0, *rng.choice(LABELS[1:-1], 3, replace=False)]] = True
    return mask


@pytest.mark.slow
@given(seed=st.integers(0, 10**6), confirmation_frames=st.integers(0, 4))
@settings(max_examples=25)
def test_label_hysteresis_equals_pixelwise_reference(seed, confirmation_frames):
    rng, shape = np.random.default_rng(seed), (18, 23)
    images = [random_regions(rng, shape) for _ in range(3)]
    hysteresis, reference = LabelHysteresis(), PixelwiseHysteresis(images[0])
    hysteresis.update(
        images[0], None, random_label_mask(rng), random_label_mask(rng), confirmation_frames
    )
    for _ in range(6):
        observed, occluded = images[rng.integers(3)], rng.random(shape) < 0.1
        is_tracked, is_confirmed = random_label_mask(rng), random_label_mask(rng)
        warp = still_warp(shape, occluded if rng.random() < 0.5 else None)
        inferred = rng.random(shape) < 0.3
        labels = hysteresis.update(
            observed, warp, is_tracked, is_confirmed, confirmation_frames, inferred
        )
        expected = reference.update(
            observed, warp.occluded, is_tracked, is_confirmed, confirmation_frames, inferred
        )
        assert (labels == expected).all()
