"""A DINOv2 ViT exported from Hugging Face transformers to ONNX, as a timm state dict."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from scenerep_ros.backbones.checkpoint import StateDict

if TYPE_CHECKING:
    from onnx import GraphProto

_BLOCK = {
    "norm1": "norm1",
    "norm2": "norm2",
    "attention.output.dense": "attn.proj",
    "mlp.fc1": "mlp.fc1",
    "mlp.fc2": "mlp.fc2",
}
_STEM = {
    "backbone.embeddings.cls_token": "cls_token",
    "backbone.embeddings.patch_embeddings.projection.weight": "patch_embed.proj.weight",
    "backbone.embeddings.patch_embeddings.projection.bias": "patch_embed.proj.bias",
    "backbone.layernorm.weight": "norm.weight",
    "backbone.layernorm.bias": "norm.bias",
}


def read_dinov2(data: bytes) -> StateDict:
    """Map the initialisers of an ONNX file onto timm's names; the graph is not run.

    Args:
        data: content of the file.

    Returns:
        Float32 tensors under the names of timm's VisionTransformer with layer scale.
    """
    import onnx

    tensors = _named_tensors(onnx.load_from_string(data).graph)
    state = {ours: tensors[theirs] for theirs, ours in _STEM.items()}
    state["pos_embed"] = torch.cat([tensors["pos_embed.cls"], tensors["pos_embed.patches"]], dim=1)
    depth = sum(key.endswith(".norm1.weight") for key in tensors)
    for index in range(depth):
        theirs, ours = f"backbone.encoder.layer.{index}.", f"blocks.{index}."
        inside = {key[len(theirs) :]: tensors[key] for key in tensors if key.startswith(theirs)}
        state.update({ours + key: value for key, value in _block(inside).items()})
    return state


def _named_tensors(graph: GraphProto) -> StateDict:
    """All initialisers; those that the exporter left anonymous are named by the node they feed."""
    from onnx import numpy_helper

    tensors = {
        entry.name: torch.from_numpy(numpy_helper.to_array(entry).copy())
        for entry in graph.initializer
    }
    anonymous = {name for name in tensors if name.startswith("onnx::")}
    for node in graph.node:
        for name in anonymous.intersection(node.input):
            if node.op_type == "MatMul":  # x @ W: torch keeps W transposed
                module = node.name.removesuffix("/MatMul").strip("/").replace("/", ".")
                tensors[f"{module}.weight"] = tensors[name].T.contiguous()
            elif node.op_type == "Concat":
                tensors["pos_embed.cls"] = tensors[name]
            elif node.op_type == "Reshape":
                tensors["pos_embed.patches"] = tensors[name]
    return tensors


def _block(tensors: StateDict) -> StateDict:
    state = {}
    for kind in ("weight", "bias"):
        parts = [
            tensors[f"attention.attention.{part}.{kind}"] for part in ("query", "key", "value")
        ]
        state[f"attn.qkv.{kind}"] = torch.cat(parts)
        state.update(
            {f"{ours}.{kind}": tensors[f"{theirs}.{kind}"] for theirs, ours in _BLOCK.items()}
        )
    for index in (1, 2):
        state[f"ls{index}.gamma"] = tensors[f"layer_scale{index}.lambda1"]
    return state
