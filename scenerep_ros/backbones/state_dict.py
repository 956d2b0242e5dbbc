"""Weight files of other projects: read without code execution, unwrapped, loaded strictly."""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import torch

from scenerep_ros.backbones.checkpoint import StateDict, parse_safetensors
from scenerep_ros.errors import WeightsError

# The teacher precedes the student, because DINO evaluates the teacher.
_WRAPPER_KEYS = ("state_dict", "model_state_dict", "model", "teacher", "student")
_PREFIXES = ("module.", "_orig_mod.", "teacher.", "model.", "backbone.")

MAX_LISTED_KEYS = 3
"""Number of weight names that an error message lists."""


def read_state_dict(path: Path) -> StateDict:
    """Read a .safetensors file, or a .pth file without unpickling code.

    Dictionaries around the weights and prefixes of their names are removed.

    Raises:
        WeightsError: if the file is missing, damaged, contains code or contains no weights.
    """
    try:
        content = (
            parse_safetensors(path.read_bytes(), path)
            if path.suffix == ".safetensors"
            else _read_pth(path)
        )
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from None
    state = _unwrap(content)
    if not state:
        raise WeightsError(f"{path}: contains no tensors; expected the state dict of a network")
    return state


def _read_pth(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except OSError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly any exception
        reason = str(error).strip().split("\n")[0][:200]
        raise WeightsError(
            f"{path}: not a PyTorch weight file, damaged, or with code in it, which is never run "
            f"({type(error).__name__}: {reason}); save the state dict alone, best as .safetensors"
        ) from None


def _unwrap(content: Any) -> StateDict:
    """Remove the dictionaries around a state dict, and the prefixes of its keys."""
    while isinstance(content, Mapping):
        inner = next(
            (content[key] for key in _WRAPPER_KEYS if isinstance(content.get(key), Mapping)), None
        )
        if inner is None:
            break
        content = inner
    if not isinstance(content, Mapping):
        return {}
    state = {str(key): value for key, value in content.items() if isinstance(value, torch.Tensor)}
    for prefix in _PREFIXES:
        # Keys without the prefix, such as heads next to a "backbone.", belong to other networks.
        stripped = {key[len(prefix) :]: state[key] for key in state if key.startswith(prefix)}
        state = stripped or state
    return state


def load_strictly(network: Any, state: StateDict, origin: str) -> None:
    """Load weights that fit exactly; only those of a classifier are ignored.

    timm translates the names of other code bases that it knows.

    Args:
        network: timm model without classifier.
        state: weights by name.
        origin: origin of the weights, for the error message.

    Raises:
        WeightsError: naming some of the weights that are missing, unexpected or of another shape.
    """
    state = _without_classifier(network, state)
    if state.keys() != network.state_dict().keys():
        state = _without_classifier(network, _translate_names(network, state))
    expected = network.state_dict()
    mismatches = {
        "missing": expected.keys() - state.keys(),
        "unexpected": state.keys() - expected.keys(),
        "of another shape": {
            key for key in expected.keys() & state.keys() if expected[key].shape != state[key].shape
        },
    }
    if any(mismatches.values()):
        problems = "; ".join(
            _summarize_keys(keys, problem) for problem, keys in mismatches.items() if keys
        )
        raise WeightsError(
            f"{origin}: does not fit the architecture: {problems}; set the option backbone to the "
            "timm model that these weights were made for, or choose other weights"
        )
    network.load_state_dict(state, strict=True)


def _translate_names(network: Any, state: StateDict) -> StateDict:
    translate = getattr(sys.modules[type(network).__module__], "checkpoint_filter_fn", None)
    if translate is None:
        return state
    try:
        return dict(translate(state, network))
    except Exception:  # unknown to timm: the error about the unexpected names explains it
        return state


def _without_classifier(network: Any, state: StateDict) -> StateDict:
    names = network.pretrained_cfg.get("classifier") or ()
    heads = tuple(f"{name}." for name in ([names] if isinstance(names, str) else names))
    return {key: value for key, value in state.items() if not key.startswith(heads)}


def _summarize_keys(keys: Collection[str], problem: str) -> str:
    listed = ", ".join(sorted(keys)[:MAX_LISTED_KEYS])
    ellipsis = ", ..." if len(keys) > MAX_LISTED_KEYS else ""
    return f"{len(keys)} {problem} ({listed}{ellipsis})"
