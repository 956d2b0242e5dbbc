"""Training of the last block on cached pairs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch.nn.functional import normalize

from scenerep_ros.config.constants import tuned
from scenerep_training.tuning.losses import gram_anchor, matching_loss, object_loss
from scenerep_training.tuning.low_rank import LastBlock
from scenerep_training.tuning.token_cache import CachedPair


@dataclass(frozen=True)
class TuningConstants:
    """Tuned constants of tuning."""

    learning_rate: float = tuned(3e-4, "learning rate of AdamW", set_on="not recorded")
    pairs_per_step: int = tuned(4, "pairs per step", set_on="speed on two cores")
    gram_weight: float = tuned(10.0, "weight of Gram anchoring", set_on="not recorded")
    matching_weight: float = tuned(0.1, "weight of the matching loss", set_on="not recorded")
    object_weight: float = tuned(0.3, "weight of the object loss", set_on="not recorded")


CONSTANTS = TuningConstants()


def train_block(
    block: LastBlock, pairs: Sequence[CachedPair], deadline_s: float, seed: int
) -> Iterator[float]:
    """Train a block; yields the loss after each step, until the deadline.

    Args:
        block: block with its updates, which are trained.
        pairs: cached pairs with tokens.
        deadline_s: time of `time.monotonic` after which no step starts.
        seed: seed of the order of the pairs.
    """
    weights = [weight for weight in block.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, CONSTANTS.learning_rate, weight_decay=0.01)
    generator = torch.Generator().manual_seed(seed)
    while time.monotonic() < deadline_s:
        chosen = torch.randint(len(pairs), (CONSTANTS.pairs_per_step,), generator=generator)
        losses = [pair_loss(block, pairs[index]) for index in chosen.tolist()]
        loss = torch.stack(losses).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield float(loss.detach())


def pair_loss(block: LastBlock, pair: CachedPair) -> torch.Tensor:
    """Compute the loss of one pair."""
    assert pair.tokens is not None
    device = next(block.parameters()).device
    features = normalize(block(pair.tokens.to(device).float()), dim=2)
    frozen, labels = pair.frozen.to(device).float(), pair.labels.to(device)
    first, second = features
    anchors = [gram_anchor(features[frame], frozen[frame]) for frame in range(2)]
    objects = [object_loss(features[frame], labels[frame]) for frame in range(2)]
    matches = matching_loss(first, second, pair.indices.to(device), pair.targets.to(device))
    return (
        CONSTANTS.gram_weight * (anchors[0] + anchors[1]) / 2
        + CONSTANTS.object_weight * (objects[0] + objects[1]) / 2
        + CONSTANTS.matching_weight * matches
    )
