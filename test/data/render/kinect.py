"""Depth as a structured-light camera of the first Kinect's kind would measure it.

Pure numpy. Noise follows Nguyen, Izadi, Lovell, "Modeling Kinect Sensor Noise for Improved 3D
Reconstruction and Tracking", 3DIMPVT 2012; quantisation follows Khoshelham, Elberink, "Accuracy and
Resolution of Kinect Depth Data", Sensors 2012.
Images are (H, W) floats, depths in metres along the optical axis; NaN = no measurement.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.floating[Any]]
BASELINE = 0.075
"""Metres from the infrared camera to the projector, which is on its right (+x)."""
SUBPIXEL = 8
"""Disparities are multiples of 1/8 pixel."""
NEAR, FAR = 0.5, 5.0
GAP = 0.02
"""Relative difference of depth between neighbours that is an edge, not a slope."""
GRAZING = np.radians(82)
"""From this angle between normal and ray on, the pattern is smeared beyond recognition."""
WEAKEST = 0.035
"""Least strength of the returned pattern (see `strength`) that is recognised half of the time."""


def _smooth(image: Image) -> Image:
    """Mean over 5 x 5 pixels; wraps at the borders."""
    for axis in (0, 1):
        image = np.mean([np.roll(image, shift, axis) for shift in range(-2, 3)], axis=0)
    return image


def correlated_noise(shape: tuple[int, ...], rng: np.random.Generator) -> Image:
    """Unit Gaussian noise of which neighbours share a part: a depth comes from 9 x 9 pixels.

    Three means over 5 pixels have about the reach of one over 9, without its hard corners.
    """
    noise = _smooth(_smooth(_smooth(rng.standard_normal(shape))))
    return noise / noise.std()


def axial_deviation(depth: Image, angle: Image) -> Image:
    """Standard deviation of depth, metres, at an angle of incidence in radians (eq. 2 and 3)."""
    flat = 0.0012 + 0.0019 * (depth - 0.4) ** 2
    steep = np.minimum(angle, GRAZING)
    extra = 0.0001 / np.sqrt(depth) * steep**2 / (np.pi / 2 - steep) ** 2
    return flat + np.where(angle > np.pi / 3, extra, 0)


def lateral_deviation(angle: Image) -> Image:
    """Standard deviation of an edge's place, pixels (eq. 1)."""
    steep = np.minimum(angle, GRAZING)
    return 0.8 + 0.035 * steep / (np.pi / 2 - steep)


def wavering(depth: Image, angle: Image, rng: np.random.Generator) -> Image:
    """Let edges waver: beside a gap, a pixel shows a neighbour at lateral-noise distance."""
    height, width = depth.shape
    sigma = lateral_deviation(angle)
    down, right = (np.rint(sigma * correlated_noise((height, width), rng)) for _ in range(2))
    rows = (np.arange(height)[:, None] + down).clip(0, height - 1).astype(int)
    columns = (np.arange(width) + right).clip(0, width - 1).astype(int)
    neighbour = depth[rows, columns]
    return np.where(np.abs(neighbour - depth) < GAP * depth, depth, neighbour)


def quantised(depth: Image, focal: float) -> Image:
    """Round the disparity: depth steps grow with its square."""
    disparity = focal * BASELINE / depth
    return focal * BASELINE * SUBPIXEL / np.rint(disparity * SUBPIXEL)


def shadow(depth: Image, focal: float) -> NDArray[np.bool_]:
    """Where the projector is hidden: left of nearer surfaces, since it stands to the right.

    Along a row, a surface is lit only if nothing to its right is seen by the projector further to
    the left.
    """
    column = np.arange(depth.shape[1])
    projected = column - focal * BASELINE / depth
    leftmost = np.minimum.accumulate(projected[:, ::-1], axis=1)[:, ::-1]
    return projected > leftmost + 0.5


def strength(depth: Image, cosine: Image, albedo: Image) -> Image:
    """Brightness of the returned pattern: Lambert's law over the square of the distance."""
    return albedo * cosine / depth**2


def measure(
    depth: Image, cosine: Image, albedo: Image, focal: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Measure a scene.

    Args:
        depth: (H, W) true depth, metres; inf where there is nothing.
        cosine: (H, W) of the angle between the surface's normal and the ray, 0 to 1.
        albedo: (H, W) share of infrared light that is scattered back diffusely, 0 to 1.
        focal: focal length, pixels.
        rng: source of all noise.

    Returns:
        (H, W) float32 metres, NaN = no measurement.
    """
    angle = np.arccos(cosine.clip(0, 1))
    lost = ~np.isfinite(depth) | (angle > GRAZING) | shadow(depth, focal)
    flicker = np.exp(0.25 * correlated_noise(angle.shape, rng))
    lost |= _smooth(strength(depth, cosine, albedo)) * flicker < WEAKEST
    seen = wavering(np.where(lost, np.nan, depth), angle, rng)
    noisy = seen + axial_deviation(seen, angle) * correlated_noise(depth.shape, rng)
    measured = quantised(noisy, focal)
    inside = (measured >= NEAR) & (measured <= FAR)
    return np.where(inside, measured, np.nan).astype(np.float32)
