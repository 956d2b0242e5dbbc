"""Options of the pipeline and of the node `segmenter`, joined from the groups of all stages.

Each segmentation method adds a group under its own name, so a plug-in's options appear as flags,
ROS parameters and documentation without further code.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, create_model

from scenerep_ros.config.options import (
    START_ONLY,
    BackboneOptions,
    ClusteringOptions,
    DepthOptions,
    MapNodeOptions,
    MappingOptions,
    TopicOptions,
    TrackingOptions,
)
from scenerep_ros.segmentation.registry import SEGMENTERS

log = logging.getLogger(__name__)


class _StageOptions(BackboneOptions):
    """Options of all stages but those of single methods."""

    method: str = "fused"
    use_depth: bool = Field(True, description="Use the depth of frames that have it.")
    track: bool = Field(True, description="Keep object ids from frame to frame.")
    min_area: float = Field(
        0.0005, ge=0.0, le=0.5, description="Area of the smallest object, as a ratio of the image."
    )
    depth: DepthOptions = DepthOptions()
    clustering: ClusteringOptions = ClusteringOptions()
    tracking: TrackingOptions = TrackingOptions()

    def options_of(self, method: str) -> Any:
        """Return the option group of one method, such as `kmeans`."""
        return getattr(self, method)


def _method_fields() -> dict[str, Any]:
    """Return the option `method` and one group for each registered segmenter."""
    segmenters = {name: item for name, item in SEGMENTERS.items() if _is_free(name)}
    meaning = "; ".join(f"{name}: {segmenter.summary}" for name, segmenter in segmenters.items())
    method = Field("fused", description=f"Segmentation method. {meaning}.")
    groups = {
        name: (segmenter.Options, segmenter.Options()) for name, segmenter in segmenters.items()
    }
    return {"method": (Literal[tuple(segmenters)], method), **groups}


def _is_free(name: str) -> bool:
    """Return False, with a warning, if a method has the name of another option."""
    is_free = name not in _StageOptions.model_fields
    if not is_free:
        log.warning("segmenter %s: left out, since %s is an option; rename the plug-in", name, name)
    return is_free


if TYPE_CHECKING:

    class PipelineConfig(_StageOptions):
        """Options of `scenerep_ros.pipeline.Pipeline`; each method adds a group of its name."""

else:
    PipelineConfig = create_model(
        "PipelineConfig",
        __base__=_StageOptions,
        __module__=__name__,
        __doc__="Options of `scenerep_ros.pipeline.Pipeline`; each method adds a group of its name.",
        **_method_fields(),
    )


class MapConfig(PipelineConfig):
    """Options of `scenerep map`: those of the pipeline and of the map."""

    map: MappingOptions = MappingOptions()


class NodeConfig(TopicOptions, PipelineConfig):
    """Parameters of the node `segmenter`."""

    map: MapNodeOptions = MapNodeOptions()
    sync_slop: float = Field(
        0.02,
        ge=0.0,
        le=1.0,
        description="Maximum difference between the stamps of a color and a depth image [s].",
    )
    labels_encoding: Literal["mono16", "32SC1", "mono8"] = Field(
        "mono16",
        description="Encoding of the labels. mono16: 0 background, 65535 unlabelled, else the id. 32SC1: "
        "the id, 0 elsewhere. mono8: 255 on objects, 0 elsewhere.",
    )
    target_frame: str = Field(
        "",
        description="tf frame of the objects' poses, whose z axis points up (REP 103), such as "
        "base_link or map. Empty: the camera's optical frame.",
        json_schema_extra=START_ONLY,
    )
    next_weights: str = Field(
        "",
        description="Weights that the service ~/load_weights puts in the place of weights, in the same "
        "form.",
    )
    autostart: bool = Field(
        True,
        description="Configure and activate at start. false leaves both to a lifecycle manager.",
        json_schema_extra=START_ONLY,
    )
