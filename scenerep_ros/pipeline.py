"""The way of one frame, from image to objects with lasting ids. It knows nothing of ROS."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from scenerep_ros.backbones import Backbone, load_backbone
from scenerep_ros.clustering.registry import make_clustering
from scenerep_ros.config.options import PipelineConfig
from scenerep_ros.frames import UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.preprocessing.depth_registration import Registration
from scenerep_ros.preprocessing.exposure import shows_nothing, well_exposed
from scenerep_ros.segmentation.registry import make_cut
from scenerep_ros.stopwatch import Stopwatch
from scenerep_ros.tracking.tracker import Tracker


class Pipeline:
    """Source frame in, scene segmentation out; keeps the tracker's memory between frames.

    Args:
        config: all options.
        backbone: a loaded backbone to share; by default the one that config names is loaded.

    Raises:
        ConfigError, WeightsError: if the backbone cannot be built.
    """

    def __init__(self, config: PipelineConfig, backbone: Backbone | None = None) -> None:
        self.config = config
        self.backbone = backbone or load_backbone(config)
        self.tracker = Tracker(config)
        self.registration = Registration(config.depth_gap)
        self._beside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside")
        self.configure(config)

    def configure(self, config: PipelineConfig) -> None:
        """Take over options that need no new weights; known objects are not forgotten.

        Raises:
            ConfigError: if the options contradict each other; the old ones then stay.
        """
        cluster, cut = make_clustering(config), make_cut(config)
        self.cluster, self.cut, self.config = cluster, cut, config
        self.tracker.configure(config)
        self.registration.gap = config.depth_gap

    def reset(self) -> None:
        """Forget all objects, and how far depth lies beside colour."""
        self.tracker.reset()
        self.registration = Registration(self.config.depth_gap)

    def __call__(self, frame: RGBDFrame) -> SceneSegmentation:
        """Segment one frame; of one that shows nothing, nothing is said, and nothing forgotten."""
        if shows_nothing(frame):
            return SceneSegmentation(np.full(frame.shape, UNLABELLED, np.uint16))
        given, frame = frame, well_exposed(frame)
        watch = Stopwatch(self.backbone.device)
        # Geometry and motion need no features: they run beside the backbone.
        registered = self._beside.submit(self._registered, frame, frame is given)
        depth = self._beside.submit(lambda: self.cut.look(registered.result()))
        motion = self._beside.submit(lambda: self.tracker.prepare(registered.result()))
        with watch("backbone"):
            features = self.backbone(frame.color, self.config.resolution)
        frame = registered.result()
        clusters = None
        if self.cut.needs_clusters(frame):
            with watch("cluster"):
                clusters = self.cluster(features)
        with watch("cut"):
            segmentation = self.cut(clusters, features, frame, depth.result())
        with watch("track"):
            scene = self.tracker.update(segmentation, features, motion.result())
        attention = features.attention
        heads = None if attention is None else attention.float().cpu().numpy()
        return replace(scene, attention=heads, timings=watch.timings)

    def _registered(self, frame: RGBDFrame, clear: bool) -> RGBDFrame:
        return self.registration(frame, clear) if self.config.use_depth else frame
