"""Pictures of what was found: colours of ids, overlays, attention."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from scenerep_ros.frames import BACKGROUND, UNLABELLED

Image = NDArray[np.uint8]

_PALETTE_SIZE = 64
_UNLABELLED_GRAY = 128
_OPACITY = 0.5
_TILE_WIDTH = 320
_WHITE, _BLACK = (255, 255, 255), (0, 0, 0)


def id_colors(ids: ArrayLike) -> Image:
    """Return the colour of each id: the same one always, and unlike that of the 63 ids around it.

    Args:
        ids: (...) object ids or a whole label image, integers in 0..65535.

    Returns:
        (..., 3) uint8, RGB. BACKGROUND is black, UNLABELLED grey.

    >>> id_colors([0, 65535]).tolist()
    [[0, 0, 0], [128, 128, 128]]
    """
    ids = np.asarray(ids)
    if not ids.size:
        return np.empty((*ids.shape, 3), np.uint8)
    # One word a pixel is looked up in a third of the time that three bytes are.
    rgba = _color_table().take(ids)[..., None].view(np.uint8).reshape(1, -1, 4)
    return np.asarray(cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB), np.uint8).reshape(*ids.shape, 3)


@cache
def _color_table() -> NDArray[np.uint32]:
    """Bytes red, green, blue, 0 of each id, as one word."""
    table = np.zeros((UNLABELLED + 1, 4), np.uint8)
    table[:, :3] = np.roll(np.resize(_palette(), (UNLABELLED + 1, 3)), 1, axis=0)
    table[BACKGROUND] = 0
    table[UNLABELLED] = _UNLABELLED_GRAY
    words = table.view(np.uint32).ravel()
    words.flags.writeable = False
    return words


def _palette() -> Image:
    """Vivid colours, each as far as can be in CIELAB from all before it."""
    levels = np.linspace(0, 255, 12).astype(np.uint8)
    rgb = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(-1, 3)
    lab = cv2.cvtColor(rgb[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    chroma = np.hypot(lab[:, 1], lab[:, 2])
    vivid = (lab[:, 0] > 42) & (lab[:, 0] < 90) & (chroma > 35)
    rgb, lab = rgb[vivid], lab[vivid]
    chosen = [int(np.argmax(lab[:, 1]))]
    distance = np.full(len(lab), np.inf)
    while len(chosen) < _PALETTE_SIZE:
        distance = np.minimum(distance, np.linalg.norm(lab - lab[chosen[-1]], axis=1))
        chosen.append(int(np.argmax(distance)))
    return rgb[chosen]


def tinted(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Lay each object's colour over it; the background stays as it is.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    return _tinted(color, labels, id_colors(labels))


def painted(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Paint objects in their colours alone, on the image without its own.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    picture = id_colors(labels)
    gray = cv2.cvtColor(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)
    cv2.copyTo(gray, (labels == BACKGROUND).view(np.uint8), picture)
    return picture


def overlay(color: Image, labels: NDArray[np.uint16]) -> Image:
    """Lay each object's colour over it, with its outline and its id.

    Args:
        color: (H, W, 3) uint8, RGB.
        labels: (H, W) uint16: BACKGROUND, UNLABELLED or ids.

    Returns:
        (H, W, 3) uint8, RGB.
    """
    colors = id_colors(labels)
    picture = _tinted(color, labels, colors)
    outlines = _outlines(labels) & (labels != BACKGROUND)
    cv2.copyTo(colors, outlines.view(np.uint8), picture)
    for id_, center in _label_places(labels).items():
        write_text(picture, str(id_), center)
    return picture


def _tinted(color: Image, labels: NDArray[np.uint16], colors: Image) -> Image:
    picture = cv2.addWeighted(color, 1 - _OPACITY, colors, _OPACITY, 0)
    cv2.copyTo(color, (labels == BACKGROUND).view(np.uint8), picture)
    return np.asarray(picture, np.uint8)


def _outlines(labels: NDArray[np.uint16]) -> NDArray[np.bool_]:
    """(H, W), true on pixels that have another label among their eight neighbours."""
    kernel = np.ones((3, 3), np.uint8)
    return cv2.dilate(labels, kernel) != cv2.erode(labels, kernel)


def _label_places(labels: NDArray[np.uint16]) -> dict[int, tuple[int, int]]:
    """Return u, v of each object's innermost pixel, which a centroid may miss."""
    step = max(1, round(max(labels.shape) / 160))
    small = np.pad(labels[::step, ::step], 1, constant_values=UNLABELLED)
    depth = cv2.distanceTransform((~_outlines(small)).view(np.uint8), cv2.DIST_L2, 3)
    places = {}
    for id_ in np.setdiff1d(small, (BACKGROUND, UNLABELLED)).tolist():
        *_, (u, v) = cv2.minMaxLoc(depth, (small == id_).view(np.uint8))
        places[id_] = (u - 1) * step, (v - 1) * step
    return places


def write_text(picture: Image, text: str, center: tuple[int, int], scale: float = 0.5) -> None:
    """Write into a picture, white on black, which is readable on any colour.

    Args:
        picture: (H, W, 3) uint8, contiguous; changed in place.
        text: one line of ASCII.
        center: u, v of its middle.
        scale: 0.5 makes capitals of about 11 pixels.
    """
    font = cv2.FONT_HERSHEY_SIMPLEX
    (width, height), _ = cv2.getTextSize(text, font, scale, 1)
    corner = (center[0] - width // 2, center[1] + height // 2)
    cv2.putText(picture, text, corner, font, scale, _BLACK, 3, cv2.LINE_AA)
    cv2.putText(picture, text, corner, font, scale, _WHITE, 1, cv2.LINE_AA)


def attention_montage(color: Image, attention: NDArray[np.float32]) -> Image:
    """Put the image, the mean over the heads and every head's map side by side, titled.

    Args:
        color: (H, W, 3) uint8, RGB.
        attention: (n, h, w) float32, CLS attention a head; each map is scaled to its own range.

    Returns:
        (rows * h', columns * 320, 3) uint8, RGB.
    """
    height = max(1, round(color.shape[0] * _TILE_WIDTH / color.shape[1]))
    size = (_TILE_WIDTH, height)
    tiles = {"image": np.asarray(cv2.resize(color, size, interpolation=cv2.INTER_AREA), np.uint8)}
    tiles["mean"] = heat(attention.mean(axis=0), size)
    tiles |= {f"head {i}": heat(head, size) for i, head in enumerate(attention)}
    for title, tile in tiles.items():
        write_text(tile, title, (_TILE_WIDTH // 2, 14))
    return mosaic(list(tiles.values()))


def heat(values: NDArray[np.float32], size: tuple[int, int]) -> Image:
    """Map a grid to colours that grow evenly brighter, from its least value to its greatest.

    Args:
        values: (h, w) float32.
        size: width and height of the picture, pixels.

    Returns:
        (height, width, 3) uint8, RGB.
    """
    span = np.ptp(values) or 1.0
    gray = ((values - values.min()) / span * 255).astype(np.uint8)
    bgr = cv2.applyColorMap(cv2.resize(gray, size), cv2.COLORMAP_INFERNO)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def mosaic(tiles: list[Image]) -> Image:
    """Arrange tiles of one size in rows, about as many as columns; black fills the last row.

    Args:
        tiles: at least one, each (H, W, 3) uint8.

    Returns:
        (rows H, columns W, 3) uint8.
    """
    columns = int(np.ceil(np.sqrt(len(tiles))))
    blank = [np.zeros_like(tiles[0])] * (-len(tiles) % columns)
    tiles = tiles + blank
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)
