"""Style and output of plots: SVG for the report page, PNG for a run's folder.

Colors are the color-blind safe palette of Okabe and Ito (2008), without yellow and black, which
lack contrast on a white or a dark page.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scenerep_ros.filesystem.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
MARKERS = ("o", "s", "^", "D", "v", "P")
INK, RULE = "#1b232d", "#d4dae1"
"""Color of text and axes, and of the grid; a page replaces them by its own colors."""
PNG_DPI = 160
_STYLE: Any = {
    "font.size": 9.5,
    "font.family": "sans-serif",
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "text.parse_math": False,  # sample names may contain a dollar sign
    "svg.fonttype": "path",
    "svg.hashsalt": "scenerep",
    "text.color": INK,
    "axes.titlecolor": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "grid.color": RULE,
}


@contextmanager
def new_figure(width: float, height: float) -> Iterator[Figure]:
    """Yield an empty figure in the common style; draw and write it inside the context.

    Args:
        width: in inches.
        height: in inches.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def color(index: int) -> str:
    """Return the color of a series; colors repeat after the last one."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """Return the marker of a series; neighbors and series of one color have different markers."""
    return MARKERS[(index + index // len(COLORS)) % len(MARKERS)]


def hatch(index: int) -> str:
    """Return the hatch of a series' bars; series of one color have different hatches."""
    return ("", "///", "...", "xxx")[index // len(COLORS) % 4]


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure as PNG on white."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=PNG_DPI, facecolor="white", metadata={"Software": None})


def svg_text(figure: Figure, description: str) -> str:
    """Return a figure as an <svg> element whose text and grid have the colors of the page.

    Args:
        figure: finished figure.
        description: plain text for screen readers.
    """
    from markupsafe import escape

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    prefix = hashlib.sha256(text.encode()).hexdigest()[:8]  # makes ids unique in the page
    text = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>s{prefix}-", text)
    text = text.replace(INK, "currentColor").replace(RULE, "var(--rule)")
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)


_METADATA = ("Date", "Creator", "Format", "Type")
