"""``augend boards``: the boards, what their FPGAs have, which programs of the zoo go on them."""

from dataclasses import replace
from functools import cache

from rich import box
from rich.console import Console
from rich.table import Table

from augend import zoo
from augend.gen.place import PlacementError
from augend.gen.program import Program
from augend.host.board_advice import fits, rough_needs
from augend.host.board_config import board_config
from augend.host.toolchain.devices import DEVICES
from augend.hw.boards import BOARDS

__all__ = ["largest", "show_boards"]


def show_boards(console: Console) -> None:
    """Print a line a board."""
    table = Table(
        title="augend build PROGRAM --board BOARD",
        caption="block RAM in Kbit; the program with the most synapses, and the most lanes, that "
        "should fit, by what memories and lanes usually take: augend build knows",
        box=box.SIMPLE,
    )
    for heading in ("board", "device"):
        table.add_column(heading, no_wrap=True)
    for heading in ("LUTs", "block RAM", "SPRAM"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("of the zoo", overflow="fold")
    with console.status("placing the programs of the zoo"):
        found = {device: largest(device) for device in {b.device for b in BOARDS.values()}}
    for board in BOARDS.values():
        device = DEVICES[board.device]
        block = device.has["BRAM"] * device.block_ram_bits // 1024
        table.add_row(
            f"[bold]{board.name}[/]\n{board.title}",
            board.device,
            f"{device.has['LUT4']:,}",
            f"{block:,}",
            f"{256 * device.has['SPRAM']:,}" if device.has.get("SPRAM") else "",
            found[board.device],
        )
    console.print(table)


def largest(device: str) -> str:
    """The zoo's program with the most synapses that fits a device, and its lanes; or none."""
    best = None
    for name in zoo.names():
        synapses, lanes = _fitting(name, device)
        if lanes and (best is None or (synapses, lanes) > best[:2]):
            best = synapses, lanes, f"{name}, {lanes} lanes"
    return best[-1] if best else "none"


@cache
def _program(name: str) -> Program:
    return Program.load(zoo.program_path(name))


def _fitting(name: str, device: str) -> tuple[int, int]:
    """Synapses of a program, and the most lanes that it fits a device with, 0 for none."""
    program = _program(name)
    synapses = sum(projection.weight.size for projection in program.network.projections)
    target, lanes = DEVICES[device], program.lanes
    while lanes:
        try:
            placement = replace(program, lanes=lanes, cores=1, work={}).place()
        except PlacementError:
            break
        config = board_config([placement], target)
        if fits(target, rough_needs(target, config)):
            return synapses, lanes
        lanes //= 2
    return synapses, 0
