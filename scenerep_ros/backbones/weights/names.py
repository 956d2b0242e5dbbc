"""Names of weights in checkpoints of other projects, translated to those of a timm network."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from scenerep_ros.backbones.weights.checkpoint import StateDict

# The teacher precedes the student, because DINO evaluates the teacher.
WRAPPER_KEYS = ("state_dict", "model_state_dict", "model", "teacher", "student", "model_ema",
                "network", "backbone", "encoder", "module", "weights")  # fmt: skip
"""Keys of the dictionary that holds the weights, the preferred first."""
PREFIXES = (
    "module.", "_orig_mod.", "_forward_module.",
    "teacher_backbone.", "teacher.", "student_backbone.", "student.",
    "encoder_q.", "base_encoder.", "online_network.", "online_encoder.",
    "model.", "backbone.", "encoder.", "network.", "net.", "trunk.", "feature_extractor.", "vit.",
    "resnet.",
)  # fmt: skip
"""Prefixes by which DDP, torch.compile, Lightning, lightly and training code name a network."""
PRETRAINING_HEADS = (
    "projection_head.", "prediction_head.", "prototypes.", "projector.", "predictor.", "dino_head.",
    "ibot_head.", "decoder_", "decoder.", "mask_token", "queue", "head.", "heads.", "fc.", "classifier.",
)  # fmt: skip
"""Weights beside a network that only its pretraining or its classifier used."""
CHUNKED_BLOCK = re.compile(r"blocks\.\d+\.(\d+)\.")
NUMBERED_CHILD = re.compile(r"(\d+)\.")
FOREIGN_LAYERS = ("layer.", "layers.")
"""Names of the layers of an `encoder` that is only a part of a network, as in torchvision."""


def unwrap(content: Any) -> StateDict:
    """Remove the dictionaries around a state dict, and the prefixes of its names in any order."""
    while isinstance(content, Mapping) and (inner := _inner_dictionary(content)) is not None:
        content = inner
    if not isinstance(content, Mapping):
        return {}
    state = {str(key): _as_tensor(value) for key, value in content.items() if _is_weight(value)}
    while (inner_state := _without_one_prefix(state)) is not None:
        state = inner_state
    return state


def _inner_dictionary(content: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """Return the dictionary that holds the weights, by its key or else as it has most of them."""
    for key in WRAPPER_KEYS:
        if isinstance(content.get(key), Mapping):
            return content[key]
    if any(map(_is_weight, content.values())):
        return None
    inner = [value for value in content.values() if isinstance(value, Mapping)]
    counts = [sum(map(_is_weight, value.values())) for value in inner]
    return inner[counts.index(max(counts))] if any(counts) else None


def _is_weight(value: Any) -> bool:
    is_array = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
    return is_array or isinstance(value, torch.Tensor)


def _as_tensor(value: Any) -> torch.Tensor:
    """Return a weight, which some code bases store as an array of NumPy, as a tensor."""
    return value if isinstance(value, torch.Tensor) else torch.from_numpy(np.array(value))


def _without_one_prefix(state: StateDict) -> StateDict | None:
    """Remove the first prefix that names have; None if there is none.

    Names without the prefix, such as heads next to a "backbone.", belong to other networks.
    """
    for prefix in PREFIXES:
        stripped = {key[len(prefix) :]: state[key] for key in state if key.startswith(prefix)}
        is_part = any(key.startswith(FOREIGN_LAYERS) for key in stripped)
        if stripped and not is_part:
            return stripped
    return None


def translate_names(network: Any, state: StateDict) -> StateDict:
    """Translate the names of a state dict to those of a network, as far as they are known.

    Args:
        network: timm model without classifier.
        state: weights by name, without prefixes.

    Returns:
        The weights of the network; unknown names remain.
    """
    expected = network.state_dict()
    state = _without_unknown_prefix(expected, state)
    state = _name_children(network, without_classifier(network, state))
    state = _join_chunks(expected, state)
    if state.keys() != expected.keys():
        state = _translate_with_timm(network, state)
    return {
        key: value
        for key, value in without_classifier(network, state).items()
        if key in expected or not key.startswith(PRETRAINING_HEADS)
    }


def _without_unknown_prefix(expected: Mapping[str, Any], state: StateDict) -> StateDict:
    """Remove the prefix with which a state dict has most of the expected names.

    Of copies of a network, such as those of teacher and student, the preferred one is taken.
    """
    if not state.keys().isdisjoint(expected):
        return state
    counts = Counter(
        key[: -len(name)]
        for key in state
        for start, character in enumerate(key)
        if character == "." and (name := key[start + 1 :]) in expected
    )
    most = max(counts.values(), default=0)
    if 2 * most < len(expected):
        return state
    prefix = min((each for each in counts if counts[each] == most), key=_rank_of_copy)
    return {key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)}


def _rank_of_copy(prefix: str) -> tuple[bool, bool, str]:
    """Return a sort key by which the copy of a network that its authors evaluate comes first."""
    is_average = any(word in prefix for word in ("teacher", "ema"))
    is_moving_copy = any(word in prefix for word in ("momentum", "target", "_k.", "key"))
    return not is_average, is_moving_copy, prefix


def without_classifier(network: Any, state: StateDict) -> StateDict:
    """Return the weights without those of the classifier of a timm network."""
    names = network.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{name}." for name in ([names] if isinstance(names, str) else names))
    return {key: value for key, value in state.items() if not key.startswith(heads)}


def _join_chunks(expected: Iterable[str], state: StateDict) -> StateDict:
    """Number blocks through: DINOv2 saves them in chunks, such as blocks.1.7."""
    blocks = [key for key in state if key.startswith("blocks.")]
    has_chunks = bool(blocks) and all(CHUNKED_BLOCK.match(key) for key in blocks)
    if not has_chunks or any(CHUNKED_BLOCK.match(key) for key in expected):
        return state
    return {CHUNKED_BLOCK.sub(r"blocks.\1.", key): value for key, value in state.items()}


def _name_children(network: Any, state: StateDict) -> StateDict:
    """Name the children of a network that was saved as torch.nn.Sequential of them."""
    names = [name for name, _ in network.named_children()]
    matches = {key: NUMBERED_CHILD.match(key) for key in state}
    if not state or not all(matches.values()):
        return state
    numbers = {key: int(match[1]) for key, match in matches.items() if match}
    if max(numbers.values()) >= len(names):
        return state
    return {f"{names[numbers[key]]}.{key.partition('.')[2]}": value for key, value in state.items()}


def _translate_with_timm(network: Any, state: StateDict) -> StateDict:
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if translate is None:
        return state
    try:
        return dict(translate(dict(state), network))
    except Exception:  # unknown to timm: the error about the unexpected names explains it
        return state
