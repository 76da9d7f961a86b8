"""What is known of a board: its device, the pins that carry the host link, its lights."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Board", "BoardError", "Light"]

Light = tuple[str, int] | tuple[str, int, str]
"""Name and number of a resource of the platform, and of its part where it has several."""


class BoardError(ValueError):
    """A board that there is not, or a clock or baud rate that it cannot make."""


@dataclass(frozen=True, kw_only=True)
class Board:
    """A board with an FPGA, described by a platform of ``amaranth-boards`` and what that lacks.

    Parameters
    ----------
    name, title
        What the command line calls it, and what people do.
    device
        The FPGA, by its name in ``augend.host.toolchain.devices``.
    platform
        Makes the platform, whose resources name the pins.
    options
        Of place and route: package, and speed grade.
    pll
        Kind of PLL, one of ``augend.hw.boards.pll.PLLS``.
    uart
        Resource with the wires ``rx`` and ``tx``.
    busy, error
        Lights; no light where None.
    held
        Resources that are driven with a constant.
    packing
        Options of the packer.
    guess
        Clock rate in MHz that its first synthesis is for.
    flash
        Options of openFPGALoader.
    serial
        Where the host finds the UART, usually.
    link
        What carries the UART to the host.
    """

    name: str
    title: str
    device: str
    platform: Callable[[], Any]
    options: tuple[str, ...]
    pll: str
    uart: tuple[str, int] = ("uart", 0)
    busy: Light | None = None
    error: Light | None = None
    held: Mapping[tuple[str, int], int] = field(default_factory=dict)
    packing: tuple[str, ...] = ()
    guess: float
    flash: tuple[str, ...]
    serial: str = "/dev/ttyUSB0"
    link: str
