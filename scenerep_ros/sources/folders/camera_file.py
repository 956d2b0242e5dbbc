"""Calibration of a folder of images: camera.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import KINECT, Intrinsics
from scenerep_ros.sources.image_decoding import MILLIMETERS

FILE_NAME = "camera.json"
INTRINSICS = ("fx", "fy", "cx", "cy")


class CameraCalibration(BaseModel):
    """Content of camera.json; without intrinsics, they are those of a Kinect at 640x480."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fx: float = Field(KINECT.fx, gt=0, description="Focal length [px].")
    fy: float = Field(KINECT.fy, gt=0, description="Focal length [px].")
    cx: float = Field(KINECT.cx, description="Principal point [px].")
    cy: float = Field(KINECT.cy, description="Principal point [px].")
    depth_scale: float = Field(
        MILLIMETERS, gt=0, description="Length of a unit of the depth images [m]."
    )

    _has_depth_scale: bool = PrivateAttr(default=False)

    @property
    def intrinsics(self) -> Intrinsics:
        """Intrinsics of the color image."""
        return Intrinsics(self.fx, self.fy, self.cx, self.cy)

    @property
    def has_depth_scale(self) -> bool:
        """True if the file defines the unit of depth."""
        return self._has_depth_scale


def read_calibration(folder: Path, depth_scale: float = MILLIMETERS) -> CameraCalibration:
    """Read camera.json of a folder; return the defaults if it does not exist.

    Args:
        folder: folder of the recording.
        depth_scale: length of a unit of the depth images [m] if the file does not define it.

    Raises:
        SourceError: naming each key that is unknown, has an invalid value, or is missing.
    """
    path = folder / FILE_NAME
    values, has_depth_scale = {"depth_scale": depth_scale}, False
    try:
        if path.exists():
            content = _read_object(path)
            values, has_depth_scale = values | content, "depth_scale" in content
        calibration = CameraCalibration.model_validate(values)
        calibration._has_depth_scale = has_depth_scale
        return calibration
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
    except (OSError, ValueError) as error:
        problems = str(error)
    keys = ", ".join(CameraCalibration.model_fields)
    raise SourceError(f"{path}: {problems} (known keys: {keys})")


def _read_object(path: Path) -> dict[str, Any]:
    """Return the content of the file.

    Raises:
        ValueError: if it is no JSON object, or has only some of the intrinsics.
    """
    try:
        content = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"is not a JSON object: {error}") from None
    if not isinstance(content, dict):
        raise ValueError(f"is not a JSON object but a {type(content).__name__}")
    missing = [name for name in INTRINSICS if name not in content]
    if missing and len(missing) < len(INTRINSICS):
        raise ValueError(f"lacks {', '.join(missing)}: the intrinsics are {', '.join(INTRINSICS)}")
    return content
