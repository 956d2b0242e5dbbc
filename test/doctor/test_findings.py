"""Findings and their output."""

import pytest

from scenerep_ros.doctor.findings import fail, format_text, has_failure, ok, to_json, warn

FINDINGS = [ok("python", "3.11"), warn("Fast DDS", "no profile", "set one")]


def test_format_text_aligns_one_line_per_finding():
    lines = format_text(FINDINGS).splitlines()
    assert lines == ["OK    python    3.11", "WARN  Fast DDS  no profile -> set one"]


def test_format_text_without_findings_is_empty():
    assert format_text([]) == ""


@pytest.mark.parametrize(("more", "expected"), [([], False), ([fail("a", "b", "c")], True)])
def test_report_fails_only_with_a_failure(more, expected):
    assert has_failure([*FINDINGS, *more]) is expected
    report = to_json([*FINDINGS, *more])
    assert report["failed"] is expected
    assert report["findings"][1] == {
        "level": "WARN",
        "name": "Fast DDS",
        "detail": "no profile",
        "advice": "set one",
    }
