"""`scenerep doctor`: find problems of the machine or the camera, with advice."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.types import number_from_zero
from scenerep_ros.config.options import BackboneOptions, TopicOptions
from scenerep_ros.doctor import machine, packages
from scenerep_ros.doctor.camera import check_camera
from scenerep_ros.doctor.findings import (
    Finding,
    Level,
    fail,
    format_text,
    has_failure,
    to_json,
)
from scenerep_ros.filesystem.atomic import write_atomically

if TYPE_CHECKING:  # it imports torch, which may be what is missing
    from scenerep_ros.config.pipeline import NodeConfig


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("doctor", help="find problems of the machine and the camera")
    parser.add_argument("--config", type=Path, metavar="YAML", help="parameter file of the camera")
    parser.add_argument(
        "--seconds",
        type=number_from_zero,
        default=3.0,
        help="duration of the observation of the camera; 0: check the machine only",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the findings as JSON")
    add_options(parser, TopicOptions, by_class=True)
    add_options(parser, BackboneOptions, by_class=True)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line per finding; return 1 if there is a failure.

    Raises:
        ConfigError: if an option has no valid value.
    """
    findings = [*check_packages(), *check_installation(args)]
    print(format_text(findings))
    if args.json:
        write_atomically(args.json, json.dumps(to_json(findings), indent=2).encode())
    return int(has_failure(findings))


def check_packages() -> list[Finding]:
    """Run the checks that need Python only."""
    versions = packages.installed_versions()
    return [
        packages.check_python(),
        *packages.check_requirements(versions, packages.runtime_requirements()),
        *packages.check_known_bad(versions),
    ]


def check_installation(args: argparse.Namespace) -> list[Finding]:
    """Check device, weights, middleware and camera; one failure if the segmenter has no imports."""
    try:
        from scenerep_ros.config.pipeline import NodeConfig
    except ImportError as error:
        return [
            fail("segmenter", f"cannot be imported: {error}", "pip install -r requirements.txt")
        ]
    config = options_from(args, NodeConfig, args.config)
    hardware = [
        machine.check_device(config),
        machine.check_runtime(config),
        machine.check_weights(config),
    ]
    return [*hardware, *check_ros_and_camera(config, args.seconds)]


def check_ros_and_camera(config: NodeConfig, seconds: float) -> list[Finding]:
    """Check the middleware if ROS is installed, and the camera for some time [s] if it is not 0."""
    ros = machine.check_ros()
    if ros.level is not Level.OK:
        return [ros]
    from scenerep_ros.ros.tools import camera_probe

    rmw = camera_probe.middleware_name()
    findings = [ros, *machine.check_middleware(os.environ, rmw), machine.check_shared_memory()]
    if not seconds:
        return findings
    return [*findings, *check_camera(camera_probe.probe_camera(config, seconds), config.sync_slop)]
