"""Writers of results to a folder."""

from scenerep_ros.sinks.base import Sink, Sinks
from scenerep_ros.sinks.clouds import CloudSink
from scenerep_ros.sinks.images import AttentionSink, LabelSink, OverlaySink
from scenerep_ros.sinks.video import OverlayVideo, VideoWriter

__all__ = [
    "AttentionSink",
    "CloudSink",
    "LabelSink",
    "OverlaySink",
    "OverlayVideo",
    "Sink",
    "Sinks",
    "VideoWriter",
]
