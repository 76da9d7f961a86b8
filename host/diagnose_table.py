"""A diagnosis as tables on a terminal."""

from rich.console import Console
from rich.table import Table

from augend.gen.error_causes import CAUSES
from augend.gen.layer_errors import LayerError, NetworkErrors
from augend.host.diagnose import Diagnosis

__all__ = ["show_diagnosis"]

NAMED = 3
"""Causes of a layer that are named."""
LEAST = 0.005
"""Least share of the scores that a named cause moves them by."""


def show_diagnosis(diagnosis: Diagnosis, console: Console) -> None:
    """Print what every layer loses, what of it reaches the scores, and what to do first."""
    errors = diagnosis.errors
    console.print(_layers(diagnosis))
    console.print(_scores(diagnosis))
    share = errors.agree / errors.images
    console.print(
        f"{errors.images} training images of {diagnosis.data}: the float network is right in "
        f"{100 * errors.correct / errors.images:.2f} %, the spiking network in "
        f"{100 * errors.layers[-1].correct / errors.images:.2f} %; they say the same of "
        f"{100 * share:.2f} %.",
        soft_wrap=True,
    )
    guilty = diagnosis.guilty
    if guilty is None or diagnosis.remedy is None:
        console.print("[green]Nothing moves the scores.[/]")
        return
    console.print(
        f"[bold]{guilty.name}[/] costs most, by [bold]{guilty.own_cause}[/]. "
        f"{diagnosis.remedy.text}",
        soft_wrap=True,
        highlight=False,
    )


def _layers(diagnosis: Diagnosis) -> Table:
    table = Table(
        title="What spikes stand for against activations",
        caption="error and causes: root mean square, % of the activations'; "
        "rate 1: % of neurons that spike in every step",
    )
    table.add_column("layer", overflow="fold")
    for column in ("corr.", "error", *CAUSES, "rate 1"):
        table.add_column(column, justify="right")
    for layer in diagnosis.errors.layers:
        worst = max(CAUSES, key=layer.cause_rms)
        table.add_row(
            layer.name,
            f"{layer.correlation:.3f}",
            _percent(layer.rms),
            *(
                f"[bold]{_percent(layer.cause_rms(cause))}[/]"
                if cause == worst and layer.rms > 0
                else _percent(layer.cause_rms(cause))
                for cause in CAUSES
            ),
            _percent(layer.saturated),
        )
    return table


def _scores(diagnosis: Diagnosis) -> Table:
    errors, guilty = diagnosis.errors, diagnosis.guilty
    table = Table(
        title="What of it reaches the scores",
        caption="moves: root mean square, % of the float scores'; accuracy: all later layers float",
    )
    table.add_column("layer", overflow="fold")
    table.add_column("moves", justify="right")
    table.add_column("by", overflow="fold")
    table.add_column("accuracy %", justify="right")
    for layer in errors.layers:
        table.add_row(
            layer.name,
            _percent(errors.reach(layer)),
            _causes(errors, layer),
            f"{100 * layer.correct / errors.images:.2f}",
            style="red" if layer is guilty else None,
        )
    return table


def _causes(errors: NetworkErrors, layer: LayerError) -> str:
    moved = {cause: errors.reach(layer, cause) for cause in CAUSES[1:]}
    ranked = sorted(moved, key=lambda cause: -moved[cause])[:NAMED]
    return ", ".join(f"{c} {_percent(moved[c])}" for c in ranked if moved[c] >= LEAST)


def _percent(share: float) -> str:
    return f"{100 * share:.1f}" if share >= 5e-4 else "0"
