"""Segmentation of single frames without a pipeline."""

from __future__ import annotations

from scenerep_ros.clustering.clusters import Clusters
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.config.validation import validated
from scenerep_ros.frames import Features, RGBDFrame, Segmentation
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.segmentation.registry import build_segmenter


def make_segmenter(method: str = "fused", clusters: Clusters | None = None, **options):
    """Build a segmenter, with fixed clusters in place of its own if some are given.

    Dots in option names are written as two underscores: `depth__max_range`.
    """
    values = {name.replace("__", "."): value for name, value in options.items()}
    segmenter = build_segmenter(validated(PipelineConfig, {"method": method, **values}))
    if clusters is not None:
        segmenter.cluster = lambda _features: clusters
    return segmenter


def cluster(features: Features, method: str, **options) -> Clusters:
    """Cluster features with one method."""
    return make_segmenter(method, **options).cluster(features)


def segment(segmenter, features: Features, frame: RGBDFrame) -> Segmentation:
    """Segment one frame as the pipeline does."""
    context = FrameContext(frame, segmenter.config.use_depth)
    return segmenter.segment(features, segmenter.prepare(context))
