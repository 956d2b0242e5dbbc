"""The progress bar of a run: images a second, time left, loss."""

from __future__ import annotations

from lightning.pytorch import Trainer
from tqdm import tqdm

from scenerep_training.methods.base import Method
from scenerep_training.monitoring.watcher import Watcher

IMAGES_A_PAIR = 2


class Progress(Watcher):
    """Shows how far a run is, on the process that speaks for all."""

    def __init__(self) -> None:
        self._bar = tqdm(disable=True)

    def started(self, trainer: Trainer, method: Method) -> None:
        """Show the bar, with what a resumed run has done already."""
        a_step = IMAGES_A_PAIR * method.options.batch_size
        self._bar = tqdm(
            desc=method.name,
            initial=trainer.global_step * a_step,
            total=method.options.max_steps * a_step,
            unit="image",
            unit_scale=True,
            disable=not trainer.is_global_zero,
        )

    def step_done(self, trainer: Trainer, method: Method, step: int) -> None:
        """Move on by one step."""
        if method.last is not None and not self._bar.disable:
            loss = float(method.last.loss)
            self._bar.set_postfix_str(f"step {step}, loss {loss:.3f}", refresh=False)
        self._bar.update(IMAGES_A_PAIR * method.options.batch_size)

    def ended(self, trainer: Trainer, method: Method) -> None:
        """Leave the bar where it is."""
        self._bar.close()
