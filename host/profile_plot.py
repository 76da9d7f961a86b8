"""The timeline of an inference: what every core does in which clock."""

from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from augend.host.figure_style import FAINT, SERIES, check_picture, save, styled
from augend.host.profile import Profile

__all__ = ["timeline", "write_timeline"]


def timeline(profile: Profile, image: int = 0) -> Figure:
    """One row a core: dark where it takes events, light where it sweeps, thin where it waits."""
    network = profile.program.network
    names = [one.name for one in (*network.populations, *network.gates)]
    colours = {name: SERIES[i % len(SERIES)] for i, name in enumerate(names)}
    cores = len(profile.placement.cores)
    with styled():
        figure = Figure(figsize=(11, 1.6 + 0.8 * cores))
        axes = figure.add_subplot()
        for span in profile.timing.spans:
            begin, work, end = (int(c[image]) for c in (span.begin, span.work, span.end))
            colour = colours[span.population]
            if work > begin:
                axes.barh(span.core, work - begin, left=begin, height=0.08, color=FAINT)
            axes.barh(
                span.core,
                end - work,
                left=work,
                height=0.7,
                color=colour,
                alpha=1.0 if span.kind == "take" else 0.4,
                linewidth=0,
            )
        cycles = int(profile.timing.cycles[image])
        axes.axvline(cycles, color=FAINT, linewidth=1, linestyle="--")
        axes.set_title(
            f"{cycles:,} clocks until the prediction stands (dashed), T = {network.timesteps}, "
            f"{network.schedule}, {profile.placement.lanes} lanes"
        )
        axes.set_xlabel("clock of the inference; pale: sweep, thin line: waiting")
        axes.set_yticks(range(cores), [f"core {core}" for core in range(cores)])
        axes.invert_yaxis()
        axes.grid(axis="y", visible=False)
        axes.legend(
            handles=[Patch(color=colours[name], label=name) for name in names],
            loc="upper center",
            bbox_to_anchor=(0.5, -0.32 if cores > 1 else -0.45),
            ncols=min(8, len(names)),
        )
    return figure


def write_timeline(profile: Profile, path: Path) -> None:
    """Draw the first image's timeline, as .svg or .png."""
    check_picture(path)
    save(timeline(profile), path)
