"""Options of the command `scenerep-eval study`."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.config.options import OptionGroup


class StudyOptions(OptionGroup):
    """Extent of a study, and the networks from which it starts."""

    minutes: float = Field(
        10.0, gt=0.0, le=100_000.0, description="Training time of each network and seed [min]."
    )
    seeds: int = Field(3, ge=1, le=100, description="Number of training runs of each network.")
    batch_size: int = Field(8, ge=2, le=65536, description="Pairs per step of each training run.")
    every: int = Field(1, ge=1, le=1000, description="One test frame in how many is measured.")
    vit: str = Field(
        "vit_small_patch14_dinov2.lvd142m", description="Name of the ViT of the rows ViT and DINO."
    )
    vit_init: str = Field("auto", description="Its initial weights: random, auto, or a checkpoint.")
    convnet: str = Field(
        "resnet18", description="Name of the network of the rows ODIN and BYOL, usually a convnet."
    )
    convnet_init: str = Field(
        "auto", description="Its initial weights: random, auto, or a checkpoint."
    )
    pca: int = Field(32, ge=2, le=1024, description="Principal components of the rows with PCA.")
