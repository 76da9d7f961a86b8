"""A grid of figures as a picture: colours, and the figure in every square."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from augend.host.figure_style import INK, PAPER, save, styled

__all__ = ["draw_heat_map"]

DARK = 0.55
"""Share of the range of colours below which figures are written light."""


def draw_heat_map(
    path: Path,
    values: npt.NDArray[np.floating],
    *,
    rows: Sequence[str],
    columns: Sequence[str],
    row_label: str,
    column_label: str,
    title: str,
) -> None:
    """Write a heat map as SVG or PNG, by the file's ending; the first row is the lowest.

    Parameters
    ----------
    path
        File to write.
    values
        ``(rows, columns)``, with one decimal in the squares.
    rows, columns
        What each row and column is.
    row_label, column_label, title
        What they mean.
    """
    if values.shape != (len(rows), len(columns)):
        raise ValueError(
            f"Values of shape {values.shape} do not fit {len(rows)} rows and {len(columns)} columns"
        )
    with styled():
        figure = Figure(figsize=(1.0 + 0.85 * len(columns), 0.9 + 0.5 * len(rows)))
        axes = figure.add_subplot()
        axes.grid(visible=False)
        axes.pcolormesh(values, cmap="viridis", edgecolors=PAPER)
        axes.set_xticks(np.arange(len(columns)) + 0.5, columns)
        axes.set_yticks(np.arange(len(rows)) + 0.5, rows)
        axes.set_xlabel(column_label)
        axes.set_ylabel(row_label)
        axes.set_title(title)
        low, spread = float(values.min()), max(float(np.ptp(values)), 1e-9)
        for (row, column), value in np.ndenumerate(values):
            light = (value - low) / spread < DARK
            axes.text(
                column + 0.5,
                row + 0.5,
                f"{value:.1f}",
                ha="center",
                va="center",
                size=9,
                color=PAPER if light else INK,
            )
    save(figure, path)
