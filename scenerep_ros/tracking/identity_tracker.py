"""Tracker that keeps no objects, for frames that are no video."""

from __future__ import annotations

from scenerep_ros.config.options import TrackingOptions
from scenerep_ros.frames import Features, RGBDFrame, SceneSegmentation, Segmentation
from scenerep_ros.tracking.detections import extract_detections, relabel
from scenerep_ros.tracking.tracker import MotionEstimate
from scenerep_ros.tracking.tracks import Track, scene_objects


class IdentityTracker:
    """Null tracker: each segment keeps the number that the segmentation gave it."""

    def configure(self, options: TrackingOptions) -> None:
        """Accept changed options, of which none applies."""

    def reset(self) -> None:
        """Discard nothing: no state is kept between frames."""

    def prepare(self, _frame: RGBDFrame) -> MotionEstimate:
        """Return no motion."""
        return MotionEstimate(None, None, 0)

    def update(
        self, segmentation: Segmentation, features: Features, _motion: MotionEstimate
    ) -> SceneSegmentation:
        """Return the segments of the frame as objects."""
        detections = extract_detections(segmentation, features)
        tracks = [
            Track(int(label), feature, points)
            for label, feature, points in zip(
                detections.labels, detections.features, detections.points, strict=True
            )
        ]
        labels = relabel(segmentation, detections, [track.id for track in tracks])
        return SceneSegmentation(labels=labels, objects=scene_objects(labels, tracks))
