"""Transfers from the device: only final labels, and single numbers that control the algorithms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from fake_device import FAKE_DEVICE, FakeDeviceTensor, HostTransfer, fake_device
from segmenters import cluster, make_segmenter, segment
from table_tops import clusters_from_labels, gray_frame, label_features, table_with_boards

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.frames import Features, RGBDFrame
from scenerep_ros.preprocessing.frame_context import FrameContext

NUMBER_BYTES = 8
MAX_TRANSFERS, MAX_TRANSFERS_WITH_LINKAGE = 12, 60


def to_fake_device(features: Features) -> Features:
    attention = features.attention
    return Features(
        FakeDeviceTensor(features.grid),
        FakeDeviceTensor(features.pooled),
        None if attention is None else FakeDeviceTensor(attention),
    )


@pytest.mark.parametrize(
    "transfer",
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
def test_fake_device_records_transfer(transfer):
    with fake_device() as transfers:
        transfer(FakeDeviceTensor(torch.ones(3)))
    assert transfers


def test_fake_device_ignores_computation_and_refuses_mixed_devices():
    with fake_device() as transfers:
        x = torch.from_numpy(np.ones(3, np.float32)).to(FAKE_DEVICE)
        x = x + torch.arange(3, device=FAKE_DEVICE)
        x[torch.tensor([0])] = x.max()
        with pytest.raises(RuntimeError, match="same device"):
            x + torch.ones(3)
    assert not transfers


def test_fused_with_depth_transfers_only_scores_of_patches():
    depth, mask = table_with_boards()
    depth[300:360, 100:260] = np.nan
    frame, features, segmenter = gray_frame(depth), label_features(mask), make_segmenter()
    expected = segment(segmenter, features, frame).labels
    with fake_device() as transfers:
        labels = segment(segmenter, to_fake_device(features), frame).labels
    np.testing.assert_array_equal(labels, expected)
    labels_in_frame = 1 + segmenter.prepare(FrameContext(frame)).partition.labels.max()
    patches = features.grid.shape[0] * features.grid.shape[1]
    assert transfers == [HostTransfer("_to_copy", 4 * patches * labels_in_frame)]


def attended_boards(attention_ratio: float) -> tuple[Clusters, Features, RGBDFrame]:
    """Three boards of different color on a table, with `attention_ratio` times its attention."""
    _, mask = table_with_boards()
    features = label_features(mask)
    is_board = features.grid[..., 0] == 0
    attention = (is_board * (attention_ratio - 1) + 1)[None]
    rng = np.random.default_rng(0)
    color = (60 * mask[..., None] + rng.integers(0, 30, (*mask.shape, 3))).astype(np.uint8)
    noise = torch.from_numpy(rng.normal(size=features.grid.shape)).float()
    features = Features(features.grid + 0.1 * noise, features.pooled, attention)
    return clusters_from_labels(mask + 1), features, RGBDFrame(color)


@pytest.mark.parametrize(
    ("attention_ratio", "max_transfers"),
    [(9.0, MAX_TRANSFERS), (1.4, MAX_TRANSFERS_WITH_LINKAGE)],
    ids=["salient", "clutter"],
)
def test_fused_without_depth_transfers_labels_and_numbers(attention_ratio, max_transfers):
    clusters, features, frame = attended_boards(attention_ratio)
    expected = segment(make_segmenter(clusters=clusters), features, frame).labels
    segmenter = make_segmenter(clusters=Clusters(FakeDeviceTensor(clusters.scores)))
    with fake_device() as transfers:
        labels = segment(segmenter, to_fake_device(features), frame).labels
    np.testing.assert_array_equal(labels, expected)
    assert labels.max() > 1
    assert transfers.pop() == HostTransfer("_to_copy", labels.nbytes)
    assert all(transfer.bytes <= NUMBER_BYTES for transfer in transfers)
    assert len(transfers) <= max_transfers


def test_fused_without_attention_transfers_labels_and_numbers():
    clusters, features, frame = attended_boards(1.0)
    segmenter = make_segmenter(clusters=Clusters(FakeDeviceTensor(clusters.scores)))
    with fake_device() as transfers:
        features = to_fake_device(Features(features.grid, features.pooled))
        labels = segment(segmenter, features, frame).labels
    assert transfers.pop() == HostTransfer("_to_copy", labels.nbytes)
    assert all(transfer.bytes <= NUMBER_BYTES for transfer in transfers)
    assert len(transfers) <= MAX_TRANSFERS


@pytest.mark.parametrize("method", ["kmeans_knee", "kmeans", "ncut", "agglomeration", "attention"])
def test_clustering_keeps_scores_on_the_device(method):
    noise = torch.rand(16, 20, 32, generator=torch.Generator().manual_seed(0))
    features = Features(noise, noise[0, 0], noise[None, ..., 0])
    with fake_device() as transfers:
        clusters = cluster(to_fake_device(features), method)
    assert isinstance(clusters.scores, FakeDeviceTensor)
    assert sum(transfer.bytes for transfer in transfers) < (
        NUMBER_BYTES * MAX_TRANSFERS_WITH_LINKAGE
    )
