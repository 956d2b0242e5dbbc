"""Depth sensors: none (exact depth), structured light, stereo, time of flight."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from scenerep_training.rendering.ray_casting import Floats
from scenerep_training.rendering.sensors import kinect
from scenerep_training.rendering.tracer import Geometry

Simulation = Callable[[Geometry, float, np.random.Generator], Floats]


def exact(geometry: Geometry, *_: Any) -> Floats:
    """Return the exact depth, NaN where there is no surface."""
    return np.where(np.isfinite(geometry.depth), geometry.depth, np.nan).astype(np.float32)


def structured_light(geometry: Geometry, focal: float, rng: np.random.Generator) -> Floats:
    """Simulate a Kinect, see `kinect.simulate_depth`."""
    buffers = (
        geometry.depth.astype(float),
        geometry.cosine.astype(float),
        geometry.albedo.astype(float),
    )
    return kinect.simulate_depth(*buffers, focal, rng)


def bright_structured_light(geometry: Geometry, focal: float, rng: np.random.Generator) -> Floats:
    """Simulate a Kinect on surfaces that all return its pattern: noise, but no surface is too dark."""
    return structured_light(replace(geometry, albedo=np.ones_like(geometry.albedo)), focal, rng)


def stereo(geometry: Geometry, focal: float, rng: np.random.Generator) -> Floats:
    """Simulate active stereo: wide smooth edges, bumps, and blobs without measurement.

    Block matching blurs the disparity over its window, so that foregrounds grow by some pixels; the
    disparity error is correlated over about 15 px.
    """
    disparity = np.where(np.isfinite(geometry.depth), 1 / geometry.depth, 0).astype(np.float32)
    grown = cv2.dilate(disparity, np.ones((7, 7)))
    smooth: Any = cv2.GaussianBlur(cv2.addWeighted(disparity, 0.4, grown, 0.6, 0), (0, 0), 2.0)
    bumps = cv2.GaussianBlur(rng.standard_normal(smooth.shape).astype(np.float32), (0, 0), 6)
    smooth += bumps / bumps.std() * 0.12 / (0.055 * focal)
    holes: Any = cv2.GaussianBlur(rng.standard_normal(smooth.shape).astype(np.float32), (0, 0), 5)
    texture = holes / holes.std() + 6 * (geometry.albedo - 0.02).clip(0, 0.15)
    depth = 1 / np.maximum(smooth, 1e-6)
    is_valid = (texture > -1.6) & (depth > 0.3) & (depth < 6)
    return np.where(is_valid, depth, np.nan).astype(np.float32)


def time_of_flight(geometry: Geometry, _: float, rng: np.random.Generator) -> Floats:
    """Simulate time of flight: blurred edges of mixed pixels, loss of dark surfaces."""
    depth = np.where(np.isfinite(geometry.depth), geometry.depth, 0).astype(np.float32)
    mixed = cv2.GaussianBlur(depth, (0, 0), 1.2)
    signal = geometry.albedo * geometry.cosine / np.maximum(depth, 0.1) ** 2
    noise = 0.0025 + 0.0006 / np.maximum(signal, 0.01)
    mixed += noise * rng.standard_normal(depth.shape).astype(np.float32)
    is_valid = (signal > 0.012) & (mixed > 0.25) & (mixed < 5.5)
    return np.where(is_valid, mixed, np.nan).astype(np.float32)


SENSORS: dict[str, Simulation] = {
    "exact": exact,
    "structured_light": structured_light,
    "bright_structured_light": bright_structured_light,
    "stereo": stereo,
    "time_of_flight": time_of_flight,
}
"""Simulations by name."""


def to_millimeters(depth: Floats) -> NDArray[np.uint16]:
    """Convert depth [m] to uint16 [mm]; 0 = no measurement."""
    return np.rint(np.nan_to_num(1000 * depth, nan=0.0).clip(0, 65535)).astype(np.uint16)
