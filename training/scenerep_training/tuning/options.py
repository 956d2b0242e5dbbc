"""Options of `scenerep-train tune`."""

from __future__ import annotations

from pydantic import Field

from scenerep_ros.config.options import BackboneOptions


class TuneOptions(BackboneOptions):
    """Options of `scenerep-train tune`."""

    minutes: float = Field(
        10.0, gt=0.0, le=10_000.0, description="Time that the whole command may take [min]."
    )
    clusters: int = Field(
        0,
        ge=0,
        le=64,
        description="Number of clusters of the codebook; 0 selects the better of 5 and 8 on "
        "held-back frames.",
    )
    seed: int = Field(0, ge=0, le=2**31 - 1, description="Seed of all random numbers.")
