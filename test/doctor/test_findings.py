"""The doctor's report."""

import pytest

from scenerep_ros.doctor.findings import as_json, as_text, fail, failed, ok, warn

FINDINGS = [ok("python", "3.11"), warn("Fast DDS", "no profile", "set one")]


def test_text_aligns_one_line_a_finding():
    lines = as_text(FINDINGS).splitlines()
    assert lines == ["OK    python    3.11", "WARN  Fast DDS  no profile -> set one"]


def test_text_of_nothing_is_empty():
    assert as_text([]) == ""


@pytest.mark.parametrize(("more", "expected"), [([], False), ([fail("a", "b", "c")], True)])
def test_only_a_failure_fails(more, expected):
    assert failed([*FINDINGS, *more]) is expected
    report = as_json([*FINDINGS, *more])
    assert report["failed"] is expected
    assert report["findings"][1] == {
        "level": "WARN",
        "name": "Fast DDS",
        "detail": "no profile",
        "advice": "set one",
    }
