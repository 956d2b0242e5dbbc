"""Options of opening a recording: the camera of a bag, and the pairing of its images."""

from __future__ import annotations

from dataclasses import dataclass

from scenerep_ros.sources.folders.association import SLOP_NS


@dataclass(frozen=True)
class SourceOptions:
    """Choices that a recording leaves open; formats without the choice ignore them.

    Attributes:
        camera: namespace of the camera, for bags with several; empty chooses by content.
        color_topic: topic of color images; empty chooses by content.
        depth_topic: topic of depth images; empty chooses by content.
        camera_info_topic: topic of the color camera's calibration; empty chooses by content.
        are_topics_required: whether a bag without one of the topics is an error. Otherwise such a
            topic is chosen by content.
        use_depth: whether depth is read at all.
        sync_slop_ns: maximum difference of the stamps of a color and a depth image [ns].
    """

    camera: str = ""
    color_topic: str = ""
    depth_topic: str = ""
    camera_info_topic: str = ""
    are_topics_required: bool = True
    use_depth: bool = True
    sync_slop_ns: int = SLOP_NS

    @property
    def chooses_topics(self) -> bool:
        """True if the options choose a camera or a topic."""
        return bool(self.camera or self.color_topic or self.depth_topic or self.camera_info_topic)


DEFAULTS = SourceOptions()
