"""Tests of ODIN's loss against InfoNCE, and of objects that are not in both views."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from scenerep_training.losses.odin import object_contrast_loss

IMAGES = torch.arange(4)
"""Groups of images of different recordings."""


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_object_contrast_loss_equals_info_nce_over_present_objects():
    prediction, target = torch.randn(6, 4), torch.randn(6, 4)
    present = torch.tensor([True, True, False, True, False, True])
    p, t = F.normalize(prediction[present], dim=1), F.normalize(target[present], dim=1)
    expected = -torch.log_softmax(p @ t.T / 0.2, dim=1).diagonal().mean()
    torch.testing.assert_close(
        object_contrast_loss(prediction, target, present, IMAGES[:3], 0.2), expected
    )


def test_object_contrast_loss_absent_objects_get_no_gradient():
    prediction = torch.randn(4, 8, requires_grad=True)
    present = torch.tensor([True, False, True, False])
    object_contrast_loss(prediction, torch.randn(4, 8), present, IMAGES, 0.1).backward()
    assert prediction.grad.isfinite().all()
    assert prediction.grad.abs().sum(1).gt(0).equal(present)


def test_object_contrast_loss_without_objects_is_zero():
    prediction = torch.randn(4, 8, requires_grad=True)
    absent = torch.zeros(4, dtype=torch.bool)
    loss = object_contrast_loss(prediction, torch.randn(4, 8), absent, IMAGES, 0.1)
    loss.backward()
    assert loss == 0
    assert prediction.grad.eq(0).all()


def test_object_contrast_loss_target_gets_no_gradient():
    target = torch.randn(4, 8, requires_grad=True)
    present = torch.ones(4, dtype=torch.bool)
    prediction = torch.randn(4, 8, requires_grad=True)
    object_contrast_loss(prediction, target, present, IMAGES, 0.1).backward()
    assert target.grad is None


def test_object_contrast_loss_ignores_other_images_of_same_recording():
    """Images 0 and 2 are of one recording; two objects each. The own image keeps its negatives."""
    prediction, target = torch.randn(6, 4), torch.randn(6, 4)
    present = torch.ones(6, dtype=torch.bool)
    loss = object_contrast_loss(prediction, target, present, torch.tensor([9, 4, 9]), 0.2)
    p, t = F.normalize(prediction, dim=1), F.normalize(target, dim=1)
    kept = [[0, 1, 2, 3], [0, 1, 2, 3], range(6), range(6), [2, 3, 4, 5], [2, 3, 4, 5]]
    terms = [
        -torch.log_softmax(p[row] @ t[list(columns)].T / 0.2, 0)[list(columns).index(row)]
        for row, columns in enumerate(kept)
    ]
    torch.testing.assert_close(loss, torch.stack(terms).mean())
