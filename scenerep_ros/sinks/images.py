"""Writers of one image a frame: labels and attention."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.render import attention_montage
from scenerep_ros.sinks.base import Sink, path_inside


class LabelSink(Sink):
    """Writes labels/NAME.png: (H, W) uint16 of BACKGROUND, UNLABELLED or object ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "labels"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the labels of the scene.

        Raises:
            ScenerepError: if the file cannot be written.
        """
        write_image(path_inside(self._folder, frame.name, ".png"), scene.labels)


class AttentionSink(Sink):
    """Writes attention/NAME.png: a montage of the attention heads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "attention"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the attention of the scene; skip a blank frame, which has none.

        Raises:
            FrameError: if the backbone has no attention.
            ScenerepError: if the file cannot be written.
        """
        if (scene.labels == UNLABELLED).all():
            return
        maps = scene.attention
        if maps is None:
            raise FrameError(
                f"frame {frame.name}: the backbone has no CLS token and so no attention; "
                "choose a ViT, or leave attention out"
            )
        montage = attention_montage(frame.color, maps)
        write_image(path_inside(self._folder, frame.name, ".png"), montage)
