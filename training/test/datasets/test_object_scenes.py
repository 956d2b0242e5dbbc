"""Tests of labelled RGB-D frames in published layouts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from layouts import square_mask, truncate_file, write_scene, write_tum
from scenerep_training.datasets.object_scenes import ObjectScenes

from scenerep_ros.errors import FrameError, SourceError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import UNLABELLED

TABLETOP = Path(__file__).resolve().parents[3] / "test" / "data" / "tabletop"


def osd_labels():
    """Return labels: 0 unknown at the top, 1 table, 2 and 3 objects."""
    labels = np.ones((48, 64), np.uint8)
    labels[:4] = 0
    labels[10:20, 10:20] = 2
    labels[10:20, 30:40] = 3
    return labels


def test_modified_osd_marks_unknown_pixels_as_unlabelled(tmp_path):
    write_scene(tmp_path, "learn0", osd_labels())
    frame, labels = ObjectScenes(tmp_path).read("learn0")
    assert frame.depth[0, 0] == 1.0
    assert (labels[:4] == UNLABELLED).all()
    assert np.unique(labels[4:]).tolist() == [0, 1, 2]
    assert (labels[10:20, 30:40] == 2).all()


def test_published_osd_reads_labels_and_depth(tmp_path):
    annotation = np.where(osd_labels() > 1, osd_labels() - 1, 0).astype(np.uint8)
    write_scene(tmp_path, "test1", annotation, "image_color", "disparity", "annotation")
    scenes = ObjectScenes(tmp_path)
    assert scenes.names() == ["test1"]
    frame, labels = scenes.read("test1")
    np.testing.assert_array_equal(labels, annotation)
    assert np.nanmax(frame.depth) == 1.0


OCID = "ARID20/{}/bottom/seq05"


@pytest.fixture
def ocid(tmp_path):
    for support in ("floor", "table"):
        write_scene(
            tmp_path / OCID.format(support), "result_1", osd_labels(), color="rgb", label="label"
        )
    return tmp_path


def test_ocid_tree_names_frames_by_sequence(ocid):
    assert ObjectScenes(ocid).names() == [
        "ARID20/floor/bottom/seq05/result_1",
        "ARID20/table/bottom/seq05/result_1",
    ]


@pytest.mark.parametrize(("support", "objects"), [("floor", [2, 3]), ("table", [3])])
def test_ocid_support_is_background_and_no_pixel_unlabelled(ocid, support, objects):
    scenes = ObjectScenes(ocid)
    _, labels = scenes.read(f"{OCID.format(support)}/result_1")
    assert labels[0, 0] == 0
    raw = osd_labels()
    np.testing.assert_array_equal(labels > 0, np.isin(raw, objects))
    assert len(np.unique(labels)) == len(objects) + 1


def test_ocid_sequence_opens_without_tree(ocid):
    scenes = ObjectScenes(ocid / OCID.format("table"))
    assert scenes.names() == ["result_1"]
    assert len(np.unique(scenes.read("result_1")[1])) == 2


def test_tum_folder_with_masks_reads_labels(tmp_path):
    masks = [square_mask(7, left=left) for left in (0, 8)]
    scenes = ObjectScenes(write_tum(tmp_path, masks))
    assert scenes.names() == ["0", "1"]
    for name, mask in zip(scenes.names(), masks, strict=True):
        np.testing.assert_array_equal(scenes.read(name)[1], mask)


def test_frame_without_labels_raises_with_its_name(tmp_path):
    write_scene(tmp_path, "a", osd_labels())
    write_scene(tmp_path, "b", osd_labels())
    (tmp_path / "label" / "b.png").unlink()
    with pytest.raises(FrameError, match="frame b: has no label image"):
        ObjectScenes(tmp_path).read("b")


def test_damaged_label_image_raises_with_file_name(tmp_path):
    write_scene(tmp_path, "a", osd_labels())
    truncate_file(tmp_path / "label" / "a.png")
    with pytest.raises(FrameError, match=r"a\.png: image is truncated"):
        ObjectScenes(tmp_path).read("a")


def test_labels_of_other_size_raise_with_both_sizes(tmp_path):
    write_scene(tmp_path, "a", osd_labels())
    write_image(tmp_path / "label" / "a.png", osd_labels()[:10])
    with pytest.raises(FrameError, match="labels are 64x10 but the color image is 64x48"):
        ObjectScenes(tmp_path).read("a")


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text("no")])
def test_other_layout_raises_with_expected_layouts(tmp_path, make):
    make(tmp_path / "other")
    with pytest.raises(SourceError, match=r"other.*image_color/.*ARID20"):
        ObjectScenes(tmp_path / "other")


def test_embedded_recording_has_its_objects():
    scenes = ObjectScenes(TABLETOP)
    assert len(scenes.names()) == 60
    objects = json.loads((TABLETOP / "objects.json").read_text())
    frame, labels = scenes.read(scenes.names()[30])
    assert labels.shape == frame.shape == (480, 640)
    assert set(np.unique(labels)) == {0, *map(int, objects)}


def test_object_scenes_of_real_data(real_data):
    scenes = ObjectScenes(real_data("mosd_learn"))
    assert len(scenes.names()) == 45
    _, labels = scenes.read("learn0")
    assert sorted(np.unique(labels)) == [0, 1, 2, UNLABELLED]
