"""Folders of the study's parts."""

from __future__ import annotations

from pathlib import Path


def folder_name(network: str, seed: int) -> str:
    """Return the name of the folder of a network and seed.

    >>> folder_name("DINO, tuned heads", 2)
    'dino-tuned-heads-seed2'
    """
    return f"{slug(network)}-seed{seed}"


def training_folder(study: Path, network: str, seed: int) -> Path:
    """Return the folder of a training run."""
    return study / "networks" / folder_name(network, seed)


def evaluation_folder(study: Path, network: str, seed: int, setting: str) -> Path:
    """Return the folder of an evaluation."""
    return study / "evaluations" / folder_name(network, seed) / slug(setting)


def slug(name: str) -> str:
    """Return a name as a part of a path.

    >>> slug("k = 2, PCA 32")
    'k-2-pca-32'
    """
    words = "".join(letter if letter.isalnum() else " " for letter in name.lower()).split()
    return "-".join(words)
