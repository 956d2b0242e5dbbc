"""Execution of `scenerep batch` on Ray, on this machine or on a cluster."""

from __future__ import annotations

import math
import os
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from types import ModuleType

from scenerep_ros.cli.batching.jobs import FAILED, BatchJob, BatchResult, process
from scenerep_ros.errors import ConfigError

POLL_S = 0.5
"""Time after which a wait for results looks for an interruption [s]."""  # constant: responsiveness
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "TQDM_DISABLE": "1", "RAY_DEDUP_LOGS": "0"}
"""Environment of the workers: no report to Ray's makers, and no progress bars in the logs."""


@dataclass(frozen=True)
class RayOptions:
    """Resources of `scenerep batch`.

    Attributes:
        address: address of a cluster; empty for this machine.
        cpus: CPU cores of a recording.
        gpus: GPUs of a recording; a fraction shares one.
    """

    address: str = ""
    cpus: float = 1.0
    gpus: float = 0.0


def import_ray() -> ModuleType:
    """Import Ray, which only `scenerep batch` needs.

    Raises:
        ConfigError: if it cannot be imported.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
    except ImportError as error:
        raise ConfigError(
            f"`scenerep batch` needs Ray, which cannot be imported: {error}; pip install "
            "'scenerep_ros[batch]'"
        ) from error
    return ray


def process_on_ray(
    jobs: Sequence[BatchJob], options: RayOptions
) -> Generator[BatchResult, None, None]:
    """Process recordings in parallel, and yield their results in the order of their ends.

    An interruption, or a closed iterator, ends all workers.

    Raises:
        ConfigError: if Ray is not installed, the cluster cannot be reached, or this machine lacks GPUs.
    """
    ray = import_ray()
    _connect(ray, options)
    # A recording whose worker dies is a failure, and the next call of the command repeats it.
    task = ray.remote(max_retries=0, num_cpus=options.cpus, num_gpus=options.gpus)(process)
    pending = {}
    try:
        pending = {task.remote(job): job for job in jobs}
        while pending:
            ended, _ = ray.wait(list(pending), timeout=POLL_S)
            for reference in ended:
                yield _result(ray, reference, pending.pop(reference))
    finally:
        # The workers of this machine end with Ray, those of a cluster do not.
        for reference in pending if options.address else ():
            ray.cancel(reference, force=True)
        ray.shutdown()


def _connect(ray: ModuleType, options: RayOptions) -> None:
    shared = {"log_to_driver": False, "logging_level": "error", "include_dashboard": False}
    try:
        if options.address:
            shared.pop("include_dashboard")
            ray.init(address=options.address, **shared)
        else:
            cores = max(options.cpus, os.cpu_count() or 1)
            ray.init(address="local", num_cpus=math.ceil(cores), **shared)
    except Exception as error:  # a start that times out raises no other type
        where = options.address or "this machine"
        raise ConfigError(f"--address {where}: Ray cannot be reached: {error}") from error
    gpus = ray.cluster_resources().get("GPU", 0)
    if options.gpus > gpus and not options.address:  # a cluster may grow, and Ray waits for that
        ray.shutdown()
        raise ConfigError(
            f"--gpus {options.gpus:g}: this machine has {gpus:g}; leave --gpus out, or name a cluster "
            "with --address"
        )


def _result(ray: ModuleType, reference: object, job: BatchJob) -> BatchResult:
    try:
        result: BatchResult = ray.get(reference)
    except ray.exceptions.RayError as error:
        reason = f"its worker died: {str(error).strip().splitlines()[0]}"
        return BatchResult(job.name, job.source, FAILED, reason=reason)
    return result
