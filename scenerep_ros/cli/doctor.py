"""`scenerep doctor`: say what is wrong with this machine or camera, and what to do."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path

from scenerep_ros.cli.flags import add_options, options_from
from scenerep_ros.config.options import TopicOptions
from scenerep_ros.config.pipeline import NodeConfig
from scenerep_ros.doctor import machine, packages
from scenerep_ros.doctor.camera import check_camera
from scenerep_ros.doctor.findings import Finding, Level, format_text, has_failure, to_json
from scenerep_ros.filesystem.atomic import write_atomically


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser("doctor", help="find out why nothing, or little, is segmented")
    parser.add_argument("--config", type=Path, metavar="YAML", help="a camera's parameter file")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="to listen to the camera; 0: machine only"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings there too")
    add_options(parser, TopicOptions)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a finding; returns 1 if anything fails.

    Raises:
        ConfigError: if an option cannot work.
    """
    config = options_from(args, NodeConfig, args.config)
    findings = [*machine_findings(config), *ros_findings(config, args.seconds)]
    print(format_text(findings))
    if args.json:
        write_atomically(args.json, json.dumps(to_json(findings), indent=2).encode())
    return int(has_failure(findings))


def machine_findings(config: NodeConfig) -> list[Finding]:
    """What can be said without ROS."""
    versions = packages.installed_versions()
    return [
        packages.check_python(),
        *packages.check_requirements(versions, packages.runtime_requirements()),
        *packages.check_known_bad(versions),
        machine.check_device(config),
        machine.check_weights(config),
    ]


def ros_findings(config: NodeConfig, seconds: float) -> list[Finding]:
    """Middleware and camera, as far as ROS is there and `seconds` are given."""
    ros = machine.check_ros()
    if ros.level is not Level.OK:
        return [ros]
    from scenerep_ros.ros.tools import camera_probe

    rmw = camera_probe.middleware_name()
    findings = [ros, *machine.check_middleware(os.environ, rmw), machine.check_shared_memory()]
    if not seconds:
        return findings
    return [*findings, *check_camera(camera_probe.probe_camera(config, seconds), config.sync_slop)]
