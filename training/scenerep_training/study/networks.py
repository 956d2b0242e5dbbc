"""Networks that the study compares, and the settings of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from scenerep_ros.config.constants import tuned
from scenerep_ros.errors import ConfigError
from scenerep_training.config.options import TrainingOptions

SMALL_BATCH: dict[str, Any] = {"clip": 1.0, "gate": False, "preview_every": 0}
"""Options of all training runs. There is no gate: the study shows what training does."""
RANDOM_HEADS: dict[str, Any] = {"frozen_encoder": 0.3}
"""Options of a trained network with random heads, as in training/configs/dino-vit.yaml."""
CONVNET: dict[str, Any] = {"frozen_norms": True, "learning_rate": 1e-3, "warmup": 0.1}
MOMENTA = ("momentum", "discovery_momentum")
"""Options of the methods that have a slowly moving network."""


@dataclass(frozen=True)
class StudyConstants:
    """Tuned constants of the study's training runs."""

    teacher_memory_ratio: float = tuned(
        0.2,
        "part of a run that a slowly moving network averages over, if that is less than its default",
        set_on="argument: at a momentum of 0.996 the teacher of 25 steps is the initial network",
    )


CONSTANTS = StudyConstants()


@dataclass(frozen=True)
class StudyNetwork:
    """One network of the study.

    Attributes:
        name: name in the table.
        resolution: side of the images in training and evaluation [px].
        method: training method; empty = the network is not trained.
        is_vit: a ViT, not a convnet.
        options: options of the method.
        start: network from whose result the training starts; empty = the initial weights.
        reference: network that is not trained, with which this one is compared.
        published: IoU of the study on CO3D, K-Means with two clusters; None if it has none.
    """

    name: str
    resolution: int
    method: str = ""
    is_vit: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    start: str = ""
    reference: str = ""
    published: float | None = None


def _convnet(method: str, resolution: int, published: float) -> StudyNetwork:
    """Build a row of ODIN or BYOL."""
    options = {**SMALL_BATCH, **RANDOM_HEADS, **CONVNET, "crop_size": resolution}
    options |= {"spanning_size": resolution * 3 // 2} if method == "odin" else {"hidden": 1024}
    name = f"{method.upper()} {resolution}"
    reference = f"convnet {resolution}"
    return StudyNetwork(
        name, resolution, method, options=options, reference=reference, published=published
    )


_DINO_OPTIONS: dict[str, Any] = {
    **SMALL_BATCH,
    **RANDOM_HEADS,
    "outputs": 4096,
    "hidden": 1024,
    "local_crops": 4,
    "learning_rate": 1e-3,
    "teacher_temperature": 0.04,
    "temperature_warmup": 0.0,
}
_HEADS_OPTIONS: dict[str, Any] = {**SMALL_BATCH, "learning_rate": 1e-3}
NETWORKS = (
    StudyNetwork("ViT", 256, is_vit=True),
    StudyNetwork("DINO", 256, "dino", True, _DINO_OPTIONS, reference="ViT"),
    StudyNetwork("DINO, tuned heads", 256, "heads", True, _HEADS_OPTIONS, "DINO", "ViT"),
    StudyNetwork("convnet 256", 256),
    _convnet("odin", 256, 0.786),
    _convnet("byol", 256, 0.6658),
    StudyNetwork("convnet 512", 512),
    _convnet("odin", 512, 0.5908),
    _convnet("byol", 512, 0.7801),
)
"""Networks in the order of the table; each comes after the one it starts from."""


@dataclass(frozen=True)
class ClusterSetting:
    """Setting under which the features of a frame become clusters.

    Attributes:
        name: name in the table.
        options: options of the pipeline.
    """

    name: str
    options: Mapping[str, Any]


def cluster_settings(components: int) -> tuple[ClusterSetting, ...]:
    """Return the four settings: two clusters or the knee, with and without PCA."""
    methods: dict[str, dict[str, Any]] = {
        "k = 2": {"method": "kmeans", "kmeans.clusters": 2},
        "knee": {"method": "kmeans_knee"},
    }
    reductions = {"": 0, f", PCA {components}": components}
    return tuple(
        ClusterSetting(f"{method}{suffix}", {**options, "clustering.pca": pca})
        for suffix, pca in reductions.items()
        for method, options in methods.items()
    )


def with_momentum(options: TrainingOptions) -> TrainingOptions:
    """Return options whose slowly moving networks can follow within the steps of the run.

    An average with momentum m covers 1 / (1 - m) steps. In a run of few steps it covers a fifth of them; in
    a longer one the momentum is the method's own.
    """
    fitted = max(0.0, 1 - 1 / (CONSTANTS.teacher_memory_ratio * options.max_steps))
    values = options.model_dump(include=set(MOMENTA))
    return options.model_copy(update={name: min(own, fitted) for name, own in values.items()})


def select_networks(names: Sequence[str]) -> list[StudyNetwork]:
    """Return the named networks and those that they start from or are compared with; all without names.

    Raises:
        ConfigError: if a name is unknown.
    """
    by_name = {network.name: network for network in NETWORKS}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise ConfigError(f"{unknown[0]}: no network of the study; expected {', '.join(by_name)}")
    chosen = set(names or by_name)
    for network in reversed(NETWORKS):
        if network.name in chosen:
            chosen |= {network.start, network.reference}
    return [network for network in NETWORKS if network.name in chosen]
