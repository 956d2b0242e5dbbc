"""Unique names of frames."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from scenerep_ros.sources.frame_names import UniqueNames, file_frame_names, safe_name

PARTS = st.sampled_from(["x", "X", "x.png", "x.jpg", "x_png", "x_2", "a", "y.PNG", ".", "a:b"])
PATHS = st.lists(st.builds(lambda folder, name: Path("root") / folder / name, PARTS, PARTS))


@given(PATHS)
def test_file_frame_names_are_unique_without_capitals(paths):
    names = file_frame_names(paths)
    assert len({name.casefold() for name in names}) == len(paths)
    assert not any(set(name) & set("/\\:\0") for name in names)


def test_file_frame_names_of_different_stems_are_stems():
    assert file_frame_names([Path("b/0.5.png"), Path("a/1.jpg")]) == ["0.5", "1"]


def test_file_frame_names_of_equal_stems_have_suffixes():
    paths = [Path("x.jpg"), Path("x.png"), Path("X.png"), Path("y.png")]
    names = file_frame_names(paths)
    assert names[3] == "y"
    assert len({name.casefold() for name in names}) == 4


@given(st.text(alphabet="./\\:\0a", max_size=5))
def test_safe_name_stays_inside_its_folder(name):
    folder = Path("/results")
    assert (folder / safe_name(name)).resolve().parent == folder


def test_unique_names_never_repeats_a_numbered_name():
    unique = UniqueNames()
    assert [unique(name) for name in ("a", "a", "a_2", "a")] == ["a", "a_2", "a_2_2", "a_3"]
