"""Tests of the batch sampler: all pairs once per step, for any number of processes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.config.options import TrainingOptions
from scenerep_training.engine.batches import StepBatchSampler


def sample_batches(options: TrainingOptions, first_step: int = 0) -> list[list[list[int]]]:
    """Return the batches of every process."""
    return [
        list(StepBatchSampler(options, lambda rank=rank: (first_step, rank)))
        for rank in range(options.world_size)
    ]


@given(
    accumulate=st.integers(1, 4),
    devices=st.integers(1, 3),
    nodes=st.integers(1, 2),
    pairs=st.integers(2, 5),
    steps=st.integers(1, 4),
)
def test_sampler_covers_pairs_of_each_step_once(accumulate, devices, nodes, pairs, steps):
    options = TrainingOptions(
        batch_size=pairs * accumulate * devices * nodes,
        accumulate=accumulate,
        devices=devices,
        nodes=nodes,
        max_steps=steps,
    )
    batches = sample_batches(options)
    for step in range(steps):
        sampled = [
            pair
            for rank_batches in batches
            for batch in rank_batches[step * accumulate : (step + 1) * accumulate]
            for pair in batch
        ]
        first = step * options.batch_size
        assert sorted(sampled) == list(range(first, first + options.batch_size))
    assert all(len(rank_batches) == steps * accumulate for rank_batches in batches)


def test_sampler_of_resumed_run_continues_with_next_step():
    options = TrainingOptions(batch_size=4, max_steps=5)
    assert sample_batches(options, first_step=3)[0] == sample_batches(options)[0][3:]
