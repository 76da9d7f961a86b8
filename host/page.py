"""``augend report``: one page of runs and curves that loads nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, StrictUndefined

from augend.host.curve import Curve, CurveFile
from augend.host.curve_plot import draw_curves
from augend.host.energy import AC_PJ, MAC_PJ
from augend.host.figure_style import inline_svg
from augend.host.page_figures import draw_energy, draw_layers, draw_raster
from augend.host.page_input import read_report_file
from augend.host.run_file import RunFile

__all__ = ["render_page", "write_page"]


@dataclass(frozen=True, kw_only=True)
class _Section:
    """A run and its figures, ready for the template."""

    name: str
    anchor: str
    run: RunFile
    layers: str
    energy: str | None
    rasters: list[str]
    origin: list[tuple[str, str]]


def write_page(paths: Sequence[Path], output: Path) -> None:
    """Read the files of runs and curves, and write the page.

    Parameters
    ----------
    paths
        What ``augend run --json`` and ``augend curve`` wrote, in any order.
    output
        Page to write.

    Raises
    ------
    UsageError
        A file is none of these, or damaged; no page is written.
    """
    runs: dict[str, RunFile] = {}
    curves: list[Curve] = []
    for path in paths:
        content = read_report_file(path)
        if isinstance(content, RunFile):
            runs[_unused(path.stem, runs)] = content
        else:
            curves += _renamed(content, curves)
    page = render_page(runs, curves)
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page, encoding="utf-8")


def _unused(name: str, taken: Any) -> str:
    number = 2
    unused = name
    while unused in taken:
        unused, number = f"{name} ({number})", number + 1
    return unused


def _renamed(content: CurveFile, before: Sequence[Curve]) -> list[Curve]:
    """Curves with names of their own among those before them."""
    taken = {curve.name for curve in before}
    renamed = []
    for curve in content.curves:
        renamed.append(replace(curve, name=_unused(curve.name, taken)))
        taken.add(renamed[-1].name)
    return renamed


def render_page(runs: dict[str, RunFile], curves: Sequence[Curve]) -> str:
    """HTML of runs, by name, and curves.

    Parameters
    ----------
    runs, curves
        At least one of either.
    """
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {
        "percent": _percent,
        "count": _count,
        "energy": _energy,
        "times": _times,
    }
    template = environment.from_string((files("augend.host") / "page.html").read_text("utf-8"))
    sections = [
        _section(name, f"run-{place}", run) for place, (name, run) in enumerate(runs.items())
    ]
    return template.render(
        sections=sections,
        curves=curves,
        curve_figure=None
        if not curves
        else inline_svg(draw_curves(curves), "curves", "Accuracy against its cost"),
        mac_pj=MAC_PJ,
        ac_pj=AC_PJ,
        version=version("augend"),
    )


def _section(name: str, anchor: str, run: RunFile) -> _Section:
    return _Section(
        name=name,
        anchor=anchor,
        run=run,
        layers=inline_svg(draw_layers(run), f"{anchor}-layers", f"Layers of {name}"),
        energy=None
        if run.energy_pj is None
        else inline_svg(draw_energy(run.energy_pj), f"{anchor}-energy", f"Energy of {name}"),
        rasters=[
            inline_svg(
                draw_raster(image),
                f"{anchor}-raster-{place}",
                f"Spikes of image {image.index} in {name}",
            )
            for place, image in enumerate(run.raster)
        ],
        origin=_origin(run),
    )


def _origin(run: RunFile) -> list[tuple[str, str]]:
    """Where a program comes from, as rows of a table."""
    rows = [
        ("schedule", f"{run.schedule}, {run.timesteps} time steps"),
        ("weights", f"{run.weight_bits} bits"),
        ("hardware", f"{run.lanes} lanes, {run.cores} core{'s' * (run.cores > 1)}"),
    ]
    for key, value in run.program.items():
        if isinstance(value, dict):
            rows += [(f"{key}: {name}", _plain(inner)) for name, inner in value.items()]
        else:
            rows.append((key, _plain(value)))
    rows.append(("versions at the run", _plain(run.versions)))
    rows.append(("program hash", run.program_hash))
    return rows


def _plain(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " x ".join(map(str, value))
    return str(value)


def _percent(share: float, digits: int = 2) -> str:
    return f"{100 * share:.{digits}f} %"


def _count(value: float) -> str:
    """Whole numbers from a hundred on, two digits behind the point below."""
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2f}"


def _energy(picojoules: float) -> str:
    """In nanojoules or microjoules, four digits."""
    size, unit = (1e6, "µJ") if picojoules >= 1e6 else (1e3, "nJ")
    value = picojoules / size
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.4g} {unit}"


def _times(share: float) -> str:
    """A ratio: 2.6 times less, or more."""
    if share <= 0:
        return ""
    return f"{1 / share:,.3g} times less" if share < 1 else f"{share:,.3g} times more"
