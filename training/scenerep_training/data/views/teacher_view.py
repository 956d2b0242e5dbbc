"""Views with cached teacher features, for distillation."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_ros.frames import RGBDFrame
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.plain_view import PlainViewTransform
from scenerep_training.networks.teacher import TeacherCache, crop_grid


@dataclass(frozen=True)
class CachedTeacherTransform(ViewTransform):
    """Transform that adds `teacher_grid` (2, h, h, C) and `teacher_pooled` (2, C), float16.

    The cache holds the teacher's features of whole frames without photometric augmentation. Their
    grid is cropped and mirrored like the view; the pooled feature of the frame is used for all of
    its crops.

    Attributes:
        views: transform to the student's views.
        cache: cache of the teacher's features of all frames.
        grid_size: patches along a side of the student's grid, h.
    """

    views: PlainViewTransform
    cache: TeacherCache
    grid_size: int

    @property
    def needs_depth(self) -> bool:
        """True if the student's views need depth."""
        return self.views.needs_depth

    def __call__(self, pair: FramePair) -> Views:
        """Return the student's views and the teacher's features.

        Raises:
            ConfigError: if the cache lacks one of the frames.
        """
        crops = self.views.draw_crops(pair)
        first = self._teacher_features(pair.first, crops[0])
        second = self._teacher_features(pair.second, crops[1])
        views = self.views.make_views(pair, crops)
        return views | {name: torch.stack([first[name], second[name]]) for name in first}

    def _teacher_features(self, frame: RGBDFrame, crop: Crop) -> Views:
        """Return the teacher's features of one crop."""
        features = self.cache.read(frame.color)
        box = crop.box_in(Crop(0, 0, *frame.shape))
        grid = crop_grid(features.grid, box, self.grid_size)
        grid = grid.flip(1) if crop.flip else grid
        return {"teacher_grid": grid.half(), "teacher_pooled": features.pooled}
