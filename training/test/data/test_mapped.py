"""Pairs of frames that show one object of a map."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from scenerep_training.cli.train import main
from scenerep_training.data.held_out import hold_out
from scenerep_training.data.mapped import MappedRecording
from scenerep_training.data.recordings import open_recordings
from scenerep_training.evaluation.scene_maps.segmenters import TrueSegmenter

from scenerep_ros.config.options import MappingOptions
from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.frames import UNLABELLED
from scenerep_ros.mapping.map_files import write_map
from scenerep_ros.mapping.map_recording import RECORDING, write_map_recording
from scenerep_ros.mapping.scene_map import SceneMap
from scenerep_ros.sources import open_source
from scenerep_ros.sources.file_source import FileSource
from scenerep_ros.sources.options import SourceOptions


@pytest.fixture
def map_folder(tmp_path, tabletop):
    """Map of the embedded recording from its true masks."""
    source, segment = open_source(tabletop), TrueSegmenter()
    scene_map = SceneMap(MappingOptions(voxel_size=0.01))
    for index in range(0, len(source), 4):
        frame = source[index]
        scene_map.integrate(frame, segment(frame, source.ground_truth(index)))
    folder = tmp_path / "map"
    folder.mkdir()
    write_map(scene_map.snapshot(), folder)
    write_map_recording(tabletop, SourceOptions(), folder)
    return folder


def test_mapped_recording_has_the_mapped_frames_with_consensus_labels(map_folder, tabletop):
    recording = MappedRecording(map_folder)
    truth = open_source(tabletop).ground_truth(4)
    labels = recording.ground_truth(1)
    assert len(recording) == 15
    for label in np.unique(truth[truth > 0]):
        inside = labels[(truth == label) & (labels != UNLABELLED)]
        assert (inside == np.bincount(inside).argmax()).mean() > 0.8


def test_unreadable_frame_of_a_map_is_left_out(map_folder, monkeypatch):
    read = FileSource.color_frame

    def read_all_but_one(source, index):
        if index == 8:
            raise FrameError("damaged")
        return read(source, index)

    monkeypatch.setattr(FileSource, "color_frame", read_all_but_one)
    recording = MappedRecording(map_folder)
    names = [recording.frame_name(index) for index in range(len(recording))]
    monkeypatch.undo()
    complete = MappedRecording(map_folder)
    assert names == [complete.frame_name(index) for index in range(15) if index != 2]
    np.testing.assert_array_equal(recording[2].pose, complete[3].pose)


def test_pair_shows_one_object_in_two_frames(map_folder):
    recording = MappedRecording(map_folder)
    torch.manual_seed(0)
    views = recording.object_views(0, 10)
    side = views[0][0].shape[0]
    for frame, mask in views:
        assert frame.shape == (side, side)
        assert mask.shape == frame.shape
        assert 0.1 < mask.mean() < 0.9
    assert set(recording.partners(0)) > {10}


def test_training_part_of_a_map_keeps_its_pairs_and_pickles(map_folder):
    (part,) = hold_out(open_recordings([map_folder])).training.sources
    assert len(pickle.loads(pickle.dumps(part))) == len(part) < 15
    assert max(part.partners(0)) < len(part)


def test_every_second_frame_of_a_map_keeps_its_pairs(map_folder):
    (recording,) = open_recordings([map_folder]).sources
    part = recording.part(0, 10, 2)
    assert [part.frame_name(i) for i in range(5)] == [recording.frame_name(2 * i) for i in range(5)]
    assert max(part.partners(0)) < 5


def test_map_without_a_recording_is_refused(map_folder):
    (map_folder / RECORDING).unlink()
    with pytest.raises(SourceError, match="names no recording"):
        open_recordings([map_folder])


@pytest.mark.parametrize("method", ["byol", "odin"])
def test_method_trains_on_a_map(map_folder, tmp_path, method):
    flags = "--backbone test_vit --init random --max-steps 2 --batch-size 2 --crop-size 64"
    flags += " --workers 0 --device cpu --no-gate --preview-every 0 --hidden 32"
    output = tmp_path / "run"
    arguments = [method, "--data", str(map_folder), "--output", str(output), *flags.split()]
    assert main(arguments) == 0
    assert list(output.glob("*.safetensors"))
