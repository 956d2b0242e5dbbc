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

The script requires the training module, and the packages above, which are no dependencies of the
project. Mitsuba requires LLVM 16 or newer as a shared library (Debian: `apt install libllvm19`;
DRJIT_LIBLLVM_PATH may hold its path). The seed determines the scene, the trajectory and the noise.
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
from render.objects import Item, build_items
from render.physics import simulate_settling
from render.trajectory import hand_held_poses
from render.view import FOCAL_LENGTH_PX, HEIGHT, WIDTH, Scene
from scenerep_training.rendering.sensors.color import simulate_webcam_image
from scenerep_training.rendering.sensors.kinect import simulate_depth
from tqdm import tqdm
from trimesh.transformations import quaternion_from_matrix

FRAME_RATE_HZ = 30.0
START_STAMP_S = 1750000000.0
DEPTH_SCALE = 0.0002
"""Length of one unit of the depth images [m]."""
IMAGE_KINDS = {
    "rgb": ("color images", "jpg"),
    "depth": ("depth maps", "png"),
    "masks": ("masks", "png"),
}
"""Title and file suffix of each kind of image."""

REDUCTIONS = ("bit_depth", "color_type", "palette", "grayscale")
NO_REDUCTIONS = {f"{name}_reduction": False for name in REDUCTIONS}
"""Options that keep the pixel format: OpenCV would decode a palette image as colour."""


@dataclass(frozen=True)
class Frame:
    """One rendered frame.

    Attributes:
        color: (H, W, 3) RGB.
        depth: (H, W) [m]; NaN = no measurement.
        ids: (H, W) object ids; 0 = background.
        pose: (4, 4) camera optical frame to world.
        stamp: time [s].
    """

    color: NDArray[np.uint8]
    depth: NDArray[np.float32]
    ids: NDArray[np.uint8]
    pose: NDArray[np.float64]
    stamp: float

    @property
    def name(self) -> str:
        """File name of the frame's images, without suffix: the stamp as in TUM RGB-D."""
        return f"{self.stamp:.6f}"


def parse_arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--frames", type=int, default=60, help="number of frames at 30 Hz")
    parser.add_argument("--samples", type=int, default=100, help="light paths per pixel")
    parser.add_argument("--quality", type=int, default=86, help="quality of the JPEG images")
    parser.add_argument("--seed", type=int, default=7, help="seed of scene, trajectory and noise")
    return parser.parse_args()


def render_frames(items: list[Item], options: argparse.Namespace) -> Iterable[Frame]:
    """Simulate the objects until they are at rest, then render each pose of the trajectory."""
    times = np.arange(options.frames) / FRAME_RATE_HZ
    poses = hand_held_poses(times, options.seed)
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(items, simulate_settling(items, options.seed), Path(folder))
        for index, pose in enumerate(poses):
            rng = np.random.default_rng((options.seed, index))
            color = simulate_webcam_image(
                scene.render_radiance(pose, options.samples, seed=index), rng
            )
            geometry = scene.render_geometry(pose)
            depth = simulate_depth(
                geometry.depth, geometry.cosine, geometry.albedo, FOCAL_LENGTH_PX, rng
            )
            yield Frame(color, depth, geometry.ids, pose, START_STAMP_S + times[index])


def encode_png(image: NDArray[np.integer]) -> bytes:
    """Encode an image as PNG with the strongest lossless compression."""
    encoded = cv2.imencode(".png", image)[1].tobytes()
    return oxipng.optimize_from_memory(encoded, level=4, **NO_REDUCTIONS)


def encode_jpeg(color: NDArray[np.uint8], quality: int) -> bytes:
    """Encode an RGB image as JPEG."""
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    return cv2.imencode(".jpg", color[..., ::-1], options)[1].tobytes()


def save_frame(frame: Frame, out: Path, quality: int) -> None:
    """Write the colour, depth and mask image of a frame."""
    depth_units = np.rint(np.nan_to_num(frame.depth) / DEPTH_SCALE).astype(np.uint16)
    (out / "rgb" / f"{frame.name}.jpg").write_bytes(encode_jpeg(frame.color, quality))
    (out / "depth" / f"{frame.name}.png").write_bytes(encode_png(depth_units))
    (out / "masks" / f"{frame.name}.png").write_bytes(encode_png(frame.ids))


def format_pose(frame: Frame) -> str:
    """Format stamp, translation [m] and quaternion (x y z w) as a line of a TUM trajectory."""
    w, x, y, z = quaternion_from_matrix(frame.pose)
    values = " ".join(f"{value:.6f}" for value in (*frame.pose[:3, 3], x, y, z, w))
    return f"{frame.name} {values}\n"


def save_metadata(frames: list[Frame], items: list[Item], out: Path) -> None:
    """Write image lists, poses, intrinsics and object names.

    They are written after all images, so that a folder with lists is complete.
    """
    for kind, (title, suffix) in IMAGE_KINDS.items():
        lines = [f"{frame.name} {kind}/{frame.name}.{suffix}\n" for frame in frames]
        (out / f"{kind}.txt").write_text(f"# {title}\n# timestamp filename\n" + "".join(lines))
    header = "# camera optical frame to world\n# timestamp tx ty tz qx qy qz qw\n"
    (out / "groundtruth.txt").write_text(header + "".join(map(format_pose, frames)))
    camera = {
        "fx": FOCAL_LENGTH_PX,
        "fy": FOCAL_LENGTH_PX,
        "cx": (WIDTH - 1) / 2,
        "cy": (HEIGHT - 1) / 2,
    }
    text = json.dumps({**camera, "depth_scale": DEPTH_SCALE}, indent=2)
    (out / "camera.json").write_text(text + "\n")
    names = {str(index): item.name for index, item in enumerate(items, start=1)}
    (out / "objects.json").write_text(json.dumps(names, indent=2) + "\n")


def main() -> None:
    """Render and write the sequence."""
    options = parse_arguments()
    for kind in IMAGE_KINDS:
        (options.out / kind).mkdir(parents=True, exist_ok=True)
    items, frames = build_items(), []
    for frame in tqdm(render_frames(items, options), total=options.frames, unit="frame"):
        save_frame(frame, options.out, options.quality)
        frames.append(frame)
    save_metadata(frames, items, options.out)


if __name__ == "__main__":
    main()
