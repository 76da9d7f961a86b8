"""From a configuration to a board's bitstream, at the highest clock rate that passes."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from augend.host.toolchain.block_ram import in_registers
from augend.host.toolchain.devices import DEVICES, Device
from augend.host.toolchain.errors import DoesNotFitError, TimingError, ToolMissingError
from augend.host.toolchain.packing import pack, placed_suffix
from augend.host.toolchain.placing import Placed, place
from augend.host.toolchain.synthesis import check_cells, synthesise_around, synthesise_part
from augend.hw.boards.board import Board, BoardError
from augend.hw.boards.constraints import OPTION, SUFFIX, constraints
from augend.hw.boards.pins import Pin, pins_of
from augend.hw.boards.pll import PllSetting, fastest
from augend.hw.boards.top import ACCELERATOR, BOARD_TOP, board_verilog
from augend.hw.configuration import AcceleratorConfig
from augend.hw.uart import LEAST_DIVISOR

__all__ = ["BAUD", "Bitstream", "board_pins", "make_bitstream", "place_again"]

BAUD = 1_000_000
"""Bits a second on the wires: what every USB bridge of the boards makes exactly."""

_BAUD_ERROR = 0.01
"""Most that the rate may be off; a receiver of 8N1 bears some 4 % between both ends."""

_ATTEMPTS = 6
_MARGIN = 0.97
"""Part of the last rate that is aimed at, from the third attempt on."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Bitstream:
    """What was made of a configuration for a board.

    Parameters
    ----------
    file
        Name of the bitstream in its folder.
    megahertz, passes
        Clock rate that it runs at, and the highest that its routing passes at.
    baud, divisor
        Rate of the wires, and clocks a bit.
    cells
        After synthesis, by resource.
    placed
        What place and route said.
    """

    file: str
    megahertz: float
    baud: int
    divisor: int
    cells: Counter
    placed: Placed

    @property
    def passes(self) -> float:
        """Highest clock rate in MHz at which all paths are met."""
        return self.placed.megahertz


def board_pins(board: Board) -> list[Pin]:
    """Pins of a board.

    Raises
    ------
    ToolMissingError
        ``amaranth-boards`` is not installed.
    """
    try:
        return pins_of(board)
    except ImportError as error:
        raise ToolMissingError(
            "amaranth-boards, which knows the pins of boards, is not installed: "
            "pip install 'augend[boards]'"
        ) from error


def make_bitstream(
    config: AcceleratorConfig,
    board: Board,
    folder: Path,
    say: Say,
    *,
    baud: int = BAUD,
    megahertz: float | None = None,
    seed: int = 1,
) -> Bitstream:
    """Make a bitstream in a folder, together with all that leads to it.

    The first place and route is at a rate that the board surely makes; what it reaches says what
    the PLL is set to, and the next one has to pass at that rate.

    Parameters
    ----------
    config, board, folder
        What to build, for what, and where the files go.
    say
        Told of each stage as it begins.
    baud
        Bits a second on the wires.
    megahertz
        Clock rate, in place of the highest; that of the oscillator needs no PLL.
    seed
        Of the placer.

    Raises
    ------
    DoesNotFitError, TimingError, ToolMissingError, ToolCrashedError
        No bitstream can be made.
    BoardError
        The PLL or the UART does not make the rate.
    """
    device = DEVICES[board.device]
    pins = board_pins(board)
    text = constraints(device.family.name, pins)
    (folder / f"{BOARD_TOP}.{SUFFIX[device.family.name]}").write_text(text)
    oscillator = pins[0].megahertz
    setting = _setting(board, oscillator, megahertz or board.guess, baud, exact=megahertz)
    tried: list[str] = []
    for attempt in range(_ATTEMPTS):
        rate = setting.megahertz if setting else oscillator
        divisor = _divisor(rate, baud)
        if not attempt:
            say("Verilog")
        text = board_verilog(config, pins, setting, divisor=divisor)
        (folder / f"{BOARD_TOP}.v").write_text(text)
        if not attempt:
            say("synthesis")
            registers = in_registers(device, config)
            synthesise_part(device, folder, ACCELERATOR, BOARD_TOP, registers)
        say(f"synthesis of clock and UART for {rate:.2f} MHz")
        cells = synthesise_around(device, folder, BOARD_TOP, ACCELERATOR, BOARD_TOP)
        check_cells(board.title, device, cells)
        say(f"place and route for {rate:.2f} MHz")
        placed = _place(board, folder, seed, rate, _placed_file(device))
        tried.append(f"{rate:.2f} (reached {placed.megahertz:.2f})")
        if placed.megahertz >= rate:
            last = megahertz or attempt
            better = None if last else _fastest(board, oscillator, placed.megahertz, baud)
            if better is None or better.megahertz <= rate:
                say("packing")
                name = pack(device, folder, BOARD_TOP, board.packing)
                return Bitstream(
                    file=name,
                    megahertz=rate,
                    baud=baud,
                    divisor=divisor,
                    cells=cells,
                    placed=placed,
                )
            setting = better
        elif megahertz:
            raise TimingError(
                f"The design does not meet {rate:.2f} MHz on {board.title}: it reaches "
                f"{placed.megahertz:.2f} MHz. Choose a lower --mhz, or leave it out"
            )
        else:
            goal = placed.megahertz * (_MARGIN if attempt > 1 else 1.0)
            setting = _setting(board, oscillator, goal, baud, exact=None)
    raise TimingError(
        f"No clock rate was met on {board.title}, in MHz: {', '.join(tried)}. Choose a lower one "
        f"by --mhz"
    )


def _setting(
    board: Board, oscillator: float, most: float, baud: int, exact: float | None
) -> PllSetting | None:
    """Setting of the PLL; None where the oscillator itself is asked for."""
    if exact is not None and abs(exact - oscillator) < 1e-6:
        return None
    found = _fastest(board, oscillator, most + 1e-6, baud)
    if exact is not None and abs(found.megahertz - exact) > 0.01 * exact:
        raise BoardError(
            f"The PLL of {board.title} makes no {exact:g} MHz of its {oscillator:g} MHz "
            f"oscillator; the nearest below is {found.megahertz:g}"
        )
    return found


def _fastest(board: Board, oscillator: float, most: float, baud: int) -> PllSetting:
    """Setting of the PLL with the highest rate up to one that the UART can divide."""
    return fastest(board.pll, oscillator, most, lambda rate: _suits(rate, baud))


def _suits(rate: float, baud: int) -> bool:
    """Whether a clock rate in MHz can be divided to a baud rate."""
    divisor = round(rate * 1e6 / baud)
    if divisor < LEAST_DIVISOR:
        return False
    return abs(rate * 1e6 / divisor / baud - 1) <= _BAUD_ERROR


def _divisor(rate: float, baud: int) -> int:
    """Clocks a bit.

    Raises
    ------
    BoardError
        The rate is not near enough.
    """
    if not _suits(rate, baud):
        raise BoardError(
            f"{rate:g} MHz cannot be divided to {baud:,} baud within {100 * _BAUD_ERROR:g} % and "
            f"at least {LEAST_DIVISOR} clocks a bit: choose another --baud"
        )
    return round(rate * 1e6 / baud)


def place_again(board: Board, folder: Path, seed: int, made: Bitstream) -> Placed:
    """Place and route a finished build's netlist with another seed; nothing of it is changed."""
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".seed-") as name:
        work = Path(name)
        for suffix in ("json", SUFFIX[DEVICES[board.device].family.name]):
            shutil.copy(folder / f"{BOARD_TOP}.{suffix}", work)
        return _place(board, work, seed, made.megahertz, None)


def _placed_file(device: Device) -> str:
    return f"{BOARD_TOP}.{placed_suffix(device)}"


def _place(board: Board, folder: Path, seed: int, rate: float, result: str | None) -> Placed:
    """Place and route with a board's constraints."""
    device = DEVICES[board.device]
    file = f"{BOARD_TOP}.{SUFFIX[device.family.name]}"
    option = OPTION[device.family.name]
    given = (*option, file) if len(option) == 1 else (option[0], option[1] + file)
    try:
        return place(
            device,
            folder,
            BOARD_TOP,
            seed=seed,
            megahertz=rate,
            options=(*board.options, *given),
            result=result,
        )
    except DoesNotFitError as error:
        raise DoesNotFitError(board.title, error.short) from error
