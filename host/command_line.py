"""The command ``augend``."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from augend.host.errors import USER_ERRORS

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a trained network to an adder-only spiking accelerator.",
)

Output = Annotated[Path, typer.Option("-o", "--output", help="File to write.")]
Data = Annotated[str | None, typer.Option(help="digits, mnist, fashion-mnist or cifar10.")]


def main() -> None:
    """Run a command; errors that are for people are one paragraph and exit code 2."""
    try:
        app()
    except USER_ERRORS as error:
        Console(stderr=True, soft_wrap=True).print(f"augend: {error}", style="red", markup=False)
        sys.exit(2)


@app.command()
def demo() -> None:
    """Train a network on real images, convert it, run it on Verilated RTL, verify all of it."""
    from augend.host.demo import run_demo

    if not run_demo(Console()):
        raise typer.Exit(1)


@app.command()
def train(
    recipe: Annotated[str, typer.Argument(help="mlp or cnn.")],
    output: Output,
    data: Annotated[str, typer.Option(help="Data set.")] = "mnist",
    epochs: Annotated[int | None, typer.Option(help="Epochs; the recipe's where left out.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 1,
) -> None:
    """Train a bias-free ReLU network as in Diehl 2015."""
    from augend.gen.training import train as train_network

    result = train_network(recipe, data, epochs=epochs, seed=seed, output=output)
    accuracy = result.metadata["test_accuracy"]
    Console().print(f"{output}: {recipe} on {data}, test accuracy {100 * accuracy:.2f} %")


@app.command()
def check(
    source: Annotated[str, typer.Argument(help="file.py:attribute, or a trained file.")],
    data: Data = None,
    shape: Annotated[str | None, typer.Option(help="Shape of an image, as 1,28,28.")] = None,
) -> None:
    """Say, layer by layer, whether a network can be converted; exit code 1 if not."""
    from augend.host.verdict import show_verdict

    if not show_verdict(source, data, shape, Console()):
        raise typer.Exit(1)


@app.command()
def convert(
    source: Annotated[str, typer.Argument(help="file.py:attribute, or a trained file.")],
    output: Output,
    data: Data = None,
    weight_bits: Annotated[int, typer.Option(help="1 to 8.")] = 8,
    timesteps: Annotated[int, typer.Option(help="Time steps T.")] = 8,
    norm: Annotated[str, typer.Option(help="mse, percentile, data or model.")] = "mse",
    percentile: Annotated[float, typer.Option(help="For --norm percentile.")] = 99.9,
    per_channel: Annotated[bool, typer.Option(help="For --norm percentile.")] = True,
    schedule: Annotated[str, typer.Option(help="synchronous or phased.")] = "synchronous",
    initial: Annotated[str, typer.Option(help="Start at half the threshold, or zero.")] = "half",
    pool: Annotated[str, typer.Option(help="fold average pooling, or let it spike.")] = "fold",
    pixel_bits: Annotated[int, typer.Option(help="Width of a pixel, 1 to 8.")] = 8,
    lanes: Annotated[int, typer.Option(help="Neurons a clock and core, a power of two.")] = 16,
    cores: Annotated[int, typer.Option(help="Cores.")] = 1,
    images: Annotated[int, typer.Option(help="Training images to calibrate on.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
) -> None:
    """Convert a trained network to a program of integers."""
    from augend.host.conversion import convert_source

    options = {
        "weight_bits": weight_bits,
        "timesteps": timesteps,
        "norm": norm,
        "percentile": percentile,
        "per_channel": per_channel,
        "schedule": schedule,
        "initial": initial,
        "pool": pool,
        "pixel_bits": pixel_bits,
        "lanes": lanes,
        "cores": cores,
        "seed": seed,
    }
    convert_source(source, data, output, images, options, Console())


@app.command()
def info(program: Annotated[Path, typer.Argument(help="A program.")]) -> None:
    """Show what a program holds."""
    from augend.gen.program import Program
    from augend.host.information import show_program

    show_program(Program.load(program), Console())


@app.command()
def run(
    program: Annotated[Path, typer.Argument(help="A program.")],
    data: Data = None,
    limit: Annotated[int | None, typer.Option(help="Only the first images.", min=1)] = None,
    backend: Annotated[Literal["golden", "rtl"], typer.Option(help="Where to run.")] = "golden",
    verify: Annotated[bool, typer.Option("--verify", help="Compare RTL and models.")] = False,
    json: Annotated[Path | None, typer.Option(help="File for the report.")] = None,
) -> None:
    """Classify a test set; with --verify, exit code 1 where RTL and models differ."""
    from augend.gen.program import Program
    from augend.host.run import run_program

    report = run_program(Program.load(program), data, limit, backend, verify, Console())
    if json is not None:
        from augend.host.report import write_json

        write_json(json, report.as_dict())
    report.show(Console())
    if report.verification is not None and report.verification.different:
        raise typer.Exit(1)


@app.command()
def verilog(
    program: Annotated[Path, typer.Argument(help="A program.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
) -> None:
    """Write the Verilog of the smallest accelerator that a program fits, and its memories."""
    from augend.gen.program import Program
    from augend.host.verilog import write_verilog

    write_verilog(Program.load(program), output, Console())
