"""Recordings of RGB-D frames: one file a kind, found out by looking."""

from scenerep_ros.sources.base import SkippedFrame, Source

__all__ = ["SkippedFrame", "Source"]
