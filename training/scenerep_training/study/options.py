"""Options of the command `scenerep-eval study`."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.backbones.weights.packaged import STUDENT
from scenerep_ros.config.options import OptionGroup


class ExtentOptions(OptionGroup):
    """Extent of the study."""

    minutes: float = Field(
        10.0, gt=0.0, le=100_000.0, description="Training time of each network and seed [min]."
    )
    steps: int = Field(
        0,
        ge=0,
        description="Steps of each training run, which give the same networks on any machine; 0 takes as "
        "many as fit into minutes.",
    )
    seeds: int = Field(3, ge=1, le=100, description="Number of training runs of each network.")
    batch_size: int = Field(8, ge=2, le=65536, description="Pairs per step of each training run.")
    every: int = Field(1, ge=1, le=1000, description="One test frame in how many is measured.")
    pca: int = Field(32, ge=2, le=1024, description="Principal components of the rows with PCA.")


class NetworkOptions(OptionGroup):
    """Networks from which the study starts."""

    vit: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of the ViT of the rows ViT and DINO."
    )
    vit_init: str = Field("auto", description="Its initial weights: random, auto, or a checkpoint.")
    frozen_blocks: int = Field(
        9,
        ge=0,
        le=64,
        description="Number of the ViT's first transformer blocks that keep their weights in training.",
    )
    vit_crop: int = Field(
        224,
        ge=64,
        le=2048,
        description="Side of the ViT's views in training [px]; DINO's small crops have three sevenths of it.",
    )
    convnet: str = Field(
        STUDENT,
        description="Name of the convnet of the rows ODIN and BYOL. The weights of student come with the "
        "package; those of resnet50, the network of the papers, come from timm's hub.",
    )
    convnet_init: str = Field(
        "auto", description="Its initial weights: random, auto, or a checkpoint."
    )


# pydantic lists the fields of the last base first.
class StudyOptions(NetworkOptions, ExtentOptions):
    """Extent of a study, and the networks from which it starts."""
