"""Folder of downloaded weights and other files that can be recomputed."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Return $SCENEREP_CACHE, else $XDG_CACHE_HOME/scenerep, else ~/.cache/scenerep."""
    if override := os.environ.get("SCENEREP_CACHE"):
        return Path(override).expanduser()
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).expanduser() / "scenerep"
