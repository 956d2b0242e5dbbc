"""Checkpoints: the weights of a network and a card that describes them, in one folder.

The training package writes checkpoints, weights that were fetched from a package registry are
cached as checkpoints, and the option `weights` accepts the folder or its .safetensors file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import safetensors.numpy
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError
from safetensors import SafetensorError, deserialize

from scenerep_ros.config.options import NAMED_WEIGHTS
from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.atomic import write_atomically

if TYPE_CHECKING:  # slow to import, and most starts read no weights
    import torch

WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "model.yaml"

StateDict: TypeAlias = "dict[str, torch.Tensor]"
Arrays = dict[str, NDArray[Any]]


class ModelCard(BaseModel):
    """Content of model.yaml, which describes model.safetensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str = Field(description="Name of the timm model.")
    mean: tuple[float, float, float] = Field(description="Mean of the input, RGB in 0..1.")
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        description="Standard deviation of the input, RGB in 0..1."
    )
    stage: int = Field(default=-1, description="Trained feature stage of a convnet.")
    resolution: int = Field(ge=32, description="Shorter side of the training images [px].")
    origin: str = Field(description="Origin of the weights.")
    license: str = Field(description="License of the weights.")
    training: dict[str, Any] = Field(
        default_factory=dict, description="Method, options and data of the training, for readers."
    )
    sha256: str = Field(
        default="", description="Checksum of model.safetensors, set when it is written."
    )


def save_checkpoint(folder: Path, state: Mapping[str, torch.Tensor], card: ModelCard) -> None:
    """Write weights and card atomically; the card is written last and completes the checkpoint.

    Args:
        folder: folder of the checkpoint; it is created, or its checkpoint is replaced.
        state: state dict on any device.
        card: description of the weights; its sha256 is computed here.

    Raises:
        ScenerepError: if the folder cannot be written.
    """
    import safetensors.torch

    data = safetensors.torch.save({key: _dense_copy(value) for key, value in state.items()})
    complete_card = card.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    text = yaml.safe_dump(complete_card.model_dump(mode="json"), sort_keys=False)
    write_atomically(folder / WEIGHTS_NAME, data)
    write_atomically(folder / CARD_NAME, text.encode())


def _dense_copy(tensor: torch.Tensor) -> torch.Tensor:
    import torch

    # safetensors rejects tensors that share memory, and views with gaps.
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def find_checkpoint(weights: str | Path) -> Path | None:
    """Return the folder of the checkpoint at a path, which is the folder or its weight file.

    Returns:
        The folder, or None if the path is not that of a checkpoint with a card.

    Raises:
        WeightsError: if the path cannot be read.
    """
    return _with_card(_folder_of(weights))


def find_companion(weights: str | Path, name: str) -> Path | None:
    """Return the folder of a checkpoint that accompanies other weights; None if there is none.

    Args:
        weights: folder of a checkpoint or of an exported graph, or the weight file of a checkpoint.
        name: name of the folder beside the weights.

    Raises:
        WeightsError: if the path cannot be read.
    """
    return _with_card(_folder_of(weights) / name)


def weights_path(weights: str | Path) -> Path:
    """Return the path that the option `weights` names.

    Raises:
        WeightsError: if it begins with the home of an unknown user.
    """
    try:
        return Path(weights).expanduser()
    except RuntimeError as error:
        raise WeightsError(f"weights = '{weights}': {error}; write the whole path") from None


def check_weights_exist(weights: str) -> None:
    """Check that the file or folder exists that the option `weights` names, if it names one.

    Raises:
        WeightsError: if there is none.
    """
    if weights in NAMED_WEIGHTS or weights_path(weights).exists():
        return
    raise WeightsError(
        f"weights = '{weights}': no such file; expected {', '.join(NAMED_WEIGHTS)}, a .safetensors "
        f"or .pth file, a folder with {WEIGHTS_NAME} and {CARD_NAME}, or one that `scenerep export` "
        "wrote"
    )


def _folder_of(weights: str | Path) -> Path:
    path = weights_path(weights)
    return path.parent if path.name == WEIGHTS_NAME else path


def _with_card(folder: Path) -> Path | None:
    """Return a folder that holds a card; None for others."""
    try:
        return folder if (folder / CARD_NAME).is_file() else None
    except OSError as error:  # no permission, or a name that is too long
        raise WeightsError(
            f"weights {folder}: cannot be read: {error.strerror}; check the path and its permissions"
        ) from None


def read_card(folder: Path) -> ModelCard:
    """Read model.yaml.

    Raises:
        WeightsError: if it is missing, is not YAML or lacks a field.
    """
    path = folder / CARD_NAME
    try:
        return ModelCard(**yaml.safe_load(path.read_text()))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise WeightsError(f"{path}: {problems}; save the checkpoint again") from None
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:
        raise WeightsError(
            f"{path}: no model card ({error}); a checkpoint is "
            f"{WEIGHTS_NAME} and {CARD_NAME} in one folder: copy both"
        ) from None


def read_checkpoint(folder: Path) -> tuple[ModelCard, StateDict]:
    """Read a checkpoint and verify the checksum of its weights.

    Returns:
        The card and the state dict, on the CPU.

    Raises:
        WeightsError: if a file is missing, truncated or modified.
    """
    card, data = _read_verified(folder)
    return card, parse_safetensors(data, folder / WEIGHTS_NAME)


def verify_checkpoint(folder: Path) -> None:
    """Verify the checksum and the format of a checkpoint's weights, without torch.

    Raises:
        WeightsError: if a file is missing, truncated or modified.
    """
    _, data = _read_verified(folder)
    try:
        deserialize(data)
    except SafetensorError as error:
        raise _damaged(folder / WEIGHTS_NAME, error) from None


def read_arrays(folder: Path) -> Arrays:
    """Read the weights of a checkpoint as arrays, without torch, and verify their checksum.

    Raises:
        WeightsError: if a file is missing, truncated or modified.
    """
    _, data = _read_verified(folder)
    try:
        return safetensors.numpy.load(data)
    except SafetensorError as error:
        raise _damaged(folder / WEIGHTS_NAME, error) from None


def _read_verified(folder: Path) -> tuple[ModelCard, bytes]:
    card = read_card(folder)
    path = folder / WEIGHTS_NAME
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from None
    sha256 = hashlib.sha256(data).hexdigest()
    if sha256 != card.sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {sha256[:12]}..., {CARD_NAME} says {card.sha256[:12]}...: the file "
            "is truncated, modified or of another checkpoint; copy it again, or run "
            "`scenerep weights fetch`"
        )
    return card, data


def parse_safetensors(data: bytes, path: Path) -> StateDict:
    """Decode the content of a .safetensors file; the path appears in the error message.

    Raises:
        WeightsError: if the data is damaged or in another format.
    """
    import safetensors.torch

    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: SafetensorError) -> WeightsError:
    return WeightsError(
        f"{path}: not a complete .safetensors file ({error}); copy or fetch it again"
    )
