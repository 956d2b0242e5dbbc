from __future__ import annotations

import logging
import sys
from importlib.metadata import EntryPoint

import pytest

from scenerep_ros.config import registry as registry_module
from scenerep_ros.config.registry import Registry
from scenerep_ros.errors import ConfigError

GROUP = "example.shapes"
MODULE = """
from {package} import SHAPES

@SHAPES.register("{name}")
class {name}: ...
"""


def square() -> None: ...


def circle() -> None: ...


@pytest.fixture
def plug_ins(monkeypatch):
    """List of the entry points that are installed, empty at first."""
    installed: list[EntryPoint] = []

    def entry_points(group):
        return [entry_point for entry_point in installed if entry_point.group == group]

    monkeypatch.setattr(registry_module, "entry_points", entry_points)
    return installed


@pytest.fixture
def shapes(tmp_path, monkeypatch, plug_ins):
    """Registry of a package folder with the modules `b` and `a`, which register `round` and `arc`."""
    package = f"shapes_{tmp_path.name}"  # not in sys.modules yet
    folder = tmp_path / package
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from scenerep_ros.config.registry import Registry\n"
        f"SHAPES = Registry('shape', package='{package}', group='{GROUP}')\n"
    )
    (folder / "a.py").write_text(MODULE.format(package=package, name="round"))
    (folder / "b.py").write_text(MODULE.format(package=package, name="arc"))
    monkeypatch.syspath_prepend(tmp_path)
    return __import__(package).SHAPES


def test_modules_are_imported_and_sorted_by_name(shapes):
    assert list(shapes) == ["arc", "round"]
    assert [part.__name__ for _, part in shapes.items()] == ["arc", "round"]
    assert "arc" in shapes
    assert "square" not in shapes


def test_unknown_name_suggests_similar_name(shapes):
    with pytest.raises(ConfigError, match=r"shape rond: unknown; did you mean round\?"):
        shapes["rond"]


def test_unknown_name_without_similar_name_lists_all(shapes):
    with pytest.raises(ConfigError, match=r"shape hexagon: unknown; known names: arc, round"):
        shapes["hexagon"]


def test_duplicate_name_is_refused_with_both_locations():
    registry = Registry("shape", package="scenerep_ros.config", group=GROUP)
    registry.register("box")(square)
    with pytest.raises(ValueError, match=r"shape box: both .*square and .*circle register"):
        registry.register("box")(circle)


def test_same_part_may_register_twice():
    registry = Registry("shape", package="scenerep_ros.config", group=GROUP)
    registry.register("box")(square)
    assert registry.register("box")(square) is square


def test_plug_in_follows_built_in_parts(shapes, plug_ins):
    plug_ins.append(EntryPoint("aaa", "collections:OrderedDict", GROUP))
    assert list(shapes) == ["arc", "round", "aaa"]
    assert shapes["aaa"].__name__ == "OrderedDict"


def test_plug_in_of_other_group_is_ignored(shapes, plug_ins):
    plug_ins.append(EntryPoint("aaa", "collections:OrderedDict", "example.colors"))
    assert list(shapes) == ["arc", "round"]


@pytest.mark.parametrize("value", ["missing_module:Part", "collections:MissingPart"])
def test_broken_plug_in_is_skipped_with_warning(shapes, plug_ins, caplog, value):
    plug_ins.append(EntryPoint("broken", value, GROUP))
    plug_ins.append(EntryPoint("intact", "collections:OrderedDict", GROUP))
    with caplog.at_level(logging.WARNING):
        assert list(shapes) == ["arc", "round", "intact"]
    assert f"shape broken: the plug-in {value} cannot be loaded" in caplog.text
    assert "intact" not in caplog.text


def test_plug_in_does_not_replace_built_in_part(shapes, plug_ins, caplog):
    plug_ins.append(EntryPoint("arc", "collections:OrderedDict", GROUP))
    with caplog.at_level(logging.WARNING):
        assert shapes["arc"].__name__ == "arc"
    assert "shape arc: the plug-in collections:OrderedDict cannot be loaded" in caplog.text


def write_plug_in(folder, shapes, ending):
    """Write the module `outer_shape`, which registers `own` by itself."""
    (folder / "outer_shape.py").write_text(
        f"from {shapes._package} import SHAPES\n\n"
        f'@SHAPES.register("own")\nclass Own: ...\n\n{ending}\n'
    )


def test_plug_in_that_registers_itself_appears_once(shapes, plug_ins, tmp_path, monkeypatch):
    write_plug_in(tmp_path, shapes, ending="")
    monkeypatch.delitem(sys.modules, "outer_shape", raising=False)
    plug_ins.append(EntryPoint("other", "outer_shape:Own", GROUP))
    assert list(shapes) == ["arc", "round", "own"]


def test_plug_in_that_fails_after_registration_is_removed(shapes, plug_ins, tmp_path, monkeypatch):
    write_plug_in(tmp_path, shapes, ending="raise RuntimeError")
    monkeypatch.delitem(sys.modules, "outer_shape", raising=False)
    plug_ins.append(EntryPoint("own", "outer_shape:Own", GROUP))
    assert list(shapes) == ["arc", "round"]
