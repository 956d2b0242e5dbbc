"""Coverage-guided fuzzing of the decoders: any bytes must be decoded, or refused with an error for the user.

    python test/fuzz/fuzz_decoders.py -max_total_time=600

Needs `pip install atheris`. The options are those of libFuzzer. Inputs that reach new code stay in
out/fuzz, from which the next run starts. The input of a failure is written to the working folder; its
path as an argument repeats the failure.
"""

from __future__ import annotations

import io
import logging
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import atheris

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("helpers", "..")]

MODULES = ["scenerep_ros.sources", "scenerep_ros.geometry.calibration", "rosbags.rosbag2"]

with atheris.instrument_imports(include=MODULES):
    from fuzz_inputs import bag_seeds, encoded, image_seeds
    from recordings import depth_image

    from scenerep_ros.errors import ScenerepError
    from scenerep_ros.geometry.calibration import Calibration
    from scenerep_ros.sources.bags.unfinished_mcap import complete
    from scenerep_ros.sources.color_encodings import COLOR_LAYOUTS
    from scenerep_ros.sources.compressed_depth import decode_compressed_depth
    from scenerep_ros.sources.image_decoding import (
        DEPTH_DTYPES,
        decode_color,
        decode_compressed_color,
        decode_compressed_mono,
        decode_depth,
    )

DEPTH_FORMATS = ("16UC1; compressedDepth png", "32FC1; compressedDepth rvl", "16UC1; png", "")
ENCODINGS = (*COLOR_LAYOUTS, *DEPTH_DTYPES, "", "rgb")
MAX_SIZE = 2**16
"""Largest height, width and step [px or bytes]; all other sizes announce more bytes than there are."""
LIMITS = ["-timeout=60", "-rss_limit_mb=3000", "-max_len=40000"]
CORPUS = Path("out/fuzz")
Data = atheris.FuzzedDataProvider


def read_rest(data: Data) -> bytes:
    """Return all bytes that are left."""
    return data.ConsumeBytes(data.remaining_bytes())


def fuzz_color(data: Data) -> None:
    """Decode a color image of a file format."""
    decode_compressed_color(read_rest(data), "image")


def fuzz_mono(data: Data) -> None:
    """Decode an image of one channel."""
    decode_compressed_mono(read_rest(data), "image")


def fuzz_compressed_depth(data: Data) -> None:
    """Decode a message of compressed depth."""
    image_format = DEPTH_FORMATS[data.ConsumeIntInRange(0, len(DEPTH_FORMATS) - 1)]
    decode_compressed_depth(read_rest(data), image_format, "depth")


def fuzz_raw_image(data: Data) -> None:
    """Decode a sensor_msgs/Image."""
    encoding = ENCODINGS[data.ConsumeIntInRange(0, len(ENCODINGS) - 1)]
    height, width, step = (data.ConsumeIntInRange(0, MAX_SIZE) for _ in range(3))
    is_bigendian, is_depth = data.ConsumeBool(), data.ConsumeBool()
    decode = decode_depth if is_depth else decode_color
    decode(read_rest(data), height, width, encoding, step, is_bigendian, "image")


def fuzz_camera_info(data: Data) -> None:
    """Compute intrinsics from a sensor_msgs/CameraInfo."""
    numbers = {name: data.ConsumeIntInRange(0, 2**32 - 1) for name in ("width", "height")}
    binning = {f"binning_{axis}": data.ConsumeIntInRange(0, 2**32 - 1) for axis in "xy"}
    sides = ("x_offset", "y_offset", "width", "height")
    roi = SimpleNamespace(**{name: data.ConsumeIntInRange(0, 2**32 - 1) for name in sides})
    k, p, d = (data.ConsumeFloatListInRange(count, -1e6, 1e6) for count in (9, 12, 5))
    message = SimpleNamespace(k=k + [0.0] * (9 - len(k)), p=p + [0.0] * (12 - len(p)), d=d, roi=roi,
                              **numbers, **binning)  # fmt: skip
    shape = data.ConsumeIntInRange(1, MAX_SIZE), data.ConsumeIntInRange(1, MAX_SIZE)
    Calibration.from_message(message).intrinsics(shape, "image")


def fuzz_unfinished_mcap(data: Data) -> None:
    """Complete an MCAP file; its error of any type is one of the bag."""
    try:
        complete(io.BytesIO(read_rest(data)))
    except MemoryError:
        raise
    except Exception:  # damaged bytes can make rosbags raise any exception
        return


TARGETS = (
    fuzz_color,
    fuzz_mono,
    fuzz_compressed_depth,
    fuzz_raw_image,
    fuzz_camera_info,
    fuzz_unfinished_mcap,
)


def fuzz(content: bytes) -> None:
    """Decode an input, whose first byte selects the decoder."""
    if not content:
        return
    target = TARGETS[content[0] % len(TARGETS)]
    with suppress(ScenerepError):
        target(Data(content[1:]))


def write_seeds(folder: Path) -> None:
    """Write one file for each seed."""
    images = image_seeds()
    rvl = b"\0" * 12 + b"\x04\0\0\0" * 2 + b"\x11" * 40
    depth = [b"\0" * 12 + encoded(".png", depth_image(0)), rvl]
    bags = bag_seeds("mcap")
    seeds = {0: images, 1: images, 2: depth, 3: [bytes(600)], 4: [bytes(300)], 5: bags}
    folder.mkdir(parents=True, exist_ok=True)
    for number, contents in seeds.items():
        for index, content in enumerate(contents):
            (folder / f"{number}-{index}").write_bytes(bytes([number]) + content)


def main() -> None:
    """Fuzz until a failure, or until libFuzzer's bound."""
    logging.disable()
    warnings.simplefilter("ignore")
    arguments = [sys.argv[0], *LIMITS, *sys.argv[1:]]
    if not any(Path(word).is_file() for word in sys.argv[1:]):
        write_seeds(CORPUS)
        arguments.append(str(CORPUS))
    atheris.Setup(arguments, fuzz)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
