"""Plan of a run: what fits into its time, and a forecast before it starts."""

from __future__ import annotations

from dataclasses import dataclass

from scenerep_ros.config.constants import tuned
from scenerep_training.agreement.gate import CONSTANTS as GATE


@dataclass(frozen=True)
class PlanConstants:
    """Tuned constants of a plan."""

    teacher_share: float = tuned(
        0.3,
        "largest share of the time for the teacher",
        set_on="argument: the training needs the rest",
    )
    max_frames: int = tuned(
        200, "frames above which the student gains little", set_on="argument: five times 40"
    )
    min_frames: int = tuned(
        8, "fewest frames, however short the time", set_on="argument: those of one step"
    )
    max_steps: int = tuned(120, "steps above which the student gains little", set_on="DAVIS-2016")
    min_steps: int = tuned(
        10, "fewest steps, however short the time", set_on="argument: one of them warms up"
    )
    measurements: int = tuned(
        3,
        "measurements of the gate during the training",
        set_on="speed: each takes some steps' time",
    )


CONSTANTS = PlanConstants()


@dataclass(frozen=True)
class Costs:
    """Costs that were measured on this machine.

    Attributes:
        elapsed_s: time that has passed already [s].
        teacher_s: time of the teacher for one frame [s].
        reference_s: time of the gate for the references of a pair of frames [s].
        score_s: time of the gate for the scores of a pair of frames [s].
        step_s: time of a training step [s].
        memory_bytes: largest memory of the process so far [byte].
    """

    elapsed_s: float
    teacher_s: float
    reference_s: float
    score_s: float
    step_s: float
    memory_bytes: int

    @property
    def gate_s(self) -> float:
        """Time of the gate, which measures the initial network, too [s]."""
        samples = GATE.samples + GATE.forgetting_samples
        return samples * (self.reference_s + (CONSTANTS.measurements + 1) * self.score_s)


@dataclass(frozen=True)
class Plan:
    """Extent of a run.

    Attributes:
        frames: number of frames that the teacher encodes.
        steps: number of training steps.
    """

    frames: int
    steps: int

    @property
    def interval(self) -> int:
        """Steps between two measurements of the gate."""
        return -(-self.steps // CONSTANTS.measurements)

    def describe(self, costs: Costs, minutes: float) -> str:
        """Return the forecast as a sentence.

        Args:
            costs: measured costs.
            minutes: time that the whole command may take [min].
        """
        parts = {
            f"the teacher's features of {self.frames} frames": self.frames * costs.teacher_s,
            f"{self.steps} steps": self.steps * costs.step_s,
            "gate": costs.gate_s,
        }
        total_min = (costs.elapsed_s + sum(parts.values())) / 60
        text = ", ".join(f"{name} {seconds / 60:.1f} min" for name, seconds in parts.items())
        memory = f"{costs.memory_bytes / 1e9:.1f} GB of memory"
        text = f"forecast: {text}; {total_min:.1f} min in all; {memory}"
        is_late = total_min > minutes
        return f"{text}, more than the {minutes:g} min of --minutes" if is_late else text


def make_plan(costs: Costs, available: int, minutes: float) -> Plan:
    """Plan a run: the teacher gets a share of the time, and the training what is left.

    Args:
        costs: measured costs.
        available: number of frames of all recordings that may be trained on.
        minutes: time that the whole command may take [min].
    """
    rest_s = 60 * minutes - costs.elapsed_s - costs.gate_s
    frames = _clip(
        CONSTANTS.teacher_share * rest_s / costs.teacher_s,
        CONSTANTS.min_frames,
        min(available, CONSTANTS.max_frames),
    )
    steps_s = rest_s - frames * costs.teacher_s
    steps = _clip(steps_s / costs.step_s, CONSTANTS.min_steps, CONSTANTS.max_steps)
    return Plan(frames, steps)


def _clip(value: float, low: int, high: int) -> int:
    return int(min(max(value, low), high))
