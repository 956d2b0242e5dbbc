"""Weight files of other projects: read without code execution, unwrapped, loaded strictly."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from math import isqrt
from pathlib import Path
from typing import Any

import torch

from scenerep_ros.backbones.weights.checkpoint import StateDict, parse_safetensors
from scenerep_ros.backbones.weights.names import translate_names, unwrap
from scenerep_ros.backbones.weights.pickled import read_pickled_weights
from scenerep_ros.errors import WeightsError

MAX_LISTED_KEYS = 3
"""Number of weight names that an error message lists."""
POSITION, PATCHES = "pos_embed", "patch_embed.proj.weight"
"""Names of the position embedding (1, tokens, width) and of the patch projection in timm's ViTs."""
BLOCK = re.compile(r"blocks\.(\d+)\.")


def read_state_dict(path: Path) -> StateDict:
    """Read a .safetensors file, or a .pth file without unpickling code.

    Dictionaries around the weights and prefixes of their names are removed.

    Raises:
        WeightsError: if the file is missing, damaged, contains code or contains no weights.
    """
    try:
        content = (
            parse_safetensors(path.read_bytes(), path)
            if path.suffix.lower() == ".safetensors"
            else read_pickled_weights(path)
        )
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read: {error.strerror}") from None
    state = unwrap(content)
    if not state:
        raise WeightsError(f"{path}: contains no tensors; expected the state dict of a network")
    return state


def load_strictly(network: Any, state: StateDict, origin: str, antialias: bool = True) -> None:
    """Load weights that fit exactly; only those of heads are ignored.

    Names of other code bases are translated, and a position embedding of another size is resized.

    Args:
        network: timm model without classifier.
        state: weights by name.
        origin: origin of the weights, for the error message.
        antialias: whether a position embedding is resized with antialiasing.

    Raises:
        WeightsError: if a weight is not finite; or naming some of the weights that are missing,
            unexpected or of another shape.
    """
    state = _with_resized_position(network, translate_names(network, state), antialias)
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
            f"{origin}: does not fit the architecture: {problems}; {_advise(expected, state)}"
        )
    _check_finite(state, origin)
    network.load_state_dict(state, strict=True)


def _with_resized_position(network: Any, state: StateDict, antialias: bool) -> StateDict:
    """Resize a position embedding of another square grid to the grid of the network."""
    from timm.layers.pos_embed import resample_abs_pos_embed  # slow

    learned, wanted = state.get(POSITION), getattr(network, POSITION, None)
    if learned is None or wanted is None or learned.shape == wanted.shape:
        return state
    if learned.ndim != wanted.ndim or learned.shape[-1] != wanted.shape[-1]:
        return state
    grid = tuple(network.patch_embed.grid_size)
    prefix_count = wanted.shape[1] - grid[0] * grid[1]
    side = isqrt(max(learned.shape[1] - prefix_count, 0))
    if side * side != learned.shape[1] - prefix_count:
        return state
    resized = resample_abs_pos_embed(
        learned, list(grid), [side, side], num_prefix_tokens=prefix_count, antialias=antialias
    )
    return {**state, POSITION: resized}


def _check_finite(state: Mapping[str, torch.Tensor], origin: str) -> None:
    bad = {
        key
        for key, value in state.items()
        if value.is_floating_point() and not value.isfinite().all()
    }
    if bad:
        raise WeightsError(
            f"{origin}: {_summarize_keys(bad, 'of its tensors have values that are not finite')}; its "
            "training diverged or the file is damaged: choose an earlier checkpoint, or copy it again"
        )


def _advise(expected: Mapping[str, torch.Tensor], state: Mapping[str, torch.Tensor]) -> str:
    """Return the remedy for weights that do not fit, which follows from what differs."""
    if not expected.keys() & state.keys():
        listed = ", ".join(sorted(state)[:MAX_LISTED_KEYS])
        return (
            f"no name is common, the file has {listed}: convert it to the names of timm, or set "
            "backbone to the model that it belongs to"
        )
    wanted, given = _describe_vit(expected), _describe_vit(state)
    differences = [f"{name} {given[name]}" for name in given if given[name] != wanted.get(name)]
    if wanted and differences:
        return f"the file is of a ViT with {', '.join(differences)}: set backbone to such a model of timm"
    return (
        "set the option backbone to the timm model that these weights were made for, or choose "
        "other weights"
    )


def _describe_vit(state: Mapping[str, torch.Tensor]) -> dict[str, int]:
    """Return patch size [px], width and number of blocks of a ViT; {} for other networks."""
    patches = state.get(PATCHES)
    blocks = {int(match[1]) for key in state if (match := BLOCK.match(key))}
    if patches is None or not blocks:
        return {}
    return {"patches of": patches.shape[-1], "width": patches.shape[0], "blocks": len(blocks)}


def _summarize_keys(keys: Collection[str], problem: str) -> str:
    listed = ", ".join(sorted(keys)[:MAX_LISTED_KEYS])
    ellipsis = ", ..." if len(keys) > MAX_LISTED_KEYS else ""
    return f"{len(keys)} {problem} ({listed}{ellipsis})"
