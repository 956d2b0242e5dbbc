"""Registry of the segmentation methods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scenerep_ros.config.registry import Registry
from scenerep_ros.segmentation.base import Segmenter

if TYPE_CHECKING:  # the pipeline's options contain those of every registered segmenter
    from scenerep_ros.config.pipeline import PipelineConfig

SEGMENTERS: Registry[type[Segmenter[Any]]] = Registry(
    "segmenter", package="scenerep_ros.segmentation.methods", group="scenerep_ros.segmenters"
)


def build_segmenter(config: PipelineConfig) -> Segmenter[Any]:
    """Build the segmenter that the option `method` selects.

    Raises:
        ConfigError: if its options contradict each other.
    """
    return SEGMENTERS[config.method](config, config.options_of(config.method))
