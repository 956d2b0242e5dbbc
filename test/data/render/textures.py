"""Drawn textures of the objects. Images are (H, W, 3) uint8 BGR."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Color = tuple[int, int, int]
PAPER_COLOR: Color = (206, 226, 232)
FACE_SIZE_PX = 512
"""Side of one face in the texture atlas of a box [px]."""


def solid_image(color: Color, height: int = FACE_SIZE_PX, width: int = FACE_SIZE_PX) -> Image:
    """Create an image of one colour."""
    return np.full((height, width, 3), color, np.uint8)


def draw_text(image: Image, text: str, center: tuple[int, int], scale: float, color: Color) -> None:
    """Draw a line of text around its center (x, y) [px], in place."""
    font, thickness = cv2.FONT_HERSHEY_TRIPLEX, max(1, round(2 * scale))
    (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
    corner = (center[0] - width // 2, center[1] + height // 2)
    cv2.putText(image, text, corner, font, scale, color, thickness, cv2.LINE_AA)


def add_grain(image: Image, material: Image) -> Image:
    """Modulate the brightness of an image by the texture of a photographed material."""
    gray = cv2.cvtColor(cv2.resize(material, image.shape[1::-1]), cv2.COLOR_BGR2GRAY)
    grain = 1 + 0.5 * (gray / gray.mean() - 1)
    return (image * grain[..., None]).clip(0, 255).astype(np.uint8)


def draw_page_edges(seed: int, upright: bool) -> Image:
    """Draw the page edges of a book as fine lines, vertical if `upright`."""
    brightness = np.random.default_rng(seed).normal(1, 0.07, FACE_SIZE_PX)
    image = solid_image(PAPER_COLOR) * (
        brightness[None, :, None] if upright else brightness[:, None, None]
    )
    return image.clip(0, 255).astype(np.uint8)


def _draw_cover(title: tuple[str, str], color: Color, accent: Color) -> Image:
    image = solid_image(color)
    cv2.rectangle(image, (28, 28), (484, 484), accent, 6, cv2.LINE_AA)
    for line, y in zip(title, (90, 150), strict=True):
        draw_text(image, line, (256, y), 1.7, accent)
    for radius in range(130, 20, -18):
        cv2.ellipse(
            image, (256, 320), (radius, radius * 4 // 5), 20, 0, 300, accent, 5, cv2.LINE_AA
        )
    cv2.circle(image, (330, 280), 28, PAPER_COLOR, -1, cv2.LINE_AA)
    return image


def draw_book_atlas(title: tuple[str, str], color: Color, accent: Color, material: Image) -> Image:
    """Draw the texture atlas of a hardback, in the order of meshes.BOX_FACES; the spine is in front."""
    cover, back = _draw_cover(title, color, accent), solid_image(color)
    spine = solid_image(color)
    draw_text(spine, " ".join(title), (256, 256), 1.6, accent)
    page_faces = [
        draw_page_edges(1, upright=False),
        draw_page_edges(2, upright=False),
        draw_page_edges(3, upright=False),
    ]
    for page_face in page_faces:
        page_face[:40], page_face[-40:] = color, color
    atlas = np.vstack([np.hstack([cover, back, spine]), np.hstack(page_faces)])
    return add_grain(atlas, material)


def draw_carton(paper: Image) -> Image:
    """Draw the print of a milk carton: u around, v up."""
    image = solid_image((238, 240, 240), 800, 1600)
    image[620:] = (150, 70, 20)
    for start in range(0, 1600, 400):
        cv2.ellipse(image, (start + 200, 640), (200, 90), 0, 0, 360, (70, 140, 60), -1, cv2.LINE_AA)
        cv2.ellipse(image, (start + 120, 660), (110, 70), 0, 0, 360, (90, 180, 90), -1, cv2.LINE_AA)
        draw_text(image, "MILK", (start + 200, 400), 3.2, (150, 60, 20))
        draw_text(image, "whole 3.8%", (start + 200, 490), 1.0, (60, 60, 60))
        cv2.circle(image, (start + 310, 290), 46, (60, 190, 250), -1, cv2.LINE_AA)
        draw_text(image, "1 l", (start + 310, 290), 0.9, (40, 40, 40))
    image[:150] = (150, 70, 20)
    return add_grain(image, paper)


def draw_phone() -> Image:
    """Draw a phone from above: a dark screen in a darker frame."""
    image = solid_image((14, 13, 12), 512, 1024)
    cv2.rectangle(image, (36, 22), (990, 490), (20, 18, 16), -1)
    cv2.circle(image, (52, 256), 8, (60, 40, 30), -1, cv2.LINE_AA)
    return image


def draw_mug(glaze: Image) -> Image:
    """Draw the glaze of a mug with a band of leaves: u around, v along the profile from the foot."""
    image = add_grain(solid_image((118, 92, 38), 512, 1024), glaze)
    cv2.rectangle(image, (0, 225), (1024, 345), (214, 226, 228), -1)
    for x in range(20, 1024, 84):
        cv2.ellipse(image, (x, 285), (44, 15), -50, 0, 360, (70, 130, 60), -1, cv2.LINE_AA)
        cv2.ellipse(image, (x + 36, 285), (40, 13), 50, 0, 360, (60, 100, 180), -1, cv2.LINE_AA)
    return image


def draw_bowl(clay: Image) -> Image:
    """Draw a pottery bowl with glazed rings: u around, v along the profile, outside first."""
    image = cv2.resize(clay, (1024, 512)).astype(np.uint8)
    for y, thickness, color in (
        (300, 26, (190, 200, 206)),
        (215, 10, (110, 70, 40)),
        (90, 60, (190, 200, 206)),
    ):
        cv2.line(image, (0, y), (1024, y), color, thickness)
    return image


def draw_bottle(glass: Image) -> Image:
    """Draw a green bottle of dish soap with a white cap and a label."""
    image = add_grain(solid_image((62, 120, 30), 1024, 1024), glass)
    image[:330] = (225, 225, 225)
    cv2.rectangle(image, (0, 480), (1024, 840), (235, 238, 236), -1)
    for x in (256, 768):
        cv2.circle(image, (x, 660), 120, (70, 190, 240), -1, cv2.LINE_AA)
        draw_text(image, "FRESH", (x, 640), 1.9, (110, 60, 20))
        draw_text(image, "lime & mint", (x, 720), 0.9, (60, 110, 30))
    return image


def draw_pencil(wood: Image) -> Image:
    """Draw a yellow pencil: u around, v from the blunt end (bottom row) to the tip."""
    image = solid_image((40, 170, 235), 512, 128)
    image[:, ::21] = (30, 140, 205)
    image[:60] = cv2.resize(wood, (128, 60))
    image[:16] = (45, 45, 45)
    image[470:] = (120, 120, 205)
    image[430:470] = (170, 180, 185)
    return image
