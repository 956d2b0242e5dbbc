"""Belief, which weighs up only cells in dispute, against the same rules cell by cell."""

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.frames import UNLABELLED
from scenerep_ros.tracking.temporal_filter import BORDER, Belief
from scenerep_ros.tracking.warping import Places, every_cell

VALUES = (0, 1, 2, 3, 900, UNLABELLED)


class PlainBelief:
    """The rules as sentences about single cells; the picture stands still."""

    def __init__(self, first: np.ndarray) -> None:
        self.labels = first.astype(int)
        self.doubt = np.zeros(first.shape, int)

    def __call__(self, seen, hidden, known, confirmed, patience, guessed):
        cells = list(np.ndindex(seen.shape))
        before, doubt = self.labels.copy(), self.doubt.copy()
        differing = [c for c in cells if seen[c] not in (before[c], UNLABELLED)]
        contradicted = [c for c in differing if not guessed[c]]
        for cell in contradicted:
            doubt[cell] += 1
        for cell in cells:
            was, now = before[cell], seen[cell]
            alike = [doubt[c] for c in contradicted if (before[c], seen[c]) == (was, now)]
            lasts = cell in differing and np.mean(alike or 0) >= patience
            convinced = lasts and (confirmed[now] or not confirmed[was])
            self.doubt[cell] = 0 if convinced or was == now else doubt[cell]
            if hidden[cell]:
                self.doubt[cell] = patience // 2
            if convinced or hidden[cell] or not known[was]:
                self.labels[cell] = now
        self.labels = self.without_moved_borders(seen)
        return np.where(seen == UNLABELLED, seen, self.labels)

    def without_moved_borders(self, seen):
        differs = (self.labels != seen).astype(np.uint8)
        wide = cv2.morphologyEx(differs, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        labels = self.labels.copy()
        for v, u in np.argwhere(differs & ~wide & (seen != UNLABELLED)):
            rows, columns = (slice(max(0, x - BORDER), x + BORDER + 1) for x in (v, u))
            if (self.labels[rows, columns] == seen[v, u]).any():
                labels[v, u] = seen[v, u]
        return labels


def blobs(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    coarse = rng.choice(VALUES, (4, 5), p=(0.3, 0.2, 0.2, 0.1, 0.1, 0.1)).astype(np.uint16)
    labels = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_NEAREST)
    specks = rng.random(shape) < 0.05
    return np.where(specks, rng.choice(VALUES, shape), labels).astype(np.uint16)


def table(rng: np.random.Generator) -> np.ndarray:
    chosen = np.zeros(UNLABELLED + 1, np.bool_)
    chosen[[0, *rng.choice(VALUES[1:-1], 3, replace=False)]] = True
    return chosen


@given(seed=st.integers(0, 10**6), patience=st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_only_disputed_cells_have_to_be_weighed_up(seed, patience):
    rng, shape = np.random.default_rng(seed), (18, 23)
    images = [blobs(rng, shape) for _ in range(3)]
    belief, plain = Belief(), PlainBelief(images[0])
    v, u = np.indices(shape, np.float32)
    nothing = np.zeros(shape, np.bool_)
    belief(images[0], None, table(rng), table(rng), patience)
    for _ in range(6):
        named, hidden = images[rng.integers(3)], rng.random(shape) < 0.1
        known, confirmed = table(rng), table(rng)
        places = Places(u, v, hidden if rng.random() < 0.5 else nothing)
        guessed = rng.random(shape) < 0.3
        labels = belief(named, places, known, confirmed, patience, guessed)
        expected = plain(named, places.hidden, known, confirmed, patience, guessed)
        assert (labels == expected).all()


@given(st.integers(20, 40), st.integers(300, 1500))
@settings(max_examples=20, deadline=None)
def test_belief_fills_whole_cells_to_the_edge(height, width):
    everything = np.ones(UNLABELLED + 1, np.bool_)
    belief, shape = Belief(), (height, width)
    belief(np.full(shape, 5, np.uint16), None, everything, everything, 100)
    cells = every_cell(shape)
    v, u = np.indices(np.empty(shape)[cells].shape, np.float32)
    still = Places(u, v, np.zeros(u.shape, np.bool_))
    labels = belief(np.full(shape, 6, np.uint16), still, everything, everything, 100)
    assert (labels == 5).all()
