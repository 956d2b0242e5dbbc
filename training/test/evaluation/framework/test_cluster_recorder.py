from __future__ import annotations

import pytest
from scenerep_training.evaluation.framework.cluster_recorder import ClusterRecorder

from scenerep_ros.errors import ConfigError


class CountingSegmenter:
    """Segmenter whose clusters are the number of calls."""

    def __init__(self):
        self.calls = 0

    def cluster(self, features):
        self.calls += 1
        return self.calls


class SegmenterWithoutClusters:
    pass


def test_recorder_holds_result_of_last_call():
    segmenter = CountingSegmenter()
    recorder = ClusterRecorder(segmenter)
    assert recorder.clusters is None
    for expected in (1, 2):
        assert segmenter.cluster("features") == expected
        assert recorder.clusters == expected


def test_recorder_of_segmenter_without_clusters_raises_config_error():
    with pytest.raises(ConfigError, match="SegmenterWithoutClusters computes no clusters"):
        ClusterRecorder(SegmenterWithoutClusters())
