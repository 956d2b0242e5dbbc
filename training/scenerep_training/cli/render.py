"""Entry point of the command `scenerep-render`: labelled RGB-D recordings of rendered scenes."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm

from scenerep_ros.cli.exit_code import exit_code
from scenerep_ros.cli.flags.types import positive_count
from scenerep_ros.errors import ScenerepError

if TYPE_CHECKING:
    from scenerep_training.rendering.recording import Recording

SCENE_SETS = ("kinds", "patrols", "rooms", "sizes", "turntables")
"""Names of the built-in sets, for the help text."""
OUTPUT_TEXT = (
    "Each seed gets a folder OUT/SCENES_seedN, or one folder for each recording below it, which "
    "`scenerep-eval objects` reads: color/, depth/ [mm], label/ (0 ignored, 1 structure, 2 and above one "
    "object each), camera.json, groundtruth.txt (camera poses) and objects.json (true poses and sizes "
    "[m] by label). Turntables have CO3D's layout instead, which `scenerep-eval co3d` reads. Frames that "
    "exist are kept."
)
"""Description of the output, for the help text."""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser."""
    parser = argparse.ArgumentParser(
        prog="scenerep-render",
        description="Renders labelled RGB-D recordings of scenes with procedural textures.",
        epilog=OUTPUT_TEXT,
    )
    parser.add_argument("scenes", help=f"set of scenes: {', '.join(SCENE_SETS)}, or a plug-in's")
    parser.add_argument(
        "--seeds",
        type=int,
        nargs="+",
        default=[0],
        metavar="N",
        help="one folder each (default: 0)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="parent of the folders"
    )
    parser.add_argument(
        "--only",
        nargs="+",
        default=[],
        metavar="NAME",
        help="render only recordings of these names",
    )
    _add_camera_flags(parser)
    return parser


def _add_camera_flags(parser: argparse.ArgumentParser) -> None:
    """Register the flags of the views and of the images."""
    parser.add_argument(
        "--frames",
        type=positive_count,
        default=6,
        metavar="N",
        help="frames of a recording (default: 6)",
    )
    parser.add_argument(
        "--walk",
        action="store_true",
        help="consecutive frames at 30 Hz of a camera that moves, instead of separate views; of rooms",
    )
    parser.add_argument(
        "--depth-noise",
        action="store_true",
        help="simulate the noise of a Kinect in rooms; kinds have sensors of their own",
    )
    parser.add_argument(
        "--supersampling",
        type=positive_count,
        default=2,
        metavar="N",
        help="color rays per pixel along each axis (default: 2)",
    )


def run(args: argparse.Namespace) -> int:
    """Render all seeds.

    Raises:
        ScenerepError: if a package of the extra is missing or a name is unknown.
    """
    try:
        from scenerep_training.rendering.recording import SCENES, RenderOptions  # slow: Open3D
    except ImportError as error:
        raise ScenerepError(
            f"{error.name} is not installed; pip install 'scenerep-training[render]'"
        ) from error
    options = RenderOptions(args.frames, args.walk, args.depth_noise, tuple(args.only))
    build_recordings = SCENES[args.scenes]
    for seed in args.seeds:
        folder = args.out / f"{args.scenes}_seed{seed}"
        for recording in build_recordings(seed, options):
            render_recording(recording, folder / recording.name, seed, args.supersampling)
    return 0


def render_recording(recording: Recording, folder: Path, seed: int, supersampling: int) -> None:
    """Render the frames of a recording that do not exist yet, with a progress bar."""
    from scenerep_training.rendering.renderer import Renderer
    from scenerep_training.rendering.writers.layouts import WRITERS

    renderer = Renderer(recording, seed, supersampling)
    writer = WRITERS[recording.layout](recording, folder)
    writer.write_metadata()
    shots = recording.shots
    for index, shot in enumerate(tqdm(shots, desc=str(folder), unit="frame")):
        if not writer.has_frame(shot.name):
            writer.write_frame(renderer.render(index), shot.name)


def main(argv: list[str] | None = None) -> int:
    """Run the command.

    Returns:
        Exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted.
    """
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    args = build_parser().parse_args(sys.argv[1:] if argv is None else argv)
    return exit_code("scenerep-render", lambda: run(args), "; call again to resume")


if __name__ == "__main__":
    sys.exit(main())
