"""Backbone that a runtime other than torch executes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from scenerep_ros.backbones.hardware import DeviceName
from scenerep_ros.backbones.preprocessing import Normalization, Preprocessor, grid_size
from scenerep_ros.backbones.runtimes.engines import Engine
from scenerep_ros.backbones.runtimes.graph import Floats, Graph
from scenerep_ros.frames import Features


class GraphInputs:
    """Conversion of an image to the inputs of a graph.

    Args:
        graph: exported graph.
    """

    def __init__(self, graph: Graph) -> None:
        card = graph.card
        self._graph = graph
        self._preprocess = Preprocessor(Normalization(card.mean, card.std))
        self._position: tuple[tuple[int, int], Floats | None] | None = None

    def __call__(
        self, color: NDArray[np.uint8], resolution: int
    ) -> tuple[dict[str, Floats], tuple[int, int]]:
        """Return the inputs by name, and height and width of the feature grid.

        Args:
            color: (H, W, 3) uint8, RGB.
            resolution: shorter side of the network input [px].
        """
        stride = self._graph.card.stride
        height, width = size = grid_size(color.shape[:2], resolution, stride)
        inputs = {"image": self._preprocess(color, (height * stride, width * stride))}
        position = self._position_of(size)
        if position is not None:
            inputs["position"] = position
        return inputs, size

    def _position_of(self, size: tuple[int, int]) -> Floats | None:
        """Return the position embedding, which is resized only when the size changes."""
        if self._position is None or self._position[0] != size:
            self._position = size, self._graph.position(size)
        return self._position[1]


class GraphBackbone:
    """A graph and its engine as a `Backbone`.

    Args:
        graph: exported graph.
        engine: engine that executes it.
        runtime: name of the engine's runtime.
        device: device of the engine.
    """

    def __init__(self, graph: Graph, engine: Engine, runtime: str, device: DeviceName) -> None:
        card = graph.card
        self.name = card.architecture
        self.runtime = f"{runtime} {engine.precision}"
        self.device = device
        self.stride = card.stride
        self.parameters = card.parameters
        self.has_attention = card.has_attention
        self._graph = graph
        self._engine = engine
        self._inputs = GraphInputs(graph)

    def __call__(self, color: NDArray[np.uint8], resolution: int) -> Features:
        """Compute the features of one image; see `Backbone`."""
        inputs, (height, width) = self._inputs(color, resolution)
        outputs = {
            name: np.asarray(value, np.float32) for name, value in self._engine(inputs).items()
        }
        prefix_count, tokens = self._graph.card.prefix_count, outputs["tokens"]
        grid = tokens[prefix_count:].reshape(height, width, -1)
        pooled = tokens[0] if prefix_count else grid.mean(axis=(0, 1))
        if not self._graph.card.has_attention:
            return Features(grid, pooled)
        attention = outputs["attention"][:, prefix_count:].reshape(-1, height, width)
        return Features(grid, pooled, attention)
