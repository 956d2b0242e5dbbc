"""Writers of tiny data sets in the layouts of published ones."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np

from scenerep_ros.filesystem.atomic import write_image

HEIGHT, WIDTH = 48, 64


def square_mask(value=255, top=12, left=16, side=24, dtype=np.uint8):
    """Return a mask (HEIGHT, WIDTH) with one square."""
    mask = np.zeros((HEIGHT, WIDTH), dtype)
    mask[top : top + side, left : left + side] = value
    return mask


def checkerboard_image(mask):
    """Return a blue checkerboard image with an orange foreground."""
    v, u = np.mgrid[: mask.shape[0], : mask.shape[1]]
    light = 40 * ((u // 4 + v // 4) % 2)[..., None].astype(np.uint8)
    return np.where(mask[..., None] > 0, (200, 120, 20), (20, 40, 120)).astype(np.uint8) + light


def write_pair(color, mask, value):
    """Write an image and its mask."""
    write_image(mask, value)
    write_image(color, checkerboard_image(value))


def write_ecssd(folder, names=("0001", "0002"), images="images", masks="ground_truth_mask"):
    for index, name in enumerate(names):
        write_pair(
            folder / images / f"{name}.jpg",
            folder / masks / f"{name}.png",
            square_mask(left=8 * index),
        )
    return folder


def write_davis(folder, sequences=("bear", "swan"), frames=2):
    for sequence in sequences:
        for index in range(frames):
            write_pair(
                folder / "JPEGImages" / "480p" / sequence / f"{index:05d}.jpg",
                folder / "Annotations" / "480p" / sequence / f"{index:05d}.png",
                square_mask(left=4 * index),
            )
    return folder


def co3d_frame(category, sequence, number):
    """Return an entry of frame_annotations.jgz with the fields of CO3D."""
    name = f"{category}/{sequence}"
    return {
        "sequence_name": sequence,
        "frame_number": number,
        "frame_timestamp": number / 5,
        "image": {"path": f"{name}/images/frame{number:06d}.jpg", "size": [HEIGHT, WIDTH]},
        "depth": None,
        "mask": {"path": f"{name}/masks/frame{number:06d}.png", "mass": 576.0},
        "viewpoint": {"R": np.eye(3).tolist(), "T": [0, 0, 1]},
        "meta": {"frame_type": "train_known"},
    }


def write_annotations(folder, frames):
    """Write the annotations of a category of CO3D."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "frame_annotations.jgz").write_bytes(gzip.compress(json.dumps(frames).encode()))


def write_co3d(folder, categories=("apple", "bottle"), sequences=("110_1", "12_2"), frames=2):
    for category in categories:
        entries = [
            co3d_frame(category, sequence, number)
            for sequence in sequences
            for number in reversed(range(frames))
        ]
        write_annotations(folder / category, entries)
        for entry in entries:
            mask = square_mask(200, left=4 * entry["frame_number"])  # a probability of 0.78
            write_pair(folder / entry["image"]["path"], folder / entry["mask"]["path"], mask)
    return folder


def write_scene(folder, name, labels, color="color", depth="depth", label="label"):
    """Write an RGB-D frame of the layout with equal names; its depth is 1 m."""
    write_image(folder / label / f"{name}.png", labels)
    write_image(folder / color / f"{name}.png", checkerboard_image(labels > 1))
    write_image(folder / depth / f"{name}.png", np.full(labels.shape, 1000, np.uint16))
    return folder


def write_tum(folder, masks):
    """Write a TUM folder with masks.txt."""
    for index, mask in enumerate(masks):
        for kind, image in (
            ("rgb", checkerboard_image(mask)),
            ("depth", np.full(mask.shape, 5000, np.uint16)),
            ("masks", mask),
        ):
            write_image(folder / kind / f"{index}.png", image)
            with (folder / f"{kind}.txt").open("a") as file:
                file.write(f"{index / 30:.6f} {kind}/{index}.png\n")
    return folder


def write_image_classes(folder, classes=("cat", "dog", "owl"), train=4, val=2):
    """Write ImageNet's layout; the images of a class have the class's color with noise."""
    rng = np.random.default_rng(0)
    for label, name in enumerate(classes):
        shade = np.full(3, 30) + 180 * np.eye(3)[label % 3] + 20 * (label // 3)
        for split, count in (("train", train), ("val", val)):
            for index in range(count):
                noise = rng.integers(-10, 10, (HEIGHT, WIDTH, 3))
                write_image(
                    folder / split / name / f"{index}.jpg", (shade + noise).astype(np.uint8)
                )
    return folder


def truncate_file(path):
    """Cut a file to half of its size."""
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: len(content) // 2])
