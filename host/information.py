"""What a program holds, as tables."""

from rich.console import Console
from rich.table import Table

from augend.gen.program import Program

__all__ = ["show_program"]


def show_program(program: Program, console: Console) -> None:
    """Print populations, widths and origin of a program."""
    network = program.network
    table = Table(
        title=f"{network.timesteps} time steps, {network.schedule}, {program.lanes} lanes, "
        f"{program.cores} cores"
    )
    right = ("synapses", "fan-in")
    for column in ("population", "shape", *right, "weight, potential bits", "threshold", "shift"):
        table.add_column(column, justify="right" if column in right else "left")
    for row in program.summary():
        table.add_row(
            row.population,
            "x".join(map(str, row.shape)),
            f"{row.synapses:,}",
            f"{row.fan_in:,}",
            f"{row.weight_bits}, {row.potential_bits}",
            _span(row.threshold) if row.reset != "none" else "read out",
            _span(row.current_shift),
        )
    console.print(table)
    shape = "x".join(map(str, network.input.shape))
    console.print(
        f"input {shape}, {network.input.encoding} of {network.input.bits} bits; "
        f"{sum(program.ann_macs.values()):,} multiply-accumulates an image as it was trained"
    )
    about = program.metadata
    known = [f"{key} {about[key]}" for key in ("source", "norm", "initial", "seed") if key in about]
    console.print(f"{', '.join(known)}\nhash {program.hash}")
    baseline = about.get("ann")
    if baseline:
        console.print(f"trained network on {baseline['data']}: {100 * baseline['accuracy']:.2f} %")


def _span(values: tuple[int, int] | None) -> str:
    if values is None:
        return ""
    low, high = values
    return f"{low:,}" if low == high else f"{low:,} - {high:,}"
