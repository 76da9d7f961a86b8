"""The pictures of a sweep: what accuracy costs, and how far it scatters."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from augend.host.figure_style import FAINT, INK, MARKERS, SERIES, styled
from augend.host.sweep_table import Measured, SweepTable, front

__all__ = ["draw_boxes", "draw_front"]


def draw_front(table: SweepTable) -> Figure:
    """Accuracy on validation images against additions, by recipe, and what nothing beats."""
    with styled():
        figure = Figure(figsize=(7, 4.5), layout="constrained")
        axes = figure.subplots()
        for place, (recipe, rows) in enumerate(_by_recipe(table).items()):
            axes.plot(
                [row.additions for row in rows if row.additions is not None],
                [100 * row.accuracy for row in rows if row.accuracy is not None],
                MARKERS[place % len(MARKERS)],
                color=SERIES[place % len(SERIES)],
                alpha=0.7,
                label=recipe,
            )
        best = [table.rows[name] for name in front(table.rows)]
        axes.step(
            [row.additions for row in best if row.additions is not None],
            [100 * row.accuracy for row in best if row.accuracy is not None],
            where="post",
            color=INK,
            linewidth=1,
            label="not beaten in both",
            zorder=1,
        )
        _count_axis(axes)
        axes.set_xlabel("additions an image, those of the input included")
        axes.set_ylabel("accuracy on validation images, %")
        axes.legend()
    return figure


def draw_boxes(table: SweepTable, reach: float) -> Figure:
    """Additions to an accuracy, a box a recipe (Neil 2016, fig. 2)."""
    reached = {
        recipe: [row.additions_to_reach for row in rows if row.additions_to_reach is not None]
        for recipe, rows in _by_recipe(table).items()
    }
    with styled():
        figure = Figure(figsize=(7, 1 + 0.5 * len(reached)), layout="constrained")
        axes = figure.subplots()
        axes.boxplot(
            list(reached.values()),
            orientation="horizontal",
            tick_labels=[f"{recipe} ({len(found)})" for recipe, found in reached.items()],
            medianprops={"color": SERIES[0]},
            flierprops={"markeredgecolor": FAINT},
        )
        macs = [row.ann_macs for row in table.rows.values() if row.ann_macs]
        if macs:
            axes.axvline(max(macs), color=FAINT, linestyle="--", label="ANN, a MAC as one")
            axes.legend()
        _count_axis(axes)
        axes.set_xlabel(f"additions an image until {100 * reach:g} % of the images are right")
    return figure


def _count_axis(axes: Axes) -> None:
    """Numbers on a log scale, as 20k and 1M."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())


def _by_recipe(table: SweepTable) -> dict[str, Sequence[Measured]]:
    """Rows that were measured, by recipe, in the order of their first ones."""
    found: dict[str, list[Measured]] = {}
    for name, row in table.rows.items():
        if row.accuracy is not None:
            found.setdefault(table.point(name)["recipe"], []).append(row)
    return dict(found)
