"""Recordings of RGB-D frames: one file a kind, found out by looking."""

from scenerep_ros.sources.base import SkippedFrame, Source
from scenerep_ros.sources.registry import open_source

__all__ = ["SkippedFrame", "Source", "open_source"]
