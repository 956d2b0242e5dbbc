from __future__ import annotations

import subprocess
import sys
from textwrap import dedent

import pytest
from lint import style_lint


@pytest.fixture
def check(tmp_path):
    """Write one file and return its findings as pairs of line and rule."""

    def run(source, name="scenerep_ros/ros/module.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))
        return [(finding.line, finding.rule) for finding in style_lint.check_file(path)]

    return run


GEOMETRY = "scenerep_ros/geometry/planes.py"


@pytest.mark.parametrize("opener", ["What", "Whether", "Where", "How", "Of", "That", "If", "When"])
def test_docstring_opener_conjunction_is_found(check, opener):
    source = f'def area(mask):\n    """{opener} the mask covers."""\n'
    assert check(source) == [(2, "docstring-opener")]


def test_docstring_opener_of_modules_classes_and_fields_is_found(check):
    source = '''\
        """What this module does."""

        class Plane:
            """Whose normal points up."""

            offset = None
            """Where it lies [m]."""
        '''
    assert check(source) == [(line, "docstring-opener") for line in (1, 4, 7)]


@pytest.mark.parametrize(
    "text", ["Return the area.", "Whiteness of a pixel.", "`of` is a word.", ""]
)
def test_docstring_opener_verb_or_noun_is_accepted(check, text):
    assert check(f'def area(mask):\n    """{text}"""\n') == []


@pytest.mark.parametrize(
    "assignment",
    ["RATIO = 0.3", "_SIZE: int = 7", "BOUNDS = (0.1, -2)", "SIDE = 2 * 7 + 1", "STEPS = {'a': 1}"],
)
def test_tuned_literal_at_module_level_is_found(check, assignment):
    assert check(assignment, GEOMETRY) == [(1, "tuned-literal")]


@pytest.mark.parametrize(
    "source",
    [
        "MAX_GRAY = 255  # constant: largest value of 8 bits",
        "ENABLED = True",
        "NAME = 'plane'",
        "SIDE = 2 * RADIUS + 1",
        "__version__ = 1",
        "def close(mask):\n    size = 7\n    return size",
        "@dataclass(frozen=True)\nclass Constants:\n    ratio: float = 0.3",
    ],
)
def test_tuned_literal_rule_accepts_other_assignments(check, source):
    assert check(source, GEOMETRY) == []


def test_tuned_literal_without_a_reason_is_found(check):
    assert check("RATIO = 0.3  # constant:", GEOMETRY) == [(1, "tuned-literal")]
    assert check("RATIO = 0.3  # the ratio", GEOMETRY) == [(1, "tuned-literal")]


@pytest.mark.parametrize("name", ["scenerep_ros/ros/qos.py", "scenerep_ros/test/geometry/a.py"])
def test_tuned_literal_rule_ignores_other_folders(check, name):
    assert check("DEPTH = 5", name) == []


@pytest.mark.parametrize(
    "source",
    [
        "colour = None",
        "def normalise(image): ...",
        "def scale(centre_x): ...",
        "class NeighbourGraph: ...",
        "self.greyscale = None",
        "import numpy as visualisation",
        "for metres in (): ...",
    ],
)
def test_american_spelling_of_defined_names_is_required(check, source):
    assert check(source) == [(1, "american-spelling")]


@pytest.mark.parametrize(
    "source",
    [
        "color = center = normalized = otherwise = promised = noise = precise = parameters = None",
        "x = library.colour",
        "paint(colour=None)",
        'text = "colour"  # the centre',
        "unlabelled = None",
    ],
)
def test_american_spelling_rule_accepts_other_text(check, source):
    assert check(source) == []


def test_american_spelling_of_file_names_is_required(check):
    assert check("", "scenerep_ros/colour.py") == [(1, "american-spelling")]


def test_test_name_with_eleven_words_is_found(check):
    ten, eleven = ("_".join(["word"] * count) for count in (10, 11))
    assert check(f"def test_{ten}(): ...", "test/test_it.py") == []
    assert check(f"def test_{eleven}(): ...", "test/test_it.py") == [(1, "test-name")]


@pytest.mark.parametrize("name", ["test", "testPlanes", "tests_planes", "test_Planes"])
def test_test_name_of_another_form_is_found(check, name):
    assert check(f"def {name}(): ...", "test/test_it.py") == [(1, "test-name")]


def test_command_prints_findings_and_exits_with_one(tmp_path):
    bad, good = tmp_path / "bad.py", tmp_path / "good.py"
    bad.write_text('"""How it works."""\n')
    good.write_text('"""Module of planes."""\n')

    def run(*paths):
        command = [sys.executable, style_lint.__file__, *map(str, paths)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60)

    failed = run(tmp_path)
    assert failed.returncode == 1
    assert failed.stdout.startswith(f"{bad}:1: docstring-opener: docstring opens with 'How'")
    assert len(failed.stdout.splitlines()) == 1
    assert run(good).returncode == 0
    assert "no such file" in run(tmp_path / "absent.py").stderr
