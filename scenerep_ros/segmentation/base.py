"""Interface of all segmentation methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from scenerep_ros.config.options import OptionGroup
from scenerep_ros.frames import Features, Segmentation
from scenerep_ros.preprocessing.frame_context import FrameContext

if TYPE_CHECKING:  # the pipeline's options contain those of every registered segmenter
    from scenerep_ros.config.pipeline import PipelineConfig

Prepared = TypeVar("Prepared")


class Segmenter(ABC, Generic[Prepared]):
    """Segmentation of single frames: features and a prepared frame in, segments out.

    The pipeline calls `prepare` in a second thread while the backbone computes the features, and
    then `segment` with both results. Subclasses register themselves with `SEGMENTERS.register(name)`.

    Args:
        config: options of the whole pipeline.
        options: group of this method, an instance of `Options`.

    Attributes:
        summary: phrase that describes the method in the table of options.
        requires_attention: whether the method needs the CLS attention, which convnets do not have.
        Options: model of the method's own options.
    """

    summary: ClassVar[str]
    requires_attention: ClassVar[bool] = False
    Options: ClassVar[type[OptionGroup]] = OptionGroup

    def __init__(self, config: PipelineConfig, options: OptionGroup) -> None:
        self.config = config
        self.options = options

    @abstractmethod
    def prepare(self, context: FrameContext) -> Prepared:
        """Compute all that needs no features."""

    @abstractmethod
    def segment(self, features: Features, prepared: Prepared) -> Segmentation:
        """Segment one frame.

        Args:
            features: backbone features of the frame.
            prepared: result of `prepare` for the same frame.
        """

    def reset(self) -> None:
        """Discard all state that was kept from earlier frames."""
