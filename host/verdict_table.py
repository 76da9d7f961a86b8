"""An examination as tables on a terminal, and as JSON."""

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from augend.gen.diagnosis import Examination
from augend.gen.layer_costs import LayerCost

__all__ = ["show_examination", "write_examination"]


def show_examination(
    source: str, found: Examination, refusal: str | None, console: Console
) -> None:
    """Print what becomes of every layer, what it costs, and a summary."""
    console.print(_layers(source, found))
    if found.refused:
        console.print(
            f"[red]{len(found.refused)} of {len(found.rows)} layers stand in the way of "
            f"conversion.[/]"
        )
        return
    console.print(_costs(found))
    console.print(f"[green]All {len(found.rows)} layers convert.[/] {summary(found)}")
    if refusal is None:
        console.print("The accelerator runs it.")
    else:
        console.print("[yellow]Golden model only.[/]", refusal, soft_wrap=True, highlight=False)


def summary(found: Examination) -> str:
    """Neurons, synapses and memory in one sentence."""
    neurons = sum(cost.neurons for cost in found.costs[1:])
    synapses = sum(cost.synapses for cost in found.costs)
    weights = sum(cost.weight_memory for cost in found.costs)
    words = sum(cost.neurons for cost in found.costs if cost.potential_bits is not None)
    potentials = sum(cost.neurons * (cost.potential_bits or 0) for cost in found.costs)
    parts = [f"{_count(neurons)} neurons", f"{_count(synapses)} synapses"]
    if found.macs:
        parts.append(f"{_count(sum(found.macs.values()))} MACs as it was")
    parts.append(f"{_bytes(weights)} of weights")
    if words:
        about = "about " if found.estimated else ""
        parts.append(f"{_count(words)} potentials in {about}{_bytes(potentials)}")
    return f"{', '.join(parts)}."


def write_examination(source: str, found: Examination, refusal: str | None, path: Path) -> None:
    """Write all figures as JSON."""
    content = {
        "source": source,
        "converts": not found.refused,
        "layers": [
            {
                "name": row.name,
                "kind": row.kind,
                "shape": row.shape,
                "verdict": row.verdict,
                "note": row.note,
                "reason": None if row.error is None else row.error.reason,
                "instead": None if row.error is None else row.error.instead,
                "macs": (found.macs or {}).get(row.name, 0),
            }
            for row in found.rows
        ],
        "estimated": found.estimated,
        "costs": [asdict(cost) for cost in found.costs],
        "accelerator_refuses": refusal,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n")


def _layers(source: str, found: Examination) -> Table:
    shape = f" on images of {found.costs[0].shape}" if found.costs else ""
    table = Table(title=f"{source}{shape}")
    for column in ("layer", "kind", "output", "verdict"):
        table.add_column(column, overflow="fold")
    table.add_column("MACs", justify="right")
    table.add_column("what becomes of it", overflow="fold")
    for row in found.rows:
        refused = row.error is not None
        macs = (found.macs or {}).get(row.name, 0)
        table.add_row(
            row.name,
            row.kind,
            "" if row.shape is None else "x".join(map(str, row.shape)),
            f"[{'red' if refused else 'green'}]{row.verdict}[/]",
            _count(macs) if macs else "",
            str(row.error) if refused else row.note,
        )
    return table


def _costs(found: Examination) -> Table:
    kind = "estimated" if found.estimated else "exact"
    table = Table(
        title="What it costs",
        caption=f"additions: a step at most, of a current once an image; potentials: {kind} bits",
    )
    for column in ("population", "rule"):
        table.add_column(column, overflow="fold")
    for column in (
        *("neurons", "synapses", "fan-out", "at most", "additions"),
        *("weights", "bits", "potential"),
    ):
        table.add_column(column, justify="right")
    for cost in found.costs:
        table.add_row(*_cells(cost))
    return table


def _cells(cost: LayerCost) -> list[str]:
    bits = cost.weight_bits
    return [
        cost.name,
        cost.rule,
        _count(cost.neurons),
        _count(cost.synapses) if cost.synapses else "",
        f"{cost.fan_out_mean:,.1f}" if cost.fan_out_most else "",
        f"{cost.fan_out_most:,}" if cost.fan_out_most else "",
        _count(cost.additions) if cost.additions else "",
        _bytes(cost.weight_memory) if cost.weight_memory else "",
        "" if bits is None else str(bits[0]) if bits[0] == bits[1] else f"{bits[0]}-{bits[1]}",
        "" if cost.potential_bits is None else str(cost.potential_bits),
    ]


def _count(number: int) -> str:
    if number < 100_000:
        return f"{number:,}"
    for unit, name in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= unit:
            return f"{number / unit:.2f} {name}"
    return str(number)


def _bytes(bits: int) -> str:
    if bits < 8 * 1024 * 1024:
        return f"{bits / 8192:.1f} KiB"
    return f"{bits / 8192 / 1024:.1f} MiB"
