"""How figures look, as a file of their own and inside a page that is light or dark."""

import io
import re
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from augend.host.errors import UsageError

__all__ = [
    "FAINT",
    "GRID",
    "INK",
    "MARKERS",
    "PAPER",
    "SERIES",
    "WRONG",
    "check_picture",
    "inline_svg",
    "save",
    "styled",
]

INK = "#1f2933"
FAINT = "#5f6b7a"
GRID = "#dde2e8"
PAPER = "#fefefe"
WRONG = "#c62828"
SERIES = (
    "#2563eb",
    "#d97706",
    "#047857",
    "#a21caf",
    "#0e7490",
    "#be123c",
    "#4d7c0f",
    "#6d28d9",
)
MARKERS = "osD^vPX*"
"""Beside the colour, so that a curve is known without it."""

_VARIABLES = {INK: "--ink", FAINT: "--faint", GRID: "--grid", PAPER: "--page", WRONG: "--wrong"} | {
    colour: f"--series-{place}" for place, colour in enumerate(SERIES)
}
_STYLE: dict[Any, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": FAINT,
    "axes.facecolor": PAPER,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 10,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "figure.facecolor": PAPER,
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 10,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.5,
    "svg.fonttype": "none",
    "svg.hashsalt": "augend",
    "text.color": INK,
    "text.parse_math": False,  # a $ in a name is a $
    "xtick.color": FAINT,
    "xtick.labelsize": 9,
    "ytick.color": FAINT,
    "ytick.labelsize": 9,
}


def styled():
    """Context in which figures are made and drawn."""
    return rc_context(_STYLE)


def check_picture(path: Path) -> str:
    """Kind of a picture by the ending of its file's name; a `UsageError` for others."""
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise UsageError(f"Pictures are written as .svg or .png, not as {path.name!r}.")
    return kind


def save(figure: Figure, path: Path) -> None:
    """Write a figure as SVG or PNG, by the file's ending; the same bytes in every run."""
    kind = check_picture(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with styled():
        figure.savefig(
            path, dpi=150, metadata={"Date": None} if kind == "svg" else None, bbox_inches="tight"
        )


def inline_svg(figure: Figure, name: str, title: str) -> str:
    """A figure as an ``svg`` element that takes its colours from the page around it.

    Parameters
    ----------
    figure
        What to draw.
    name
        Unique in the page: put before every id.
    title
        What a reader who cannot see it is told.
    """
    buffer = io.StringIO()
    with styled():
        figure.savefig(
            buffer,
            format="svg",
            transparent=True,
            bbox_inches="tight",
            pad_inches=0.02,
            metadata={"Date": None},
        )
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    # Widths in CSS instead of points, so that a figure shrinks with a narrow window.
    text = re.sub(r'<svg([^>]*?) width="([\d.]+)pt"', r'<svg\1 style="width: \2pt"', text, count=1)
    text = re.sub(r'(<svg[^>]*?) height="[\d.]+pt"', r"\1", text, count=1)
    label = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return text.replace("<svg", f'<svg class="figure" role="img" aria-label="{label}"', 1)
