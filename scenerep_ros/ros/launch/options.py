"""Options of the nodes that are arguments of the launch files, with their types.

All others are set in a parameter file. This module needs plain Python only, as `descriptions` does;
the tests compare it with the config models.
"""

from __future__ import annotations

from typing import Any

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
OWN_DESCRIPTIONS = {
    "method": "Segmentation method; `scenerep options` lists them.",
    "autostart": "Configure and activate at start. false leaves both to a lifecycle manager.",
}
"""Descriptions of the options whose config model needs torch."""
EXPECTED = {bool: "true or false", int: "an integer", float: "a number"}
"""Description of the valid values by type."""


def option_description(name: str) -> str:
    """Return the description of an option in its config model, if pydantic is installed."""
    if name in OWN_DESCRIPTIONS:
        return OWN_DESCRIPTIONS[name]
    try:
        from scenerep_ros.config.options import BackboneOptions
        from scenerep_ros.config.replay import ReplayConfig
    except ImportError:
        return f"The nodes' parameter {name}."
    fields = {**BackboneOptions.model_fields, **ReplayConfig.model_fields}
    return str(fields[name].description)


def option_value(name: str, text: str, kind: type) -> Any:
    """Convert the text of a launch argument.

    Raises:
        RuntimeError: naming the argument, if it has another type.
    """
    try:
        return {"true": True, "false": False}[text.lower()] if kind is bool else kind(text)
    except (KeyError, ValueError):
        raise RuntimeError(f"launch argument {name}:={text}: expected {EXPECTED[kind]}") from None
