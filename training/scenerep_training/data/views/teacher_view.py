"""Views with what a teacher said of the frames they were cut from."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.frames import RGBDFrame
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.plain_view import PlainView
from scenerep_training.networks.teacher import TeacherCache, crop_grid


@dataclass(frozen=True)
class TeacherView(MakeViews):
    """Adds `teacher_grid`, (2, h, h, C), and `teacher_pooled`, (2, C), float16, to a plain view.

    The teacher saw the whole frame, once, as it was: its cells are moved as the view was, colours
    are not. Its feature of the whole frame stands for each crop of it.

    Attributes:
        plain: the view.
        cache: of the teacher, holding all frames.
        cells: h, a side of the student's grid.
    """

    plain: PlainView
    cache: TeacherCache
    cells: int

    @property
    def reads_depth(self) -> bool:
        """As the plain view."""
        return self.plain.reads_depth

    def __call__(self, pair: FramePair) -> Views:
        """Make the view.

        Raises:
            ConfigError: if the cache lacks one of the frames.
        """
        crops = self.plain.draw(pair)
        first, second = self._said(pair.first, crops[0]), self._said(pair.second, crops[1])
        views = self.plain.cut(pair, crops)
        return views | {name: torch.stack([first[name], second[name]]) for name in first}

    def _said(self, frame: RGBDFrame, crop: Crop) -> Views:
        features = self.cache.read(frame.color)
        box = crop.box_in(Crop(0, 0, *frame.shape))
        grid = crop_grid(features.grid, box, self.cells)
        moved = grid.flip(1) if crop.flip else grid
        return {"teacher_grid": moved.half(), "teacher_pooled": features.pooled}
