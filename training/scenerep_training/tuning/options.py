"""Options of `scenerep-train tune`."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.config.options import BackboneOptions


class TuneOptions(BackboneOptions):
    """Options of `scenerep-train tune`."""

    minutes: float = Field(
        60.0, gt=0.0, le=10_000.0, description="Time that the whole command may take [min]."
    )
    low_rank: bool = Field(
        True,
        description="Train low-rank updates of the last block's value path (ViTs). Without them, "
        "only the codebook is computed.",
    )
    clusters: int = Field(
        5, ge=2, le=64, description="Number of clusters of the codebook, as kmeans.clusters."
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of all random numbers.")
