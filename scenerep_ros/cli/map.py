"""`scenerep map`: map a recording, or compare two maps."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from scenerep_ros.cli.flags.options import add_options, options_from
from scenerep_ros.cli.flags.sources import add_source_flags, source_options
from scenerep_ros.cli.flags.types import frame_count
from scenerep_ros.config.options import MappingOptions
from scenerep_ros.config.pipeline import MapConfig
from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.filesystem.atomic import atomic_folder, write_atomically, write_image
from scenerep_ros.frames import RGBDFrame
from scenerep_ros.mapping.difference import MapDifference, compare_maps
from scenerep_ros.mapping.drawing import draw_difference, draw_top_view
from scenerep_ros.mapping.map_files import (
    TOP_VIEW,
    TURNTABLE,
    describe_object,
    is_only_map,
    read_map,
    write_map,
)
from scenerep_ros.mapping.map_recording import write_map_recording
from scenerep_ros.mapping.map_snapshot import MapSnapshot
from scenerep_ros.mapping.pictures.turntable import draw_turntable
from scenerep_ros.mapping.poses.bag_poses import with_transforms
from scenerep_ros.mapping.poses.odometry import Odometry
from scenerep_ros.mapping.poses.recovery import PoseRecovery
from scenerep_ros.mapping.poses.rgbd_motion import import_open3d
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.pipeline import Pipeline
from scenerep_ros.sinks import VideoWriter
from scenerep_ros.sources import open_source

PEEKED_FRAMES = 30
"""Number of frames that are searched for a recorded pose."""
TURNTABLE_FRAMES = 150
TURNTABLE_RATE_HZ = 25.0


def add_parser(subparsers: Any) -> None:
    """Add the subcommand."""
    parser = subparsers.add_parser(
        "map", help="map the objects of a recording, or compare two maps"
    )
    parser.add_argument("source", nargs="?", help="recording with depth")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the map")
    parser.add_argument(
        "--diff",
        type=Path,
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="print the objects that were added, removed or moved between two maps; with --out, "
        "also write them to DIR/difference.json and DIR/difference.png",
    )
    parser.add_argument(
        "--draw",
        type=Path,
        metavar="MAP",
        help="write top_view.png and turntable.mp4 of a map, such as one that ~/save_map wrote, "
        "into its folder, or into --out DIR",
    )
    parser.add_argument(
        "--max-frames", type=frame_count, default=0, metavar="N", help="stop after N frames; 0: all"
    )
    parser.add_argument("--config", type=Path, help="YAML file of options; flags override it")
    add_source_flags(parser)
    add_options(parser, MapConfig)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Map a recording, compare two maps, or draw one.

    Raises:
        ConfigError: if the arguments are incomplete.
        ScenerepError: if a recording or a map cannot be read, or a file cannot be written.
    """
    if args.diff:
        return _compare(args)
    if args.draw:
        return _draw(args)
    if not args.source or not args.out:
        raise ConfigError(
            "name a recording and --out DIR, two maps with --diff BEFORE AFTER, or a map with "
            "--draw MAP"
        )
    return map_recording(args)


def map_recording(args: argparse.Namespace) -> int:
    """Map the recording `args.source` into the folder `args.out`.

    Raises:
        ScenerepError: if the recording cannot be read or mapped, or a file cannot be written.
    """
    config = options_from(args, MapConfig, args.config)
    source = open_source(args.source, source_options(args))
    recording = with_transforms(source)
    odometry = Odometry() if needs_odometry(recording, config.map) else None
    with atomic_folder(args.out, is_only_map) as folder:
        frames = posed_frames(islice(recording, args.max_frames or None), odometry)
        total = min(len(source), args.max_frames or len(source))
        progress = tqdm(frames, total=total, unit="frame", desc=source.name)
        scene_map = SceneMap(config.map)
        recovery = PoseRecovery(scene_map.relocalize, odometry.restart if odometry else None)
        map_frames(progress, Pipeline(config), scene_map, recovery)
        if not scene_map.frame_count:
            reasons = ", ".join(f"{count} {name}" for name, count in scene_map.rejected.items())
            raise SourceError(
                f"{args.source}: no frame could be mapped ({reasons or 'no readable frames'}); a "
                "map needs depth, a calibrated camera and poses"
            )
        snapshot = scene_map.snapshot()
        write_map(snapshot, folder)
        write_map_recording(Path(args.source), source_options(args), folder)
        write_pictures(read_map(folder), folder)  # as --draw, from the rounded numbers
    print(_summary(scene_map, snapshot))
    if recovery.recovered:
        print(f"{recovery.recovered} lost poses found again in the map")
    if odometry is not None:
        print(odometry.report)
    print(f"written to {args.out}")
    return 0


def needs_odometry(frames: Iterable[RGBDFrame], options: MappingOptions) -> bool:
    """Return whether poses are estimated, by the option or as the first frames have none.

    Raises:
        ConfigError: if Open3D is needed and cannot be imported.
    """
    has_poses = options.poses == "recorded" or (
        options.poses == "auto"
        and any(frame.pose is not None for frame in islice(frames, PEEKED_FRAMES))
    )
    if not has_poses:
        import_open3d()
    return not has_poses


def posed_frames(frames: Iterator[RGBDFrame], odometry: Odometry | None) -> Iterator[RGBDFrame]:
    """Yield each frame with its recorded pose, or that of the odometry."""
    for frame in frames:
        yield frame if odometry is None else odometry(frame)


def map_frames(
    frames: Iterable[RGBDFrame], pipeline: Pipeline, scene_map: SceneMap, recovery: PoseRecovery
) -> SceneMap:
    """Segment and map the frames; of those without a pose, some are relocalized in the map."""
    for frame in frames:
        if frame.depth is None:
            scene_map.reject("no depth")
            continue
        if frame.pose is None and not (scene_map.frame_count and recovery.is_due):
            recovery.skip()
            scene_map.reject("no pose")
            continue
        scene = pipeline(frame)
        scene_map.integrate(recovery(frame, scene), scene)
    return scene_map


def write_pictures(snapshot: MapSnapshot, folder: Path) -> None:
    """Write top_view.png and turntable.mp4.

    Raises:
        ScenerepError: if a file cannot be written.
    """
    write_image(folder / TOP_VIEW, draw_top_view(snapshot))
    views = draw_turntable(snapshot, TURNTABLE_FRAMES)
    with VideoWriter(folder / TURNTABLE, TURNTABLE_RATE_HZ) as video:
        for image in tqdm(views, "turntable", TURNTABLE_FRAMES, unit="frame"):
            video.write(image)


def _draw(args: argparse.Namespace) -> int:
    if args.source:
        raise ConfigError(f"{args.source}: --draw draws a map; leave the recording out")
    folder = args.out or args.draw
    write_pictures(read_map(args.draw), folder)
    print(f"written to {folder / TOP_VIEW} and {folder / TURNTABLE}")
    return 0


def _compare(args: argparse.Namespace) -> int:
    if args.source:
        raise ConfigError(f"{args.source}: --diff compares two maps; leave the recording out")
    before, after = (read_map(path) for path in args.diff)
    difference = compare_maps(before, after)
    print("\n".join(_lines(difference)))
    if difference.problem:
        sys.stderr.write(
            f"warning: {difference.problem}, so the changes mean little: are {args.diff[0]} and "
            f"{args.diff[1]} maps of one place, with poses in one world frame?\n"
        )
    if args.out:
        content = json.dumps(_as_json(difference), indent=1) + "\n"
        write_atomically(args.out / "difference.json", content.encode())
        write_image(args.out / "difference.png", draw_difference(before, after, difference))
        print(f"written to {args.out}")
    return 0


def _summary(scene_map: SceneMap, snapshot: MapSnapshot) -> str:
    lines = [
        f"{scene_map.frame_count} frames, {len(snapshot.points.positions)} points, "
        f"{len(snapshot.objects)} objects, {scene_map.memory_bytes / 1e6:.0f} MB"
    ]
    left_out = {f"frames left out, {name}": count for name, count in scene_map.rejected.items()}
    left_out |= {f"{name} dropped": count for name, count in scene_map.dropped.items()}
    lines += [f"{count} {name}" for name, count in left_out.items() if count]
    return "\n".join(lines)


def _lines(difference: MapDifference) -> list[str]:
    """Return one line for each change, with positions and sizes in m, and one for all."""
    lines = [f"added    {_text(item)}" for item in difference.added]
    lines += [f"removed  {_text(item)}" for item in difference.removed]
    lines += [
        f"moved    {_text(move.before)}, by {move.distance:.2f} m, now {_text(move.after)}"
        for move in difference.moved
    ]
    lines += [f"unseen   {_text(item)}" for item in difference.unseen]
    counts = {name: len(getattr(difference, name)) for name in ("added", "removed", "moved")}
    changes = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    common = (
        f"{100 * difference.overlap:.0f} percent of the surface was seen both times, "
        f"{100 * difference.agreement:.0f} percent of that is unchanged"
    )
    return [*lines, f"{changes or 'no changes'}; {common}"]


def _text(item: Any) -> str:
    center = ", ".join(f"{value:.2f}" for value in item.box.center.tolist())
    size = " x ".join(f"{value:.2f}" for value in item.box.size.tolist())
    return f"object {item.id} at ({center}) m, size {size} m"


def _as_json(difference: MapDifference) -> dict[str, Any]:
    return {
        "added": [describe_object(item) for item in difference.added],
        "removed": [describe_object(item) for item in difference.removed],
        "moved": [
            {"before": describe_object(move.before), "after": describe_object(move.after)}
            for move in difference.moved
        ],
        "unseen": [describe_object(item) for item in difference.unseen],
        "overlap": round(difference.overlap, 4),
        "agreement": round(difference.agreement, 4),
    }
