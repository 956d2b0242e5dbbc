"""Options of the nodes that are arguments of the launch files, with their types.

All others are set in a parameter file. This module needs plain Python only, as `descriptions` does;
the tests compare it with the config models.
"""

from __future__ import annotations

TOPIC_OPTIONS: dict[str, type] = {
    "color_topic": str,
    "depth_topic": str,
    "camera_info_topic": str,
    "transport": str,
    "depth_transport": str,
}
SEGMENTER_OPTIONS: dict[str, type] = {
    "method": str,
    "backbone": str,
    "weights": str,
    "device": str,
    "precision": str,
    "resolution": int,
    "autostart": bool,
    **TOPIC_OPTIONS,
}
REPLAY_OPTIONS: dict[str, type] = {
    "rate": float,
    "loop": bool,
    "clock": bool,
    "max_frames": int,
    **TOPIC_OPTIONS,
}
