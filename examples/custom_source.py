"""Add a recording format: RGB-D frames in one .npz file.

python examples/custom_source.py test/data/tabletop --npz frames.npz
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np

from scenerep_ros import Pipeline, PipelineConfig, open_source
from scenerep_ros.frames import Intrinsics, RGBDFrame
from scenerep_ros.sources import Source
from scenerep_ros.sources.registry import SOURCES


@SOURCES.register("npz")
class NpzRecording(Source):
    """Frames of an .npz file: color (N, H, W, 3) uint8, depth (N, H, W) [m], camera (4,) [px]."""

    format_name = "npz recording"
    format_description = "an .npz file with color, depth and camera"

    def __init__(self, path: Path) -> None:
        super().__init__(name=path.stem, rate=30.0)
        with np.load(path) as arrays:  # never allow_pickle for files of others
            self._color, self._depth = arrays["color"], arrays["depth"]
            self._camera = Intrinsics(*arrays["camera"].tolist())

    @staticmethod
    def matches(path: Path) -> bool:
        return path.suffix == ".npz"

    def __len__(self) -> int:
        return len(self._color)

    def __getitem__(self, index: int) -> RGBDFrame:
        return RGBDFrame(
            color=self._color[index],
            depth=self._depth[index].astype(np.float32),
            intrinsics=self._camera,
            stamp_ns=round(index * 1e9 / self.rate),
            name=self.frame_name(index),
        )


def convert(recording: str, npz: Path, count: int) -> None:
    """Write the first frames of any recording as .npz."""
    frames = list(islice(open_source(recording), count))
    k = frames[0].intrinsics
    np.savez(
        npz,
        color=np.stack([frame.color for frame in frames]),
        depth=np.stack([frame.depth for frame in frames]),
        camera=np.array([k.fx, k.fy, k.cx, k.cy]),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recording", help="RGB-D recording to convert")
    parser.add_argument("--npz", type=Path, default=Path("frames.npz"))
    parser.add_argument("--frames", type=int, default=3)
    args = parser.parse_args()

    convert(args.recording, args.npz, args.frames)
    source = open_source(args.npz)  # the format is detected by `matches`
    pipeline = Pipeline(PipelineConfig())
    for frame in source:
        print(f"{source.format_name}, frame {frame.name}: {len(pipeline(frame).objects)} objects")


if __name__ == "__main__":
    main()
