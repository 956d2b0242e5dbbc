"""Export of a timm network to an ONNX graph with dynamic image size."""

from __future__ import annotations

import copy
import io
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from timm.models import Eva, VisionTransformer
from torch import nn

from scenerep_ros.backbones.networks.attention import AttentionRecorder
from scenerep_ros.backbones.networks.convnet import resolve_stage
from scenerep_ros.backbones.networks.student import STRIDE, StudentNetwork
from scenerep_ros.backbones.networks.vit import is_trained_with_antialiasing, use_fused_attention
from scenerep_ros.backbones.preprocessing import Normalization
from scenerep_ros.backbones.runtimes.graph import (
    ONNX_NAME,
    POSITION_NAME,
    GraphCard,
    PositionTable,
    UnsupportedNetworkError,
    write_card,
)

OPSET = 17
"""ONNX operator set; older ones have no LayerNormalization, which TensorRT then computes inexactly."""
TRACED_GRID = (6, 8)
"""Height and width of the feature grid [patches] on which the network is traced."""


@dataclass(frozen=True)
class ExportedNetwork:
    """Network in the form that is traced.

    Attributes:
        module: maps image (1, 3, H, W), and position (1, N, C) if there is one, to tokens (N, C) and,
            if the network computes it, CLS attention (n, N).
        parameters: number of weights, with a learned position embedding.
        stride: side of a patch [px].
        prefix_count: number of tokens before those of the patches.
        has_attention: True if the module returns attention.
        position: position embedding; None if the network has none.
    """

    module: nn.Module
    parameters: int
    stride: int
    prefix_count: int = 0
    has_attention: bool = False
    position: PositionTable | None = None


def export_network(
    name: str,
    network: Any,
    normalization: Normalization,
    stage: int,
    weights_sha256: str,
    folder: Path,
) -> None:
    """Export a network to a folder; the card is written last.

    Args:
        name: name of the timm model.
        network: network without classifier, float32, on the CPU; it stays unchanged.
        normalization: normalization of the network input.
        stage: feature stage of a convnet.
        weights_sha256: checksum of the weights.
        folder: existing folder.

    Raises:
        UnsupportedNetworkError: if the network cannot be exported.
        OSError: if the folder cannot be written.
    """
    exported = _prepare(name, copy.deepcopy(network).eval(), stage)
    (folder / ONNX_NAME).write_bytes(_trace(name, exported))
    if exported.position is not None:
        exported.position.save(folder / POSITION_NAME)
    card = GraphCard(
        architecture=name,
        mean=normalization.mean,
        std=normalization.std,
        stride=exported.stride,
        prefix_count=exported.prefix_count,
        has_attention=exported.has_attention,
        parameters=exported.parameters,
        weights_sha256=weights_sha256,
    )
    write_card(folder, card)


def _prepare(name: str, network: Any, stage: int) -> ExportedNetwork:
    if isinstance(network, StudentNetwork):
        parameters = _count_parameters(network)
        return ExportedNetwork(_StudentGraph(network), parameters, STRIDE, has_attention=True)
    if not isinstance(network, VisionTransformer | Eva):
        return _prepare_convnet(name, network, stage)
    if getattr(network, "rope", None) is not None:
        raise UnsupportedNetworkError(
            f"backbone {name}: has rotary position embeddings, which only torch executes; set "
            "runtime to torch or auto"
        )
    return _prepare_vit(name, network)


def _prepare_convnet(name: str, network: Any, stage: int) -> ExportedNetwork:
    index = resolve_stage(name, network, stage)
    network.prune_intermediate_layers([index], prune_norm=True, prune_head=True)
    stride = int(network.feature_info[index]["reduction"])
    return ExportedNetwork(_ConvnetGraph(network, index), _count_parameters(network), stride)


def _count_parameters(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def _prepare_vit(name: str, network: Any) -> ExportedNetwork:
    use_fused_attention(network)
    parameters = _count_parameters(network)
    position, learned = None, network.pos_embed
    if learned is not None:
        has_no_prefix = getattr(network, "no_embed_class", False)
        height, width = network.patch_embed.grid_size
        position = PositionTable(
            learned.detach().numpy(),
            (height, width),
            0 if has_no_prefix else int(network.num_prefix_tokens),
            is_trained_with_antialiasing(name),
        )
    stride = int(network.patch_embed.feat_ratio())
    # The embedding is an input of the right size, so timm must not resize it.
    network.dynamic_img_size, network.patch_embed.flatten = False, True
    network.patch_embed.strict_img_size = False
    has_attention = network.cls_token is not None
    module = _ViTGraph(network, has_attention)
    prefix_count = int(network.num_prefix_tokens)
    return ExportedNetwork(module, parameters, stride, prefix_count, has_attention, position)


class _ConvnetGraph(nn.Module):
    """Feature map of one stage as tokens."""

    def __init__(self, network: Any, stage: int) -> None:
        super().__init__()
        self.network = network
        self.stage = stage

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Map (1, 3, H, W) to (h * w, C)."""
        (maps,) = self.network.forward_intermediates(
            image, indices=[self.stage], output_fmt="NCHW", intermediates_only=True
        )
        return maps[0].flatten(1).transpose(0, 1)


class _StudentGraph(nn.Module):
    """Features and attention of the student as tokens; it has no CLS token."""

    def __init__(self, network: StudentNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Map (1, 3, H, W) to (h * w, C) and (n, h * w)."""
        maps, logits = self.network.forward_maps(image)
        return maps[0].flatten(1).transpose(0, 1), self.network.attention_of(logits)[0].flatten(1)


class _ViTGraph(nn.Module):
    """Final tokens and CLS attention, with the position embedding as an input."""

    def __init__(self, network: Any, has_attention: bool) -> None:
        super().__init__()
        if network.pos_embed is not None:
            del network.pos_embed  # a parameter, which the input replaces
        self.network = network
        self.has_attention = has_attention

    def forward(self, image: torch.Tensor, position: torch.Tensor | None = None) -> Any:
        """Map (1, 3, H, W) and (1, N, C) to (N, C) and, with a CLS token, (n, N)."""
        if position is not None:
            self.network.pos_embed = position
        with AttentionRecorder() as recorder:
            tokens = self.network.forward_features(image)[0]
        return (tokens, recorder.cls_attention()) if self.has_attention else tokens


def _trace(name: str, exported: ExportedNetwork) -> bytes:
    """Return the ONNX file of a network."""
    height, width = TRACED_GRID
    inputs = {"image": torch.zeros(1, 3, height * exported.stride, width * exported.stride)}
    axes = {"image": {2: "height", 3: "width"}, "tokens": {0: "count"}}
    if exported.position is not None:
        inputs["position"] = torch.from_numpy(exported.position.resized(TRACED_GRID))
        axes["position"] = {1: "position_count"}
    outputs = ["tokens", *(["attention"] if exported.has_attention else [])]
    if exported.has_attention:
        axes["attention"] = {1: "count"}
    file = io.BytesIO()
    try:
        with warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")  # the tracer warns of constants; the result is verified
            torch.onnx.export(
                exported.module,
                tuple(inputs.values()),
                file,  # type: ignore[arg-type]  # the tracing exporter writes to files, too
                input_names=list(inputs),
                output_names=outputs,
                dynamic_axes=axes,
                opset_version=OPSET,
                dynamo=False,
            )
    except Exception as error:  # the exporter raises nearly any exception
        raise UnsupportedNetworkError(
            f"backbone {name}: cannot be exported ({type(error).__name__}: {str(error)[:200]}); set "
            "runtime to torch or auto"
        ) from error
    return file.getvalue()
