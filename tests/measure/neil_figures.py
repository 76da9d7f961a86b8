"""The pictures of Neil 2016: operations by method, accuracy over time, first-layer features."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from augend.host.figure_style import FAINT, INK, PAPER, SERIES, save, styled

__all__ = ["draw_boxes", "draw_curves", "draw_features"]

FEATURES = 10
SIDE = 28
SEED = 0


def draw_boxes(path: Path, curves: Mapping, goal: float, ann: int) -> None:
    """Additions until the goal, a box for each method and normalisation (Neil 2016, figure 2).

    Parameters
    ----------
    path
        To write.
    curves
        Of each network, `tests.measure.neil.Anytime` by method and normalisation, and whatever
        more the key has; networks that do not reach the goal are not in the picture.
    goal
        Accuracy, 0 to 1.
    ann
        Operations of the ANN, a line.
    """
    groups: dict[tuple[str, str], list[float]] = {}
    for (method, norm, *_), curve in curves.items():
        there = np.flatnonzero(curve.accuracy >= goal)
        values = groups.setdefault((method, norm), [])
        values += [float(curve.operations[there[0]]) / 1e6] if len(there) else []
    with styled():
        figure = Figure(figsize=(7.5, 0.32 * len(groups) + 1.2), layout="constrained")
        axes = figure.subplots()
        names = [f"{method}, {norm}" for method, norm in groups]
        axes.boxplot(list(groups.values()), orientation="horizontal", medianprops={"color": INK})
        axes.set_yticks(range(1, len(names) + 1), names)
        axes.invert_yaxis()
        axes.axvline(ann / 1e6, color=FAINT)
        axes.set_xlim(left=0)
        axes.set_xlabel(f"million additions an image until {goal:.0%}; line: the ANN")
        save(figure, path)


def draw_curves(path: Path, curves: Mapping, goal: float, ann: int) -> None:
    """Accuracy over input spikes and over additions (Neil 2016, figures 3 and 4).

    Curves that reach the goal have the colour of their method, the others are grey; a mark on the
    axis is where the goal is reached. Full lines are normalised networks, dashed ones not.
    """
    methods = list(dict.fromkeys(key[0] for key in curves))
    colours = dict(zip(methods, SERIES, strict=False))
    with styled():
        figure = Figure(figsize=(10, 4.2), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        _panel(left, curves, colours, goal, "input_spikes", 1)
        left.set_xlabel("input spikes an image")
        left.set_ylabel("accuracy")
        _panel(right, curves, colours, goal, "operations", 1e6)
        right.set_xlabel("million additions an image; line: the ANN")
        right.axvline(ann / 1e6, color=FAINT)
        for method in methods:
            right.plot([], [], color=colours[method], label=method)
        right.legend(loc="lower right")
        left.set_ylim(0.9, 1)
        save(figure, path)


def _panel(
    axes: Axes, curves: Mapping, colours: Mapping[str, str], goal: float, key: str, unit: float
) -> None:
    for (method, norm, *_), curve in curves.items():
        there = np.flatnonzero(curve.accuracy >= goal)
        values = getattr(curve, key) / unit
        colour = colours[method] if len(there) else FAINT
        style = "-" if norm == "normalised" else "--"
        axes.plot(values, curve.accuracy, style, color=colour, linewidth=1.2)
        if len(there):
            axes.axvline(values[there[0]], 0, 0.04, color=colour)


def draw_features(path: Path, weights: Mapping[str, torch.Tensor]) -> None:
    """Ten features of the first hidden layer of each network, drawn at random (figure 5).

    Parameters
    ----------
    path
        To write.
    weights
        Of the first layers, ``(units, 784)``, by method; each feature has its own grey levels.
    """
    chosen = np.random.default_rng(SEED)
    with styled():
        layout = ConstrainedLayoutEngine(hspace=0.3)
        figure = Figure(figsize=(FEATURES * 0.75, len(weights) * 0.95), layout=layout)
        grid = figure.subplots(len(weights), FEATURES, squeeze=False)
        for index, (method, weight) in enumerate(weights.items()):
            row = grid[index]
            units = chosen.choice(len(weight), FEATURES, replace=False)
            for axes, unit in zip(row, units, strict=True):
                axes.imshow(weight[unit].detach().numpy().reshape(SIDE, SIDE), cmap="gray")
                axes.set_axis_off()
            title = row[0].text(0, -3, method, fontsize=9)
            title.set_in_layout(not index)  # wider than its picture
        figure.set_facecolor(PAPER)
        save(figure, path)
