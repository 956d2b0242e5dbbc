"""`scenerep batch`: segment or map many recordings in parallel."""

from __future__ import annotations

import argparse
import csv
import io
import json
import logging
import shutil
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, fields
from glob import escape
from pathlib import Path, PurePosixPath
from typing import Any

from tqdm import tqdm

from scenerep_ros.cli import exit_code
from scenerep_ros.cli.batching.jobs import (
    DONE,
    FAILED,
    KEPT,
    LOGS,
    TASKS,
    BatchJob,
    BatchResult,
    describe,
    list_sources,
)
from scenerep_ros.cli.batching.ray_jobs import RayOptions, import_ray, process_on_ray
from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.sources import add_source_flags, source_options
from scenerep_ros.cli.flags.types import frame_count, number_from_zero, positive_number
from scenerep_ros.config.pipeline import MapConfig
from scenerep_ros.errors import ConfigError, printable
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.filesystem.settings import differing_settings
from scenerep_ros.sources.frame_names import UniqueNames, safe_name

log = logging.getLogger(__name__)

REPORT, TABLE = "batch.json", "batch.csv"
OWN_ARGUMENTS = {"command", "run", "task", "sources", "out", "address", "cpus", "gpus"}
"""Arguments that do not belong to the task."""

Executor = Callable[[Sequence[BatchJob]], Generator[BatchResult, None, None]]
"""Function that processes jobs in any order, and yields their results."""


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "batch", help="segment or map many recordings in parallel, on this machine or a cluster"
    )
    parser.add_argument("task", choices=sorted(TASKS), help="work on each recording")
    parser.add_argument(
        "sources",
        nargs="+",
        metavar="SOURCE",
        help="recordings, folders of recordings, text files with a path a line, or addresses of a bucket "
        "(s3://..., with fsspec)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="folder with one folder of results for each recording; complete ones are kept",
    )
    parser.add_argument(
        "--address", default="", help="address of a Ray cluster, or auto (default: this machine)"
    )
    parser.add_argument(
        "--cpus", type=positive_number, default=1.0, metavar="N", help="CPU cores of each recording"
    )
    parser.add_argument(
        "--gpus",
        type=number_from_zero,
        default=0.0,
        metavar="N",
        help="GPUs of each recording, such as 0.5",
    )
    parser.add_argument("--clouds", action="store_true", help="segment: also write clouds/NAME.ply")
    parser.add_argument(
        "--attention", action="store_true", help="segment: also write attention/NAME.png"
    )
    parser.add_argument(
        "--max-frames",
        type=frame_count,
        default=0,
        metavar="N",
        help="stop each recording after N frames; 0: all (default: %(default)s)",
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_source_flags(parser)
    add_options(parser, MapConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Process all recordings that are not complete; print a table.

    Returns:
        1 if a recording failed, else 0.

    Raises:
        ConfigError: if the arguments are invalid, or the folder holds results of other options.
    """
    batch, sources = build_batch(args), list_sources(args.sources)
    import_ray()
    options = RayOptions(args.address, args.cpus, args.gpus)
    results = batch.process(sources, lambda jobs: process_on_ray(jobs, options))
    print(format_table(results))
    return exit_code.FAILED if any(result.state == FAILED for result in results) else 0


def build_batch(args: argparse.Namespace) -> Batch:
    """Open the folder of a batch with the settings of the arguments.

    Raises:
        ConfigError: if the arguments are invalid, or the folder holds results of other options.
    """
    settings = {
        "task": args.task,
        "options": options_from(args, MapConfig, args.config).model_dump(mode="json"),
        "source": asdict(source_options(args)),
        "max_frames": args.max_frames,
        "clouds": args.clouds,
        "attention": args.attention,
    }
    arguments = {name: value for name, value in vars(args).items() if name not in OWN_ARGUMENTS}
    arguments["config"] = (
        args.config and args.config.absolute()
    )  # workers have folders of their own
    return Batch(args.out, args.task, arguments, settings)


class Batch:
    """Folder of the results of many recordings.

    batch.json holds the settings and the results so far, by the name of the recording's folder;
    batch.csv is the same table.

    Args:
        folder: the folder.
        task: name of the work.
        arguments: arguments of the work.
        settings: settings that must be equal when a batch is continued.

    Raises:
        ConfigError: if the folder holds results of other settings.
    """

    def __init__(
        self, folder: Path, task: str, arguments: Mapping[str, Any], settings: Mapping[str, Any]
    ) -> None:
        self._folder = folder.absolute()
        self._task = task
        self._arguments = arguments
        self._settings = dict(settings)
        report = self._read_report()
        differing = differing_settings(report["settings"], self._settings) if report else []
        if differing:
            raise ConfigError(
                f"{folder}: holds results of other settings ({', '.join(differing)}); name another "
                "folder, or remove it"
            )
        self._results = {
            entry["source"]: BatchResult(**entry) for entry in report.get("recordings", ())
        }

    def process(self, sources: Sequence[str], execute: Executor) -> list[BatchResult]:
        """Process each recording once; those with complete results are kept.

        Args:
            sources: paths or addresses of the recordings.
            execute: function that processes the others.

        Returns:
            The results in the order of the recordings.
        """
        jobs = self._jobs(sources)
        for job in jobs:
            kept = job.is_complete
            self._results[job.source] = (
                describe(job, KEPT) if kept else BatchResult(job.name, job.source, "open")
            )
        remaining = [job for job in jobs if not job.is_complete]
        self._remove_unfinished(remaining)
        self._write()
        if remaining:
            try:
                self._collect(execute(remaining), len(remaining))
            finally:
                self._remove_unfinished(remaining)
        return [self._results[job.source] for job in jobs]

    def _collect(self, results: Generator[BatchResult, None, None], count: int) -> None:
        """Write the tables after each result."""
        bar = tqdm(total=count, desc=self._task, unit="recording")
        with closing(results), bar:
            for result in results:
                self._results[result.source] = result
                if result.state == FAILED:
                    log.error("%s: %s", result.name, result.reason)
                self._write()
                bar.update()

    def _jobs(self, sources: Sequence[str]) -> list[BatchJob]:
        """Name the recordings; a recording keeps the name of an earlier call."""
        unique = UniqueNames()
        for name in (LOGS, *(result.name for result in self._results.values())):
            unique(name)
        jobs = []
        for source in sources:
            known = self._results.get(source)
            name = known.name if known else unique(safe_name(PurePosixPath(source).stem))
            jobs.append(BatchJob(name, source, self._folder, self._task, self._arguments))
        return jobs

    def _remove_unfinished(self, jobs: Sequence[BatchJob]) -> None:
        """Remove the results that an interrupted or killed worker left aside."""
        for job in jobs:
            for path in self._folder.glob(f"{escape(f'.{job.name}.')}*"):
                shutil.rmtree(path, ignore_errors=True)

    def _read_report(self) -> dict[str, Any]:
        path = self._folder / REPORT
        if not path.is_file():
            return {}
        try:
            report: dict[str, Any] = json.loads(path.read_text())
            _ = report["settings"], report["recordings"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path}: is no report of a batch ({error}); remove it") from None
        return report

    def _write(self) -> None:
        rows = [asdict(result) for result in self._results.values()]
        report = {"settings": self._settings, "recordings": rows}
        write_atomically(self._folder / REPORT, (json.dumps(report, indent=1) + "\n").encode())
        table = io.StringIO()
        writer = csv.DictWriter(table, [column.name for column in fields(BatchResult)])
        writer.writeheader()
        writer.writerows(rows)
        write_atomically(self._folder / TABLE, printable(table.getvalue()).encode())


def format_table(results: Sequence[BatchResult]) -> str:
    """Format a table with one line a recording, and a last line of numbers."""
    width = max(len("recording"), *(len(result.name) for result in results))
    lines = [f"{'recording':<{width}}  {'state':<6}{'frames':>8}{'objects':>9}{'time':>9}"]
    for result in results:
        cells = f"{result.frames:>8}{result.objects:>9.1f}{result.seconds:>7.0f} s"
        line = f"{result.name:<{width}}  {result.state:<6}{cells}  {result.reason}"
        lines.append(line.rstrip())
    counts = [sum(result.state == state for result in results) for state in (DONE, KEPT, FAILED)]
    lines.append(
        "{} recordings: {} done, {} complete before, {} failed".format(len(results), *counts)
    )
    return "\n".join(lines)
