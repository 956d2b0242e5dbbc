"""Ids without tracking."""

import numpy as np
from discs import DISCS, disc_labels, track

from scenerep_ros.tracking.identity_tracker import IdentityTracker


def test_identity_tracker_returns_segment_numbers_as_ids():
    tracker = IdentityTracker()
    for labels in (disc_labels({1: DISCS[3], 2: DISCS[1]}), disc_labels({1: DISCS[1]})):
        scene = track(tracker, labels)
        assert scene.labels.dtype == np.uint16
        assert (scene.labels == labels).all()
        assert [o.id for o in scene.objects] == list(np.unique(labels))[1:]
        assert all(o.age == 1 for o in scene.objects)
