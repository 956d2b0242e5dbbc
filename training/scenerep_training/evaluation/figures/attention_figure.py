"""Attention heads of several models in one figure: one row an image, one column a model."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.render import Image, colorize_heatmap, make_grid

HEAD_WIDTH = 160
IMAGE_WIDTH = 2 * HEAD_WIDTH
GAP = 8
TITLE_HEIGHT = 28
WHITE, INK = 255, (27, 35, 45)


def draw_heads(attention: NDArray[np.float32], shape: tuple[int, int]) -> Image:
    """Draw the heads' attention maps in a grid.

    Args:
        attention: (n, h, w) float32; each map is scaled to its own range.
        shape: (H, W) of the image, whose aspect ratio the maps have.
    """
    size = scale_to_width(shape, HEAD_WIDTH - 2)
    maps = [colorize_heatmap(head, size) for head in attention]
    border = ((1, 1), (1, 1), (0, 0))
    return make_grid([np.pad(tile, border, constant_values=WHITE) for tile in maps])


def image_tile(color: Image) -> Image:
    """Resize an image to the width of two heads."""
    size = scale_to_width(color.shape[:2], IMAGE_WIDTH)
    return np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.uint8)


def draw_attention_figure(lines: Sequence[Sequence[Image]], titles: Sequence[str]) -> Image:
    """Arrange tiles in rows and columns on white, below the titles of the columns.

    Args:
        lines: at least one row of tiles, one for each title; the tiles of a column have one width.
        titles: of the columns.
    """
    header = [
        _draw_title(title, tile.shape[1]) for title, tile in zip(titles, lines[0], strict=True)
    ]
    rows = [_arrange_row(header), *(_arrange_row(line) for line in lines)]
    return np.vstack(rows)


def scale_to_width(shape: tuple[int, ...], width: int) -> tuple[int, int]:
    """Return width and height of an image of `shape` (H, W), scaled to a width.

    >>> scale_to_width((480, 640), 320)
    (320, 240)
    """
    return width, max(1, round(shape[0] * width / shape[1]))


def _draw_title(text: str, width: int) -> Image:
    tile = np.full((TITLE_HEIGHT, width, 3), WHITE, np.uint8)
    baseline = (2, round(0.7 * TITLE_HEIGHT))
    cv2.putText(tile, text, baseline, cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
    return tile


def _arrange_row(tiles: Sequence[Image]) -> Image:
    """Join tiles side by side, aligned at the top, with a gap to the right and below."""
    height = max(tile.shape[0] for tile in tiles) + GAP
    padded = [
        np.pad(tile, ((0, height - tile.shape[0]), (0, GAP), (0, 0)), constant_values=WHITE)
        for tile in tiles
    ]
    return np.hstack(padded)
