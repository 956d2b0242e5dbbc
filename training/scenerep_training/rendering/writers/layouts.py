"""Layouts of rendered recordings."""

from __future__ import annotations

from .base import RecordingWriter
from .co3d import Co3dWriter
from .mosd import MosdWriter

WRITERS: dict[str, type[RecordingWriter]] = {"mosd": MosdWriter, "co3d": Co3dWriter}
"""Writers by the name of their layout."""
