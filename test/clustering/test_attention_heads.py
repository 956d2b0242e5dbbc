import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenerep_ros.clustering.attention_heads import attention_masks, cluster_attention_heads
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import Features


def random_attention(heads, h, w, seed):
    raw = np.random.default_rng(seed).random((heads, h, w), np.float32) ** 4
    return 0.9 * raw / raw.sum((1, 2), keepdims=True)


def cluster(attention):
    grid = np.ones((*attention.shape[1:], 8), np.float32)
    features = Features(grid, grid.mean((0, 1)), attention)
    return cluster_attention_heads(features, mass=0.6)


@settings(max_examples=50)
@given(st.integers(0, 10_000), st.floats(0.05, 0.99))
def test_attention_mask_is_smallest_with_given_mass(seed, mass):
    attention = random_attention(3, 5, 7, seed)
    for head, mask in zip(attention.astype(float), attention_masks(attention, mass), strict=True):
        kept = head[mask]
        assert kept.sum() >= (mass - 1e-4) * head.sum()
        assert kept.sum() - kept.min() < (mass + 1e-4) * head.sum()
        assert mask.all() or kept.min() >= head[~mask].max()


def test_attention_masks_equal_those_of_dino():
    """DINO's visualize_attention.py drops the lowest patches that sum to 1 - mass."""
    attention = random_attention(6, 9, 11, seed=1)
    masks = attention_masks(attention, 0.6)
    for head, mask in zip(attention.reshape(6, -1), masks.reshape(6, -1), strict=True):
        order = head.argsort()
        expected = np.zeros_like(mask)
        expected[order] = (head / head.sum())[order].cumsum() > 0.4
        np.testing.assert_array_equal(mask, expected)


def test_patch_belongs_to_masked_head_or_background():
    attention = random_attention(4, 12, 16, seed=3)
    clusters = cluster(attention)
    masks = attention_masks(attention, 0.6)
    best = clusters.scores.argmax(0)
    assert clusters.background == 4
    np.testing.assert_array_equal(best == 4, ~masks.any(0))
    rows, columns = np.nonzero(best < 4)
    assert masks[best[rows, columns], rows, columns].all()


def test_heads_on_two_objects_segment_both():
    attention = np.zeros((2, 10, 10), np.float32)
    attention[0, 1:4, 1:4] = attention[1, 6:9, 6:9] = 1 / 9
    labels = cluster(attention).label_image((100, 100))
    assert (labels[25, 25], labels[75, 75], labels[75, 25]) == (1, 2, 0)
    assert set(np.unique(labels)) == {0, 1, 2}


@pytest.mark.parametrize("value", [0.0, np.nan])
def test_heads_without_attention_are_all_background(value):
    attention = np.full((3, 4, 5), value, np.float32)
    assert not attention_masks(attention, 0.6).any()
    assert (cluster(attention).label_image((40, 50)) == 0).all()


def test_backbone_without_cls_token_is_refused_with_alternatives():
    with pytest.raises(ConfigError, match=r"convnet.*kmeans or kmeans_knee.*ViT with a CLS token"):
        cluster_attention_heads(Features(np.ones((3, 4, 8)), np.ones(8)), mass=0.6)


def test_attention_heads_of_real_frame_give_several_clusters(real_grids):
    labels = cluster(real_grids[0].attention).label_image((120, 160))
    assert 0.05 < (labels > 0).mean() < 0.95
    assert len(np.unique(labels)) >= 3
