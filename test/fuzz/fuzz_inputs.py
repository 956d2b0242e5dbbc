"""Fuzzing of all readers: mutated files and messages must be read, or refused with an error for the user.

    python test/fuzz/fuzz_inputs.py --count 100000 [--target bag_mcap] [--seed 1]

A process of its own reads the inputs. It may allocate 2 GB more than it has after the imports, and fails if
an input takes more than 10 s of CPU time, or a minute. The number of the last input, from which
the input can be made again (--first N --count 1), is in the message.
"""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "helpers"))

from recordings import color_image, depth_image, write_bag, write_tum

from scenerep_ros.errors import ScenerepError
from scenerep_ros.sources.bags.reader import storage_files

MAX_ALLOCATION = 2 << 30
"""Memory that a process may allocate after its imports [bytes]."""
MAX_SECONDS = 10
EXTREMES = (
    0,
    1,
    0x7F,
    0x80,
    0xFF,
    0xFFFF,
    0x7FFFFFFF,
    0x80000000,
    0xFFFFFFFF,
    2**63 - 1,
    2**64 - 1,
)
TOKENS = [b"nan", b"inf", b"-1", b"1e999", b"null", b"{}", b"[]", b"\0", b"\xff\xfe", b"0x1", b"",
          b"99999999999999999999", b"&a [*a]", b"!!python/object:os.system", b"\n", b"'", b'"']  # fmt: skip
Rng = np.random.Generator
Reader = Callable[[bytes, Rng, Path], object]


def flip_bit(content: bytearray, position: int, rng: Rng) -> None:
    """Flip a bit."""
    if content:
        content[position % len(content)] ^= 1 << int(rng.integers(8))


def set_number(content: bytearray, position: int, rng: Rng) -> None:
    """Write an extreme integer."""
    size = int(rng.choice([1, 2, 4, 8]))
    value = EXTREMES[rng.integers(len(EXTREMES))] & ((1 << 8 * size) - 1)
    order = ("little", "big")[rng.integers(2)]
    content[position : position + size] = value.to_bytes(size, order)  # type: ignore[arg-type]


def truncate(content: bytearray, position: int, _: Rng) -> None:
    """Remove the end."""
    del content[position:]


def remove(content: bytearray, position: int, rng: Rng) -> None:
    """Remove some bytes."""
    del content[position : position + int(rng.integers(1, 64))]


def insert_noise(content: bytearray, position: int, rng: Rng) -> None:
    """Insert random bytes."""
    content[position:position] = rng.bytes(int(rng.integers(1, 32)))


def repeat(content: bytearray, position: int, rng: Rng) -> None:
    """Insert a copy of another part."""
    start = int(rng.integers(len(content) + 1))
    content[position:position] = content[start : start + int(rng.integers(1, 200))]


def set_token(content: bytearray, position: int, rng: Rng) -> None:
    """Write a word that text formats treat specially."""
    token = TOKENS[rng.integers(len(TOKENS))]
    content[position : position + len(token)] = token


MUTATIONS = (flip_bit, set_number, truncate, remove, insert_noise, repeat, set_token)


def mutate(data: bytes, rng: Rng) -> bytes:
    """Return data with one to four random changes, half of them in the header."""
    content = bytearray(data)
    for _ in range(rng.integers(1, 5)):
        position = int(rng.integers(len(content) + 1))
        if rng.random() < 0.5:
            position = min(position, int(rng.integers(256)))
        MUTATIONS[rng.integers(len(MUTATIONS))](content, position, rng)
    return bytes(content)


def encoded(extension: str, image: np.ndarray) -> bytes:
    """Return an image in a file format."""
    return cv2.imencode(extension, image)[1].tobytes()


def image_seeds() -> list[bytes]:
    """Return a color and a depth image in each file format."""
    color, depth = color_image(0), depth_image(0)
    files = [
        encoded(suffix, color) for suffix in (".png", ".jpg", ".bmp", ".webp", ".ppm", ".tiff")
    ]
    return files + [encoded(suffix, depth) for suffix in (".png", ".pgm", ".tiff")]


def read_color_file(data: bytes, rng: Rng, _: Path) -> None:
    """Decode a file as color, labels and depth."""
    from scenerep_ros.sources.image_decoding import decode_compressed_color, decode_compressed_mono

    decode = decode_compressed_color if rng.random() < 0.5 else decode_compressed_mono
    decode(data, "image")


def read_compressed_depth(data: bytes, rng: Rng, _: Path) -> None:
    """Decode a message of compressed depth."""
    from scenerep_ros.sources.compressed_depth import decode_compressed_depth

    formats = ["16UC1; compressedDepth png", "32FC1; compressedDepth rvl", "16UC1; png", ""]
    decode_compressed_depth(data, str(rng.choice(formats)), "depth")


def read_raw_image(data: bytes, rng: Rng, _: Path) -> None:
    """Decode a sensor_msgs/Image whose fields contradict each other."""
    from scenerep_ros.sources.color_encodings import COLOR_LAYOUTS
    from scenerep_ros.sources.image_decoding import DEPTH_DTYPES, decode_color, decode_depth

    sizes = [0, 1, 2, 3, 16, 24, 31, 32, 65536, 2**31, 2**32 - 1]
    height, width, step = (int(rng.choice(sizes)) for _ in range(3))
    step = width * int(rng.integers(1, 9)) if rng.random() < 0.7 else step
    encodings = [*COLOR_LAYOUTS, *DEPTH_DTYPES, "", "rgb", "64FC1", "\udcff"]
    arguments = (height, width, str(rng.choice(encodings)), step, bool(rng.integers(2)), "image")
    (decode_depth if rng.random() < 0.3 else decode_color)(data, *arguments)


def read_camera_info(_: bytes, rng: Rng, __: Path) -> None:
    """Compute intrinsics from a sensor_msgs/CameraInfo of random values."""
    from scenerep_ros.geometry.calibration import Calibration

    values = np.array([0, 1, -1, 500.0, 31.5, 1e300, -1e300, np.nan, np.inf])
    sizes = [0, 1, 2, 16, 32, 64, 2**32 - 1]

    def size() -> int:
        return int(rng.choice(sizes))

    roi = SimpleNamespace(x_offset=size(), y_offset=size(), width=size(), height=size())
    message = SimpleNamespace(
        k=rng.choice(values, 9), p=rng.choice(values, 12), d=rng.choice(values, rng.integers(9)),
        width=size(), height=size(), binning_x=size(), binning_y=size(), roi=roi,
    )  # fmt: skip
    Calibration.from_message(message).intrinsics((max(size(), 1), max(size(), 1)), "image")


def file_reader(name: str, read: Callable[[Path], object]) -> Reader:
    """Return a reader that writes the data to a file and reads it."""

    def run(data: bytes, _: Rng, folder: Path) -> None:
        path = folder / name
        path.write_bytes(data)
        read(path)

    return run


def read_options(path: Path) -> None:
    """Read a parameter file."""
    from scenerep_ros.config.pipeline import NodeConfig
    from scenerep_ros.config.validation import load_yaml, validated

    validated(NodeConfig, load_yaml(path))


def read_weights(path: Path) -> None:
    """Read a weight file."""
    from scenerep_ros.backbones.weights.state_dict import read_state_dict

    read_state_dict(path)


def read_card_file(path: Path) -> None:
    """Read the card of a checkpoint."""
    from scenerep_ros.backbones.weights.checkpoint import read_card

    read_card(path.parent)


def read_frames(path: Path) -> None:
    """Open a recording and read all frames."""
    from scenerep_ros.sources import open_source

    for _ in open_source(path):
        pass


def weight_seeds(suffix: str) -> list[bytes]:
    """Return small weight files."""
    import safetensors.torch
    import torch

    state = {"a.weight": torch.ones(3, 4), "b.bias": torch.zeros(4)}
    if suffix == ".safetensors":
        return [safetensors.torch.save(state)]
    seeds = []
    content = {"teacher": state, "args": argparse.Namespace(lr=np.float64(1)), "epoch": np.int64(2)}
    for is_zip in (True, False):
        with tempfile.NamedTemporaryFile() as file:
            torch.save(content, file.name, _use_new_zipfile_serialization=is_zip)
            seeds.append(Path(file.name).read_bytes())
    return seeds


def bag_seeds(name: str) -> list[bytes]:
    """Return a small bag; an MCAP file also as a recorder that was killed leaves it."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_bag(Path(folder) / name, count=2)
        content = (path if path.is_file() else storage_files(path)[0]).read_bytes()
        return [content, content[:-20]] if name == "mcap" else [content]


def map_folder() -> Path:
    """Write a small map, once per process."""
    from scenerep_ros.frames import Intrinsics, MapObject
    from scenerep_ros.geometry import Box
    from scenerep_ros.mapping.map_files import write_map
    from scenerep_ros.mapping.map_snapshot import MapSnapshot
    from scenerep_ros.mapping.views.map_views import MapView, MapViews
    from scenerep_ros.mapping.voxels.voxel_points import VoxelPoints

    folder = Path(tempfile.mkdtemp(prefix="scenerep-map-"))
    box = Box(np.zeros(3, np.float32), np.ones(3, np.float32), np.eye(3, dtype=np.float32))
    item = MapObject(1, box, 3, np.ones(8, np.float32), 0, 10**9, 0.9)
    points = VoxelPoints(
        np.zeros((3, 3), np.float32), np.zeros((3, 3), np.uint8), np.ones(3, np.int32)
    )
    view = MapView(np.ones((4, 5), np.float32), Intrinsics(5.0, 5.0, 2.0, 2.0), np.eye(4), 0)
    poses = np.eye(4)[None].repeat(2, axis=0)
    up = np.array([0, 0, 1], np.float32)
    write_map(
        MapSnapshot((item,), points, MapViews([view]), up, 0.02, np.array([0, 10**9]), poses),
        folder,
    )
    return folder


def read_map_file(name: str, folder: Path) -> Reader:
    """Return a reader of a map in which one file has the data."""
    original = (folder / name).read_bytes()

    def run(data: bytes, _: Rng, __: Path) -> None:
        from scenerep_ros.mapping.map_files import read_map

        (folder / name).write_bytes(data)
        try:
            read_map(folder)
        finally:
            (folder / name).write_bytes(original)

    return run


def read_ply_file(path: Path) -> None:
    """Read a cloud; its error is one of Python, which the reader of a map reports."""
    from scenerep_ros.geometry.clouds import read_ply

    with contextlib.suppress(ValueError):
        read_ply(path)


LISTS = {
    "rgb.txt": b"# color images\n1305031229.1 rgb/0.png\n1305031229.133 rgb/1.png\n",
    "groundtruth.txt": b"# poses\n1305031229.0 0 0 1 0 0 0 1\n1305031229.2 1 0 1 0 0 0 1\n",
    "camera.json": b'{"fx": 500.0, "fy": 500.0, "cx": 15.5, "cy": 11.5, "depth_scale": 0.001}',
}
SCENE_FILES = {
    "scene_camera.json": b'{"0": {"cam_K": [500.0, 0, 15.5, 0, 500.0, 11.5, 0, 0, 1], "depth_scale": '
    b'0.1, "cam_R_w2c": [1, 0, 0, 0, 1, 0, 0, 0, 1], "cam_t_w2c": [0, 0, 1]}}',
    "associations.txt": b"0.0 rgb/0.png 0.0 depth/0.png\n0.1 rgb/1.png 0.1 depth/1.png\n",
    "groundtruth.txt": LISTS["groundtruth.txt"],
    "camera.json": LISTS["camera.json"],
}


def read_list_files(files: dict[str, bytes]) -> Reader:
    """Return a reader of a folder of images in which one text file is mutated."""

    def run(_: bytes, rng: Rng, folder: Path) -> None:
        if not (folder / "rgb").exists():
            write_tum(folder, count=2)
            (folder / "depth.txt").unlink()
            for kind, image in (("rgb", color_image(0)), ("depth", depth_image(0))):
                for index in range(2):
                    (folder / kind / f"{index}.png").write_bytes(encoded(".png", image))
            (folder / "rgb.txt").unlink()
        for name, content in files.items():
            (folder / name).write_bytes(mutate(content, rng) if rng.random() < 0.5 else content)
        if "rgb.txt" in files:
            (folder / "depth.txt").write_bytes(files["rgb.txt"].replace(b"rgb", b"depth"))
        elif rng.random() < 0.5:
            (folder / "scene_camera.json").unlink()
        read_frames(folder)

    return run


def targets() -> dict[str, tuple[float, list[bytes], Reader]]:
    """Return share of all inputs, seeds and reader of each target."""
    import torch  # noqa: F401 - before the limit on memory

    noise = [np.random.default_rng(0).bytes(size) for size in (0, 100, 24 * 32 * 3, 24 * 32 * 8)]
    rvl = b"\0" * 12 + np.array([4, 4, 0x12345678, 0x7FFFFFFF], "<u4").tobytes() * 4
    depth = [b"\0" * 12 + encoded(".png", depth_image(0)), rvl, encoded(".tiff", depth_image(0))]
    root = Path(__file__).resolve().parents[2]
    options = [path.read_bytes() for path in sorted((root / "config").glob("*.yaml"))]
    card = (root / "scenerep_ros/segmentation/rgb/weights/model.yaml").read_bytes()
    folder = map_folder()
    maps = {
        f"map_{path.name}": (0.02, [path.read_bytes()], read_map_file(path.name, folder))
        for path in sorted(folder.iterdir())
    }
    bags = {
        f"bag_{name}": (share, bag_seeds(name), file_reader(file, read_frames))
        for name, file, share in (
            ("ros1.bag", "a.bag", 0.02), ("mcap", "a.mcap", 0.02), ("sqlite", "a.db3", 0.01)
        )
    }  # fmt: skip
    return {
        "image_file": (0.2, image_seeds(), read_color_file),
        "compressed_depth": (0.15, depth, read_compressed_depth),
        "raw_image": (0.2, noise, read_raw_image),
        "camera_info": (0.1, [b""], read_camera_info),
        "yaml": (0.05, options, file_reader("a.yaml", read_options)),
        "pth": (0.05, weight_seeds(".pth"), file_reader("a.pth", read_weights)),
        "safetensors": (
            0.03, weight_seeds(".safetensors"), file_reader("a.safetensors", read_weights)
        ),
        "card": (0.02, [card], file_reader("model.yaml", read_card_file)),
        "ply": (0.03, [(folder / "cloud.ply").read_bytes()], file_reader("a.ply", read_ply_file)),
        "tum": (0.03, [b""], read_list_files(LISTS)),
        "data_sets": (0.02, [b""], read_list_files(SCENE_FILES)),
        **bags,
        **maps,
    }  # fmt: skip


class MemoryErrorLog(logging.Handler):
    """Raises the errors of memory that a reader logged instead of raising."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message about memory."""
        if "MemoryError" in record.getMessage() or "bad_alloc" in record.getMessage():
            self.message = record.getMessage()

    message = ""


def run_target(
    name: str, table: dict[str, Any], count: int, first: int, seed: int, progress: Any
) -> None:
    """Read `count` inputs of a target; end the process with code 1 at the first failure."""
    _, seeds, read = table[name]
    warnings.simplefilter("ignore")
    logging.getLogger().setLevel(logging.WARNING)
    memory_log = MemoryErrorLog()
    logging.getLogger().handlers = [memory_log]
    with tempfile.TemporaryDirectory(prefix="scenerep-fuzz-") as folder, silence():
        with contextlib.suppress(ScenerepError):  # imports what the reader needs
            read(seeds[0], np.random.default_rng(0), Path(folder))
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + MAX_ALLOCATION,) * 2)
        for number in range(first, first + count):
            progress.value = number
            rng = np.random.default_rng((seed, number, *name.encode()))
            data = seeds[rng.integers(len(seeds))]
            data = mutate(data, rng) if data else data
            faulthandler.dump_traceback_later(6 * MAX_SECONDS, exit=True, file=REPORT[0])
            start = time.process_time()
            try:
                read(data, rng, Path(folder))
            except ScenerepError as error:
                if "MemoryError" in str(error) or "bad_alloc" in str(error):
                    memory_log.message = str(error)
            except BaseException:
                fail(name, number, traceback.format_exc())
            finally:
                faulthandler.cancel_dump_traceback_later()
            if time.process_time() - start > MAX_SECONDS:
                fail(name, number, f"took {time.process_time() - start:.0f} s")
            if memory_log.message:
                fail(name, number, memory_log.message)
    progress.value = first + count


REPORT: list[int] = []
"""Descriptor of the terminal, to which only reports go."""


def fail(name: str, number: int, reason: str) -> None:
    """End the process with a report."""
    os.write(REPORT[0], f"{name}, input {number}: {reason}\n".encode(errors="replace"))
    os._exit(1)


@contextlib.contextmanager
def silence():
    """Discard what decoders print."""
    REPORT[:] = [os.dup(2)]
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 2)
    os.dup2(null, 1)
    yield


def main(argv: list[str] | None = None) -> int:
    """Run all targets, or one; return the number of failed targets."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--count", type=int, default=2000, help="number of inputs of all targets")
    parser.add_argument("--target", action="append", help="only these targets, of equal share")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--seed", type=int, default=0, help="seed of the mutations")
    args = parser.parse_args(argv)
    table = targets()
    shares = {name: share for name, (share, *_) in table.items()}
    if args.target:
        shares = dict.fromkeys(args.target, 1 / len(args.target))
    failed, context = 0, multiprocessing.get_context("fork")
    for name, share in shares.items():
        count = max(round(share / sum(shares.values()) * args.count), 1)
        progress = context.Value("q", args.first)
        process = context.Process(
            target=run_target, args=(name, table, count, args.first, args.seed, progress)
        )
        process.start()
        process.join()
        failed += process.exitcode != 0
        state = "ok" if process.exitcode == 0 else f"FAILED with exit code {process.exitcode}"
        print(f"{name}: {progress.value - args.first} inputs, {state}", flush=True)  # noqa: T201
    return failed


if __name__ == "__main__":
    sys.exit(main())
