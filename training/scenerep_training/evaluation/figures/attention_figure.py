"""Heads of several models in one picture: a row an image, a column a model."""

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


def heads_block(attention: NDArray[np.float32], shape: tuple[int, int]) -> Image:
    """Put the heads' maps in rows, about as many as columns.

    Args:
        attention: (n, h, w) float32; each map is scaled to its own range.
        shape: (H, W) of the image, whose aspect the maps have.
    """
    maps = [colorize_heatmap(head, scaled(shape, HEAD_WIDTH - 2)) for head in attention]
    return make_grid(
        [np.pad(tile, ((1, 1), (1, 1), (0, 0)), constant_values=WHITE) for tile in maps]
    )


def image_tile(color: Image) -> Image:
    """Make an image as wide as two heads."""
    size = scaled(color.shape[:2], IMAGE_WIDTH)
    return np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.uint8)


def attention_figure(lines: Sequence[Sequence[Image]], titles: Sequence[str]) -> Image:
    """Put tiles in rows and columns, on white, below their titles.

    Args:
        lines: at least one, each with a tile a title; the tiles of a column are of one width.
        titles: of the columns.
    """
    header = [_title(title, tile.shape[1]) for title, tile in zip(titles, lines[0], strict=True)]
    rows = [_row(header), *(_row(line) for line in lines)]
    return np.vstack(rows)


def scaled(shape: tuple[int, ...], width: int) -> tuple[int, int]:
    """Width and height of an image of `shape` (H, W) at another width."""
    return width, max(1, round(shape[0] * width / shape[1]))


def _title(text: str, width: int) -> Image:
    tile = np.full((TITLE_HEIGHT, width, 3), WHITE, np.uint8)
    corner = (2, round(0.7 * TITLE_HEIGHT))
    cv2.putText(tile, text, corner, cv2.FONT_HERSHEY_SIMPLEX, 0.55, INK, 1, cv2.LINE_AA)
    return tile


def _row(tiles: Sequence[Image]) -> Image:
    """Tiles side by side, from the same upper edge, with a gap to the right and below."""
    height = max(tile.shape[0] for tile in tiles) + GAP
    padded = [
        np.pad(tile, ((0, height - tile.shape[0]), (0, GAP), (0, 0)), constant_values=WHITE)
        for tile in tiles
    ]
    return np.hstack(padded)
