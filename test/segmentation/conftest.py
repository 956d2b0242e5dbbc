"""Real feature grids, computed once a run."""

import cv2
import pytest


@pytest.fixture(scope="session")
def real_grids(dinov2, tum_folder, mosd_folder):
    """Features (22, 30, 384) of two desk frames and two table-top frames."""
    paths = sorted((tum_folder / "rgb").iterdir())[::40][:2]
    paths += sorted((mosd_folder / "color").iterdir())[::20][:2]
    images = (cv2.imread(str(path))[:, :, ::-1].copy() for path in paths)
    return [dinov2(image, 308) for image in images]
