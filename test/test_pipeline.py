from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from segmenters import make_segmenter, segment

from scenerep_ros.clustering import normalized_cut
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.errors import ConfigError, FrameError
from scenerep_ros.frames import UNLABELLED, Intrinsics, RGBDFrame
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.sources import open_source

SMALL = {
    "backbone": "vit_tiny_patch16_224",
    "weights": "random",
    "resolution": 128,
    "device": "cpu",
}
METHODS = ["fused", "attention", "kmeans", "kmeans_knee", "ncut", "agglomeration", "spectral"]
STEP = 4


def small_config(**options) -> PipelineConfig:
    """Build a config for a small untrained network; `__` stands for a dot in option names."""
    values = {name.replace("__", "."): value for name, value in options.items()}
    return validated(PipelineConfig, {**SMALL, **values})


def read_frame(folder, index) -> RGBDFrame:
    """Read a rendered frame and keep every fourth pixel: 120x160 instead of 480x640."""
    frame = open_source(folder)[index]
    k = frame.intrinsics
    return RGBDFrame(
        np.ascontiguousarray(frame.color[::STEP, ::STEP]),
        np.ascontiguousarray(frame.depth[::STEP, ::STEP]),
        Intrinsics(k.fx / STEP, k.fy / STEP, k.cx / STEP, k.cy / STEP),
    )


@pytest.fixture(scope="module")
def backbone():
    torch.manual_seed(0)  # of the random weights
    return Pipeline(small_config()).backbone


@pytest.fixture
def pipeline(backbone) -> Pipeline:
    return Pipeline(small_config(), backbone)


@pytest.fixture(scope="module")
def frame(tabletop_folder) -> RGBDFrame:
    return read_frame(tabletop_folder, 0)


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_pipeline_labels_equal_those_of_the_segmenter(backbone, frame, method):
    scene = Pipeline(small_config(method=method, track=False), backbone)(frame)
    features = backbone(frame.color, SMALL["resolution"])
    segmentation = segment(make_segmenter(method), features, frame)
    np.testing.assert_array_equal(scene.labels, segmentation.labels)


@pytest.mark.parametrize("method", METHODS)
def test_scene_lists_the_objects_of_its_labels(backbone, frame, method):
    scene = Pipeline(small_config(method=method), backbone)(frame)
    assert scene.labels.shape == frame.shape
    assert scene.labels.dtype == np.uint16
    ids, areas = np.unique(scene.labels, return_counts=True)
    is_object = (ids > 0) & (ids != UNLABELLED)
    assert is_object.any()
    assert [item.id for item in scene.objects] == ids[is_object].tolist()
    assert [item.area for item in scene.objects] == areas[is_object].tolist()
    assert list(scene.timings) == ["backbone", "segment", "track"]


def test_option_pca_changes_feature_dimensions_of_clustering(backbone, frame):
    labels = [
        Pipeline(small_config(method="kmeans", track=False, clustering__pca=pca), backbone)(frame)
        for pca in (1, 0)
    ]
    assert (labels[0].labels != labels[1].labels).mean() > 0.001


def test_fused_clusters_only_frames_without_depth(pipeline, frame):
    prepare = pipeline.segmenter.prepare
    assert not prepare(FrameContext(frame)).requires_clusters
    assert prepare(FrameContext(frame, use_depth=False)).requires_clusters
    assert prepare(FrameContext(replace(frame, depth=None))).requires_clusters


def test_same_frame_twice_keeps_object_ids(pipeline, frame):
    first, second = pipeline(frame), pipeline(frame)
    np.testing.assert_array_equal(first.labels, second.labels)
    assert [item.age for item in second.objects] == [2] * len(first.objects)


def test_reset_restarts_object_ids_and_ages(pipeline, frame):
    first = pipeline(frame)
    pipeline(frame)
    pipeline.reset()
    again = pipeline(frame)
    np.testing.assert_array_equal(again.labels, first.labels)
    assert {item.age for item in again.objects} == {1}


def test_reset_discards_warm_start_of_normalized_cut(backbone, frame, tabletop_folder, monkeypatch):
    """After a single iteration the result depends on the start."""
    one_iteration = replace(normalized_cut.CONSTANTS, max_iterations=1)
    monkeypatch.setattr(normalized_cut, "CONSTANTS", one_iteration)
    config = small_config(method="ncut", track=False, ncut__max_cost=1.0)
    warm, fresh = Pipeline(config, backbone), Pipeline(config, backbone)
    expected = fresh(frame).labels
    warm(read_frame(tabletop_folder, 30))
    assert (warm(frame).labels != expected).mean() > 0.01
    warm.reset()
    np.testing.assert_array_equal(warm(frame).labels, expected)


def test_blank_frame_is_unlabelled_and_keeps_tracks(pipeline, frame):
    before = pipeline(frame)
    blank = pipeline(replace(frame, color=np.zeros_like(frame.color), depth=None))
    assert (blank.labels == UNLABELLED).all()
    assert blank.objects == ()
    np.testing.assert_array_equal(pipeline(frame).labels, before.labels)


def test_pipeline_passes_cls_attention_of_vit(pipeline, frame):
    expected = pipeline.backbone(frame.color, SMALL["resolution"]).attention
    np.testing.assert_allclose(pipeline(frame).attention, expected, atol=1e-5)


def test_contradictory_options_are_refused_and_old_ones_kept(pipeline, frame):
    config = pipeline.config
    with pytest.raises(ConfigError, match="min_clusters"):
        pipeline.configure(small_config(kmeans_knee__min_clusters=9, kmeans_knee__max_clusters=4))
    assert pipeline.config == config
    assert pipeline(frame).objects


def test_attention_of_convnet_is_refused_with_alternatives(frame):
    config = small_config(backbone="resnet18", method="attention")
    with pytest.raises(ConfigError, match="kmeans"):
        Pipeline(config)(frame)


def noise_frame(shape) -> RGBDFrame:
    return RGBDFrame(np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8))


@pytest.mark.parametrize("shape", [(2, 2), (17, 120), (31, 40)])
def test_small_image_is_segmented_at_its_own_size(pipeline, shape):
    assert pipeline(noise_frame(shape)).labels.shape == shape


@pytest.mark.parametrize("shape", [(3, 200), (480, 17)])
def test_narrow_image_is_refused_with_remedy(pipeline, shape):
    with pytest.raises(FrameError, match=r"too narrow.*crop it to an aspect ratio"):
        pipeline(noise_frame(shape))


def test_refused_frame_leaves_no_preparation_behind(pipeline, monkeypatch):
    started, ended = threading.Event(), threading.Event()
    prepare = pipeline.segmenter.prepare

    def prepare_slowly(context):
        started.set()
        time.sleep(0.2)
        prepared = prepare(context)
        ended.set()
        return prepared

    def refuse(*_):
        started.wait()
        raise FrameError("refused")

    monkeypatch.setattr(pipeline.segmenter, "prepare", prepare_slowly)
    monkeypatch.setattr(pipeline, "compute_features", refuse)
    with pytest.raises(FrameError, match="refused"):
        pipeline(noise_frame((48, 64)))
    assert ended.is_set()


def test_pipeline_refuses_attention_method_without_attention():
    options = {"weights": "random", "device": "cpu", "precision": "fp32", "resolution": 64}
    with pytest.raises(ConfigError, match="option method = 'attention': needs the CLS attention"):
        Pipeline(PipelineConfig(backbone="resnet18", method="attention", **options))
    pipeline = Pipeline(PipelineConfig(backbone="resnet18", method="kmeans", **options))
    with pytest.raises(ConfigError, match="resnet18 has none"):
        pipeline.configure(PipelineConfig(backbone="resnet18", method="attention", **options))
    assert pipeline.config.method == "kmeans"


def test_pipeline_target_rate_lowers_resolution_of_slow_frames(backbone, frame):
    pipeline = Pipeline(small_config(target_rate=1000.0), backbone)
    for _ in range(20):  # no frame takes less than a millisecond
        pipeline(frame)
    assert pipeline.resolution == 105
    assert "reduced" in pipeline.rate_facts["resolution_px"]
    pipeline.configure(small_config(target_rate=1000.0, resolution=96))
    assert pipeline.resolution == 96
    assert pipeline.rate_facts["resolution_px"] == "96"


def test_pipeline_without_target_rate_states_no_facts(pipeline):
    assert pipeline.rate_facts == {}


def test_features_in_two_threads_equal_those_in_one(pipeline):
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (64, width, 3), np.uint8) for width in (64, 128)]
    expected = [pipeline.compute_features(image).grid for image in images]

    def compute(index: int) -> bool:
        grids = [pipeline.compute_features(images[index]).grid for _ in range(12)]
        return all(np.allclose(grid, expected[index], atol=1e-5) for grid in grids)

    with ThreadPoolExecutor(2) as threads:
        assert all(threads.map(compute, range(2)))
