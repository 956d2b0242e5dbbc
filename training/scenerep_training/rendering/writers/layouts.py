"""Layouts of rendered recordings."""

from __future__ import annotations

from scenerep_training.rendering.writers.base import RecordingWriter
from scenerep_training.rendering.writers.co3d import Co3dWriter
from scenerep_training.rendering.writers.mosd import MosdWriter

WRITERS: dict[str, type[RecordingWriter]] = {"mosd": MosdWriter, "co3d": Co3dWriter}
"""Writers by the name of their layout."""
