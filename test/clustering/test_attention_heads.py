import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.clustering.attention_heads import attention_masks, cluster_attention_heads
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features


def attention(heads, h, w, seed):
    raw = torch.rand(heads, h, w, generator=torch.Generator().manual_seed(seed)) ** 4
    return 0.9 * raw / raw.sum((1, 2), keepdim=True)


def cluster(maps):
    features = Features(torch.rand(*maps.shape[1:], 8), torch.rand(8), maps)
    return cluster_attention_heads(features, mass=0.6)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.05, 0.99))
def test_a_mask_holds_the_mass_and_no_cell_too_many(seed, mass):
    maps = attention(3, 5, 7, seed)
    for head, mask in zip(maps.double(), attention_masks(maps, mass), strict=True):
        kept = head[mask]
        assert kept.sum() >= (mass - 1e-4) * head.sum()
        assert kept.sum() - kept.min() < (mass + 1e-4) * head.sum()
        assert mask.all() or kept.min() >= head[~mask].max()


def test_masks_are_those_of_dino():
    """As in DINO's visualize_attention.py: drop the lowest cells that hold 1 - mass together."""
    maps = attention(6, 9, 11, seed=1)
    for head, mask in zip(maps.flatten(1), attention_masks(maps, 0.6).flatten(1), strict=True):
        values, order = torch.sort(head / head.sum())
        expected = torch.zeros_like(mask)
        expected[order] = torch.cumsum(values, 0) > 0.4
        assert torch.equal(mask, expected)


def test_a_cell_belongs_to_a_head_whose_mask_has_it_and_else_to_the_background():
    maps = attention(4, 12, 16, seed=3)
    clusters = cluster(maps)
    masks = attention_masks(maps, 0.6)
    winner = clusters.scores.argmax(0)
    assert clusters.background == 4
    assert torch.equal(winner == 4, ~masks.any(0))
    rows, columns = torch.nonzero(winner < 4, as_tuple=True)
    assert masks[winner[rows, columns], rows, columns].all()


def test_two_heads_that_look_at_two_things_cut_these_out():
    maps = torch.zeros(2, 10, 10)
    maps[0, 1:4, 1:4] = maps[1, 6:9, 6:9] = 1 / 9
    regions = cluster(maps).label_image((100, 100))
    assert (regions[25, 25], regions[75, 75], regions[75, 25]) == (1, 2, 0)
    assert set(np.unique(regions)) == {0, 1, 2}


@pytest.mark.parametrize("value", [0.0, float("nan")])
def test_heads_that_attend_to_nothing_leave_all_to_the_background(value):
    maps = torch.full((3, 4, 5), value)
    assert not attention_masks(maps, 0.6).any()
    assert (cluster(maps).label_image((40, 50)) == 0).all()


def test_a_backbone_without_a_cls_token_is_refused_with_the_alternatives():
    with pytest.raises(ConfigError, match=r"convnet.*kmeans or kmeans_knee.*ViT with a CLS token"):
        cluster_attention_heads(Features(torch.rand(3, 4, 8), torch.rand(8)), mass=0.6)


def test_real_attention_is_cut_into_some_regions(real_grids):
    regions = cluster(real_grids[0].attention).label_image((480, 640)).numpy()
    assert 0.05 < (regions > 0).mean() < 0.95
    assert len(np.unique(regions)) >= 3
