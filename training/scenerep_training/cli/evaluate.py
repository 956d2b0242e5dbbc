"""Entry point of the command `scenerep-eval`: one subcommand a protocol, the report and the study."""

from __future__ import annotations

import argparse
import logging
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scenerep_ros.backbones.loading import apply_model_card
from scenerep_ros.backbones.weights.checkpoint import find_checkpoint
from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.spelling import hyphenate_flags
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.config.fields import flatten
from scenerep_ros.config.pipeline import PipelineConfig
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_training.cli.report import add_report
from scenerep_training.cli.study import add_study
from scenerep_training.engine.run_folder import to_json
from scenerep_training.evaluation import __doc__ as summary
from scenerep_training.evaluation.framework.ablation import (
    ablated_configs,
    add_ablations,
    build_seeded,
    run_ablations,
)
from scenerep_training.evaluation.framework.protocol import Protocol
from scenerep_training.evaluation.framework.registry import PROTOCOLS
from scenerep_training.evaluation.framework.runner import run_protocol
from scenerep_training.evaluation.framework.settings import collect_settings
from scenerep_training.evaluation.framework.text import format_run


def build_parser() -> argparse.ArgumentParser:
    """Build the parser with one subparser a command, whose function is the default of `run`."""
    parser = argparse.ArgumentParser(prog="scenerep-eval", description=summary)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for _, protocol in PROTOCOLS.items():
        add_protocol(subparsers, protocol)
    add_report(subparsers)
    add_study(subparsers)
    return parser


def add_protocol(subparsers: Any, protocol: type[Protocol]) -> None:
    """Register one protocol as a command."""
    module = sys.modules[protocol.__module__]
    parser = subparsers.add_parser(
        protocol.name,
        help=(module.__doc__ or "").split(": ", 1)[-1],
        description=protocol.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--data", type=Path, required=True, metavar="PATH", help="data set or recording"
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="weights of the backbone: a checkpoint's folder, or a .safetensors or .pth file",
    )
    parser.add_argument(
        "--limit", type=positive_count, metavar="N", help="measure only the first N samples"
    )
    if protocol.is_ablatable:
        parser.add_argument(
            "--ablate",
            action="store_true",
            help="also measure an untrained network and, if the data have depth, without depth",
        )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write run.json here as well")
    parser.add_argument(
        "--out",
        type=Path,
        metavar="DIR",
        help="the run's folder; an interrupted run in it is resumed "
        "(default: runs/eval/PROTOCOL-DATA-BACKBONE-METHOD)",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags take precedence")
    protocol.add_arguments(parser)
    add_options(parser, PipelineConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run a protocol and its ablations, or resume them, and print the tables."""

    def build(config: PipelineConfig) -> Protocol:
        return PROTOCOLS[args.command].from_arguments(args.data, config, args)

    def settings(config: PipelineConfig) -> dict[str, Any]:
        flags = PROTOCOLS[args.command].own_flags(args)
        command = shlex.join(["scenerep-eval", *args.argv])
        return collect_settings(args.command, args.data, config, flags, command)

    config = build_config(args)
    protocol = build_seeded(build, config)
    folder = args.out or default_folder(args, config)
    result = run_protocol(protocol, folder, settings(config), args.limit)
    if protocol.is_ablatable and args.ablate:
        configs = ablated_configs(protocol)
        ablations = run_ablations(configs, build, folder, settings, args.limit)
        result = add_ablations(folder, result, ablations)
    if args.json:
        write_atomically(args.json, to_json(result).encode())
    print(f"\n{format_run(result)}\nwritten to {folder}")
    return 0


def build_config(args: argparse.Namespace) -> PipelineConfig:
    """Build the options from flags and file, then the protocol's, then the runtime's defaults.

    A checkpoint sets the weights and, with a model card, the backbone.

    Raises:
        ConfigError, WeightsError: if options are invalid or contradict each other.
    """
    if args.checkpoint:
        if hasattr(args, "weights"):
            raise ConfigError("--checkpoint and --weights both name weights; give one of them")
        args.weights = args.checkpoint
    config = apply_model_card(options_from(args, PipelineConfig, args.config))
    defaults = PROTOCOLS[args.command].default_options
    unset = {name: defaults[name] for name in defaults if name not in config.model_fields_set}
    return config.model_copy(update=unset)


def default_folder(args: argparse.Namespace, config: PipelineConfig) -> Path:
    """Return the folder of a run without --out.

    Its name holds the resolution, PCA and number of clusters where they are not the defaults, so that
    runs with other values get folders of their own.
    """
    backbone = config.backbone
    if args.checkpoint:
        path = Path(args.checkpoint).resolve()
        backbone = (find_checkpoint(path) or path).stem
    values = flatten(config)
    defaults = {**flatten(PipelineConfig()), **PROTOCOLS[args.command].default_options}
    changed = [
        f"{name.rpartition('.')[2]}{values[name]}"
        for name in ("resolution", "clustering.pca", *_cluster_options(config, values))
        if values[name] != defaults[name]
    ]
    parts = (args.command, args.data.resolve().name, backbone, config.method, *changed)
    return Path("runs/eval") / "-".join(parts)


def _cluster_options(config: PipelineConfig, values: Mapping[str, Any]) -> list[str]:
    """Return the names of the method's options that set the number of clusters."""
    return [name for name in values if name.startswith(f"{config.method}.") and "clusters" in name]


def main(argv: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        Exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    argv = hyphenate_flags(sys.argv[1:] if argv is None else argv)
    args = build_parser().parse_args(argv)
    args.argv = argv
    name = f"scenerep-eval {args.command}"
    return exit_code(name, lambda: int(args.run(args)), "; call again to resume")


if __name__ == "__main__":
    sys.exit(main())
