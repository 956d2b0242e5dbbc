"""A network's weights with what is needed to use them: model.safetensors beside model.yaml.

The training module writes this, the weights fetched from a registry are stored as this, and the
option `weights` takes its folder or its .safetensors file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
import yaml
from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, ValidationError
from safetensors import SafetensorError

from scenerep_ros.errors import WeightsError
from scenerep_ros.filesystem.atomic import write_atomically

WEIGHTS_NAME = "model.safetensors"
CARD_NAME = "model.yaml"

StateDict = dict[str, torch.Tensor]


class ModelCard(BaseModel):
    """What model.yaml says of model.safetensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str = Field(description="Name of the timm model.")
    mean: tuple[float, float, float] = Field(description="Of the input, RGB in 0..1.")
    std: tuple[PositiveFloat, PositiveFloat, PositiveFloat] = Field(
        description="Of the input, RGB in 0..1."
    )
    stage: int = Field(default=-1, description="Convnets: the stage whose features were trained.")
    resolution: int = Field(ge=32, description="Shorter side it was trained at, pixels.")
    origin: str = Field(description="Where the weights come from.")
    licence: str = Field(description="Of the weights.")
    training: dict[str, Any] = Field(
        default_factory=dict, description="Method, options and data of the training, for people."
    )
    sha256: str = Field(
        default="", description="Of model.safetensors; filled in when it is written."
    )


def save_checkpoint(folder: Path, state: Mapping[str, torch.Tensor], card: ModelCard) -> None:
    """Write weights and card, each aside first; the card comes last and completes the folder.

    Args:
        folder: made if absent; a checkpoint in it is replaced.
        state: a state dict, on any device.
        card: its sha256 is filled in here.

    Raises:
        ScenerepError: if the folder cannot be written.
    """
    data = safetensors.torch.save({key: _own_copy(value) for key, value in state.items()})
    complete = card.model_copy(update={"sha256": hashlib.sha256(data).hexdigest()})
    text = yaml.safe_dump(complete.model_dump(mode="json"), sort_keys=False)
    write_atomically(folder / WEIGHTS_NAME, data)
    write_atomically(folder / CARD_NAME, text.encode())


def _own_copy(tensor: torch.Tensor) -> torch.Tensor:
    # Tensors that share memory, or are views with gaps, cannot be stored.
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def checkpoint_folder(weights: str | Path) -> Path | None:
    """Return the folder of the checkpoint that a path names, itself or by its weights' file.

    None where there is no checkpoint with a card.
    """
    path = Path(weights).expanduser()
    folder = path.parent if path.name == WEIGHTS_NAME else path
    return folder if (folder / CARD_NAME).is_file() else None


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
    except (OSError, TypeError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WeightsError(
            f"{path}: no model card ({error}); a checkpoint is "
            f"{WEIGHTS_NAME} and {CARD_NAME} in one folder: copy both"
        ) from None


def read_checkpoint(folder: Path) -> tuple[ModelCard, StateDict]:
    """Read a checkpoint and check that its weights are those that were written.

    Returns:
        The card and the state dict, on the CPU.

    Raises:
        WeightsError: if a file is missing, cut short or edited.
    """
    card = read_card(folder)
    path = folder / WEIGHTS_NAME
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from None
    found = hashlib.sha256(data).hexdigest()
    if found != card.sha256:
        raise WeightsError(
            f"{path}: SHA-256 is {found[:12]}..., {CARD_NAME} says {card.sha256[:12]}...: the file "
            "was cut short, edited or mixed up; copy it again, or `scenerep weights fetch` it"
        )
    return card, parse_safetensors(data, path)


def parse_safetensors(data: bytes, path: Path) -> StateDict:
    """Decode the content of a .safetensors file; `path` is for the message.

    Raises:
        WeightsError: if it is damaged or something else.
    """
    try:
        return safetensors.torch.load(data)
    except SafetensorError as error:
        raise WeightsError(
            f"{path}: not a whole .safetensors file ({error}); copy or fetch it again"
        ) from None
