"""The command ``augend``."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from augend.host.board_commands import add_board_commands
from augend.host.errors import USER_ERRORS, UsageError
from augend.host.zoo import program_file

__all__ = ["app", "main"]

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="From a trained network to an adder-only spiking accelerator.",
)

Output = Annotated[Path, typer.Option("-o", "--output", help="File to write.")]
ProgramFile = Annotated[Path, typer.Argument(parser=program_file, help="A program, or zoo:NAME.")]
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
    recipe: Annotated[
        str,
        typer.Argument(help="Name of a recipe (a wrong one lists them), or your own .toml."),
    ],
    output: Output,
    data: Annotated[str, typer.Option(help="Data set.")] = "mnist",
    epochs: Annotated[int | None, typer.Option(help="Epochs; the recipe's where left out.")] = None,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 1,
    start: Annotated[Path | None, typer.Option(help="Trained network to go on from.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an unfinished training of this output.")
    ] = False,
) -> None:
    """Train a network that converts; after every epoch, what is needed to go on is kept."""
    from augend.gen.training import train as train_network

    result = train_network(
        recipe, data, epochs=epochs, seed=seed, start=start, output=output, resume=resume
    )
    accuracy = result.metadata["test_accuracy"]
    Console().print(f"{output}: {recipe} on {data}, test accuracy {100 * accuracy:.2f} %")


@app.command()
def sweep(
    spec: Annotated[Path, typer.Argument(help="TOML file: what to try, see docs/training.md.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder; goes on with it.")],
    processes: Annotated[int, typer.Option(help="Of this machine.", min=1)] = 2,
    cluster: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler instead, tcp://host:port.")
    ] = None,
) -> None:
    """Try recipes, seeds, bits and time steps; a table of all, the front on the test set."""
    from augend.host.sweep import run_sweep

    run_sweep(spec, output, processes, cluster, Console())


@app.command()
def check(
    source: Annotated[
        str, typer.Argument(help="file.py:attribute, a trained file, .onnx or .nir.")
    ],
    data: Annotated[str | None, typer.Option(help="Calibrate on it, for exact widths.")] = None,
    shape: Annotated[str | None, typer.Option(help="Shape of an image, as 1,28,28.")] = None,
    weight_bits: Annotated[int, typer.Option(help="1 to 8.", min=1, max=8)] = 8,
    timesteps: Annotated[int, typer.Option(help="Time steps T.", min=1)] = 8,
    schedule: Annotated[
        Literal["synchronous", "phased"], typer.Option(help="Schedule.")
    ] = "synchronous",
    pool: Annotated[Literal["fold", "spike"], typer.Option(help="Average pooling.")] = "fold",
    pixel_bits: Annotated[int, typer.Option(help="1 to 8.", min=1, max=8)] = 8,
    lanes: Annotated[int, typer.Option(help="Neurons a clock, a power of two.")] = 16,
    images: Annotated[int, typer.Option(help="For --data: to calibrate on.", min=1)] = 200,
    producer: Annotated[str | None, typer.Option(help="Of a .nir file: who wrote it.")] = None,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
) -> None:
    """Say, layer by layer, whether a network can be converted and what it costs.

    Exit code 1 where something stands in the way.
    """
    from augend.host.verdict import CheckOptions, show_verdict

    options = CheckOptions(
        weight_bits=weight_bits,
        timesteps=timesteps,
        schedule=schedule,
        pool=pool,
        pixel_bits=pixel_bits,
        lanes=lanes,
        images=images,
        producer=producer,
    )
    if not show_verdict(source, data, shape, options, json, Console()):
        raise typer.Exit(1)


@app.command()
def convert(
    source: Annotated[
        str, typer.Argument(help="file.py:attribute, a trained file, .onnx or .nir.")
    ],
    output: Output,
    data: Data = None,
    weight_bits: Annotated[int, typer.Option(help="1 to 8.")] = 8,
    weights: Annotated[str, typer.Option(help="integer, ternary or power_of_two.")] = "integer",
    layer_bits: Annotated[
        list[str] | None, typer.Option(help="Width of one population's weights, as conv1=8.")
    ] = None,
    sparse: Annotated[bool, typer.Option(help="Leave out words of pruned weights.")] = False,
    timesteps: Annotated[int, typer.Option(help="Time steps T.")] = 8,
    norm: Annotated[str, typer.Option(help="mse, levels, percentile, data or model.")] = "mse",
    percentile: Annotated[float, typer.Option(help="For --norm percentile.")] = 99.9,
    per_channel: Annotated[bool, typer.Option(help="For --norm percentile.")] = True,
    schedule: Annotated[str, typer.Option(help="synchronous or phased.")] = "synchronous",
    initial: Annotated[str, typer.Option(help="Start: half, zero or optimised.")] = "half",
    reset: Annotated[str, typer.Option(help="subtract or zero.")] = "subtract",
    signed: Annotated[bool, typer.Option(help="ReLU neurons may take back spikes.")] = False,
    gate: Annotated[str, typer.Option(help="Max-pool by count, rate or any.")] = "count",
    clamp: Annotated[float, typer.Option(help="Layer l is held for clamp * l steps.")] = 0.0,
    leak: Annotated[list[int] | None, typer.Option(help="Right shifts of the leak.")] = None,
    floor: Annotated[float | None, typer.Option(help="Lowest potential, in thresholds.")] = None,
    single_spike: Annotated[bool, typer.Option(help="At most one spike a neuron.")] = False,
    refractory: Annotated[int, typer.Option(help="Steps after a spike without another.")] = 0,
    inhibition: Annotated[float, typer.Option(help="Winner-take-all, in thresholds.")] = 0.0,
    decode: Annotated[str, typer.Option(help="potential, count or first_spike.")] = "potential",
    exit_margin: Annotated[int | None, typer.Option(help="Lead that ends early.", min=1)] = None,
    encoding: Annotated[str, typer.Option(help="current, rate, ttfs or hybrid.")] = "current",
    input_hertz: Annotated[float | None, typer.Option(help="For --encoding rate.")] = None,
    pool: Annotated[str, typer.Option(help="fold average pooling, or let it spike.")] = "fold",
    pixel_bits: Annotated[int, typer.Option(help="Width of a pixel, 1 to 8.")] = 8,
    pixel_range: Annotated[
        tuple[float, float], typer.Option(help="Raw intensities of the images, as 0 255.")
    ] = (0.0, 1.0),
    mean: Annotated[
        str | None, typer.Option(help="Per channel, of (raw - mean) / std, as 0.5,0.5,0.5.")
    ] = None,
    std: Annotated[str | None, typer.Option(help="Per channel, likewise.")] = None,
    lanes: Annotated[int, typer.Option(help="Neurons a clock and core, a power of two.")] = 16,
    cores: Annotated[int, typer.Option(help="Cores.")] = 1,
    images: Annotated[int, typer.Option(help="Training images to calibrate on.")] = 2000,
    producer: Annotated[str | None, typer.Option(help="Of a .nir file: who wrote it.")] = None,
    input_bits: Annotated[int, typer.Option(help="Of a .nir file: events a step.")] = 1,
    seed: Annotated[int, typer.Option(help="Of every random choice.")] = 0,
) -> None:
    """Convert a trained network to a program of integers.

    With --mean and --std the module takes (raw - mean) / std of the data set's images, which are
    0 to 1.
    """
    from augend.host.conversion import convert_nir, convert_source, numbers, widths

    if source.endswith(".nir"):
        convert_nir(
            source,
            output,
            {
                "producer": producer,
                "timesteps": timesteps,
                "weight_bits": weight_bits,
                "input_bits": input_bits,
                "lanes": lanes,
                "cores": cores,
            },
            Console(),
        )
        return
    options = {
        "weight_bits": weight_bits,
        "weights": weights,
        "layer_bits": widths(layer_bits or []),
        "sparse": sparse,
        "timesteps": timesteps,
        "norm": norm,
        "percentile": percentile,
        "per_channel": per_channel,
        "schedule": schedule,
        "initial": initial,
        "reset": reset,
        "signed": signed,
        "gate": gate,
        "clamp": clamp,
        "leak": leak or (),
        "floor": floor,
        "single_spike": single_spike,
        "refractory": refractory,
        "inhibition": inhibition,
        "decode": decode,
        "exit_margin": exit_margin,
        "encoding": encoding,
        "input_hertz": input_hertz,
        "pool": pool,
        "pixel_bits": pixel_bits,
        "pixel_range": pixel_range,
        "mean": numbers("--mean", mean),
        "std": numbers("--std", std),
        "lanes": lanes,
        "cores": cores,
        "seed": seed,
    }
    convert_source(source, data, output, images, options, Console())


@app.command()
def zoo() -> None:
    """List the trained programs that come with augend."""
    from augend.host.zoo import show_zoo

    show_zoo(Console())


@app.command()
def info(program: ProgramFile) -> None:
    """Show what a program holds."""
    from augend.gen.program import Program
    from augend.host.information import show_program

    show_program(Program.load(program), Console())


@app.command()
def run(
    program: ProgramFile,
    data: Data = None,
    limit: Annotated[int | None, typer.Option(help="Only the first images.", min=1)] = None,
    backend: Annotated[
        str, typer.Option(help="golden, rtl, serial:DEVICE@BAUD or socket:HOST:PORT.")
    ] = "golden",
    configuration: Annotated[
        Path | None, typer.Option(help="configuration.json of the accelerator.")
    ] = None,
    verify: Annotated[bool, typer.Option("--verify", help="Compare RTL and models.")] = False,
    json: Annotated[Path | None, typer.Option(help="File for the report.")] = None,
    raster: Annotated[int, typer.Option(help="Spikes of so many images into the JSON.", min=0)] = 0,
) -> None:
    """Classify a test set; with --verify, exit code 1 where RTL and models differ."""
    from augend.gen.program import Program
    from augend.host.run import run_program

    if raster and json is None:
        raise UsageError("--raster goes into the report: say where with --json.")
    hardware = None
    if configuration is not None:
        from augend.host.verilog import read_configuration

        hardware = read_configuration(configuration)
    loaded = Program.load(program)
    report = run_program(loaded, data, limit, backend, verify, Console(), hardware=hardware)
    if json is not None:
        if raster:
            from augend.host.raster import sample_rasters

            rows = sample_rasters(report.program, report.data, min(raster, len(report.labels)))
            report = replace(report, raster=rows)
        from augend.host.report import write_json

        write_json(json, report.as_dict())
    report.show(Console())
    if report.verification is not None and report.verification.different:
        raise typer.Exit(1)


@app.command()
def place(
    program: ProgramFile,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where the placed program goes.")
    ] = None,
    lanes: Annotated[int | None, typer.Option(help="Neurons a clock and core.", min=1)] = None,
    cores: Annotated[int | None, typer.Option(help="Cores.", min=1)] = None,
    data: Data = None,
    limit: Annotated[int, typer.Option(help="Training images to measure on.", min=1)] = 50,
) -> None:
    """Put a program on lanes and cores, balanced by measured clocks; show what lies where."""
    from augend.host.placing import place_file

    place_file(program, data, limit, lanes, cores, output, Console())


@app.command()
def profile(
    program: ProgramFile,
    data: Data = None,
    limit: Annotated[int, typer.Option(help="Images to take the mean of.", min=1)] = 20,
    backend: Annotated[
        Literal["golden", "rtl"], typer.Option(help="Whose counters; rtl is compared with models.")
    ] = "golden",
    picture: Annotated[Path | None, typer.Option(help="Timeline to draw, .svg or .png.")] = None,
) -> None:
    """Show where the clocks go, by population and core; exit code 1 where RTL and models differ."""
    from augend.host.profile import profile_file

    if picture is not None:
        from augend.host.figure_style import check_picture

        check_picture(picture)
    found = profile_file(program, data, limit, backend, Console())
    if picture is not None:
        from augend.host.profile_plot import write_timeline

        write_timeline(found, picture)
        Console().print(f"wrote {picture}")
    if found.verification is not None and found.verification.different:
        raise typer.Exit(1)


@app.command()
def curve(
    programs: Annotated[
        list[Path],
        typer.Argument(parser=program_file, help="Programs, or zoo:NAME: a curve each."),
    ],
    output: Output,
    data: Data = None,
    limit: Annotated[int | None, typer.Option(help="Only the first images.", min=1)] = None,
    exit_margin: Annotated[
        list[int] | None,
        typer.Option(help="Margin of early exit to show, any number of times; else a spread."),
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Picture to draw, .svg or .png.")] = None,
) -> None:
    """Measure accuracy against time steps, operations and input spikes, and early exit."""
    from augend.host.curve_measure import write_curves

    write_curves(programs, data, limit, exit_margin, output, picture, Console())


@app.command()
def report(
    files: Annotated[list[Path], typer.Argument(help="JSON of augend run and augend curve.")],
    output: Output,
) -> None:
    """Make one page of runs and curves that needs nothing else, for any browser."""
    from augend.host.page import write_page

    write_page(files, output)
    Console().print(f"wrote {output}")


@app.command()
def diagnose(
    program: ProgramFile,
    data: Data = None,
    source: Annotated[
        str | None, typer.Option(help="Network it came from; the one it names where left out.")
    ] = None,
    images: Annotated[int, typer.Option(help="Training images to compare on.", min=1)] = 300,
    json: Annotated[Path | None, typer.Option(help="File for all figures.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Picture to draw, .svg or .png.")] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Search for a better conversion.")] = False,
    accuracy: Annotated[float | None, typer.Option(help="For --fix: wanted, 0 to 1.")] = None,
    trials: Annotated[int, typer.Option(help="For --fix: conversions to try.", min=1)] = 30,
    seed: Annotated[int, typer.Option(help="For --fix: of the search.")] = 0,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="For --fix: program to write.")
    ] = None,
) -> None:
    """Say which layer of a program costs accuracy and why; with --fix, look for a better one.

    Exit code 1 where --fix finds none.
    """
    from augend.gen.program import Program
    from augend.host.diagnose import diagnose_file
    from augend.host.diagnose_table import show_diagnosis

    if fix != (accuracy is not None) or fix != (output is not None):
        raise UsageError("--fix, --accuracy and -o go together: the program to reach, and write.")
    if picture is not None:
        from augend.host.figure_style import check_picture

        check_picture(picture)
    console, loaded = Console(), Program.load(program)
    found = diagnose_file(loaded, source, data, images, console)
    show_diagnosis(found, console)
    if json is not None:
        found.write(json)
    if picture is not None:
        from augend.host.diagnose_plot import write_picture

        write_picture(found, picture)
    if accuracy is not None and output is not None:
        from augend.host.fix import fix_program

        if not fix_program(loaded, source, data, accuracy, trials, seed, output, console):
            raise typer.Exit(1)


@app.command()
def verilog(
    programs: Annotated[
        list[Path],
        typer.Argument(
            parser=program_file,
            help="A program (or zoo:NAME), or all that it is to run.",
        ),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    overlay: Annotated[
        Path | None,
        typer.Option(help="configuration.json of an accelerator to load the programs into."),
    ] = None,
    parity: Annotated[bool, typer.Option(help="Notice flipped bits of memories.")] = False,
    asic: Annotated[
        bool, typer.Option("--asic", help="For silicon: memories as modules for macros.")
    ] = False,
    macro_bits: Annotated[
        int, typer.Option(help="For --asic: memories of fewer bits are flip-flops.", min=0)
    ] = 512,
    liberty: Annotated[
        Path | None, typer.Option(help="For --asic: cells (.lib) to map to; area by block.")
    ] = None,
) -> None:
    """Write the Verilog of the smallest accelerator that programs fit, and its memories.

    One program gives a specialised accelerator. Several give an overlay that runs each of them,
    loaded one after the other; with --overlay, one that is there already.
    """
    from augend.host.asic.folder import AsicOptions
    from augend.host.asic.liberty import read_library
    from augend.host.verilog import write_verilog

    if liberty is not None and not asic:
        raise UsageError("--liberty goes with --asic: cells are mapped for silicon only.")
    library = read_library(liberty) if liberty is not None else None
    wanted = AsicOptions(macro_bits=macro_bits, library=library) if asic else None
    write_verilog(programs, output, overlay, Console(), parity=parity, asic=wanted)


@app.command()
def activity(
    program: ProgramFile,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder to write.")],
    data: Data = None,
    limit: Annotated[int, typer.Option(help="Images; each takes seconds.", min=2)] = 4,
    lanes: Annotated[
        int | None, typer.Option(help="Of the accelerator; those of the program where left out.")
    ] = None,
    liberty: Annotated[
        Path | None, typer.Option(help="Cells (.lib) to map to; else transistors are counted.")
    ] = None,
    macro_bits: Annotated[
        int, typer.Option(help="Memories of fewer bits are flip-flops.", min=0)
    ] = 512,
    femtojoules: Annotated[
        float | None, typer.Option(help="Energy of a toggle, where the cells do not say.", min=0)
    ] = None,
) -> None:
    """Count what switches, block by block, while a netlist of cells classifies images.

    The netlist runs behind the same link as any accelerator and is compared with the models. Writes
    it, a SAIF file for each image, and what fits toggles = a * additions + b * clocks.
    """
    from augend.host.asic.command import ActivityOptions, write_activity

    options = ActivityOptions(
        data=data,
        limit=limit,
        lanes=lanes,
        liberty=liberty,
        macro_bits=macro_bits,
        femtojoules=femtojoules,
    )
    write_activity(program, output, options, Console())


add_board_commands(app)
