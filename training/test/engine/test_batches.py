"""The order of the data: whole, and the same however it is dealt out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scenerep_training.config.options import TrainingOptions
from scenerep_training.engine.batches import StepBatches


def batches(options: TrainingOptions, first_step: int = 0) -> list[list[list[int]]]:
    """Batches of every process."""
    return [
        list(StepBatches(options, lambda rank=rank: (first_step, rank)))
        for rank in range(options.world_size)
    ]


@given(
    parts=st.integers(1, 4),
    devices=st.integers(1, 3),
    nodes=st.integers(1, 2),
    pairs=st.integers(2, 5),
    steps=st.integers(1, 4),
)
def test_every_step_takes_the_same_pairs_however_many_processes_share_it(
    parts, devices, nodes, pairs, steps
):
    whole = TrainingOptions(
        batch_size=pairs * parts * devices * nodes,
        accumulate=parts,
        devices=devices,
        nodes=nodes,
        max_steps=steps,
    )
    dealt = batches(whole)
    for step in range(steps):
        taken = [
            pair
            for rank in dealt
            for batch in rank[step * parts : (step + 1) * parts]
            for pair in batch
        ]
        assert sorted(taken) == list(range(step * whole.batch_size, (step + 1) * whole.batch_size))
    assert all(len(rank) == steps * parts for rank in dealt)


def test_a_resumed_run_goes_on_with_the_next_step():
    options = TrainingOptions(batch_size=4, max_steps=5)
    assert batches(options, first_step=3)[0] == batches(options)[0][3:]
