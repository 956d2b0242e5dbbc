"""Two crops and the view that spans them: what ODIN finds objects in, and compares."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from scenerep_training.config.options import SpanningOptions
from scenerep_training.data.views.correspondence import correspondences
from scenerep_training.data.views.crops import Crop, crops_of_pair
from scenerep_training.data.views.pair import FramePair, MakeViews, Views
from scenerep_training.data.views.photometric import FIRST, SECOND


@dataclass(frozen=True)
class SpanningViews(MakeViews):
    """The views of object discovery and representation networks (Henaff et al., ECCV 2022).

    Makes, the first of each being of the first frame:

    - `views`: (2, 3, S, S) uint8, one of each frame, changed as BYOL's.
    - `spanning`: (2, 3, P, P) uint8, the smallest box that holds both crops, of each frame, neither
      mirrored nor changed; of a pair of one frame twice the same.
    - `boxes`: (2, 4) float32, left, top, right, bottom of each view in the spanning view, 0 to 1.
    - `flips`: (2,) bool, whether the view is mirrored, left to right.
    - `correspondence`, if asked for: (h, h, 2) float32, for each cell of the first spanning view its
      x and y in the second, 0 to 1; NaN where it is not seen there or that is unknown.

    Attributes:
        options: sizes and areas.
        cells: h; None where no correspondences are wanted.
    """

    options: SpanningOptions
    cells: int | None = None

    @property
    def reads_depth(self) -> bool:
        """Correspondences come from depth."""
        return self.cells is not None

    def __call__(self, pair: FramePair) -> Views:
        """Cut both frames."""
        options = self.options
        crops = crops_of_pair(pair, (options.min_crop, 1.0), options.consistent_crops)
        span, frames = _span(*crops), (pair.first, pair.second)
        images = [
            change(crop.image(frame.color, options.crop_size))
            for change, crop, frame in zip((FIRST, SECOND), crops, frames, strict=True)
        ]
        spanning = [span.image(frame.color, options.spanning_size) for frame in frames]
        views = {
            "views": torch.stack(images),
            "spanning": torch.stack(spanning),
            "boxes": torch.stack([crop.box_in(span) for crop in crops]),
            "flips": torch.tensor([crop.flip for crop in crops]),
        }
        if self.cells is not None:
            found = correspondences(pair.first, pair.second, span.centres(self.cells))
            views["correspondence"] = torch.from_numpy(span.places(found))
        return views


def _span(first: Crop, second: Crop) -> Crop:
    """The smallest box that holds both."""
    top, left = min(first.top, second.top), min(first.left, second.left)
    bottom = max(first.top + first.height, second.top + second.height)
    right = max(first.left + first.width, second.left + second.width)
    return Crop(top, left, bottom - top, right - left)
