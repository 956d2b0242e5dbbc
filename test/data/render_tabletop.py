# /// script
# requires-python = ">=3.11"
# dependencies = [
#     "mitsuba==3.9.1",
#     "mujoco>=3.3",
#     "numpy>=1.26",
#     "opencv-python-headless>=4.11,<5",
#     "pyoxipng>=9.1",
#     "robosuite==1.5.2",
#     "tqdm>=4.66",
#     "trimesh>=4.5",
# ]
# ///
"""Render the embedded table-top sequence: `python test/data/render_tabletop.py --out DIR`.

Needs the packages above, which the project itself does not, and LLVM 16 or newer as a shared
library, for Mitsuba (Debian: `apt install libllvm19`; its path may be named in
DRJIT_LIBLLVM_PATH). One seed gives one scene, one camera path and one set of noise.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import oxipng
from numpy.typing import NDArray
from render.color import expose
from render.kinect import measure
from render.objects import Item, catalogue
from render.physics import settle
from render.trajectory import hand_held
from render.view import FOCAL, HEIGHT, WIDTH, Scene
from tqdm import tqdm
from trimesh.transformations import quaternion_from_matrix

RATE = 30.0
START = 1750000000.0
DEPTH_SCALE = 0.0002
KINDS = {"rgb": ("color images", "jpg"), "depth": ("depth maps", "png"), "masks": ("masks", "png")}

REDUCTIONS = ("bit_depth", "color_type", "palette", "grayscale")
AS_IT_IS = {f"{name}_reduction": False for name in REDUCTIONS}
"""Palettes would be smaller, but readers turn them into colours."""


@dataclass(frozen=True)
class Frame:
    """One rendered frame: RGB uint8, depth metres or NaN, ids, camera pose, seconds."""

    color: NDArray[np.uint8]
    depth: NDArray[np.float32]
    ids: NDArray[np.uint8]
    pose: NDArray[np.float64]
    stamp: float

    @property
    def name(self) -> str:
        """Stamp as in TUM's file names."""
        return f"{self.stamp:.6f}"


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--frames", type=int, default=60, help="number of frames at 30 Hz")
    parser.add_argument("--samples", type=int, default=100, help="light paths a pixel")
    parser.add_argument("--quality", type=int, default=86, help="of the JPEG images")
    parser.add_argument("--seed", type=int, default=7, help="of scene, camera and noise")
    return parser.parse_args()


def render(items: list[Item], options: argparse.Namespace) -> Iterable[Frame]:
    """Settle the objects, then walk the camera around them."""
    time = np.arange(options.frames) / RATE
    path = hand_held(time, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(items, settle(items, options.seed), Path(folder))
        for index, pose in enumerate(path):
            rng = np.random.default_rng((options.seed, index))
            color = expose(scene.light(pose, options.samples, seed=index), rng)
            seen = scene.geometry(pose)
            depth = measure(seen.depth, seen.cosine, seen.albedo, FOCAL, rng)
            yield Frame(color, depth, seen.ids, pose, START + time[index])


def png(image: NDArray[np.integer]) -> bytes:
    """Encode without loss, as small as it gets."""
    encoded = cv2.imencode(".png", image)[1].tobytes()
    return oxipng.optimize_from_memory(encoded, level=4, **AS_IT_IS)


def jpeg(color: NDArray[np.uint8], quality: int) -> bytes:
    """Encode an RGB image."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return cv2.imencode(".jpg", color[..., ::-1], options)[1].tobytes()


def save(frame: Frame, out: Path, quality: int) -> None:
    """Write a frame's three images."""
    units = np.rint(np.nan_to_num(frame.depth) / DEPTH_SCALE).astype(np.uint16)
    (out / "rgb" / f"{frame.name}.jpg").write_bytes(jpeg(frame.color, quality))
    (out / "depth" / f"{frame.name}.png").write_bytes(png(units))
    (out / "masks" / f"{frame.name}.png").write_bytes(png(frame.ids))


def pose_line(frame: Frame) -> str:
    """Stamp, translation and quaternion (x y z w), as TUM writes them."""
    w, x, y, z = quaternion_from_matrix(frame.pose)
    values = " ".join(f"{value:.6f}" for value in (*frame.pose[:3, 3], x, y, z, w))
    return f"{frame.name} {values}\n"


def save_lists(frames: list[Frame], items: list[Item], out: Path) -> None:
    """Write what joins the images; last, so that a folder with lists is complete."""
    for kind, (title, suffix) in KINDS.items():
        lines = [f"{frame.name} {kind}/{frame.name}.{suffix}\n" for frame in frames]
        (out / f"{kind}.txt").write_text(f"# {title}\n# timestamp filename\n" + "".join(lines))
    header = "# camera optical frame to world\n# timestamp tx ty tz qx qy qz qw\n"
    (out / "groundtruth.txt").write_text(header + "".join(map(pose_line, frames)))
    camera = {"fx": FOCAL, "fy": FOCAL, "cx": (WIDTH - 1) / 2, "cy": (HEIGHT - 1) / 2}
    text = json.dumps({**camera, "depth_scale": DEPTH_SCALE}, indent=2)
    (out / "camera.json").write_text(text + "\n")
    names = {str(index): item.name for index, item in enumerate(items, start=1)}
    (out / "objects.json").write_text(json.dumps(names, indent=2) + "\n")


def main() -> None:
    """Render and write the sequence."""
    options = parse()
    for kind in KINDS:
        (options.out / kind).mkdir(parents=True, exist_ok=True)
    items, frames = catalogue(), []
    for frame in tqdm(render(items, options), total=options.frames, unit="frame"):
        save(frame, options.out, options.quality)
        frames.append(frame)
    save_lists(frames, items, options.out)


if __name__ == "__main__":
    main()
