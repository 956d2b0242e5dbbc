"""Nothing comes from the device before labels are final, but for numbers that steer the way there."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from far_device import FAR, FarTensor, Wait, far_device
from table_tops import frame_of, table_scene, two_looks

from scenerep_ros.config import CutOptions
from scenerep_ros.frames import Features
from scenerep_ros.segmentation.object_cut import ObjectCut


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
    frame, features, cut = frame_of(depth), two_looks(mask), ObjectCut(CutOptions())
    expected = cut(None, features, frame).labels
    with far_device() as waits:
        found = cut(None, far(features), frame).labels
    np.testing.assert_array_equal(found, expected)
    undecided = np.count_nonzero(~cut.look(frame).decided)
    assert waits == [Wait("_to_copy", 4 * undecided)]
