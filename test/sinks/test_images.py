"""Writers of label and attention images."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from segmented_frames import file_names, make_frame, make_scene

from scenerep_ros.errors import FrameError
from scenerep_ros.frames import UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.render import attention_montage
from scenerep_ros.sinks import AttentionSink, LabelSink


def test_label_sink_writes_16_bit_labels_unchanged(tmp_path):
    with LabelSink(tmp_path) as sink:
        sink.write(make_frame("a"), make_scene())
    image = cv2.imread(str(tmp_path / "labels" / "a.png"), cv2.IMREAD_UNCHANGED)
    assert image.dtype == np.uint16
    np.testing.assert_array_equal(image, make_scene().labels)


def test_attention_sink_writes_the_montage(tmp_path):
    frame, scene = make_frame("a"), make_scene()
    with AttentionSink(tmp_path) as sink:
        sink.write(frame, scene)
    image = cv2.imread(str(tmp_path / "attention" / "a.png"))[..., ::-1]
    np.testing.assert_array_equal(image, attention_montage(frame.color, scene.attention))


def test_attention_sink_without_attention_suggests_a_vit(tmp_path):
    scene = SceneSegmentation(make_scene().labels)
    with pytest.raises(FrameError, match="ViT"):
        AttentionSink(tmp_path).write(make_frame(), scene)


def test_attention_sink_skips_a_blank_frame(tmp_path):
    blank = SceneSegmentation(np.full((4, 5), UNLABELLED, np.uint16))
    with AttentionSink(tmp_path) as sink:
        sink.write(RGBDFrame(np.zeros((4, 5, 3), np.uint8), name="a"), blank)
    assert file_names(tmp_path) == []
