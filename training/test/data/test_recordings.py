"""Tests of the recordings of a run: layouts and sampling probabilities."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from clips import frame_number, write_images, write_video
from layouts import co3d_frame, write_annotations, write_co3d, write_davis
from scenerep_training.data.recordings import open_recordings, thin

from scenerep_ros.errors import ConfigError, SourceError
from scenerep_ros.filesystem.atomic import write_image


def lengths(recordings):
    return {source.name: len(source) for source in recordings.sources}


def test_probabilities_without_weights_follow_lengths(tmp_path):
    paths = [write_images(tmp_path / "a", 2), write_images(tmp_path / "b", 6)]
    recordings = open_recordings(paths)
    assert lengths(recordings) == {"a": 2, "b": 6}
    assert recordings.probabilities == pytest.approx((0.25, 0.75))


def test_probabilities_share_weight_of_path_among_sequences(tmp_path):
    davis = write_davis(tmp_path / "davis", frames=3)
    recordings = open_recordings([davis, write_images(tmp_path / "a", 2)], [3, 1])
    assert lengths(recordings) == {"bear": 3, "swan": 3, "a": 2}
    assert recordings.probabilities == pytest.approx((0.375, 0.375, 0.25))


def test_thin_recordings_are_evenly_spread(tmp_path):
    paths = [write_images(tmp_path / "a", 2), write_images(tmp_path / "b", 7)]
    recordings = open_recordings(paths)
    thinned = thin(recordings, max_frames=5)
    names = [source.frame_name(i) for source in thinned.sources for i in range(len(source))]
    first, second = recordings.sources
    assert names == [first.frame_name(0), *(second.frame_name(i) for i in (0, 2, 4, 6))]
    assert thinned.sources[1].rate == second.rate / 2
    assert thinned.probabilities == recordings.probabilities
    assert thin(recordings, 0) is thin(recordings, 9) is recordings


@pytest.mark.parametrize("weights", [[1], [1, 0], [1, -1], [1, float("nan")]])
def test_invalid_weights_raise(tmp_path, weights):
    paths = [write_images(tmp_path / name) for name in "ab"]
    with pytest.raises(ConfigError, match="weights"):
        open_recordings(paths, weights)


def test_davis_opens_all_sequences_with_masks(tmp_path):
    davis = write_davis(tmp_path / "davis")
    (davis / "ImageSets" / "2017").mkdir(parents=True)
    (davis / "ImageSets" / "2017" / "val.txt").write_text("bear\n")
    recordings = open_recordings([davis])
    assert lengths(recordings) == {"bear": 2, "swan": 2}
    assert recordings.sources[0].ground_truth(0).max() == 1


@pytest.mark.parametrize("path", ["", "apple"])
def test_co3d_includes_frames_without_masks(tmp_path, path):
    co3d = write_co3d(tmp_path / "co3d", frames=3)
    entries = [co3d_frame("apple", "110_1", number) for number in range(3)]
    entries[1]["mask"] = None
    write_annotations(co3d / "apple", entries)
    sequence = open_recordings([co3d / path]).sources[0]
    assert (sequence.name, len(sequence)) == ("110_1", 3)
    assert sequence[1].name == "frame000001"
    assert sequence.ground_truth(0).sum() == 24 * 24
    assert sequence.ground_truth(1) is None


def test_neighbors_are_pairs_in_videos_and_similar_images_only(tmp_path):
    def noise(index):
        return np.random.default_rng(index).integers(0, 256, (48, 64, 3), np.uint8)

    for index in range(6):
        write_image(tmp_path / "stills" / f"{index}.png", noise(index))
    paths = [
        write_video(tmp_path / "noise.avi", image=noise),
        write_images(tmp_path / "images"),
        tmp_path / "stills",
    ]
    assert open_recordings(paths).has_pairs == (True, True, False)


def test_folder_of_recordings_leaves_out_damaged_ones(tmp_path, caplog):
    write_video(tmp_path / "all" / "b10.avi", 3)
    write_video(tmp_path / "all" / "b2.avi", 4)
    write_images(tmp_path / "all" / "c", 5)
    (tmp_path / "all" / "broken.mp4").write_bytes(b"no video")
    (tmp_path / "all" / "notes.txt").write_text("ignored")
    assert lengths(open_recordings([tmp_path / "all"])) == {"b2": 4, "b10": 3, "c": 5}
    assert "broken.mp4" in caplog.text


def test_folder_of_damaged_recordings_raises(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"no video")
    (tmp_path / "b.mp4").write_bytes(b"no video")
    with pytest.raises(SourceError, match="none of its 2 recordings"):
        open_recordings([tmp_path])


@pytest.mark.parametrize(("name", "reason"), [("", "expected"), ("missing", "does not exist")])
def test_path_without_recording_raises_with_its_name(tmp_path, name, reason):
    with pytest.raises(SourceError, match=f"{tmp_path / name}.*{reason}"):
        open_recordings([tmp_path / name])


def test_sources_pickle_and_support_random_access(tmp_path):
    paths = [write_video(tmp_path / "video.avi"), write_images(tmp_path / "images")]
    recordings = pickle.loads(pickle.dumps(open_recordings(paths)))
    for source in recordings.sources:
        order = np.random.default_rng(0).permutation(6)
        assert [frame_number(source[index].color) for index in order] == list(order)
