"""The same picture for teacher and student: what distillation sees of a pair."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import AugmentationOptions
from scenerep_training.data.views.correspondence import correspondences
from scenerep_training.data.views.crops import Crop, crops_of_pair
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.photometric import Photometric

MILD = Photometric()


@dataclass(frozen=True)
class PlainView(MakeViews):
    """Makes `images`: (2, 3, S, S) uint8, one of each frame; perhaps `correspondence`.

    `correspondence`: (h, h, 2) float32, for each cell of the first image its x and y in the second,
    0 at the left and upper edge, 1 at the others; NaN where it is not seen there or that is unknown.

    Attributes:
        options: size and smallest area of the crops.
        cells: h, a side of the image in cells; None where no correspondences are wanted.
        change: of the colours.
    """

    options: AugmentationOptions
    cells: int | None = None
    change: Photometric = MILD

    @property
    def reads_depth(self) -> bool:
        """Correspondences come from depth."""
        return self.cells is not None

    def __call__(self, pair: FramePair) -> Views:
        """Cut both, and find the cells of the first in the second."""
        return self.cut(pair, self.draw(pair))

    def draw(self, pair: FramePair) -> tuple[Crop, Crop]:
        """Draw a crop of each frame."""
        return crops_of_pair(pair, (self.options.min_crop, 1.0), self.options.consistent_crops)

    def cut(self, pair: FramePair, crops: tuple[Crop, Crop]) -> Views:
        """Make the views of crops that were drawn."""
        (first, second), size = crops, self.options.crop_size
        images = first.image(pair.first.color, size), second.image(pair.second.color, size)
        views = {"images": torch.stack([self.change(image) for image in images])}
        if self.cells is not None:
            found = correspondences(pair.first, pair.second, first.centres(self.cells))
            views["correspondence"] = torch.from_numpy(second.places(found))
        return views
