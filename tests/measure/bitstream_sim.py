"""Real digits through the UART pins of netlists and of a finished iCE40 bitstream, beside golden.

``python -m tests.measure.bitstream_sim [--output FOLDER]``

One accelerator of two lanes, one bitstream, two programs: the second is loaded over the same pins
after the first. It is simulated as RTL, as Yosys maps it, as nextpnr places and routes it, and as
the bitstream that icepack packs, read back by iceunpack and icebox_vlog. Then one bit of a look-up
table of the bitstream is turned over, which has to be noticed.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.driver import GoldenAccelerator, RtlAccelerator
from augend.host.packets import FaultError, LinkError
from augend.host.serial_link import SerialTransport
from augend.host.verify import verify
from augend.hw.configuration import AcceleratorConfig
from augend.hw.overlay import overlay_config
from augend.sim.pins import VerilatedPins, build_pins

from .flipped_table import flip_bit, register_table
from .netlist_stages import FPGA, Stage, bitstream_verilog, made, serial_design, stages
from .small_digits import small_digits
from .table import output_folder, settle

__all__ = ["classify", "shared_config"]

DEVICE = "HX8K"
DIVISOR = 4
IMAGES = 20
QUIET_CLOCKS = 20_000
"""An inference takes a tenth of it."""
CAPTION = (
    f"First {IMAGES} test digits through the UART pins ({DIVISOR} clocks a bit, 8N1) of one "
    "accelerator of two lanes, Verilated in each stage on its way to a bitstream; differences to "
    "the golden and timing model in any prediction, score, clock count or counter, and as many "
    "clocks in every stage. Both programs "
    "are loaded one after the other over the same pins; clocks are of loading and classifying. "
    "Last, one bit of a register of a lane is turned over, which has to be noticed. "
    "Written by `make bitstream-sim`."
)
COLUMNS = ("design", "device", "stage", "program", "images", "differences", "clocks", "first")


def shared_config(programs: Sequence[Program]) -> AcceleratorConfig:
    """The accelerator for all of some programs, that a small iCE40 holds."""
    config = overlay_config([program.place() for program in programs])
    kinds: dict[str, Any] = {"potential_memory": "block", "short_memories": "block"}
    return replace(config, **kinds, link_words=128, watchdog_bits=0)


def classify(
    stage: Stage,
    config: AcceleratorConfig,
    programs: dict[str, Program],
    *,
    images: int = IMAGES,
    quiet_clocks: int = QUIET_CLOCKS,
) -> list[dict[str, Any]]:
    """Load programs one after the other and classify digits; what differs from the models.

    Parameters
    ----------
    stage
        What to Verilate.
    config
        Of the accelerator in it.
    programs
        By name.
    images
        Number of test digits.
    quiet_clocks
        After as many without a byte nobody is there.

    Returns
    -------
    list
        For each program its name, the number of images and of those that differ, the clocks that
        loading and classifying took, and in words what differs first or how the link failed.
    """
    pins = VerilatedPins(
        build_pins(stage.sources, top=FPGA), divisor=DIVISOR, quiet_clocks=quiet_clocks
    )
    digits = load("digits", "test").images[:images]
    found = []
    for name, program in programs.items():
        placement = program.place()
        expected = GoldenAccelerator(program, placement, config).infer(digits)
        before = pins.clocks
        row: dict[str, Any] = {"program": name, "images": images}
        transport = SerialTransport(pins)
        transport.first_number = 1  # every stage is told the same, and takes as many clocks
        try:
            accelerator = RtlAccelerator(program, placement, config, transport)
            outcome = verify(expected, accelerator.infer(digits))
            row |= {"differences": len(outcome.different), "first": outcome.first}
        except (LinkError, FaultError) as error:
            row |= {"differences": images, "first": f"no answer: {error}"}
        found.append(row | {"clocks": pins.clocks - before})
    pins.close()
    return found


def main() -> None:
    """Simulate every stage and the mutants, and write the table."""
    folder = output_folder(__doc__)
    programs = {
        "64-16-10, T = 2": small_digits(16, timesteps=2, seed=1),
        "64-12-10, T = 3": small_digits(12, timesteps=3, seed=2),
    }
    config = shared_config(list(programs.values()))
    files = made(serial_design(config, divisor=DIVISOR), DEVICE)
    common = {"design": f"{config.lanes} lanes, digits", "device": DEVICE}
    rows = []
    for name, make in stages(files, DEVICE).items():
        print(f"{name} ...", flush=True)
        for row in classify(make(), config, programs):
            first_stage = next((r for r in rows if r["program"] == row["program"]), row)
            same = not row["differences"] and row["clocks"] == first_stage["clocks"]
            reached = "yes" if same else "no"
            rows.append(common | {"stage": name} | row | {"reached": reached})
            print(rows[-1], flush=True)
    first = dict(list(programs.items())[:1])
    bits = (files / "unpacked.asc").read_text()
    (routed,) = json.loads((files / "routed.json").read_text())["modules"].values()
    table = register_table(routed)
    wrong = bitstream_verilog(flip_bit(bits, table), files / "pins.pcf")
    mutant = Stage(
        name=f"bitstream, a bit of {table} flipped",
        sources=(wrong, *stages(files, DEVICE)["bitstream"]().sources[1:]),
    )
    (row,) = classify(mutant, config, first)
    noticed = "yes" if row["differences"] else "no"
    rows.append(common | {"stage": mutant.name} | row | {"reached": noticed})
    print(rows[-1], flush=True)
    settle(folder, "bitstream_sim", CAPTION, rows, COLUMNS)


if __name__ == "__main__":
    main()
