"""Printed surfaces: packages, labels, books, screens, pictures, fronts of furniture.

Images are (H, W, 3) uint8 RGB.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import ArrayLike

from scenerep_training.rendering.assets.textures import (
    SIZE_PX,
    Image,
    Rng,
    fabric,
    noise,
    plastic,
    random_color,
    shade,
    wood,
)

WORDS = (
    "OATS", "RICE", "TEA", "COFFEE", "MILK", "SALT", "NUTS", "SOAP", "CORN", "BEANS", "JUICE", "COCOA",
    "FIELD", "ATLAS", "GARDEN", "NIGHT", "RIVER", "MODERN", "ROBOT", "OCEAN", "HISTORY", "LETTERS", "NORTH",
    "PAPER", "MUSIC", "TOOLS", "LIGHT", "STONE",
)  # fmt: skip
"""Words on packages and books."""


def draw_text(
    image: Image, text: str, center: tuple[int, int], scale: float, color: ArrayLike
) -> None:
    """Draw a line of text around its center (x, y) [px], in place."""
    font, thickness = cv2.FONT_HERSHEY_TRIPLEX, max(1, round(2.5 * scale))
    (width, height), _ = cv2.getTextSize(text, font, scale, thickness)
    corner = (center[0] - width // 2, center[1] + height // 2)
    cv2.putText(image, text, corner, font, scale, _scalar(color), thickness, cv2.LINE_AA)


def draw_shapes(image: Image, rng: Rng, count: int) -> None:
    """Draw random discs, bars and ellipses, in place."""
    height, width = image.shape[:2]
    for _ in range(count):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        size = int(rng.uniform(0.06, 0.24) * min(height, width))
        color = _scalar(random_color(rng, 30))
        form = rng.integers(3)
        if form == 0:
            cv2.circle(image, (x, y), size, color, -1, cv2.LINE_AA)
        elif form == 1:
            cv2.rectangle(image, (x, y), (x + 3 * size, y + size // 2), color, -1)
        else:
            angle = float(rng.uniform(0, 180))
            cv2.ellipse(image, (x, y), (2 * size, size), angle, 0, 360, color, -1, cv2.LINE_AA)


def package_face(rng: Rng, color: ArrayLike) -> Image:
    """Draw one face of a printed carton: a plate with a word, shapes and small print."""
    image = plastic(rng, color)
    draw_shapes(image, rng, int(rng.integers(2, 6)))
    y = int(rng.uniform(0.2, 0.6) * SIZE_PX)
    plate = (
        np.array([232, 228, 220]) if np.mean(np.asarray(color)) < 140 else 0.3 * np.asarray(color)
    )
    cv2.rectangle(image, (30, y - 60), (SIZE_PX - 30, y + 60), _scalar(plate), -1)
    draw_text(image, str(rng.choice(WORDS)), (SIZE_PX // 2, y), 2.6, random_color(rng, 30))
    for line in range(int(rng.integers(3))):
        draw_text(image, "net weight 500 g", (SIZE_PX // 2, y + 110 + 40 * line), 0.8, (40, 40, 44))
    return image


def package_atlas(rng: Rng, color: ArrayLike | None = None) -> Image:
    """Draw the texture atlas of a printed carton, in the order of meshes.BOX_FACES."""
    color = random_color(rng) if color is None else color
    faces = [package_face(rng, color) if index != 1 else plastic(rng, color) for index in range(6)]
    return np.vstack([np.hstack(faces[:3]), np.hstack(faces[3:])])


def cardboard_atlas(rng: Rng, color: ArrayLike = (168, 128, 88)) -> Image:
    """Draw the atlas of a cardboard box: plain faces with tape on the top, few marks."""
    faces = []
    for index in range(6):
        face = shade(color, 1 + 0.05 * noise(rng, 0.4, (8, 1)) + 0.05 * noise(rng, 1.5))
        if index == 0:
            cv2.rectangle(face, (0, 230), (SIZE_PX, 280), (196, 176, 140), -1)
        elif rng.random() < 0.5:
            draw_text(
                face, str(rng.choice(WORDS)), (256, int(rng.integers(120, 400))), 1.6, (60, 44, 36)
            )
        faces.append(face)
    return np.vstack([np.hstack(faces[:3]), np.hstack(faces[3:])])


def book_atlas(rng: Rng) -> Image:
    """Draw the atlas of a book that lies on its cover; its spine is in front."""
    color, accent = random_color(rng), random_color(rng, 30)
    title = str(rng.choice(WORDS))
    cover = fabric(rng, color) if rng.random() < 0.3 else plastic(rng, color)
    draw_shapes(cover, rng, int(rng.integers(1, 5)))
    draw_text(cover, title, (256, 110), 2.2, accent)
    spine = plastic(rng, color)
    draw_text(spine, title, (256, 256), 2.4, accent)
    cv2.rectangle(spine, (30, 0), (60, SIZE_PX), _scalar(accent), -1)
    cv2.rectangle(spine, (452, 0), (482, SIZE_PX), _scalar(accent), -1)
    pages = shade(
        (222, 214, 196), 1 + 0.08 * np.repeat(rng.standard_normal((SIZE_PX, 1)), SIZE_PX, 1)
    )
    back = plastic(rng, color)
    return np.vstack([np.hstack([cover, back, spine]), np.hstack([pages, pages, pages])])


def wrapped_label(rng: Rng, color: ArrayLike | None = None) -> Image:
    """Draw the print around a can or bottle: u around the axis, v up."""
    color = random_color(rng) if color is None else color
    image = np.hstack([plastic(rng, color)] * 2)
    draw_shapes(image, rng, int(rng.integers(3, 8)))
    word = str(rng.choice(WORDS))
    for x in (256, 768):
        draw_text(image, word, (x, 260), 2.4, random_color(rng, 30))
    return image


def screen_content(rng: Rng) -> Image:
    """Draw the picture on a screen: a landscape or the windows of a desktop."""
    image = _landscape(rng)
    if rng.random() < 0.6:
        for _ in range(int(rng.integers(1, 4))):
            x, y = int(rng.integers(20, 260)), int(rng.integers(20, 240))
            cv2.rectangle(image, (x, y), (x + 230, y + 220), (236, 236, 240), -1)
            cv2.rectangle(image, (x, y), (x + 230, y + 22), _scalar(random_color(rng)), -1)
            for line in range(y + 40, y + 210, 16):
                end = x + 20 + int(rng.integers(40, 200))
                cv2.line(image, (x + 12, line), (end, line), (90, 92, 100), 3)
    return image


def picture(rng: Rng) -> Image:
    """Draw a picture for a wall: a landscape or an abstract composition."""
    if rng.random() < 0.5:
        return _landscape(rng)
    image = plastic(rng, random_color(rng))
    draw_shapes(image, rng, 9)
    return image


def keyboard(rng: Rng) -> Image:
    """Draw the keys of a keyboard from above."""
    base = float(rng.choice([40, 70, 200]))
    image = plastic(rng, np.full(3, base))
    color = _scalar(np.full(3, base + (35 if base < 128 else -45)))
    for y in range(30, SIZE_PX - 60, 90):
        for x in range(14, SIZE_PX - 24, 33):
            cv2.rectangle(image, (x, y), (x + 25, y + 72), color, -1)
    return image


def front(rng: Rng, color: ArrayLike | None, rows: int, columns: int) -> Image:
    """Draw the front of a cabinet: drawers or doors with gaps and handles."""
    image = wood(rng, color)
    for row in range(rows):
        for column in range(columns):
            x0, x1 = (SIZE_PX * (column + side) // columns for side in (0, 1))
            y0, y1 = (SIZE_PX * (row + side) // rows for side in (0, 1))
            cv2.rectangle(image, (x0 + 2, y0 + 2), (x1 - 3, y1 - 3), (38, 30, 26), 4)
            center, y = (x0 + x1) // 2, (y0 + y1) // 2
            reach = max(8, (x1 - x0) // 10)
            cv2.rectangle(image, (center - reach, y - 6), (center + reach, y + 6), (60, 60, 62), -1)
    return image


def window(rng: Rng) -> Image:
    """Draw a bright window with a cross bar and a pale landscape."""
    image = (0.45 * _landscape(rng) + 140).clip(0, 255).astype(np.uint8)
    for center in (8, 256, 504):
        image[:, center - 12 : center + 12] = (205, 204, 200)
        image[center - 12 : center + 12] = (205, 204, 200)
    return image


def door(rng: Rng) -> Image:
    """Draw a door with two panels and a handle."""
    image = wood(rng, (214, 208, 198) if rng.random() < 0.5 else None)
    for top, bottom in ((40, 220), (260, 480)):
        cv2.rectangle(image, (80, top), (432, bottom), (110, 100, 90), 5)
    cv2.rectangle(image, (440, 255), (490, 270), (70, 70, 74), -1)
    return image


def _landscape(rng: Rng) -> Image:
    rows = np.linspace(0, 1, SIZE_PX)[:, None, None]
    sky = np.array([120, 160, 210]) + rng.normal(0, 25, 3)
    image = (sky * (1 - 0.4 * rows) + (90, 80, 60) * rows).repeat(SIZE_PX, 1)
    image += 12 * noise(rng, 1.6)[..., None]
    for index in range(3):
        color = np.array([60, 100, 60]) * (0.7 + 0.25 * index) + rng.normal(0, 18, 3)
        horizon = SIZE_PX * (0.4 + 0.18 * index) + 22 * noise(rng, 2)[0]
        image[np.arange(SIZE_PX)[:, None] > horizon[None]] = color
    grain = 1 + 0.08 * noise(rng, 0.6)
    return shade(image, grain)


def _scalar(color: ArrayLike) -> tuple[float, float, float]:
    red, green, blue = np.asarray(color, float).clip(0, 255).tolist()
    return red, green, blue
