"""Procedural textures: materials of rooms and prints of household objects.

Images are (H, W, 3) uint8 RGB. Materials are periodic, so that they tile without seams.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.uint8]
Rng = np.random.Generator
SIZE_PX = 512
"""Side of a texture [px]."""
PALETTE = (
    (168, 52, 44),
    (204, 122, 48),
    (214, 178, 72),
    (92, 128, 70),
    (52, 98, 92),
    (58, 92, 148),
    (92, 72, 122),
    (150, 96, 110),
    (118, 86, 62),
    (196, 182, 160),
    (122, 124, 128),
    (64, 66, 72),
    (222, 218, 210),
)
"""Base colors of materials and prints."""


def random_color(rng: Rng, jitter: float = 18.0) -> NDArray[np.float64]:
    """Draw a color (3,) near one of the palette."""
    color = np.array(PALETTE[rng.integers(len(PALETTE))], float)
    return (color + rng.normal(0, jitter, 3)).clip(18, 238)


def neutral_color(rng: Rng, low: float = 150, high: float = 228) -> NDArray[np.float64]:
    """Draw a slightly tinted gray (3,), as of walls."""
    return (rng.uniform(low, high) + rng.normal(0, 9, 3)).clip(30, 240)


def noise(
    rng: Rng, exponent: float = 1.5, stretch: tuple[float, float] = (1, 1)
) -> NDArray[np.float32]:
    """Generate periodic noise (SIZE_PX, SIZE_PX) of unit variance by spectral synthesis.

    Args:
        rng: generator of the shift and the reflection of a fixed pattern.
        exponent: of the amplitude spectrum; 0 is white, 2 is smooth.
        stretch: factor by which the noise is longer along rows and along columns.
    """
    rows, columns = rng.integers(SIZE_PX, size=2)
    flip = rng.choice([-1, 1], 2)
    pattern = _noise_pattern(exponent, stretch)
    return np.roll(pattern[:: flip[0], :: flip[1]], (rows, columns), (0, 1))


@lru_cache
def _noise_pattern(exponent: float, stretch: tuple[float, float]) -> NDArray[np.float32]:
    frequency = np.fft.fftfreq(SIZE_PX) * SIZE_PX
    radius = np.hypot(frequency[:, None] * stretch[0], frequency[None] * stretch[1])
    radius[0, 0] = np.inf
    spectrum = np.fft.fft2(np.random.default_rng(0).standard_normal((SIZE_PX, SIZE_PX)))
    image = np.fft.ifft2(spectrum / radius**exponent).real
    return (image / image.std()).astype(np.float32)


def shade(color: ArrayLike, modulation: NDArray[np.floating]) -> Image:
    """Multiply a color (3,) or image (H, W, 3) by a brightness (H, W)."""
    image = np.asarray(color, np.float32) * np.asarray(modulation, np.float32)[..., None]
    return np.asarray(image.clip(0, 255), np.uint8)


def plaster(rng: Rng, color: ArrayLike) -> Image:
    """Draw a painted wall with stains and grain."""
    return shade(color, 1 + 0.035 * noise(rng, 1.6) + 0.02 * noise(rng, 0.3))


def wallpaper(rng: Rng, color: ArrayLike) -> Image:
    """Draw a wallpaper with a repeated motif or stripes."""
    image = plaster(rng, color)
    accent = tuple(float(value) for value in (0.72 * np.asarray(color) + 0.28 * random_color(rng)))
    if rng.random() < 0.5:
        step = int(rng.choice([64, 128]))
        for start in range(0, SIZE_PX, step):
            image[:, start : start + step // 2] = 0.6 * image[
                :, start : start + step // 2
            ] + 0.4 * np.array(accent)
        return image
    for row, y in enumerate(range(0, SIZE_PX, 64)):
        for x in range(32 * (row % 2), SIZE_PX, 64):
            cv2.ellipse(image, (x + 16, y + 32), (10, 18), 0, 0, 360, accent, -1, cv2.LINE_AA)
    return image


def wood(rng: Rng, color: ArrayLike | None = None) -> Image:
    """Draw wood grain along the columns of the image."""
    woods = ((176, 128, 82), (132, 88, 54), (94, 62, 42), (204, 170, 126), (226, 208, 182))
    base = np.array(woods[rng.integers(len(woods))] if color is None else color, float)
    base += rng.normal(0, 8, 3)
    rings = np.sin(2 * np.pi * (rng.integers(4, 9) * _ramp()[None] + 0.5 * noise(rng, 2, (8, 1))))
    return shade(base, 1 + 0.07 * rings + 0.06 * noise(rng, 0.7, (20, 1)) + 0.04 * noise(rng, 1.5))


def planks(rng: Rng, color: ArrayLike | None = None, count: int = 6) -> Image:
    """Draw a wooden floor: boards of varying brightness with dark joints."""
    image = wood(rng, color).astype(float)
    width = SIZE_PX // count
    for index in range(count):
        board = np.roll(image[:, :width], rng.integers(SIZE_PX), axis=0)
        board = board * rng.uniform(0.82, 1.12)
        joint = rng.integers(SIZE_PX)
        board[joint : joint + 3] *= 0.45
        board[:, :2] *= 0.45
        image[:, index * width : (index + 1) * width] = board
    return np.asarray(image.clip(0, 255), np.uint8)


def tiles(
    rng: Rng, color: ArrayLike, rows: int = 4, columns: int = 4, offset: bool = False
) -> Image:
    """Draw tiles or, with offset rows, bricks, with joints between them."""
    image = shade(color, 1 + 0.06 * noise(rng, 1) + 0.03 * noise(rng, 0))
    height, width = SIZE_PX // rows, SIZE_PX // columns
    for row in range(rows):
        shift = width // 2 if offset and row % 2 else 0
        band = slice(row * height, (row + 1) * height)
        line = image[band].astype(float)
        for column in range(columns):
            line[:, column * width : (column + 1) * width] *= rng.uniform(0.85, 1.1)
            line[:, column * width : column * width + 4] = 0.6 * np.asarray(color) + 40
        line[:4] = 0.6 * np.asarray(color) + 40
        image[band] = np.roll(line.clip(0, 255), shift, axis=1)
    return image


def carpet(rng: Rng, color: ArrayLike) -> Image:
    """Draw a carpet of short pile."""
    return shade(color, 1 + 0.14 * noise(rng, 0.2) + 0.05 * noise(rng, 1.5))


def fabric(rng: Rng, color: ArrayLike) -> Image:
    """Draw a woven fabric: plain, striped, checked or dotted."""
    weave = np.sin(2 * np.pi * 64 * _ramp())
    modulation = 1 + 0.06 * np.outer(weave, weave) + 0.05 * noise(rng, 1.4) + 0.05 * noise(rng, 0.1)
    base = np.tile(np.asarray(color, float), (SIZE_PX, SIZE_PX, 1))
    accent = random_color(rng)
    pattern = rng.choice(["plain", "plain", "stripes", "checks", "dots"])
    stripe = (_ramp() * rng.integers(4, 12) % 1) < 0.3
    if pattern in ("stripes", "checks"):
        base[:, stripe] = 0.4 * base[:, stripe] + 0.6 * accent
    if pattern == "checks":
        base[stripe] = 0.5 * base[stripe] + 0.5 * accent
    if pattern == "dots":
        step = int(rng.choice([32, 64]))
        for x, y in np.ndindex(SIZE_PX // step, SIZE_PX // step):
            center = (x * step + step // 2, y * step + step // 2)
            cv2.circle(base, center, step // 5, accent.tolist(), -1, cv2.LINE_AA)
    return shade(base, modulation)


def leather(rng: Rng, color: ArrayLike) -> Image:
    """Draw leather with pores and wear."""
    return shade(color, 1 + 0.09 * np.abs(noise(rng, 0.9)) + 0.05 * noise(rng, 1.8))


def marble(rng: Rng, color: ArrayLike) -> Image:
    """Draw stone with veins."""
    veins = np.exp(-6 * np.abs(noise(rng, 1.7)))
    return shade(color, 1 - 0.35 * veins + 0.04 * noise(rng, 0.8))


def metal(rng: Rng, color: ArrayLike = (150, 152, 156)) -> Image:
    """Draw brushed metal."""
    return shade(color, 1 + 0.08 * noise(rng, 0.6, (1, 16)) + 0.03 * noise(rng, 1.5))


def plastic(rng: Rng, color: ArrayLike) -> Image:
    """Draw molded plastic or glaze: nearly plain, with smudges."""
    return shade(color, 1 + 0.04 * noise(rng, 1.7) + 0.015 * noise(rng, 0))


def leaf(rng: Rng) -> Image:
    """Draw a leaf with a midrib along the columns and lateral veins."""
    color = np.array([rng.uniform(38, 90), rng.uniform(95, 150), rng.uniform(35, 75)])
    image = shade(color, 1 + 0.12 * noise(rng, 1.2))
    vein = (0.75 * color + (60, 70, 40)).tolist()
    cv2.line(image, (SIZE_PX // 2, 0), (SIZE_PX // 2, SIZE_PX), vein, 14, cv2.LINE_AA)
    for y in range(40, SIZE_PX, 70):
        for side in (0, SIZE_PX):
            cv2.line(image, (SIZE_PX // 2, y), (side, y - 90), vein, 5, cv2.LINE_AA)
    return image


def _ramp() -> NDArray[np.float64]:
    return np.arange(SIZE_PX) / SIZE_PX


def solid(color: ArrayLike) -> Image:
    """Draw a texture of one color."""
    return np.full((8, 8, 3), color, np.uint8)
