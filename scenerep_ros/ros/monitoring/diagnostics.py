"""State of the segmenter as diagnostic_msgs/DiagnosticStatus."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue

from scenerep_ros.report import summarize_latency
from scenerep_ros.ros.monitoring.counters import Counts


def segmenter_status(
    name: str, state: str, silent_topics: list[str], counts: Counts, facts: Mapping[str, Any]
) -> DiagnosticStatus:
    """Summarize the node.

    Args:
        name: fully qualified name of the node.
        state: lifecycle state: unconfigured, inactive, active or finalized.
        silent_topics: subscribed topics without messages.
        counts: frame counts.
        facts: backbone, method and device.

    Returns:
        Level STALE unless active, WARN if a topic is silent, else OK. Keys: state, the facts' keys,
        received, segmented, dropped, rate_hz, mean_rate_hz, objects_per_frame, dropped.REASON,
        noted.KIND, latency_ms.STAGE.median and latency_ms.STAGE.p95.
    """
    level, message = _level_and_message(state, silent_topics, counts)
    values = {"state": state, **facts, **_figures(counts)}
    pairs = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    return DiagnosticStatus(
        level=level,
        name=f"{name.strip('/')}: segmentation",
        message=message,
        hardware_id=str(facts.get("device", "")),
        values=pairs,
    )


def _level_and_message(state: str, silent_topics: list[str], counts: Counts) -> tuple[bytes, str]:
    if state != "active":
        return DiagnosticStatus.STALE, f"{state}; segments nothing until it is activated"
    if silent_topics:
        return DiagnosticStatus.WARN, f"no messages on {', '.join(silent_topics)}"
    return DiagnosticStatus.OK, f"segmenting {counts.rate:.1f} frames/s"


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
