"""Flags that choose what is read from a recording, and the options of the source they select."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenerep_ros.config.fields import nest
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.config.validation import load_yaml
from scenerep_ros.errors import ConfigError
from scenerep_ros.sources.options import SourceOptions

TOPICS = ("color_topic", "depth_topic", "camera_info_topic")
MAX_SLOP_S = 1.0
"""Largest value of the option sync_slop of the node [s]."""


def add_source_flags(parser: argparse.ArgumentParser, topics: bool = True) -> None:
    """Add the flags of the camera and the slop, and those of single topics."""
    group = parser.add_argument_group("recording options")
    group.add_argument(
        "--camera", metavar="NAMESPACE", help="camera of a bag with several, such as /front"
    )
    for name in TOPICS if topics else ():
        kind = name.removesuffix("_topic").replace("_", " ")
        group.add_argument(
            f"--{name.replace('_', '-')}", metavar="TOPIC", help=f"{kind} topic of a bag"
        )
    group.add_argument(
        "--sync-slop",
        type=float,
        metavar="SECONDS",
        help=f"{NodeConfig.model_fields['sync_slop'].description} (default: "
        f"{NodeConfig.model_fields['sync_slop'].default})",
    )


def source_options(args: argparse.Namespace) -> SourceOptions:
    """Return the options of the source from flags and from the node's YAML file, if one is given.

    Topics of the file are used if the recording has them; those of flags must exist.

    Raises:
        ConfigError: if a value is invalid.
    """
    file_values = nest(load_yaml(args.config)) if args.config else {}
    flags = {name: value for name in TOPICS if (value := getattr(args, name, None)) is not None}
    has_flags = bool(flags or args.camera)
    topics = (
        flags if has_flags else {name: file_values[name] for name in TOPICS if name in file_values}
    )
    topics = {name: _topic(value) for name, value in topics.items()}
    return SourceOptions(
        camera=args.camera or "",
        are_topics_required=has_flags,
        use_depth=topics.get("depth_topic") != "",
        sync_slop_ns=round(_slop_s(args.sync_slop, file_values) * 1e9),
        **topics,
    )


def _topic(value: Any) -> str:
    """Return the name of a topic; "" for none, which the node accepts as a word, too."""
    return "" if value in (None, "none") else str(value)


def _slop_s(flag: float | None, file_values: Mapping[str, Any]) -> float:
    """Return the slop [s] of the flag, of the file, or the default.

    Raises:
        ConfigError: if it is no number in the range of the node.
    """
    default = NodeConfig.model_fields["sync_slop"].default
    value = file_values.get("sync_slop", default) if flag is None else flag
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_SLOP_S:
        raise ConfigError(f"option sync_slop = {value!r}: expected 0 to {MAX_SLOP_S:g} s")
    return float(value)


def recording_paths(source: str) -> list[Path]:
    """Return the recordings that a path names; several if it is a folder of recordings.

    Raises:
        SourceError: if the path is empty.
    """
    from scenerep_ros.sources.registry import list_recordings, recording_path

    return list_recordings(recording_path(source))
