"""Drawing of results: colours of ids, overlays and attention maps."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.frames import BACKGROUND, UNLABELLED

Image = NDArray[np.uint8]

_UNLABELLED_GRAY = 128
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class RenderConstants:
    """Tuned constants of the drawings."""

    palette_size: int = tuned(
        64, "number of different colours, after which they repeat", set_on="not recorded"
    )
    palette_levels: int = tuned(
        12, "levels a channel of the candidate colours", set_on="not recorded"
    )
    min_lightness: float = tuned(
        42, "lightness L of CIELAB above which a colour is in the palette", set_on="not recorded"
    )
    max_lightness: float = tuned(
        90, "lightness L of CIELAB below which a colour is in the palette", set_on="not recorded"
    )
    min_chroma: float = tuned(
        35, "chroma of CIELAB above which a colour is in the palette", set_on="not recorded"
    )
    opacity: float = tuned(0.5, "opacity of the objects' colours", set_on="not recorded")
    anchor_grid_px: int = tuned(
        160,
        "longer side of the grid on which the anchors of id texts are searched",
        unit="px",
        grid="image, subsampled",
        set_on="not recorded",
    )
    tile_width_px: int = tuned(
        320,
        "width of a tile of the attention montage",
        unit="px",
        grid="montage",
        set_on="not recorded",
    )


CONSTANTS = RenderConstants()


def id_colors(ids: ArrayLike) -> Image:
    """Return a fixed colour for each id, distinct from those of the 63 ids around it.

    Args:
        ids: (...) object ids or a label image, integers in 0..65535.

    Returns:
        (..., 3) uint8, RGB. BACKGROUND is black, UNLABELLED grey.

    >>> id_colors([0, 65535]).tolist()
    [[0, 0, 0], [128, 128, 128]]
    """
    ids = np.asarray(ids)
    if not ids.size:
        return np.empty((*ids.shape, 3), np.uint8)
    # A lookup of one 32-bit word a pixel takes a third of the time of three bytes, and without a check
    # of the ids two thirds of that.
    rgba = _color_table().take(ids, mode="wrap")[..., None].view(np.uint8).reshape(1, -1, 4)
    return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8).reshape(*ids.shape, 3)


@cache
def _color_table() -> NDArray[np.uint32]:
    """Return the bytes red, green, blue, 0 of each id as one word, (65536,) uint32."""
    table = np.zeros((UNLABELLED + 1, 4), np.uint8)
    table[:, :3] = np.roll(np.resize(_palette(), (UNLABELLED + 1, 3)), 1, axis=0)
    table[BACKGROUND] = 0
    table[UNLABELLED] = _UNLABELLED_GRAY
    words = table.view(np.uint32).ravel()
    words.flags.writeable = False
    return words


def _palette() -> Image:
    """Select saturated colours by farthest-point sampling in CIELAB, (palette_size, 3) RGB."""
    # List the candidates: a regular grid in RGB, restricted to saturated, medium-light colours.
    levels = np.linspace(0, 255, CONSTANTS.palette_levels).astype(np.uint8)
    rgb = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    lab = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    is_vivid = (
        (lightness > CONSTANTS.min_lightness)
        & (lightness < CONSTANTS.max_lightness)
        & (chroma > CONSTANTS.min_chroma)
    )
    rgb, lab = rgb[is_vivid], lab[is_vivid]
    # Start from the reddest candidate, then add the one farthest from all selected ones.
    selected = [int(np.argmax(lab[:, 1]))]
    distance = np.full(len(lab), np.inf)
    while len(selected) < CONSTANTS.palette_size:
        distance = np.minimum(distance, np.linalg.norm(lab - lab[selected[-1]], axis=1))
        selected.append(int(np.argmax(distance)))
    return rgb[selected]


def blend_labels(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Blend the image with the colour of each object; the background stays unchanged.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    return _blend(color, labels, id_colors(labels))


def paint_labels(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Fill objects with their colour, on a grey version of the image.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    image = id_colors(labels)
    gray = cv2.cvtColor(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    cv2.copyTo(gray, (labels == BACKGROUND).view(np.uint8), image)
    return image


def draw_overlay(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Draw each object's colour, outline and id over the image.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    colors = id_colors(labels)
    image = _blend(color, labels, colors)
    outlines = _outlines(labels) & (labels != BACKGROUND)
    cv2.copyTo(colors, outlines.view(np.uint8), image)
    for id_, anchor in _text_anchors(labels).items():
        draw_text(image, str(id_), anchor)
    return image


def _blend(color: Image, labels: NDArray[np.uint16], colors: Image) -> Image:
    opacity = CONSTANTS.opacity
    image = cv2.addWeighted(color, 1 - opacity, colors, opacity, 0)
    cv2.copyTo(color, (labels == BACKGROUND).view(np.uint8), image)
    return np.asarray(image, np.uint8)


def _outlines(labels: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """Return the mask (H, W) of pixels with another label among their eight neighbours."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)


def _text_anchors(labels: NDArray[np.uint16]) -> dict[int, tuple[int, int]]:
    """Return u, v of each object's innermost pixel, since a centroid may lie outside of it."""
    step = max(1, round(max(labels.shape) / CONSTANTS.anchor_grid_px))
    small = np.pad(labels[::step, ::step], 1, constant_values=UNLABELLED)
    distance = cv2.distanceTransform((~_outlines(small)).view(np.uint8), cv2.DIST_L2, 3).ravel()
    # Take the first pixel of each object that is farthest from all outlines.
    pixel_labels, width = small.ravel().astype(np.intp), small.shape[1]
    largest = np.zeros(UNLABELLED + 1, np.float32)
    np.maximum.at(largest, pixel_labels, distance)
    innermost = np.flatnonzero(distance == largest[pixel_labels])
    ids, first = np.unique(pixel_labels[innermost], return_index=True)
    return {
        id_: ((pixel % width - 1) * step, (pixel // width - 1) * step)
        for id_, pixel in zip(ids.tolist(), innermost[first].tolist(), strict=True)
        if id_ not in (BACKGROUND, UNLABELLED)
    }


def draw_text(image: Image, text: str, center: tuple[int, int], scale: float = 0.5) -> None:
    """Draw a line of text in white with a black outline, readable on any colour.

    Args:
        image: (H, W, 3) uint8, contiguous; changed in place.
        text: one line of ASCII.
        center: u, v of the centre of the text [px].
        scale: font scale; 0.5 gives capitals of about 11 px.
    """
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    corner = (center[0] - width // 2, center[1] + height // 2)
    cv2.putText(image, text, corner, font, scale, _BLACK, 3, cv2.LINE_AA)
    cv2.putText(image, text, corner, font, scale, _WHITE, 1, cv2.LINE_AA)


def attention_montage(color: Image, attention: NDArray[np.float32]) -> Image:
    """Arrange the image, the mean attention and the map of each head in a titled grid.

    Args:
        color: (H, W, 3) uint8, RGB.
        attention: (n, h, w) float32, CLS attention of each head; each map is scaled to its own range.

    Returns:
        (rows * h, columns * 320, 3) uint8, RGB, where h is the height of the resized image.
    """
    width = CONSTANTS.tile_width_px
    size = (width, max(1, round(color.shape[0] * width / color.shape[1])))
    tiles = {"image": np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.uint8)}
    tiles["mean"] = colorize_heatmap(attention.mean(axis=0), size)
    tiles |= {f"head {i}": colorize_heatmap(head, size) for i, head in enumerate(attention)}
    for title, tile in tiles.items():
        draw_text(tile, title, (width // 2, 14))
    return make_grid(list(tiles.values()))


def colorize_heatmap(values: NDArray[np.float32], size: tuple[int, int]) -> Image:
    """Map values to a perceptually uniform colour map, from their minimum to their maximum.

    Args:
        values: (h, w) float32.
        size: width and height of the image [px].

    Returns:
        (height, width, 3) uint8, RGB.
    """
    # Stretch the values to 0..255; constant values stay 0.
    span = np.ptp(values) or 1.0
    gray = ((values - values.min()) / span * 255).astype(np.uint8)
    return np.asarray(cv2.applyColorMap(cv2.resize(gray, size), _heat_colors()), np.uint8)


@cache
def _heat_colors() -> Image:
    """Return the colours of the levels 0..255, (256, 1, 3) RGB; OpenCV computes them in each call."""
    bgr = cv2.applyColorMap(np.arange(256, dtype=np.uint8), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def make_grid(tiles: list[Image]) -> Image:
    """Arrange tiles of one size in a nearly square grid; black tiles fill the last row.

    Args:
        tiles: at least one image (H, W, 3) uint8; all have the same size.

    Returns:
        (rows * H, columns * W, 3) uint8.
    """
    columns = int(np.ceil(np.sqrt(len(tiles))))
    rows = -(-len(tiles) // columns)
    height, width = tiles[0].shape[:2]
    grid = np.zeros((rows, height, columns, width, 3), np.uint8)
    for index, tile in enumerate(tiles):
        grid[index // columns, :, index % columns] = tile
    return grid.reshape(rows * height, columns * width, 3)
