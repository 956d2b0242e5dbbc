"""Conversion of a DINOv2 ViT from an ONNX export of Hugging Face transformers to timm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from scenerep_ros.backbones.weights.checkpoint import StateDict

if TYPE_CHECKING:
    from onnx import GraphProto

_TIMM_BLOCK_NAMES = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attention.output.dense": "attn.proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_TIMM_STEM_NAMES = {
    "backbone.embeddings.cls_token": "cls_token",
    "backbone.embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "backbone.embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "backbone.layernorm.weight": "norm.weight",
    "backbone.layernorm.bias": "norm.bias",
}


def read_dinov2(data: bytes) -> StateDict:
    """Map the initializers of an ONNX file to timm's names; the graph is not executed.

    Args:
        data: content of the file.

    Returns:
        Float32 tensors under the names of timm's VisionTransformer with layer scale.
    """
    import onnx

    tensors = _named_initializers(onnx.load_from_string(data).graph)
    state = {timm_name: tensors[name] for name, timm_name in _TIMM_STEM_NAMES.items()}
    state["pos_embed"] = torch.cat([tensors["pos_embed.cls"], tensors["pos_embed.patches"]], dim=1)
    depth = sum(key.endswith(".norm1.weight") for key in tensors)
    for index in range(depth):
        prefix = f"backbone.encoder.layer.{index}."
        block = {key[len(prefix) :]: tensors[key] for key in tensors if key.startswith(prefix)}
        state.update(
            {f"blocks.{index}.{key}": value for key, value in _convert_block(block).items()}
        )
    return state


def _named_initializers(graph: GraphProto) -> StateDict:
    """Return all initializers; the name of an anonymous one comes from the node that uses it."""
    from onnx import numpy_helper

    tensors = {
        entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy())
        for entry in graph.initializer
    }
    anonymous = {name for name in tensors if name.startswith("onnx::")}
    for node in graph.node:
        for name in anonymous.intersection(node.input):
            if node.op_type == "MatMul":  # x @ W: torch stores W transposed
                module = node.name.removesuffix("/MatMul").strip("/").replace("/", ".")
                tensors[f"{module}.weight"] = tensors[name].T.contiguous()
            elif node.op_type == "Concat":
                tensors["pos_embed.cls"] = tensors[name]
            elif node.op_type == "Reshape":
                tensors["pos_embed.patches"] = tensors[name]
    return tensors


def _convert_block(tensors: StateDict) -> StateDict:
    state = {}
    for suffix in ("weight", "bias"):
        # timm stores query, key and value as one projection.
        projections = [
            tensors[f"attention.attention.{part}.{suffix}"] for part in ("query", "key", "value")
        ]
        state[f"attn.qkv.{suffix}"] = torch.cat(projections)
        state.update(
            {
                f"{timm_name}.{suffix}": tensors[f"{name}.{suffix}"]
                for name, timm_name in _TIMM_BLOCK_NAMES.items()
            }
        )
    for index in (1, 2):
        state[f"ls{index}.gamma"] = tensors[f"layer_scale{index}.lambda1"]
    return state
