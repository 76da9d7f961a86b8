"""The figures of a page beside its curves: layers, energy and spike rasters."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from augend.host.figure_style import FAINT, GRID, INK, SERIES, WRONG, styled
from augend.host.run_file import Energies, RasterImage, RunFile

__all__ = ["draw_energy", "draw_layers", "draw_raster"]

_BAR = 0.36
"""Height of a bar, in rows."""

_SPIKE, _NEGATIVE = "#4a86f0", "#e0524d"
"""Of cells, which are pixels and know nothing of the page: to be seen on light and dark."""

_ROWS = 600
"""Most neurons of a raster, of all populations together, but at least 20 of each."""


def draw_layers(run: RunFile) -> Figure:
    """Operations and rates of every population, as bars from the first to the last, and gates."""
    names = [layer.name for layer in run.layers] + run.gates
    rows = np.arange(len(names))
    macs = [layer.ann_macs for layer in run.layers] + [None] * len(run.gates)
    spent = [run.operations[name] for name in names]
    rates = {row: layer.rate for row, layer in enumerate(run.layers)}
    with styled():
        figure = Figure(figsize=(10, 1.1 + 0.46 * len(names)), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        left.set_gid("operations")
        left.set_title("operations an image")
        known = any(count is not None for count in macs)
        shift = _BAR / 2 if known else 0
        _bars(left, rows - shift, spent, SERIES[0], "additions, spiking")
        if known:
            _bars(left, rows + shift, [n or 0 for n in macs], FAINT, "multiply-accumulates, ANN")
            left.legend(loc="best")
        left.set_yticks(rows, names)
        left.tick_params(axis="y", labelcolor=INK, length=0)
        left.invert_yaxis()
        right.set_gid("rates")
        right.set_title("spikes a neuron and time step")
        firing = {row: 100 * rate for row, rate in rates.items() if rate is not None}
        _bars(right, np.array(list(firing)), list(firing.values()), SERIES[0], "", " %")
        right.tick_params(axis="y", length=0)
        for row in rows:
            if row not in firing:
                label = " read out" if row in rates else " gate"
                right.text(0, row, label, va="center", color=FAINT, fontsize=9)
    return figure


def _bars(
    axes: Axes,
    rows: npt.NDArray[np.number],
    values: Sequence[float],
    color: str,
    label: str,
    unit: str = "",
) -> None:
    bars = axes.barh(rows, values, height=_BAR, color=color, label=label)
    axes.bar_label(bars, [_short(v) + unit for v in values], padding=3, color=INK, fontsize=9)
    axes.set_xlim(0, 1.18 * max([axes.get_xlim()[1] / 1.18, *values]) or 1)
    axes.grid(axis="y", visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value) + unit))


def _short(value: float) -> str:
    """Three digits and a thousand or a million: 941 k, 1.44 M."""
    for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")):
        if abs(value) >= 0.9995 * size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"


def draw_energy(energy: Energies) -> Figure:
    """Energy of both networks by the 45 nm table, without and with memory."""
    with styled():
        figure = Figure(figsize=(10, 1.9), layout="constrained")
        for place, (key, title) in enumerate(
            (("arithmetic", "arithmetic alone"), ("with_memory", "with memory access"))
        ):
            axes = figure.add_subplot(1, 2, 1 + place)
            axes.set_gid(f"energy-{key}")
            picojoules = [getattr(energy.snn, key), getattr(energy.ann, key)]
            size, unit = (1e6, "µJ") if max(picojoules) >= 1e6 else (1e3, "nJ")
            axes.set_title(f"{title}, {unit} an image")
            values = [value / size for value in picojoules]
            _bars(axes, np.array([0]), values[:1], SERIES[0], "")
            _bars(axes, np.array([1]), values[1:], FAINT, "")
            axes.set_yticks((0, 1), ("spiking", "ANN"))
            axes.tick_params(axis="y", labelcolor=INK, length=0)
            axes.set_ylim(1.5, -0.5)
            axes.set_xlim(0, 1.18 * max(values) or 1)
    return figure


def draw_raster(image: RasterImage) -> Figure:
    """The image, the spikes it made population by population, and the scores of the classes."""
    most = max(20, _ROWS // max(1, len(image.layers)))
    shown = [layer.rows[:: -(-len(layer.rows) // most)] for layer in image.layers]
    heights = [0.45 + max(len(rows), 20) / 80 for rows in shown]
    scored = 1.7
    with styled():
        figure = Figure(figsize=(10, sum(heights) + scored + 0.4), layout="constrained")
        grid = figure.add_gridspec(1, 2, width_ratios=(2, 8))
        left, right = figure.add_subfigure(grid[0]), figure.add_subfigure(grid[1])
        _thumbnail(left.add_axes((0.02, 0.55, 0.9, 0.42)), image)
        panels = right.subplots(len(heights) + 1, 1, height_ratios=[*heights, scored])
        panels = np.atleast_1d(panels)
        for axes, layer, rows in zip(panels, image.layers, shown, strict=False):
            axes.set_gid(f"spikes-{layer.name}")
            axes.set_title(f"{layer.name}: {_sampled(len(rows), layer.neurons)}")
            axes.imshow(
                _cells(rows),
                aspect="auto",
                interpolation="none",
                extent=(0.5, len(rows[0]) + 0.5, len(rows), 0),
            )
            axes.grid(visible=False)
            axes.set_yticks(())
            axes.set_ylabel("neurons", fontsize=9)
            axes.xaxis.set_major_locator(MaxNLocator(16, integer=True))
        _scores(panels[-1], image)
    return figure


def _sampled(shown: int, neurons: int) -> str:
    return f"{shown} of {neurons:,} neurons" if shown < neurons else f"{neurons} neurons"


def _cells(rows: Sequence[str]) -> npt.NDArray[np.float64]:
    """Colours (neurons, steps, 4) of spikes; nothing where there is none."""
    colors = {".": (0, 0, 0, 0), "+": to_rgba(_SPIKE), "-": to_rgba(_NEGATIVE)}
    return np.array([[colors[cell] for cell in row] for row in rows])


def _thumbnail(axes: Axes, image: RasterImage) -> None:
    axes.set_gid("image")
    axes.axis("off")
    if image.pixels is not None and image.shape is not None:
        levels = np.frombuffer(bytes.fromhex(image.pixels), np.uint8).reshape(image.shape)
        gray = image.shape[0] == 1
        axes.imshow(levels[0] if gray else levels.transpose(1, 2, 0), cmap="gray" if gray else None)
    right = image.label == image.prediction
    verdict = f"image {image.index}: class {image.label}"
    axes.set_title(verdict, fontsize=10)
    found = "recognised" if right else f"taken for {image.prediction}"
    axes.text(0, -0.04, found, transform=axes.transAxes, va="top", color=INK if right else WRONG)


def _scores(axes: Axes, image: RasterImage) -> None:
    """Scores after each step, the image's own class in front; as bars where only the last is."""
    axes.set_gid("scores")
    classes = range(len(image.scores))
    if image.step_scores is None or len(image.step_scores) < 2:
        colors = [_score_color(image, k) or FAINT for k in classes]
        axes.bar(list(classes), image.scores, color=colors)
        axes.set_title("scores of the classes")
        axes.set_xlabel("class")
        axes.xaxis.set_major_locator(MaxNLocator(20, integer=True))
        axes.grid(axis="x", visible=False)
        return
    scores = np.array(image.step_scores)  # (steps, classes)
    steps = np.arange(len(scores)) + 1
    for k in classes:
        color = _score_color(image, k)
        axes.plot(
            steps,
            scores[:, k],
            color=color or FAINT,
            linewidth=2 if color else 0.8,
            alpha=1 if color else 0.55,
            zorder=3 if color else 2,
        )
        if color:
            axes.annotate(
                str(k),
                (steps[-1], scores[-1, k]),
                xytext=(6, 0),
                textcoords="offset points",
                va="center",
                color=color,
            )
    axes.set_title("scores of the classes after each step")
    axes.set_xlabel("time step")
    axes.set_xlim(0.5, len(steps) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(16, integer=True))
    axes.axhline(0, color=GRID, linewidth=1)
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _score_color(image: RasterImage, k: int) -> str | None:
    if k == image.label:
        return SERIES[0]
    return WRONG if k == image.prediction else None
