"""Label-free scene segmentation for RGB-D cameras on ROS 2.

Data flows one way: source, backbone, segmenter, tracker, sink. `Pipeline` takes one frame the whole
way; everything in `scenerep_ros.ros` only converts, calls it and publishes.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenerep_ros.config.pipeline import PipelineConfig
    from scenerep_ros.pipeline import Pipeline
    from scenerep_ros.sources import open_source

__version__ = "0.1.0"
__all__ = ["Pipeline", "PipelineConfig", "open_source"]

# The stages beside the network work on small arrays. Threads of OpenBLAS and OpenCV, which are read at
# their first import, then cost more than they save: waiting threads keep the cores busy that the
# network needs. They are limited unless the user has set them.
for _variable in ("OPENBLAS_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"):
    os.environ.setdefault(_variable, "1")

_MODULES = {
    "Pipeline": "scenerep_ros.pipeline",
    "PipelineConfig": "scenerep_ros.config.pipeline",
    "open_source": "scenerep_ros.sources",
}


def __getattr__(name: str) -> Any:
    """Import public names on first use: torch takes seconds, which launch files do without."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)
