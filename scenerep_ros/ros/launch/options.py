"""Options of the nodes that are arguments of the launch files, with their types.

All others are set in a parameter file. This module needs plain Python only, as `descriptions` does;
the tests compare it with the config models.
"""

from __future__ import annotations

SEGMENTER_OPTIONS: dict[str, type] = {
    "method": str,
    "backbone": str,
    "weights": str,
    "device": str,
    "precision": str,
    "resolution": int,
    "transport": str,
}
REPLAY_OPTIONS: dict[str, type] = {
    "rate": float,
    "loop": bool,
    "clock": bool,
    "max_frames": int,
    "transport": str,
}
