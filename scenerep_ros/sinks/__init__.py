"""Writers of results to a folder."""

from scenerep_ros.sinks.base import CompositeSink, Sink
from scenerep_ros.sinks.clouds import CloudSink
from scenerep_ros.sinks.images import AttentionSink, LabelSink
from scenerep_ros.sinks.video import OverlayVideoSink, VideoWriter

__all__ = [
    "AttentionSink",
    "CloudSink",
    "CompositeSink",
    "LabelSink",
    "OverlayVideoSink",
    "Sink",
    "VideoWriter",
]
