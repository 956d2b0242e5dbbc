"""Detection of the format of a recording, and registration of new formats."""

import os
import tempfile
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from recordings import color_image, write_bag, write_image, write_tum

from scenerep_ros.cli.flags.sources import recording_paths
from scenerep_ros.config import registry
from scenerep_ros.config.registry import Registry
from scenerep_ros.errors import SourceError
from scenerep_ros.sources import Source, open_source
from scenerep_ros.sources import registry as sources_registry
from scenerep_ros.sources.registry import (
    SOURCES,
    formats_by_priority,
    is_recording,
    list_recordings,
)

FORMATS = (
    r"rgb.txt and depth.txt.*associations.txt.*\.bag.*metadata.yaml.*color/ \(or rgb/\) and depth/.*"
    r"frame-\*.*PNG or JPEG.*folder a frame.*video"
)


class TextSource(Source):
    """Recording of another package: a folder with the file frames.text."""

    format_name = "text folder"
    format_description = "a folder with frames.text"

    def __init__(self, path):
        super().__init__(path.name, rate=1.0)

    @classmethod
    def matches(cls, path):
        return (path / "frames.text").is_file()

    def __len__(self):
        return 0

    def __getitem__(self, index):
        raise IndexError(index)


@pytest.fixture
def plug_in(monkeypatch):
    """Install a plug-in whose entry point is TextSource."""
    entry_point = EntryPoint("text", f"{__name__}:TextSource", "scenerep_ros.sources")
    monkeypatch.setattr(EntryPoint, "load", lambda _: TextSource)
    monkeypatch.setattr(
        registry,
        "entry_points",
        lambda group: [entry_point] if group == entry_point.group else [],
    )
    fresh = Registry("source", "scenerep_ros.sources.formats", "scenerep_ros.sources")
    for name, source_format in SOURCES.items():
        fresh.register(name)(source_format)
    monkeypatch.setattr(sources_registry, "SOURCES", fresh)


def test_formats_are_tested_from_specific_to_general():
    assert [item.format_name for item in formats_by_priority()] == [
        "TUM folder",
        "association folder",
        "ROS 1 bag",
        "rosbag2",
        "BOP scene",
        "ScanNet scene",
        "Replica sequence",
        "RGB-D folder",
        "7-Scenes sequence",
        "folder of paired images",
        "image folder",
        "folder of frame folders",
        "video",
    ]


def test_open_source_of_an_ambiguous_folder_prefers_tum(tmp_path):
    write_tum(tmp_path)
    assert SOURCES["rgbd_folder"].matches(tmp_path)
    assert open_source(tmp_path).format_name == "TUM folder"


def test_open_source_with_a_plug_in_opens_its_format(plug_in, tmp_path):
    (tmp_path / "frames.text").touch()
    write_image(tmp_path / "a.png", color_image(0))
    assert open_source(tmp_path).format_name == "text folder"
    (tmp_path / "frames.text").unlink()
    assert open_source(tmp_path).format_name == "image folder"
    (tmp_path / "a.png").unlink()
    with pytest.raises(SourceError, match=r"frames\.text"):
        open_source(tmp_path)


def test_is_recording_detects_a_bag_but_not_text(tmp_path):
    assert is_recording(write_bag(tmp_path / "a.bag"))
    (tmp_path / "thesis.pdf").touch()
    assert not is_recording(tmp_path / "thesis.pdf")


def test_open_source_with_missing_path_names_where_it_looked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("moved")
    for path, problem in (
        (tmp_path / "nothing", "does not exist"),
        ("nothing", f"does not exist in {tmp_path}"),
        ("link", "is a link to moved, which does not exist"),
    ):
        with pytest.raises(SourceError, match=f"^source {path}: {problem}; check the path$"):
            open_source(path)


@pytest.mark.parametrize("open_path", [open_source, recording_paths])
def test_open_source_of_an_empty_name_reads_no_current_folder(open_path, tmp_path, monkeypatch):
    write_tum(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match="source '': is an empty name"):
        open_path("")


@pytest.mark.parametrize("path", ["~nosuchuser/drive", "a" * 5000])
def test_open_source_at_unreadable_path_names_it(path):
    with pytest.raises(SourceError, match=rf"source {path}: cannot be read: .* permissions"):
        open_source(path)


@pytest.fixture
def disk():
    """Folder of recordings with a folder lost+found that only the superuser may read."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for recording in ("drive", "walk"):
            write_tum(folder / recording)
        (folder / "lost+found").mkdir(mode=0)
        user = os.geteuid()
        folder.chmod(0o755)
        if user == 0:
            os.seteuid(65534)
        yield folder
        os.seteuid(user)


def test_folder_that_must_not_be_read_is_left_out(disk, caplog):
    assert [path.name for path in list_recordings(disk)] == ["drive", "walk"]
    assert "lost+found: left out: Permission denied" in caplog.text
    with pytest.raises(SourceError, match="holds 2 recordings: drive, walk"):
        open_source(disk)
    with pytest.raises(SourceError, match=r"lost\+found: cannot be read: .*check .* permissions"):
        open_source(disk / "lost+found")


def test_open_source_with_empty_folder_lists_the_formats(tmp_path):
    with pytest.raises(SourceError, match=f"is an empty folder; expected .*{FORMATS}"):
        open_source(str(tmp_path))


def test_open_source_with_other_files_lists_them(tmp_path):
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(SourceError, match=f"contains thesis.pdf, which match no .*{FORMATS}"):
        open_source(tmp_path)


def test_open_source_with_unknown_file_lists_the_formats(tmp_path):
    (tmp_path / "thesis.pdf").touch()
    with pytest.raises(SourceError, match=f"is a file of unknown format; expected .*{FORMATS}"):
        open_source(tmp_path / "thesis.pdf")


def test_open_source_with_unpaired_rgbd_names_is_rejected(tmp_path):
    write_image(tmp_path / "color" / "a.png", color_image(0))
    (tmp_path / "depth").mkdir()
    with pytest.raises(SourceError, match="none of 1 color and 0 depth images have equal names"):
        open_source(tmp_path)
