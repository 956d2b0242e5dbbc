"""Pipeline from RGB-D frames to objects with stable ids, independent of ROS."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.backbones.loading import weights_checksum
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.frames import UNLABELLED, Features, RGBDFrame, SceneSegmentation
from scenerep_ros.preprocessing.depth_registration import DepthRegistration
from scenerep_ros.preprocessing.exposure import is_blank, normalize_exposure
from scenerep_ros.preprocessing.frame_context import FrameContext
from scenerep_ros.rate_control import RateChoice, choose_execution
from scenerep_ros.report import Stopwatch
from scenerep_ros.resolution_control import ResolutionControl
from scenerep_ros.segmentation.registry import build_segmenter
from scenerep_ros.tracking.identity_tracker import IdentityTracker
from scenerep_ros.tracking.tracker import MotionEstimate, Tracker

log = logging.getLogger(__name__)


class Pipeline:
    """Segmentation of a sequence of frames; stages keep state from frame to frame.

    With a `target_rate`, the execution of the network is chosen at the start, and the resolution
    follows the load.

    Args:
        config: options of all stages.
        backbone: loaded backbone to share; None loads the one that `config` selects.

    Attributes:
        checksum: SHA-256 of the weights; empty if no card states it.
        config: current options; with a target rate, the network and its execution are the chosen ones.

    Raises:
        ConfigError, WeightsError: if the backbone cannot be built, or does not suit the method.

    Example:
        >>> from scenerep_ros import Pipeline, PipelineConfig, open_source
        >>> pipeline = Pipeline(PipelineConfig())  # doctest: +SKIP
        >>> for frame in open_source("recording"):  # doctest: +SKIP
        ...     labels = pipeline(frame).labels  # (H, W) uint16, 0 is background
    """

    def __init__(self, config: PipelineConfig, backbone: Backbone | None = None) -> None:
        self._choice: RateChoice | None = None
        start = None
        if config.target_rate and backbone is None:
            self._choice = choose_execution(config)
            start = self._choice.execution.resolution
            log.info("%s", self._choice.describe(config.target_rate))
            config = self._choice.execution.apply(config)
        self._control = _resolution_control(config, start)
        self.config = config
        self.backbone = backbone or load_backbone(config)
        self.checksum = weights_checksum(config)
        self.validate(config)
        self.registration = DepthRegistration(config.depth.gap)
        self.tracker = _build_tracker(config)
        self.segmenter = build_segmenter(config)
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prepare")
        self._backbone_lock = threading.Lock()

    def configure(self, config: PipelineConfig) -> None:
        """Apply options that need no new weights; tracked objects keep their ids.

        Raises:
            ConfigError: if `validate` refuses the options; the pipeline keeps the old ones then.
        """
        self.validate(config)
        if config.resolution != self.config.resolution:
            self._control = _resolution_control(config)
        if self._choice is not None:
            config = self._choice.execution.apply(config)
        self.segmenter = build_segmenter(config)
        if config.track != self.config.track:
            self.tracker = _build_tracker(config)
        self.tracker.configure(config.tracking)
        self.registration.gap = config.depth.gap
        self.config = config

    def validate(self, config: PipelineConfig) -> None:
        """Check that a segmenter can be built with the options, and that the backbone suits it.

        Raises:
            ConfigError: if the options contradict each other, or the method needs attention that
                the backbone does not have.
        """
        requires_attention = build_segmenter(config).requires_attention
        if requires_attention and not getattr(self.backbone, "has_attention", True):
            raise ConfigError(
                f"option method = {config.method!r}: needs the CLS attention of a ViT, but "
                f"{self.backbone.name} has none; choose method kmeans or kmeans_knee, or a ViT with a "
                "CLS token like vit_small_patch14_dinov2.lvd142m"
            )

    @property
    def rate_facts(self) -> dict[str, str]:
        """Target rate, its choice and the current resolution, by name; empty without a target."""
        if self._control is None:
            return {}
        facts = {"target_rate_hz": f"{self.config.target_rate:g}"}
        if self._choice is not None:
            facts["target_rate_choice"] = self._choice.describe(self.config.target_rate)
        state = ", reduced to keep the rate" if self._control.is_reduced else ""
        if self._control.is_missed:
            state = ", the lowest, but the rate is missed"
        return facts | {"resolution_px": f"{self._control.resolution}{state}"}

    @property
    def resolution(self) -> int:
        """Shorter side of the network input of the next frame [px]."""
        return self.config.resolution if self._control is None else self._control.resolution

    def _keep_rate(self, frame_ms: float) -> None:
        """Adapt the resolution of the next frame to the duration of this one."""
        if self._control is not None and self._control.update(frame_ms, time.monotonic()):
            log.info("resolution %d px, to keep the target rate", self._control.resolution)

    def reset(self) -> None:
        """Discard the state of all stages from earlier frames."""
        self.registration.reset()
        self.segmenter.reset()
        self.tracker.reset()

    def __call__(self, frame: RGBDFrame) -> SceneSegmentation:
        """Segment one frame. A blank frame returns all UNLABELLED and leaves tracking unchanged.

        Raises:
            FrameError: if the image is too small or too narrow for the backbone.
        """
        if is_blank(frame):
            return SceneSegmentation(np.full(frame.shape, UNLABELLED, np.uint16))
        start_s = time.perf_counter()
        watch = Stopwatch()
        # 1. Raise the exposure of a dark frame.
        exposed = normalize_exposure(frame)
        # 2. Start geometry and motion estimation, which need no features, in a second thread.
        preparation = self._executor.submit(self._prepare, exposed, exposed is frame)
        # 3. Compute dense features and the CLS attention.
        try:
            with watch("backbone"):
                features = self.compute_features(exposed.color)
        finally:  # the next frame, or a reset, must not meet this preparation
            wait([preparation])
        prepared, motion = preparation.result()
        # 4. Segment the frame into objects.
        with watch("segment"):
            segmentation = self.segmenter.segment(features, prepared)
        # 5. Associate the objects with those of earlier frames.
        with watch("track"):
            scene = self.tracker.update(segmentation, features, motion)
        self._keep_rate((time.perf_counter() - start_s) * 1e3)
        return replace(
            scene, attention=features.attention, motion=motion.residual, timings=watch.timings
        )

    def compute_features(self, color: NDArray[np.uint8]) -> Features:
        """Compute the features of an image (H, W, 3), RGB. Threads take turns, as a backbone has state.

        Raises:
            FrameError: if the image is too small or too narrow for the backbone.
        """
        with self._backbone_lock:
            return self.backbone(color, self.resolution)

    def _prepare(self, frame: RGBDFrame, is_well_exposed: bool) -> tuple[Any, MotionEstimate]:
        """Align depth with color, then prepare the segmenter and the tracker."""
        if self.config.use_depth:
            frame = self.registration(frame, is_well_exposed)
        prepared = self.segmenter.prepare(FrameContext(frame, self.config.use_depth))
        return prepared, self.tracker.prepare(frame)


def _resolution_control(
    config: PipelineConfig, start: int | None = None
) -> ResolutionControl | None:
    """Create the control of the resolution, from the options' resolution down; None without a target."""
    if not config.target_rate:
        return None
    return ResolutionControl(config.target_rate, config.resolution, start)


def _build_tracker(config: PipelineConfig) -> Tracker | IdentityTracker:
    return Tracker(config.tracking) if config.track else IdentityTracker()
