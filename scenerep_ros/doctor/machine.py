"""Device, weights and middleware of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from scenerep_ros.config.options import BackboneOptions
from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.errors import ConfigError
from scenerep_ros.filesystem.share import profile_variable, share_folder

Environment = Mapping[str, str]

SHARED_MEMORY = Path("/dev/shm")
SEGMENTS = 48 * 2**20
"""Bytes: the profile's segment, for segmenter, camera and RViz."""
LAST_DOMAIN = 232
"""Beyond it, ports run out (Fast DDS: 7400 + 250 * domain)."""


def check_device(options: BackboneOptions) -> Finding:
    """Is the device that the options ask for there?"""
    try:
        import torch

        from scenerep_ros.backbones.hardware import choose_device
    except ImportError as error:
        return fail("device", str(error), "pip install -r requirements.txt")
    try:
        device = choose_device(options.device)
    except ConfigError as error:
        return fail("device", str(error), "set device to auto")
    if device.type == "cuda":
        return ok("device", f"CUDA: {torch.cuda.get_device_name(device)}")
    return ok("device", f"CPU, {torch.get_num_threads()} threads; torch sees no CUDA device")


def check_weights(options: BackboneOptions) -> Finding:
    """Are the backbone's weights on this disk?"""
    try:
        from scenerep_ros.backbones.wheel import WHEELS
    except ImportError as error:
        return fail("weights", str(error), "pip install -r requirements.txt")
    if options.weights not in ("auto", "wheel", "hub", "random"):
        return _check_weight_file(Path(options.weights).expanduser())
    wheel = WHEELS.get(options.backbone.split(".")[0])
    if options.weights == "random":
        return warn("weights", "random: for tests only", "set weights to auto")
    if options.weights == "hub" or wheel is None:
        return ok("weights", f"{options.backbone}: from timm's hub, at the first start")
    if wheel.is_cached:
        return ok("weights", f"{options.backbone}: in {wheel.folder}")
    return warn(
        "weights",
        f"{options.backbone}: not here yet, so the first start downloads them",
        "scenerep weights",
    )


def _check_weight_file(path: Path) -> Finding:
    if path.exists():
        return ok("weights", str(path))
    return fail("weights", f"{path}: no such file", "set weights to auto or to a file that exists")


def check_ros() -> Finding:
    """Is ROS 2 importable?"""
    if find_spec("rclpy") is None:
        return warn(
            "ROS 2",
            "rclpy is not importable: the nodes cannot run, `scenerep segment` can",
            "source /opt/ros/$ROS_DISTRO/setup.bash, or pip install 'scenerep_ros[ros]'",
        )
    return ok("ROS 2", f"rclpy is there, distribution {os.environ.get('ROS_DISTRO', 'unnamed')}")


def check_middleware(environment: Environment, rmw: str) -> list[Finding]:
    """Where do nodes look for each other, and do images get through?

    Args:
        environment: variables of the process.
        rmw: the middleware in use, such as rmw_fastrtps_cpp.
    """
    findings = [_check_domain(environment)]
    if "fastrtps" not in rmw:
        return [*findings, ok("middleware", f"{rmw}; not checked further")]
    return [*findings, _check_profile(environment)]


def _check_domain(environment: Environment) -> Finding:
    domain = environment.get("ROS_DOMAIN_ID") or "0"
    reach = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        reach = "LOCALHOST (ROS_LOCALHOST_ONLY)"
    if not domain.isdecimal() or int(domain) > LAST_DOMAIN:
        return fail("discovery", f"ROS_DOMAIN_ID={domain}", f"set it to 0 .. {LAST_DOMAIN}")
    if reach == "OFF":
        return warn(
            "discovery",
            "ROS_AUTOMATIC_DISCOVERY_RANGE=OFF: nodes do not find each other",
            "unset it, or set it to LOCALHOST or SUBNET",
        )
    return ok("discovery", f"domain {domain}, range {reach}; the camera's node must have the same")


def _check_profile(environment: Environment) -> Finding:
    """Fast DDS loses images unless it is given more shared memory than it takes by itself."""
    if environment.get("FASTDDS_BUILTIN_TRANSPORTS") == "LARGE_DATA":
        return ok("Fast DDS", "FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA")
    variable = profile_variable()
    profile = environment.get(variable, "")
    advice = f"export {variable}={share_folder() / 'config' / 'fastdds.xml'}"
    if not profile:
        detail = "no profile is set, so its shared memory is smaller than an image: frames get lost"
        return warn("Fast DDS", detail, advice)
    if not Path(profile).is_file():
        return fail("Fast DDS", f"profile {profile}: no such file", advice)
    return ok("Fast DDS", f"profile {profile}")


def check_shared_memory(folder: Path = SHARED_MEMORY) -> Finding:
    """Is there room for the nodes' shared memory?"""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return warn(
            "shared memory", f"{folder} is not writable: images go by UDP", "docker: --ipc=host"
        )
    free = shutil.disk_usage(folder).free
    if free < SEGMENTS:
        return warn(
            "shared memory",
            f"{folder} has {free / 2**20:.0f} MB left, three nodes take {SEGMENTS / 2**20:.0f} MB",
            "docker: --shm-size=256m; else remove what ended nodes left: rm /dev/shm/fastdds_*",
        )
    return ok("shared memory", f"{folder}: {free / 2**20:.0f} MB free")
