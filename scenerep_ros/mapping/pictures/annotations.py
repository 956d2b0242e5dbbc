"""Annotations of the pictures of a map: labels that do not overlap, scale, axes and legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_ros.config.constants import tuned
from scenerep_ros.render import draw_text

Image = NDArray[np.uint8]
Pixel = tuple[int, int]
Color = tuple[int, int, int]

FOOTER_PX = 56  # constant: layout
"""Height of the strip with scale and axes below a picture [px]."""
HEADER_PX = 36  # constant: layout
"""Height of the strip with a title above a picture [px]."""
_INK = (30, 30, 30)  # constant: nearly black
_AXIS_COLORS = ((200, 40, 40), (30, 140, 50), (40, 80, 220))  # constant: x, y, z as in RViz
_LETTER_GAP_PX = 8  # constant: half a letter
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.5


@dataclass(frozen=True)
class AnnotationConstants:
    """Tuned constants of the annotations."""

    label_step_px: int = tuned(
        15, "distance of the rings on which a label is moved", unit="px", set_on="argument: a line"
    )
    label_gap_px: int = tuned(
        3, "smallest gap between two labels", unit="px", set_on="argument: the outline of the text"
    )
    max_scale_ratio: float = tuned(
        0.2, "largest length of the scale, as a ratio of the width", set_on="argument: layout"
    )
    axis_length_px: int = tuned(16, "length of an axis", unit="px", set_on="argument: the footer")
    min_axis_ratio: float = tuned(
        0.5, "ratio of an axis that must be visible for it to be drawn", set_on="argument: half"
    )


CONSTANTS = AnnotationConstants()


@dataclass(frozen=True)
class Label:
    """Text at a place of the picture.

    Attributes:
        text: one line of ASCII.
        center: u, v of the place [px].
        color: RGB of the line from a moved label to its place.
    """

    text: str
    center: Pixel
    color: Color


def draw_labels(image: Image, labels: Sequence[Label], ring_count: int) -> None:
    """Draw labels without overlaps; the first ones are placed first.

    A label whose place is taken is moved to the next free one, with a line to its place.

    Args:
        image: (H, W, 3) uint8, contiguous; changed in place.
        labels: labels, most important first.
        ring_count: number of rings around a place that are searched for a free one. Without a free
            place, the label is left out.
    """
    taken = np.empty((0, 4), np.intp)
    placed = []
    for label in labels:
        place = _free_place(image.shape, label, taken, ring_count)
        if place is not None:
            placed.append((label, place))
            taken = np.vstack([taken, _rectangle(label.text, place)])
    for label, place in placed:
        if place != label.center:
            cv2.line(image, label.center, place, label.color, 1, cv2.LINE_AA)
    for label, place in placed:
        draw_text(image, label.text, place, _FONT_SCALE)


def _free_place(
    shape: tuple[int, ...], label: Label, taken: NDArray[np.intp], ring_count: int
) -> Pixel | None:
    """Return the nearest place (u, v) of a label where it fits into the image, or None."""
    steps = range(-ring_count, ring_count + 1)
    offsets = sorted(product(steps, steps), key=lambda offset: np.hypot(*offset))
    for right, down in offsets:
        place = (
            label.center[0] + right * CONSTANTS.label_step_px,
            label.center[1] + down * CONSTANTS.label_step_px,
        )
        left, top, end, bottom = _rectangle(label.text, place)
        is_inside = left >= 0 and top >= 0 and end <= shape[1] and bottom <= shape[0]
        is_apart = (
            (taken[:, 0] >= end)
            | (taken[:, 2] <= left)
            | (taken[:, 1] >= bottom)
            | (taken[:, 3] <= top)
        )
        if is_inside and is_apart.all():
            return place
    return None


def _rectangle(text: str, center: Pixel) -> tuple[int, int, int, int]:
    """Return left, top, right and bottom of a text with its gap [px]."""
    (width, height), _ = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    half_width = width // 2 + CONSTANTS.label_gap_px
    half_height = height // 2 + CONSTANTS.label_gap_px
    u, v = center
    return u - half_width, v - half_height, u + half_width, v + half_height


def make_footer(width: int, scale: float, rotation: NDArray[np.floating]) -> Image:
    """Draw a strip with the scale and the axes of the world.

    Args:
        width: width of the strip [px].
        scale: pixels per meter [px/m].
        rotation: (3, 3), rows are the axes right, down and forward of the picture in the world.

    Returns:
        (FOOTER_PX, width, 3) uint8, RGB.
    """
    footer = np.full((FOOTER_PX, width, 3), 255, np.uint8)
    length_m = scale_length(CONSTANTS.max_scale_ratio * width / scale)
    left, middle = 14, FOOTER_PX // 2
    right = left + round(length_m * scale)
    cv2.line(footer, (left, middle), (right, middle), _INK, 2)
    for end in (left, right):
        cv2.line(footer, (end, middle - 5), (end, middle + 5), _INK, 2)
    end = _write(footer, f"{length_m:g} m", (right + 10, middle + 5))
    _draw_axes(footer, (end + 60, middle), rotation)
    return footer


def scale_length(longest: float) -> float:
    """Return the largest of 1, 2, 5 times a power of ten up to a length [m].

    >>> scale_length(1.7), scale_length(0.6)
    (1.0, 0.5)
    """
    power = 10 ** np.floor(np.log10(longest))
    return float(max(factor * power for factor in (1, 2, 5) if factor * power <= longest))


def _draw_axes(image: Image, origin: Pixel, rotation: NDArray[np.floating]) -> None:
    """Draw the axes of the world that are visible in the picture."""
    for index, (name, color) in enumerate(zip("xyz", _AXIS_COLORS, strict=True)):
        direction = rotation[:2, index]
        if np.hypot(*direction) < CONSTANTS.min_axis_ratio:
            continue
        tip = np.rint(origin + direction * CONSTANTS.axis_length_px).astype(int).tolist()
        cv2.arrowedLine(image, origin, tip, color, 2, cv2.LINE_AA, tipLength=0.4)
        beyond = origin + direction * (CONSTANTS.axis_length_px + _LETTER_GAP_PX)
        u, v = np.rint(beyond).astype(int).tolist()
        cv2.putText(image, name, (u - 4, v + 4), _FONT, _FONT_SCALE, color, 1, cv2.LINE_AA)


def make_header(width: int, title: str) -> Image:
    """Draw a strip (HEADER_PX, width, 3) with a title."""
    header = np.full((HEADER_PX, width, 3), 255, np.uint8)
    _write(header, title, (14, HEADER_PX // 2 + 6), scale=0.7)
    return header


def draw_legend(footer: Image, entries: Sequence[tuple[str, Color]]) -> None:
    """Draw squares in colors with their meaning, from left to right, into a strip."""
    left, middle = 14, FOOTER_PX // 2
    for text, color in entries:
        cv2.rectangle(footer, (left, middle - 7), (left + 14, middle + 7), color, cv2.FILLED)
        left = _write(footer, text, (left + 22, middle + 5)) + 26


def _write(image: Image, text: str, corner: Pixel, scale: float = _FONT_SCALE) -> int:
    """Write dark text from its lower left corner (u, v); return the column of its end."""
    cv2.putText(image, text, corner, _FONT, scale, _INK, 1, cv2.LINE_AA)
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    return corner[0] + int(width)
