"""Recordings of RGB-D frames. The format of a recording is detected automatically."""

from scenerep_ros.sources.base import SkippedFrame, Source
from scenerep_ros.sources.registry import open_source

__all__ = ["SkippedFrame", "Source", "open_source"]
