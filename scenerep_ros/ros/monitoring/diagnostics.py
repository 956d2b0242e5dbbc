"""State of the segmenter and of a replay as diagnostic_msgs/DiagnosticStatus."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from scenerep_ros.report import summarize_latency
from scenerep_ros.ros.monitoring.counters import Counts
from scenerep_ros.ros.monitoring.problem_reporter import NORMAL_DROPS, NORMAL_WARNINGS
from scenerep_ros.ros.monitoring.replay_report import ReplayReport
from scenerep_ros.ros.monitoring.topic_monitor import TopicStates

if TYPE_CHECKING:
    from scenerep_ros.pipeline import Pipeline

STATE_TEXTS = {
    "unconfigured": "loads no weights until it is configured",
    "inactive": "segments nothing until it is activated",
    "finalized": "shut down; start the node again",
}
"""Meaning of the lifecycle states in which nothing is segmented."""


def segmenter_status(
    name: str, state: str, topics: TopicStates, counts: Counts, facts: Mapping[str, Any]
) -> DiagnosticStatus:
    """Summarize the node.

    Args:
        name: fully qualified name of the node.
        state: lifecycle state: unconfigured, inactive, active or finalized.
        topics: subscribed topics without messages.
        counts: frame counts.
        facts: result of `segmenter_facts`.

    Returns:
        Level STALE unless active, ERROR if all frames of the latest seconds were dropped for a
        reason that the user should mend, WARN if some were, if a topic is silent or clouds are
        missing, else OK. Keys: state, the facts' keys, received, segmented, dropped, rate_hz,
        mean_rate_hz, objects_per_frame, dropped.REASON, noted.KIND, latency_ms.STAGE.median and
        latency_ms.STAGE.p95.
    """
    level, message = _level_and_message(state, topics, counts)
    values = {"state": state, **facts, **_figures(counts)}
    return status_message(f"{name.strip('/')}: segmentation", level, message, values, facts)


def segmenter_facts(method: str, pipeline: Pipeline | None) -> dict[str, str]:
    """Return method, weights and their checksum, backbone, runtime and device.

    Args:
        method: segmentation method.
        pipeline: present pipeline; None while there is none, and the method alone is known.
    """
    if pipeline is None:
        return {"method": method}
    backbone = pipeline.backbone
    return {
        "method": method,
        "weights": pipeline.config.weights,
        "checksum": pipeline.checksum,
        "backbone": backbone.name,
        "runtime": backbone.runtime,
        "device": backbone.device,
        **pipeline.rate_facts,
    }


def replay_status(name: str, report: ReplayReport, is_finished: bool) -> DiagnosticStatus:
    """Summarize a replay.

    Args:
        name: fully qualified name of the node.
        report: present counts.
        is_finished: whether all frames are published.

    Returns:
        Level WARN if the segmenter did not answer to some frames, else OK. Keys: those of the report,
        and finished.
    """
    level = DiagnosticStatus.WARN if report.unanswered else DiagnosticStatus.OK
    values = asdict(report) | {"finished": str(is_finished).lower()}
    message = _replay_message(report, is_finished)
    return status_message(f"{name.strip('/')}: replay", level, message, values)


def _replay_message(report: ReplayReport, is_finished: bool) -> str:
    state = "finished" if is_finished else "replaying"
    if report.unanswered:
        return f"{state}; {report.unanswered} frames without an answer of the segmenter"
    return state if report.published else "waiting for a subscriber"


def status_message(
    name: str,
    level: bytes,
    message: str,
    values: Mapping[str, Any],
    facts: Mapping[str, Any] | None = None,
) -> DiagnosticStatus:
    """Create a status whose values are converted to text; `facts` names the device."""
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    hardware_id = str((facts or {}).get("device", ""))
    return DiagnosticStatus(
        level=level, name=name, message=message, hardware_id=hardware_id, values=pairs
    )


def diagnostics_message(status: DiagnosticStatus, stamp: Time) -> DiagnosticArray:
    """Create the message of /diagnostics with one status."""
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp
    return message


def _level_and_message(state: str, topics: TopicStates, counts: Counts) -> tuple[bytes, str]:
    if state != "active":
        return DiagnosticStatus.STALE, f"{state}: {STATE_TEXTS[state]}"
    faults = _faults(counts.recent.dropped, NORMAL_DROPS)
    return _fault_message(topics, counts, faults) or (
        DiagnosticStatus.OK,
        f"waiting for {', '.join(topics.waiting)}"
        if topics.waiting
        else f"segmenting {counts.rate:.1f} frames/s",
    )


def _fault_message(
    topics: TopicStates, counts: Counts, faults: Mapping[str, int]
) -> tuple[bytes, str] | None:
    """Return level and message of the worst fault; None without one."""
    silence = _silence(topics)
    if faults and not counts.recent.segmented:
        cause = f"{silence}; see the log" if silence else "see the log"
        return DiagnosticStatus.ERROR, f"no frame is segmented: {_listing(faults)}; {cause}"
    if silence:
        return DiagnosticStatus.WARN, silence
    if faults:
        return DiagnosticStatus.WARN, f"frames are dropped: {_listing(faults)}; see the log"
    if problems := _faults(counts.recent.warnings, NORMAL_WARNINGS):
        return DiagnosticStatus.WARN, f"{_listing(problems)}; see the log"
    return None


def _silence(topics: TopicStates) -> str:
    """Describe the silent topics; empty without one."""
    if not topics.silent:
        return ""
    is_waiting = set(topics.silent) <= set(topics.waiting)
    text = "waiting for the first message on" if is_waiting else "no messages on"
    return f"{text} {', '.join(topics.silent)}"


def _faults(counts: Mapping[str, int], normal: Collection[str]) -> dict[str, int]:
    return {kind: count for kind, count in counts.items() if kind not in normal}


def _listing(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} ({count})" for kind, count in counts.items())


def _figures(counts: Counts) -> dict[str, float | str]:
    figures: dict[str, float | str] = {
        "received": counts.received,
        "segmented": counts.segmented,
        "dropped": sum(counts.dropped.values()),
        "rate_hz": f"{counts.rate:.2f}",
        "mean_rate_hz": f"{counts.mean_rate:.2f}",
        "objects_per_frame": f"{counts.objects_per_frame:.2f}",
    }
    figures |= {f"dropped.{reason}": count for reason, count in counts.dropped.items()}
    figures |= {f"noted.{kind}": count for kind, count in counts.warnings.items()}
    for stage, percentiles in summarize_latency(counts.timings).items():
        figures |= {f"latency_ms.{stage}.{name}": value for name, value in percentiles.items()}
    return figures
