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


def add_source_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    group = parser.add_argument_group("recording options")
    group.add_argument(
        "--camera", metavar="NAMESPACE", help="camera of a bag with several, such as /front"
    )
    for name in TOPICS:
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
    slop_s = file_values.get("sync_slop", NodeConfig.model_fields["sync_slop"].default)
    slop_s = slop_s if args.sync_slop is None else args.sync_slop
    if not 0 <= slop_s <= MAX_SLOP_S:
        raise ConfigError(f"option sync_slop = {slop_s}: expected 0 to {MAX_SLOP_S:g} s")
    flags = {name: getattr(args, name) for name in TOPICS if getattr(args, name) is not None}
    has_flags = bool(flags or args.camera)
    topics = flags if has_flags else _topics(file_values)
    return SourceOptions(
        camera=args.camera or "",
        are_topics_required=has_flags,
        use_depth=topics.get("depth_topic") != "",
        sync_slop_ns=round(slop_s * 1e9),
        **topics,
    )


def _topics(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(values[name]) for name in TOPICS if name in values}


def frame_count(text: str) -> int:
    """Parse a number of frames; 0 stands for all.

    Raises:
        argparse.ArgumentTypeError: if the text is no such number.
    """
    try:
        count = int(text)
    except ValueError:
        count = -1
    if count < 0:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 0 (all) or a number of frames")
    return count


def recording_paths(source: str) -> list[Path]:
    """Return the recordings that a path names; several if it is a folder of recordings."""
    from scenerep_ros.sources.registry import list_recordings

    return list_recordings(Path(source).expanduser())
