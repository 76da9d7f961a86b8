"""The picture of curves: accuracy against steps, operations and input spikes, the ANN as lines."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

from augend.host.curve import Curve, ExitPoint, Point
from augend.host.figure_style import FAINT, INK, MARKERS, PAPER, SERIES, styled

__all__ = ["draw_curves"]

_TICKS = (
    (0.9, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001),
    (0.9, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.005, 0.003, 0.002, 0.001),
    tuple(k * 10.0**-e for e in (1, 2, 3, 4) for k in (9, 8, 7, 6, 5, 4, 3, 2, 1.5, 1)),
    tuple(k * 10.0**-e for e in (3, 4, 5) for k in range(99, 9, -1)),
)
"""Error rates that the axis may be marked at, from coarse to fine."""

_LATE = 0.05


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One axis that accuracy is drawn against."""

    key: str
    title: str
    label: str
    unit: float = 1.0
    with_exit: bool = True


_STEPS = _Panel(key="steps", title="time steps", label="time steps an image")
_OPERATIONS = _Panel(
    key="operations",
    title="operations",
    label="million additions an image, those of the input included",
    unit=1e-6,
)
_INPUT = _Panel(
    key="input_spikes",
    title="input spikes",
    label="input spikes an image",
    with_exit=False,
)


def draw_curves(curves: Sequence[Curve]) -> Figure:
    """Draw curves beside each other.

    Accuracy is on a scale of the error's logarithm, as the papers' differences are in its last
    percent (Neil 2016, fig. 3; Rueckauer 2017, fig. 3-5). Operations of the ANN are drawn with one
    for each multiply-accumulate (Neil 2016) and with two (Rueckauer 2017, eq. 9). Input spikes have
    a panel where they come over several steps, and so has the time of the first output (Diehl 2015,
    fig. 4) where an image in twenty is without one after the first step.

    Parameters
    ----------
    curves
        At least one; the legend names them.
    """
    panels = [_STEPS, _OPERATIONS]
    if any(c.points[0].input_spikes < c.points[-1].input_spikes for c in curves):
        panels.append(_INPUT)
    late = any(c.first_output and c.first_output.unanswered[0] >= _LATE for c in curves)
    count = len(panels) + late
    rows, columns = (2, 2) if count == 4 else (1, count)
    with styled():
        figure = Figure(figsize=(5 * columns, 3.9 * rows + 0.9), layout="constrained")
        grid = figure.subplots(rows, columns, squeeze=False).ravel()
        for axes, panel in zip(grid, panels, strict=False):
            _accuracy_panel(axes, panel, curves)
        if late:
            _unanswered_panel(grid[-1], curves)
        figure.legend(handles=_legend(curves), loc="outside lower left", ncols=columns)
        figure.suptitle(_subject(curves), x=0.01, ha="left", fontsize=10, color=FAINT)
    return figure


def _subject(curves: Sequence[Curve]) -> str:
    tested = {f"{c.data}, {c.images:,} test images" for c in curves}
    return f"{'; '.join(sorted(tested))}. Bands: 95 % confidence."


def _color(place: int) -> str:
    return SERIES[place % len(SERIES)]


def _values(points: Sequence[Point | ExitPoint], key: str) -> npt.NDArray[np.float64]:
    return np.array([getattr(point, key) for point in points])


def _accuracy_panel(axes: Axes, panel: _Panel, curves: Sequence[Curve]) -> None:
    axes.set_gid(f"accuracy-{panel.key}")
    axes.set_title(f"accuracy against {panel.title}")
    axes.set_xlabel(panel.label)
    worst = max((p for c in curves for p in c.points), key=lambda p: 1 - p.accuracy)
    finest = 1 / (4 * max(c.images for c in curves))
    for place, curve in enumerate(curves):
        if panel.with_exit and curve.early_exit:
            _line(axes, panel, curve.early_exit, _color(place), place, finest, exits=True)
        _line(axes, panel, curve.points, _color(place), place, finest, exits=False)
    _ann_lines(axes, panel, curves, finest)
    if panel.key != "steps":
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        _step_axis(axes, max(c.timesteps for c in curves))
    _accuracy_axis(axes, worst, curves, finest)


def _line(
    axes: Axes,
    panel: _Panel,
    points: Sequence[Point | ExitPoint],
    color: str,
    place: int,
    finest: float,
    exits: bool,
) -> None:
    across = _values(points, panel.key) * panel.unit
    accuracy, low, high = (
        np.minimum(_values(points, key), 1 - finest) for key in ("accuracy", "low", "high")
    )
    marker = MARKERS[place % len(MARKERS)]
    alone = len(points) == 1
    axes.plot(
        across,
        accuracy,
        color=color,
        marker=marker,
        linestyle="--" if exits else "-",
        markerfacecolor=PAPER if exits else color,
        zorder=4 if alone else 2,
    )
    if alone:
        spread = [accuracy - low, high - accuracy]
        axes.errorbar(across, accuracy, spread, color=color, capsize=3, zorder=4)
    else:
        axes.fill_between(
            across, low, high, color=color, alpha=0.06 if exits else 0.14, linewidth=0
        )


def _ann_lines(axes: Axes, panel: _Panel, curves: Sequence[Curve], finest: float) -> None:
    """Lines of the ANN: in the curve's colour where there are several."""
    for key, across in (("ann_accuracy", False), ("ann_macs", True)):
        if across and panel.key != "operations":
            continue
        values = {getattr(c, key): place for place, c in enumerate(curves) if getattr(c, key)}
        for value, place in values.items():
            color = FAINT if len(values) == 1 else _color(place)
            if across:
                axes.axvline(value * panel.unit, color=color, linewidth=1.2)
                axes.axvline(2 * value * panel.unit, color=color, linewidth=1.2, linestyle=":")
            else:
                axes.axhline(min(value, 1 - finest), color=color, linewidth=1.2)


def _step_axis(axes: Axes, steps: int) -> None:
    if steps > 16:
        axes.set_xscale("log", base=2)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.set_xticks(range(1, steps + 1))
        axes.set_xlim(0.7, steps + 0.3)


def _accuracy_axis(axes: Axes, worst: Point, curves: Sequence[Curve], finest: float) -> None:
    axes.set_yscale(
        "function",
        functions=(
            lambda a: -np.log10(np.maximum(1 - np.asarray(a, float), finest / 2)),
            lambda y: 1 - 10.0 ** -np.asarray(y, float),
        ),
    )
    best = max(
        [p.high for c in curves for p in c.points]
        + [p.high for c in curves for p in c.early_exit]
        + [c.ann_accuracy for c in curves if c.ann_accuracy]
    )
    top = 1 - max((1 - best) * 0.8, finest)
    bottom = max(0.0, 1 - (1 - worst.low) * 1.15)
    axes.set_ylim(bottom, top)
    ticks = [[1 - e for e in errors if bottom <= 1 - e <= top] for errors in _TICKS]
    chosen = next((t for t in ticks if len(t) >= 5), ticks[-1])
    axes.set_yticks(chosen)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.5g} %"))
    axes.yaxis.set_minor_locator(NullLocator())


def _unanswered_panel(axes: Axes, curves: Sequence[Curve]) -> None:
    axes.set_gid("first-output")
    axes.set_title("images without an output yet")
    axes.set_xlabel("time steps an image")
    line = 0
    for place, curve in enumerate(curves):
        if curve.first_output is None:
            continue
        line += 1
        shares = 100 * np.array(curve.first_output.unanswered)
        axes.plot(
            np.arange(len(shares)) + 1,
            shares,
            color=_color(place),
            marker=MARKERS[place % len(MARKERS)],
        )
        axes.annotate(
            f"{100 * curve.first_output.accuracy:.2f} % right at the first output",
            (1, 1),
            xycoords="axes fraction",
            xytext=(0, -14 * line),
            textcoords="offset points",
            ha="right",
            color=_color(place),
            fontsize=9,
        )
    _step_axis(axes, max(c.timesteps for c in curves))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} %"))


def _legend(curves: Sequence[Curve]) -> list[Line2D]:
    handles = []
    for place, curve in enumerate(curves):
        steps = f"{curve.timesteps} step{'s' * (curve.timesteps > 1)}"
        handles.append(_handle(place, f"{curve.name} ({steps}, {curve.schedule})"))
        if curve.early_exit:
            handles.append(_handle(place, f"{curve.name}, early exit by margin", exits=True))
    macs = {c.ann_macs for c in curves if c.ann_macs}
    color = FAINT if len(macs) < 2 else INK
    if macs or any(c.ann_accuracy for c in curves):
        label = "ANN: accuracy; operations, one for a MAC"
        handles.append(Line2D([], [], color=color, linewidth=1.2, label=label))
    if macs:
        label = "ANN: operations, two for a MAC"
        handles.append(Line2D([], [], color=color, linewidth=1.2, linestyle=":", label=label))
    return handles


def _handle(place: int, label: str, exits: bool = False) -> Line2D:
    return Line2D(
        [],
        [],
        color=_color(place),
        marker=MARKERS[place % len(MARKERS)],
        linestyle="--" if exits else "-",
        markerfacecolor=PAPER if exits else _color(place),
        label=re.sub(r"^_", " _", label),  # a legend leaves out what starts with an underscore
    )
