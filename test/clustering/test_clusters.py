import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.functional import interpolate

from scenerep_ros.clustering.clusters import Clusters


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 12), st.integers(1, 9), st.integers(1, 9), st.integers(9, 70), st.integers(9, 70)
)
def test_regions_are_the_best_of_the_bilinearly_interpolated_scores(k, h, w, height, width):
    scores = torch.rand(k, h, w, generator=torch.Generator().manual_seed(k * h + w))
    regions = Clusters(scores).label_image((height, width)).numpy()
    enlarged = interpolate(scores[None], (height, width), mode="bilinear", align_corners=False)[0]
    top = enlarged.sort(dim=0).values
    clear = np.ones((height, width), bool) if k == 1 else (top[-1] - top[-2] > 1e-4).numpy()
    assert regions.dtype == np.int64
    assert regions.shape == (height, width)
    np.testing.assert_array_equal(regions[clear], 1 + enlarged.argmax(0).numpy()[clear])


@pytest.mark.parametrize(
    ("background", "expected"), [(None, [1, 2, 3]), (0, [0, 1, 2]), (1, [1, 0, 2])]
)
def test_the_background_is_0_and_the_others_count_from_1(background, expected):
    scores = torch.eye(3)[:, None, :]  # three cells in a row, a cluster each
    regions = Clusters(scores, background).label_image((3, 9))
    assert regions[1, [1, 4, 7]].tolist() == expected


def test_a_diagonal_border_is_smoother_than_its_cells():
    v, u = torch.meshgrid(torch.arange(8.0), torch.arange(8.0), indexing="ij")
    regions = Clusters(torch.stack([u - v, v - u])).label_image((160, 160)).numpy()
    rows, columns = np.indices(regions.shape)
    wrong = (regions == 1) != (columns > rows)
    assert wrong.mean() < 0.01  # labels enlarged as they are would step by 20 pixels: 6 %


def test_an_image_smaller_than_the_grid_is_fine():
    assert Clusters(torch.rand(4, 20, 20)).label_image((5, 6)).shape == (5, 6)


@pytest.mark.parametrize("step", [2, 3])
def test_regions_of_every_second_pixel_are_those_of_all(step):
    clusters = Clusters(torch.rand(4, 6, 7, generator=torch.Generator().manual_seed(0)))
    coarse = clusters.label_image((61, 83), step)
    assert torch.equal(coarse, clusters.label_image((61, 83))[::step, ::step])
