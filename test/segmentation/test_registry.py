"""Registry of the segmentation methods."""

from __future__ import annotations

import inspect

import pytest
from segmenters import make_segmenter

from scenerep_ros.config.options import OptionGroup
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.segmentation.base import Segmenter
from scenerep_ros.segmentation.registry import SEGMENTERS

BUILT_IN = ["agglomeration", "attention", "fused", "kmeans", "kmeans_knee", "ncut", "spectral"]


def test_registry_contains_built_in_methods():
    assert set(BUILT_IN) <= set(SEGMENTERS)


@pytest.mark.parametrize("method", BUILT_IN)
def test_built_in_method_is_a_documented_segmenter(method):
    segmenter = SEGMENTERS[method]
    assert issubclass(segmenter, Segmenter)
    assert not inspect.isabstract(segmenter)
    assert issubclass(segmenter.Options, OptionGroup)
    assert segmenter.summary


@pytest.mark.parametrize("method", BUILT_IN)
def test_build_segmenter_passes_config_and_own_options(method):
    segmenter = make_segmenter(method, min_area=0.02)
    assert type(segmenter) is SEGMENTERS[method]
    assert segmenter.config.min_area == 0.02
    assert segmenter.options == PipelineConfig().options_of(method)


def test_unknown_method_suggests_similar_names():
    with pytest.raises(ConfigError, match=r"segmenter ncuts: unknown; did you mean ncut"):
        SEGMENTERS["ncuts"]
