"""Callback that shows a progress bar: images per second, remaining time and loss."""

from __future__ import annotations

from lightning.pytorch import Trainer
from tqdm import tqdm

from scenerep_training.methods.base import Method
from scenerep_training.monitoring.step_callback import StepCallback

IMAGES_PER_PAIR = 2


class TrainingProgressBar(StepCallback):
    """Progress bar of the first process.

    Args:
        description: text in front of the bar.
    """

    def __init__(self, description: str) -> None:
        self._description = description
        self._bar = tqdm(disable=True)

    def on_run_start(self, trainer: Trainer, method: Method) -> None:
        """Show the bar; a resumed run starts at its completed steps."""
        images_per_step = IMAGES_PER_PAIR * method.options.batch_size
        self._bar = tqdm(
            desc=self._description,
            initial=trainer.global_step * images_per_step,
            total=method.options.max_steps * images_per_step,
            unit="image",
            unit_scale=True,
            disable=not trainer.is_global_zero,
        )

    def on_step_end(self, trainer: Trainer, method: Method, step: int) -> None:
        """Advance the bar by one step."""
        if method.last_output is not None and not self._bar.disable:
            loss = float(method.last_output.loss)
            self._bar.set_postfix_str(f"step {step}, loss {loss:.3f}", refresh=False)
        self._bar.update(IMAGES_PER_PAIR * method.options.batch_size)

    def on_run_end(self, trainer: Trainer, method: Method) -> None:
        """Close the bar."""
        self._bar.close()
