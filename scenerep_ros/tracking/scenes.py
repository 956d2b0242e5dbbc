"""Continuous pieces of a video, and the cuts between them.

A frame whose image does not continue the last one starts a new scene without objects. The scene
before is kept for a while: a frame that continues its last steady image resumes it, with its
objects. So a camera that was covered for a moment loses no ids.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.frames import RGBDFrame
from scenerep_ros.tracking.optical_flow import FlowEstimate, FlowEstimator, tracking_image
from scenerep_ros.tracking.tracks import Track
from scenerep_ros.tracking.warping import GridFrame

GrayImage = NDArray[np.uint8]


class KeyFrame(NamedTuple):
    """State of a scene at one of its frames.

    Attributes:
        image: (h, w) uint8, gray image on the tracking grid.
        tracks: objects after this frame.
    """

    image: GrayImage
    tracks: list[Track]


@dataclass
class Scene:
    """A piece of a video without a cut.

    Attributes:
        image: (h, w) uint8, gray image of its last frame on the tracking grid; None before the
            first frame.
        frame: its last frame; None before the first frame.
        previous_frame: the frame before; None at the first frame and where the scene is resumed.
        tracks: its objects.
        steady_frames: number of its last frames of which each is steady, see `FlowEstimate`.
        is_steady: True from the time on at which there were enough steady frames, until a frame
            that is not steady.
        key_frame: its last frame while it was steady; None if it never was.
    """

    image: GrayImage | None = None
    frame: GridFrame | None = None
    previous_frame: GridFrame | None = None
    tracks: list[Track] = field(default_factory=list)
    steady_frames: int = 0
    is_steady: bool = False
    key_frame: KeyFrame | None = None

    def add(self, image: GrayImage, frame: GridFrame, is_steady: bool) -> None:
        """Add the next frame."""
        if self.is_steady and self.image is not None:
            self.key_frame = KeyFrame(self.image, self.tracks)
        self.previous_frame, self.image, self.frame = self.frame, image, frame
        self.steady_frames = self.steady_frames + 1 if is_steady else 0
        self.is_steady &= is_steady

    def require_steady_frames(self, count: int) -> bool:
        """Make the scene steady if more than `count` frames were; return whether it is."""
        self.is_steady |= self.steady_frames > count
        return self.is_steady


class SceneHistory:
    """The current scene, and the one before it.

    Attributes:
        current: scene of the last frame. The first one counts as steady from its start, because a
            recording is expected to be a video.
    """

    current: Scene

    def __init__(self) -> None:
        self.current = Scene(is_steady=True)
        self._flow_estimator = FlowEstimator()
        self._interrupted: KeyFrame | None = None
        self._interruption_frames = 0

    def add(self, frame: RGBDFrame, max_interruption: int) -> FlowEstimate | None:
        """Add a frame to the current scene, to the interrupted one, or to a new one.

        Args:
            frame: frame that follows the last one.
            max_interruption: number of frames after which a scene cannot be resumed.

        Returns:
            Flow from the last image of the scene to the frame; None if the scene is new.
        """
        image = tracking_image(frame)
        flow = self._flow_if_continuous(self.current.image, image)
        if flow is None:
            self._start_scene()
        if self.current.key_frame is None:
            flow = self._resume_scene(image, max_interruption) or flow
        self.current.add(image, GridFrame(frame), flow is None or flow.is_steady)
        return flow

    def _flow_if_continuous(
        self, previous: GrayImage | None, image: GrayImage
    ) -> FlowEstimate | None:
        """Flow from an image to this one; None if this one does not continue it."""
        flow = self._flow_estimator.estimate(previous, image)
        return flow if flow is not None and flow.is_continuous else None

    def _start_scene(self) -> None:
        """Leave the current scene, which can be resumed if it was steady."""
        if self.current.image is None:
            return
        if self.current.key_frame is not None:
            self._interrupted, self._interruption_frames = self.current.key_frame, 0
        self.current = Scene()

    def _resume_scene(self, image: GrayImage, max_interruption: int) -> FlowEstimate | None:
        """Return to the interrupted scene if the image continues it; return the flow, or None."""
        if self._interrupted is None:
            return None
        self._interruption_frames += 1
        flow = self._flow_if_continuous(self._interrupted.image, image)
        if flow is not None:
            self.current = Scene(tracks=self._interrupted.tracks, key_frame=self._interrupted)
        if flow is not None or self._interruption_frames > max_interruption:
            self._interrupted = None
        return flow
