"""camera.json: the calibration beside a folder of images."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenerep_ros.errors import SourceError
from scenerep_ros.frames import KINECT, Intrinsics

FILE_NAME = "camera.json"
MILLIMETRES = 0.001


class Camera(BaseModel):
    """What camera.json may hold; what it leaves out is a Kinect's at 640x480."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    fx: float = Field(KINECT.fx, gt=0, description="Focal length, pixels.")
    fy: float = Field(KINECT.fy, gt=0, description="Focal length, pixels.")
    cx: float = Field(KINECT.cx, description="Principal point, pixels.")
    cy: float = Field(KINECT.cy, description="Principal point, pixels.")
    depth_scale: float = Field(MILLIMETRES, gt=0, description="Metres a unit of the depth images.")

    @property
    def intrinsics(self) -> Intrinsics:
        """Of the colour image."""
        return Intrinsics(self.fx, self.fy, self.cx, self.cy)


def read_camera(folder: Path, depth_scale: float = MILLIMETRES) -> Camera:
    """Read a folder's camera.json, where there is one.

    Args:
        folder: the recording.
        depth_scale: metres a unit, unless the file says otherwise.

    Raises:
        SourceError: naming each key that is unknown or has an impossible value.
    """
    path = folder / FILE_NAME
    values = {"depth_scale": depth_scale}
    try:
        if path.exists():
            values |= json.loads(path.read_text())
        return Camera.model_validate(values)
    except ValidationError as error:
        problems = "; ".join(f"{problem['loc'][0]}: {problem['msg']}" for problem in error.errors())
    except (OSError, ValueError, TypeError) as error:
        problems = f"is not a JSON object: {error}"
    keys = ", ".join(Camera.model_fields)
    raise SourceError(f"{path}: {problems} (known keys: {keys})")
