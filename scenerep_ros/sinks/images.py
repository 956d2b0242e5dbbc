"""One image a frame: labels, overlays, attention."""

from __future__ import annotations

from pathlib import Path

from scenerep_ros.errors import FrameError
from scenerep_ros.filesystem.atomic import write_image
from scenerep_ros.frames import UNLABELLED, RGBDFrame, SceneSegmentation
from scenerep_ros.render import attention_montage, overlay
from scenerep_ros.sinks.base import Sink, path_inside


class LabelSink(Sink):
    """Writes labels/NAME.png, uint16 at the image's resolution: BACKGROUND, UNLABELLED or ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "labels"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the scene's labels."""
        write_image(path_inside(self._folder, frame.name, ".png"), scene.labels)


class OverlaySink(Sink):
    """Writes overlays/NAME.png: the image under the objects' colours, outlines and ids."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "overlays"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the scene's overlay."""
        picture = overlay(frame.color, scene.labels)
        write_image(path_inside(self._folder, frame.name, ".png"), picture)


class AttentionSink(Sink):
    """Writes attention/NAME.png: a montage of the attention heads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "attention"

    def write(self, frame: RGBDFrame, scene: SceneSegmentation) -> None:
        """Write the scene's attention; nothing for a frame that shows nothing.

        Raises:
            FrameError: if the backbone has none.
            ScenerepError: if the file cannot be written.
        """
        if (scene.labels == UNLABELLED).all():
            return
        if scene.attention is None:
            raise FrameError(
                f"frame {frame.name}: no attention to draw, for this backbone has no CLS token; "
                "choose a ViT, or leave attention out"
            )
        picture = attention_montage(frame.color, scene.attention)
        write_image(path_inside(self._folder, frame.name, ".png"), picture)
