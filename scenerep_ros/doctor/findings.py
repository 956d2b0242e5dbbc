"""Results of checks, and their output as text and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Level(str, Enum):
    """Severity of a finding."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """Result of one check: a line of the report.

    Attributes:
        level: FAIL prevents segmentation, WARN degrades its results.
        name: subject of the check.
        detail: observed fact.
        advice: action that solves the problem; empty if there is none.
    """

    level: Level
    name: str
    detail: str
    advice: str = ""


def ok(name: str, detail: str) -> Finding:
    """Create an OK finding."""
    return Finding(Level.OK, name, detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    """Create a warning."""
    return Finding(Level.WARN, name, detail, advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    """Create a failure."""
    return Finding(Level.FAIL, name, detail, advice)


def format_text(findings: Iterable[Finding]) -> str:
    """Format findings as aligned lines: level, name, detail, and the advice after an arrow."""
    findings = list(findings)
    width = max((len(finding.name) for finding in findings), default=0)
    return "\n".join(_format_line(finding, width) for finding in findings)


def _format_line(finding: Finding, width: int) -> str:
    advice = f" -> {finding.advice}" if finding.advice else ""
    return f"{finding.level.value:<4}  {finding.name:<{width}}  {finding.detail}{advice}"


def to_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return {"failed": bool, "findings": [{level, name, detail, advice}]}."""
    findings = list(findings)
    return {
        "failed": has_failure(findings),
        "findings": [asdict(finding) | {"level": finding.level.value} for finding in findings],
    }


def has_failure(findings: Iterable[Finding]) -> bool:
    """Return whether a finding is a failure."""
    return any(finding.level is Level.FAIL for finding in findings)
