"""How plots look, and how they are kept: SVG in a page, PNG in a run's folder.

Colours are Okabe and Ito's (2008), which people with any kind of colour blindness can tell apart,
without its yellow and black, which vanish on white or on a dark page.
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
"""Text and axes; grid. In a page they become its own colours."""
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
    "text.parse_math": False,  # samples may have a dollar in their names
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
    """Give an empty figure in the house's style, for the time in which it is drawn and kept.

    Args:
        width: inches.
        height: inches.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_STYLE):
        yield Figure(figsize=(width, height), layout="constrained")


def color(index: int) -> str:
    """Colour of a series; they repeat."""
    return COLORS[index % len(COLORS)]


def marker(index: int) -> str:
    """Marker of a series: neighbours differ, and series of one colour do too."""
    return MARKERS[(index + index // len(COLORS)) % len(MARKERS)]


def hatch(index: int) -> str:
    """Filling of a series' bars, which tells those of one colour apart."""
    return ("", "///", "...", "xxx")[index // len(COLORS) % 4]


def write_png(figure: Figure, path: Path) -> None:
    """Write a figure on white."""
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=PNG_DPI, facecolor="white", metadata={"Software": None})


def svg_text(figure: Figure, description: str) -> str:
    """Return a figure as an <svg> element for a page, whose colours its text and grid take.

    Args:
        figure: drawn.
        description: what it shows, for those who do not see it; plain text.
    """
    from markupsafe import escape

    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata=dict.fromkeys(_METADATA))
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    name = hashlib.sha256(text.encode()).hexdigest()[:8]  # ids are unique in the page
    text = re.sub(r'(\bid="|xlink:href="#|url\(#)', rf"\g<1>s{name}-", text)
    text = text.replace(INK, "currentColor").replace(RULE, "var(--rule)")
    return text.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1)


_METADATA = ("Date", "Creator", "Format", "Type")
