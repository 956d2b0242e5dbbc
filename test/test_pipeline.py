from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.frames import UNLABELLED, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.sources import open_source

SMALL = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "resolution": 128,
    "device": "cpu",
}


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    return Pipeline(validated(PipelineConfig, SMALL))


@pytest.fixture(scope="module")
def frame(tabletop_folder) -> RGBDFrame:
    return open_source(tabletop_folder)[0]


@pytest.mark.parametrize(
    "method", ["attention", "kmeans", "kmeans_knee", "ncut", "agglomeration", "spectral"]
)
@pytest.mark.parametrize("pca", [0, 8])
def test_every_method_segments_a_frame_at_its_own_size(pipeline, frame, method, pca):
    pipeline.reset()
    pipeline.configure(
        validated(PipelineConfig, {**SMALL, "method": method, "clustering.pca": pca})
    )
    scene = pipeline(frame)
    assert scene.labels.shape == frame.shape
    assert scene.labels.dtype == np.uint16
    assert [item.id for item in scene.objects]
    assert list(scene.timings) == ["backbone", "segment", "track"]


def test_the_methods_differ_with_depth_too(pipeline, frame):
    labels = {}
    for method in ("fused", "attention", "kmeans", "kmeans_knee"):
        pipeline.reset()
        pipeline.configure(validated(PipelineConfig, {**SMALL, "method": method}))
        labels[method] = pipeline(frame).labels
    assert len({image.tobytes() for image in labels.values()}) == 4


def test_fused_clusters_only_without_depth(pipeline, frame):
    pipeline.configure(validated(PipelineConfig, SMALL))
    prepare = pipeline.segmenter.prepare
    assert not prepare(FrameContext(frame)).requires_clusters
    assert prepare(FrameContext(frame, use_depth=False)).requires_clusters
    assert prepare(FrameContext(replace(frame, depth=None))).requires_clusters


def test_the_same_frame_twice_keeps_all_ids_and_a_reset_starts_anew(pipeline, frame):
    pipeline.configure(validated(PipelineConfig, SMALL))
    pipeline.reset()
    first, second = pipeline(frame), pipeline(frame)
    np.testing.assert_array_equal(first.labels, second.labels)
    pipeline.reset()
    np.testing.assert_array_equal(pipeline(frame).labels, first.labels)


def test_a_covered_lens_says_nothing_and_loses_no_id(pipeline, frame):
    pipeline.reset()
    before = pipeline(frame)
    black = np.zeros_like(frame.color)
    covered = pipeline(replace(frame, color=black, depth=None))
    assert (covered.labels == UNLABELLED).all()
    assert covered.objects == ()
    np.testing.assert_array_equal(pipeline(frame).labels, before.labels)


def test_pipeline_passes_cls_attention_of_vit(pipeline, frame):
    pipeline.reset()
    pipeline.configure(validated(PipelineConfig, SMALL))
    expected = pipeline.backbone(frame.color, SMALL["resolution"]).attention
    np.testing.assert_allclose(pipeline(frame).attention_maps(), expected, atol=1e-5)


def test_two_pipelines_agree_to_the_pixel(frame):
    config = validated(PipelineConfig, SMALL | {"method": "attention"})
    backbone = Pipeline(config).backbone
    labels = [Pipeline(config, backbone)(frame).labels for _ in range(2)]
    np.testing.assert_array_equal(*labels)


def test_options_that_contradict_each_other_are_refused_and_the_old_ones_stay(pipeline, frame):
    good = validated(PipelineConfig, SMALL)
    pipeline.configure(good)
    with pytest.raises(ConfigError, match="min_clusters"):
        pipeline.configure(
            validated(
                PipelineConfig, {**SMALL, "kmeans_knee": {"min_clusters": 9, "max_clusters": 4}}
            )
        )
    assert pipeline.config == good
    assert pipeline(frame).objects


def test_attention_of_a_convnet_is_refused_with_the_alternatives(frame):
    config = validated(
        PipelineConfig, {"backbone": "resnet18", "weights": "random", "method": "attention"}
    )
    with pytest.raises(ConfigError, match="kmeans"):
        Pipeline(config)(frame)


@pytest.mark.parametrize("shape", [(2, 2), (3, 200), (480, 17)])
def test_odd_sizes_are_segmented_or_refused_with_a_reason(pipeline, shape):
    noise = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    try:
        scene = pipeline(RGBDFrame(noise))
    except FrameError as error:
        assert "too" in str(error) or "aspect" in str(error)  # noqa: PT017
    else:
        assert scene.labels.shape == shape
