"""Behaviour that all sinks share, and the composite of several sinks."""

from __future__ import annotations

import pytest
from segmented_frames import file_names, make_frame, make_scene

from scenerep_ros.errors import ScenerepError
from scenerep_ros.sinks import (
    AttentionSink,
    CloudSink,
    CompositeSink,
    LabelSink,
    OverlayVideoSink,
    Sink,
)

FOLDER_SINKS = [LabelSink, CloudSink, AttentionSink]


@pytest.mark.parametrize("sink", FOLDER_SINKS)
@pytest.mark.parametrize("name", ["../../escaped", "/etc/x", "a/b", "..\\up", "..", "nul\0", ""])
def test_sink_with_any_frame_name_stays_in_its_folder(tmp_path, sink, name):
    out = tmp_path / "deep" / "out"
    with sink(out) as writer:
        writer.write(make_frame(name), make_scene())
    written = file_names(tmp_path)
    assert len(written) == 1
    assert written[0].startswith("deep/out/")


@pytest.mark.parametrize("sink", [*FOLDER_SINKS, lambda out: OverlayVideoSink(out / "v.mp4", 30)])
def test_sink_with_an_unusable_folder_names_it(tmp_path, sink):
    (tmp_path / "out").write_text("a file, not a folder")
    with (
        pytest.raises(ScenerepError, match=r"cannot write .*out"),
        sink(tmp_path / "out") as writer,
    ):
        writer.write(make_frame(), make_scene())


def test_composite_sink_writes_to_every_sink(tmp_path):
    with CompositeSink([LabelSink(tmp_path), AttentionSink(tmp_path)]) as sink:
        sink.write(make_frame("a"), make_scene())
    assert file_names(tmp_path) == ["attention/a.png", "labels/a.png"]


def test_composite_sink_closes_every_sink_when_one_fails():
    class FailingSink(Sink):
        def __init__(self) -> None:
            self.closed_count = 0

        def close(self) -> None:
            self.closed_count += 1
            raise ScenerepError("the disk is full")

    sinks = [FailingSink(), FailingSink()]
    with pytest.raises(ScenerepError, match="disk"):
        CompositeSink(sinks).close()
    assert [sink.closed_count for sink in sinks] == [1, 1]
