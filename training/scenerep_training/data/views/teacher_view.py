"""Views with the features of a teacher, for distillation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from scenerep_ros.frames import Features, RGBDFrame
from scenerep_training.data.views.base import FramePair, Views, ViewTransform
from scenerep_training.data.views.crops import Crop
from scenerep_training.data.views.plain_view import PlainViewTransform
from scenerep_training.networks.teacher import crop_grid


@dataclass(frozen=True)
class TeacherViewTransform(ViewTransform):
    """Transform that adds the features of a teacher, cropped and mirrored like the student's views.

    They are those of whole frames without photometric augmentation.

    Attributes:
        views: transform to the student's views.
        read: function that returns the teacher's features of a frame, and pickles.
        grid_size: patches along a side of the student's grid, h.
    """

    views: PlainViewTransform
    read: Callable[[RGBDFrame], Features]
    grid_size: int

    @property
    def needs_depth(self) -> bool:
        """True if the student's views need depth."""
        return self.views.needs_depth

    def __call__(self, pair: FramePair) -> Views:
        """Return the student's views, and with one more dimension in front what `crop_features` returns.

        Raises:
            ConfigError: if the teacher's features of one of the frames are missing.
        """
        crops = self.views.draw_crops(pair)
        first = self._teacher_features(pair.first, crops[0])
        second = self._teacher_features(pair.second, crops[1])
        views = self.views.make_views(pair, crops)
        return views | {name: torch.stack([first[name], second[name]]) for name in first}

    def _teacher_features(self, frame: RGBDFrame, crop: Crop) -> Views:
        """Return the teacher's features of one crop."""
        box = crop.box_in(Crop(0, 0, *frame.shape))
        return crop_features(self.read(frame), box, crop.flip, self.grid_size)


def crop_features(features: Features, box: torch.Tensor, flip: bool, grid_size: int) -> Views:
    """Crop and mirror the features of a frame like a view of it.

    Args:
        features: features of the frame.
        box: (4,) left, top, right, bottom of the view, relative to the frame's sides, 0 to 1.
        flip: mirror the view horizontally.
        grid_size: patches along a side of the view, h.

    Returns:
        `teacher_grid` (h, h, C) float16; `teacher_pooled` (C,) float16 of the whole frame; with
        attention also `teacher_attention` (n, h, h), its mean over the area of each patch, and
        `attention_mass` (n,), its sum over the whole frame.
    """
    grid = torch.from_numpy(features.grid)
    attention = None if features.attention is None else torch.from_numpy(features.attention)
    maps = grid if attention is None else torch.cat([grid, attention.permute(1, 2, 0)], dim=-1)
    cropped = crop_grid(maps, box, grid_size)
    cropped = cropped.flip(1) if flip else cropped
    views = {
        "teacher_grid": cropped[..., : grid.shape[2]].half(),
        "teacher_pooled": torch.from_numpy(features.pooled).half(),
    }
    if attention is not None:
        views["teacher_attention"] = cropped[..., grid.shape[2] :].permute(2, 0, 1)
        views["attention_mass"] = attention.sum((1, 2))
    return views
