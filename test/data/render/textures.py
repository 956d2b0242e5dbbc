"""Printed surfaces, drawn: book covers, a milk carton, labels. Images are (H, W, 3) uint8, BGR."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Color = tuple[int, int, int]
PAPER: Color = (206, 226, 232)
CELL = 512
"""Pixels a side of one cell of a box's atlas."""


def plain(color: Color, height: int = CELL, width: int = CELL) -> Image:
    """One colour all over."""
    return np.full((height, width, 3), color, np.uint8)


def write(image: Image, text: str, place: tuple[int, int], size: float, color: Color) -> None:
    """Print a line of text, centred at (x, y)."""
    font, weight = cv2.FONT_HERSHEY_TRIPLEX, max(1, round(2 * size))
    (width, height), _ = cv2.getTextSize(text, font, size, weight)
    corner = (place[0] - width // 2, place[1] + height // 2)
    cv2.putText(image, text, corner, font, size, color, weight, cv2.LINE_AA)


def worn(image: Image, cloth: Image) -> Image:
    """Give a printed surface the grain of a photographed one."""
    grey = cv2.cvtColor(cv2.resize(cloth, image.shape[1::-1]), cv2.COLOR_BGR2GRAY)
    grain = 1 + 0.5 * (grey / grey.mean() - 1)
    return (image * grain[..., None]).clip(0, 255).astype(np.uint8)


def pages(seed: int, upright: bool) -> Image:
    """The edges of a book's pages: fine lines."""
    lines = np.random.default_rng(seed).normal(1, 0.07, CELL)
    image = plain(PAPER) * (lines[None, :, None] if upright else lines[:, None, None])
    return image.clip(0, 255).astype(np.uint8)


def _cover(title: tuple[str, str], color: Color, accent: Color) -> Image:
    image = plain(color)
    cv2.rectangle(image, (28, 28), (484, 484), accent, 6, cv2.LINE_AA)
    for line, y in zip(title, (90, 150), strict=True):
        write(image, line, (256, y), 1.7, accent)
    for radius in range(130, 20, -18):
        cv2.ellipse(
            image, (256, 320), (radius, radius * 4 // 5), 20, 0, 300, accent, 5, cv2.LINE_AA
        )
    cv2.circle(image, (330, 280), 28, PAPER, -1, cv2.LINE_AA)
    return image


def book(title: tuple[str, str], color: Color, accent: Color, cloth: Image) -> Image:
    """Atlas of a hardback's six faces, in the order of meshes.BOX_FACES; its spine is in front."""
    cover, back = _cover(title, color, accent), plain(color)
    spine = plain(color)
    write(spine, " ".join(title), (256, 256), 1.6, accent)
    leaves = [pages(1, upright=False), pages(2, upright=False), pages(3, upright=False)]
    for leaf in leaves:
        leaf[:40], leaf[-40:] = color, color
    atlas = np.vstack([np.hstack([cover, back, spine]), np.hstack(leaves)])
    return worn(atlas, cloth)


def carton(paper: Image) -> Image:
    """Wrapping of a milk carton: u around, v up."""
    image = plain((238, 240, 240), 800, 1600)
    image[620:] = (150, 70, 20)
    for start in range(0, 1600, 400):
        cv2.ellipse(image, (start + 200, 640), (200, 90), 0, 0, 360, (70, 140, 60), -1, cv2.LINE_AA)
        cv2.ellipse(image, (start + 120, 660), (110, 70), 0, 0, 360, (90, 180, 90), -1, cv2.LINE_AA)
        write(image, "MILK", (start + 200, 400), 3.2, (150, 60, 20))
        write(image, "whole 3.8%", (start + 200, 490), 1.0, (60, 60, 60))
        cv2.circle(image, (start + 310, 290), 46, (60, 190, 250), -1, cv2.LINE_AA)
        write(image, "1 l", (start + 310, 290), 0.9, (40, 40, 40))
    image[:150] = (150, 70, 20)
    return worn(image, paper)


def phone() -> Image:
    """A dark screen in a darker frame, seen from above."""
    image = plain((14, 13, 12), 512, 1024)
    cv2.rectangle(image, (36, 22), (990, 490), (20, 18, 16), -1)
    cv2.circle(image, (52, 256), 8, (60, 40, 30), -1, cv2.LINE_AA)
    return image


def mug(glaze: Image) -> Image:
    """A glazed mug with a band of leaves: u around, v along its profile, from the foot up."""
    image = worn(plain((118, 92, 38), 512, 1024), glaze)
    cv2.rectangle(image, (0, 225), (1024, 345), (214, 226, 228), -1)
    for x in range(20, 1024, 84):
        cv2.ellipse(image, (x, 285), (44, 15), -50, 0, 360, (70, 130, 60), -1, cv2.LINE_AA)
        cv2.ellipse(image, (x + 36, 285), (40, 13), 50, 0, 360, (60, 100, 180), -1, cv2.LINE_AA)
    return image


def bowl(clay: Image) -> Image:
    """A pottery bowl with glazed rings: u around, v along its profile, outside first."""
    image = cv2.resize(clay, (1024, 512)).astype(np.uint8)
    for y, thick, color in (
        (300, 26, (190, 200, 206)),
        (215, 10, (110, 70, 40)),
        (90, 60, (190, 200, 206)),
    ):
        cv2.line(image, (0, y), (1024, y), color, thick)
    return image


def bottle(glass: Image) -> Image:
    """A green bottle of washing-up liquid with a white cap and a label."""
    image = worn(plain((62, 120, 30), 1024, 1024), glass)
    image[:330] = (225, 225, 225)
    cv2.rectangle(image, (0, 480), (1024, 840), (235, 238, 236), -1)
    for x in (256, 768):
        cv2.circle(image, (x, 660), 120, (70, 190, 240), -1, cv2.LINE_AA)
        write(image, "FRESH", (x, 640), 1.9, (110, 60, 20))
        write(image, "lime & mint", (x, 720), 0.9, (60, 110, 30))
    return image


def pencil(wood: Image) -> Image:
    """A yellow pencil: u around, v from the blunt end (bottom row) to the tip."""
    image = plain((40, 170, 235), 512, 128)
    image[:, ::21] = (30, 140, 205)
    image[:60] = cv2.resize(wood, (128, 60))
    image[:16] = (45, 45, 45)
    image[470:] = (120, 120, 205)
    image[430:470] = (170, 180, 185)
    return image
