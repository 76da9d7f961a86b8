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
    numbers = ("neurons", "synapses", "fan-in", "weight bits", "potential bits")
    for column in ("population", "shape", *numbers, "threshold", "input shift", "reset"):
        table.add_column(column, justify="right" if column in numbers else "left")
    for row in program.summary():
        table.add_row(
            row.population,
            "x".join(map(str, row.shape)),
            f"{row.neurons:,}",
            f"{row.synapses:,}",
            f"{row.fan_in:,}",
            str(row.weight_bits),
            str(row.potential_bits),
            _span(row.threshold),
            _span(row.current_shift),
            row.reset,
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
