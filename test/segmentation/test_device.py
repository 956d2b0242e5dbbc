"""Nothing comes from the device before labels are final, but for numbers that steer the way there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from far_device import FAR, FarTensor, Wait, far_device
from segmenters import cluster, make_segmenter, segment
from table_tops import clusters_of, frame_of, table_scene, two_looks

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_ros.preprocessing.frame_context import FrameContext


def far(features: Features) -> Features:
    attention = features.attention
    return Features(
        FarTensor(features.grid),
        FarTensor(features.pooled),
        None if attention is None else FarTensor(attention),
    )


@pytest.mark.parametrize(
    "fetch",
    [
        lambda x: x.cpu(),
        lambda x: x.tolist(),
        lambda x: x.nonzero(),
        lambda x: x[x > 0],
        lambda x: x.sum().item(),
        lambda x: bool((x > 0).all()),
        lambda x: torch.equal(x, x),
        lambda x: torch.zeros(3).copy_(x),
        lambda x: torch.nn.functional.one_hot(x.long()),
    ],
)
def test_the_far_device_notes_what_comes_back(fetch):
    with far_device() as waits:
        fetch(FarTensor(torch.ones(3)))
    assert waits


def test_the_far_device_notes_nothing_else_and_mixes_with_no_other():
    with far_device() as waits:
        x = torch.from_numpy(np.ones(3, np.float32)).to(FAR) + torch.arange(3, device=FAR)
        x[torch.tensor([0])] = x.max()
        with pytest.raises(RuntimeError, match="same device"):
            x + torch.ones(3)
    assert not waits


def test_with_depth_only_labels_come_back():
    depth, mask = table_scene()
    depth[300:360, 100:260] = np.nan
    frame, features, segmenter = frame_of(depth), two_looks(mask), make_segmenter()
    expected = segment(segmenter, features, frame).labels
    with far_device() as waits:
        found = segment(segmenter, far(features), frame).labels
    np.testing.assert_array_equal(found, expected)
    undecided = np.count_nonzero(~segmenter.prepare(FrameContext(frame)).partition.decided)
    assert waits == [Wait("_to_copy", 4 * undecided)]


MOST_NUMBERS, MOST_ROUNDS = 12, 60


def attended(level: float) -> tuple[Clusters, Features, RGBDFrame]:
    """Three boards on a table, each of its own colour, that get `level` times the attention."""
    _, mask = table_scene()
    features = two_looks(mask)
    boards = features.grid[..., 0] == 0
    attention = (boards * (level - 1) + 1)[None]
    random = np.random.default_rng(0)
    color = (60 * mask[..., None] + random.integers(0, 30, (*mask.shape, 3))).astype(np.uint8)
    grid = features.grid + 0.1 * torch.from_numpy(random.normal(size=features.grid.shape)).float()
    features = Features(grid, features.pooled, attention)
    return clusters_of(mask + 1), features, RGBDFrame(color)


@pytest.mark.parametrize(("level", "most"), [(9.0, MOST_NUMBERS), (1.4, MOST_ROUNDS)])
def test_without_depth_only_labels_and_numbers_that_steer_come_back(level, most):
    clusters, features, frame = attended(level)
    expected = segment(make_segmenter(clusters=clusters), features, frame).labels
    segmenter = make_segmenter(clusters=Clusters(FarTensor(clusters.scores)))
    with far_device() as waits:
        found = segment(segmenter, far(features), frame).labels
    np.testing.assert_array_equal(found, expected)
    assert found.max() > 1
    assert waits.pop() == Wait("_to_copy", found.nbytes)
    assert all(wait.bytes <= 8 for wait in waits)
    assert len(waits) <= most


def test_without_attention_only_labels_and_numbers_that_steer_come_back():
    clusters, features, frame = attended(1.0)
    with far_device() as waits:
        features = Features(FarTensor(features.grid), FarTensor(features.pooled))
        segment(make_segmenter(clusters=Clusters(FarTensor(clusters.scores))), features, frame)
    assert waits.pop() == Wait("_to_copy", 4 * 480 * 640)
    assert all(wait.bytes <= 8 for wait in waits)
    assert len(waits) <= MOST_NUMBERS


@pytest.mark.parametrize("method", ["kmeans_knee", "kmeans", "ncut", "agglomeration", "attention"])
def test_clusters_stay_where_they_are_found(method):
    noise = torch.rand(16, 20, 32, generator=torch.Generator().manual_seed(0))
    features = Features(noise, noise[0, 0], noise[None, ..., 0])
    with far_device() as waits:
        clusters = cluster(far(features), method)
    assert isinstance(clusters.scores, FarTensor)
    assert sum(wait.bytes for wait in waits) < 8 * MOST_ROUNDS
