"""The result of one check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import Enum
from typing import Any


class Level(str, Enum):
    """How bad it is."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """One line of the report.

    Attributes:
        level: FAIL means that segmenting cannot work, WARN that it will disappoint.
        name: what was looked at.
        detail: what was seen.
        advice: what to do; empty when there is nothing to do.
    """

    level: Level
    name: str
    detail: str
    advice: str = ""


def ok(name: str, detail: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, name, detail)


def warn(name: str, detail: str, advice: str) -> Finding:
    """It works, but badly."""
    return Finding(Level.WARN, name, detail, advice)


def fail(name: str, detail: str, advice: str) -> Finding:
    """It cannot work."""
    return Finding(Level.FAIL, name, detail, advice)


def as_text(findings: Iterable[Finding]) -> str:
    """One aligned line a finding: level, name, detail, and after an arrow what to do."""
    findings = list(findings)
    width = max((len(finding.name) for finding in findings), default=0)
    return "\n".join(_line(finding, width) for finding in findings)


def _line(finding: Finding, width: int) -> str:
    advice = f" -> {finding.advice}" if finding.advice else ""
    return f"{finding.level.value:<4}  {finding.name:<{width}}  {finding.detail}{advice}"


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """The same for programs: {"failed": bool, "findings": [{level, name, detail, advice}]}."""
    findings = list(findings)
    return {
        "failed": failed(findings),
        "findings": [asdict(finding) | {"level": finding.level.value} for finding in findings],
    }


def failed(findings: Iterable[Finding]) -> bool:
    """Whether anything cannot work."""
    return any(finding.level is Level.FAIL for finding in findings)
