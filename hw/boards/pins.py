"""Pins of a board: which port of the design lies on which, from the platform's resources."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from amaranth.build import Attrs, Pins, Subsignal

from augend.hw.boards.board import Board, Light

__all__ = ["Pin", "pins_of"]


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A port of the design on a pin of the device.

    Parameters
    ----------
    port, site
        Their names.
    inverted
        Whether a 1 of the design is a low voltage.
    attributes
        As the platform has them: standard, drive, pull.
    megahertz
        Of an oscillator; 0 for any other pin.
    held
        Constant that is driven, or None.
    """

    port: str
    site: str
    inverted: bool
    attributes: dict[str, str]
    megahertz: float = 0
    held: int | None = None


def pins_of(board: Board) -> list[Pin]:
    """``clk``, ``rx``, ``tx``, ``busy`` and ``error`` where they are there, and what is held."""
    platform = board.platform()
    (clock,) = _pins(platform, "clk", (platform.default_clk, 0))
    found = [clock]
    for port in ("rx", "tx"):
        found += _pins(platform, port, (*board.uart, port))
    for port, light in (("busy", board.busy), ("error", board.error)):
        if light is not None:
            found += _pins(platform, port, light)
    for (name, number), value in board.held.items():
        found += _pins(platform, name, (name, number), value)
    return found


def _pins(platform: Any, port: str, light: Light, held: int | None = None) -> Iterator[Pin]:
    """The one pin of a resource, or of its part."""
    name, number, *part = light
    resource = platform.lookup(name, number)
    attributes = dict(resource.attrs)
    ios = resource.ios
    if part:
        (sub,) = (io for io in ios if isinstance(io, Subsignal) and io.name == part[0])
        attributes |= dict(sub.attrs)
        ios = sub.ios
    (pins,) = (io for io in ios if isinstance(io, Pins))
    (site,) = pins.map_names(platform._conn_pins, resource)
    yield Pin(
        port=port,
        site=site,
        inverted=pins.invert,
        attributes={key: str(value) for key, value in Attrs(**attributes).items()},
        megahertz=resource.clock.frequency / 1e6 if resource.clock else 0,
        held=held,
    )
