"""Exported graph of a network: a folder that is independent of torch's network code.

    graph.yaml     card: properties of the network that the graph does not contain
    model.onnx     graph with dynamic image size; or model.xml and model.bin (OpenVINO)
    position.npz   learned position embedding of a ViT, which is an input of the graph

The image size stays dynamic because everything that depends on it, the resized position embedding,
is an input. One export therefore serves every resolution.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from zipfile import BadZipFile

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from scenerep_ros.errors import ConfigError, WeightsError
from scenerep_ros.filesystem.atomic import write_atomically
from scenerep_ros.ops.resampling import aliased_bicubic, bicubic, resample

CARD_NAME = "graph.yaml"
ONNX_NAME, OPENVINO_NAME, POSITION_NAME = "model.onnx", "model.xml", "position.npz"
MODEL_NAMES = {"onnx": ONNX_NAME, "openvino": OPENVINO_NAME}

EXPORT_AGAIN = "copy or export the folder again, or remove it if it is in the cache"
"""Remedy for a damaged graph."""

GraphFormat = Literal["onnx", "openvino"]
GraphPrecision = Literal["fp32", "fp16", "bf16", "int8"]
Floats = NDArray[np.float32]


class UnsupportedNetworkError(ConfigError):
    """A network that cannot be exported, which only torch executes."""


class GraphCard(BaseModel):
    """Content of graph.yaml.

    The graph maps `image` (1, 3, H, W), and for a ViT `position` (1, N, C), to `tokens` (N, C) and,
    if it has a CLS token, `attention` (n, N), the CLS attention of each head of the last layer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: str = Field(description="Name of the timm model.")
    mean: tuple[float, float, float] = Field(description="Mean of the input, RGB in 0..1.")
    std: tuple[float, float, float] = Field(description="Standard deviation of the input.")
    stride: int = Field(ge=1, description="Side of a patch [px].")
    prefix_count: int = Field(ge=0, description="Number of tokens before those of the patches.")
    has_attention: bool = Field(description="True if the graph returns the CLS attention.")
    parameters: int = Field(ge=0, description="Number of weights.")
    weights_sha256: str = Field(description="Checksum of the weights.")
    format: GraphFormat = Field("onnx", description="File format of the graph.")
    precision: GraphPrecision = Field("fp32", description="Precision of the export.")


@dataclass(frozen=True)
class Graph:
    """Graph in a folder.

    Attributes:
        folder: folder with the files above.
        card: content of graph.yaml.
    """

    folder: Path
    card: GraphCard

    @property
    def model_path(self) -> Path:
        """Path of the graph."""
        return self.folder / MODEL_NAMES[self.card.format]

    def position(self, size: tuple[int, int]) -> Floats | None:
        """Return the position embedding (1, N, C) of a grid of size (h, w); None if there is none."""
        path = self.folder / POSITION_NAME
        return PositionTable.load(path).resized(size) if path.is_file() else None


@dataclass(frozen=True)
class PositionTable:
    """Learned position embedding of a ViT, and the way in which it is resized.

    Attributes:
        embedding: (1, N, C) float32.
        size: height and width of the grid that it was learned on.
        prefix_count: number of embeddings before those of the patches.
        antialias: whether the bicubic resizing is antialiased.
    """

    embedding: Floats
    size: tuple[int, int]
    prefix_count: int
    antialias: bool

    def save(self, path: Path) -> None:
        """Write the table as .npz."""
        np.savez(
            path,
            embedding=self.embedding,
            size=np.array(self.size),
            prefix_count=self.prefix_count,
            antialias=self.antialias,
        )

    @staticmethod
    def load(path: Path) -> PositionTable:
        """Read a table that `save` wrote.

        Raises:
            WeightsError: if the file is damaged.
        """
        try:
            with np.load(path) as data:
                height, width = data["size"].tolist()
                return PositionTable(
                    data["embedding"],
                    (height, width),
                    int(data["prefix_count"]),
                    bool(data["antialias"]),
                )
        except (OSError, EOFError, ValueError, KeyError, BadZipFile) as error:
            raise WeightsError(f"{path}: damaged ({error}); export the graph again") from None

    def resized(self, size: tuple[int, int]) -> Floats:
        """Return the embedding (1, N, C) for a grid of size (h, w)."""
        prefix, patches = np.split(self.embedding, [self.prefix_count], axis=1)
        interpolation = bicubic if self.antialias else aliased_bicubic
        resized = resample(patches.reshape(*self.size, -1), size, interpolation)
        tokens = resized.transpose(1, 2, 0).reshape(1, -1, patches.shape[2])
        joined: Floats = np.concatenate([prefix, tokens], axis=1)
        return joined


def is_graph(folder: Path) -> bool:
    """Return True if a readable folder holds a complete graph; the card is written last."""
    try:
        return (folder / CARD_NAME).is_file()
    except OSError:  # a folder without permission, or a name that is too long
        return False


def write_card(folder: Path, card: GraphCard) -> None:
    """Write graph.yaml, which completes a graph."""
    text = yaml.safe_dump(card.model_dump(mode="json"), sort_keys=False)
    write_atomically(folder / CARD_NAME, text.encode())


def read_graph(folder: Path) -> Graph:
    """Open the graph in a folder.

    Raises:
        WeightsError: if the card or the model is missing or damaged.
    """
    path = folder / CARD_NAME
    try:
        graph = Graph(folder, GraphCard(**yaml.safe_load(path.read_text())))
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        raise _no_card(path, problems) from None
    except (OSError, TypeError, ValueError, yaml.YAMLError) as error:
        raise _no_card(path, error) from None
    if not graph.model_path.is_file():
        raise WeightsError(f"{graph.model_path}: missing; {EXPORT_AGAIN}")
    return graph


def _no_card(path: Path, reason: object) -> WeightsError:
    return WeightsError(f"{path}: no card of an exported graph ({reason}); {EXPORT_AGAIN}")
