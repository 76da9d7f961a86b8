"""A diagnosis as a picture: rates against activations, layer by layer."""

from math import ceil
from pathlib import Path

import numpy as np
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from augend.gen.layer_errors import WIDEST, LayerError
from augend.host.diagnose import Diagnosis
from augend.host.figure_style import FAINT, INK, WRONG, save, styled

__all__ = ["draw_diagnosis", "write_picture"]

COLUMNS = 4
INCHES = 2.5


def draw_diagnosis(diagnosis: Diagnosis) -> Figure:
    """One square a layer: how often which activation became which rate, both in scales.

    On the diagonal nothing is lost; a level line on the right is clipping, steps are levels, width
    is everything that differs from image to image. The guilty layer's title is red.
    """
    layers = diagnosis.errors.layers
    rows = ceil(len(layers) / COLUMNS)
    columns = min(COLUMNS, len(layers))
    with styled():
        figure = Figure(figsize=(INCHES * columns, (INCHES + 0.25) * rows), layout="constrained")
        panels = figure.subplots(rows, columns, squeeze=False)
        for panel in panels.ravel()[len(layers) :]:
            panel.set_axis_off()
        for layer, panel in zip(layers, panels.ravel(), strict=False):
            _draw(panel, layer)
            panel.set_title(
                f"{layer.name}\nr = {layer.correlation:.3f}",
                color=WRONG if layer is diagnosis.guilty else INK,
                fontsize=9,
            )
        figure.supxlabel("activation of the float network / scale", fontsize=10)
        figure.supylabel("spikes a step", fontsize=10)
    return figure


def write_picture(diagnosis: Diagnosis, path: Path) -> None:
    """Draw a diagnosis into a file, ``.svg`` or ``.png``."""
    save(draw_diagnosis(diagnosis), path)


def _draw(panel, layer: LayerError) -> None:
    low = -WIDEST if layer.signed else 0.0
    counts = np.ma.masked_equal(layer.histogram.T, 0)
    panel.grid(False)
    panel.plot((low, WIDEST), (low, WIDEST), color=FAINT, linewidth=0.8)
    panel.imshow(
        counts,
        origin="lower",
        extent=(low, WIDEST, low, WIDEST),
        norm=LogNorm(1, max(int(layer.histogram.max()), 2)),
        cmap="viridis",
        aspect="equal",
        interpolation="nearest",
    )
