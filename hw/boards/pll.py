"""The clock rates that a device's PLL makes of an oscillator, and how it is set to them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from amaranth.hdl import Instance, Signal

from augend.hw.boards.board import BoardError

__all__ = ["PLLS", "PllSetting", "fastest"]


@dataclass(frozen=True, kw_only=True)
class PllSetting:
    """A clock rate, and the PLL that makes it.

    Parameters
    ----------
    megahertz
        What comes out.
    cell
        The primitive.
    parameters, ties
        Of the primitive; inputs that are constant.
    source, out, locked, feedback
        Its ports: oscillator, clock, whether that is settled, and clock that is fed back, if any.
    """

    megahertz: float
    cell: str
    parameters: dict[str, int | str]
    ties: dict[str, int]
    source: str
    out: str
    locked: str
    feedback: str | None = None

    def instance(self, oscillator: Signal, clock: Signal, locked: Signal) -> Instance:
        """The primitive between an oscillator's pin and a clock."""
        ports = {f"i_{self.source}": oscillator, f"o_{self.out}": clock}
        if self.feedback is not None:
            ports[f"i_{self.feedback}"] = clock
        parameters = {f"p_{name}": value for name, value in self.parameters.items()}
        ties = {f"i_{name}": value for name, value in self.ties.items()}
        return Instance(self.cell, **parameters, **ties, **ports, **{f"o_{self.locked}": locked})


_FILTERS = ((17, 1), (26, 2), (44, 3), (66, 4), (101, 5), (133, 6))
"""Setting of the iCE40 PLL's loop filter below each rate in MHz at its phase detector."""


def _ice40(pad: bool) -> Callable[[float], Iterator[PllSetting]]:
    """SB_PLL40 with simple feedback (Lattice TN1251): VCO of 533 to 1066 MHz."""

    def settings(oscillator: float) -> Iterator[PllSetting]:
        for r in range(16):
            detector = oscillator / (r + 1)
            if not 10 <= detector <= 133:
                continue
            for f in range(128):
                vco = detector * (f + 1)
                if not 533 <= vco <= 1066:
                    continue
                for q in range(1, 7):
                    yield PllSetting(
                        megahertz=vco / 2**q,
                        cell="SB_PLL40_PAD" if pad else "SB_PLL40_CORE",
                        parameters={
                            "FEEDBACK_PATH": "SIMPLE",
                            "DIVR": r,
                            "DIVF": f,
                            "DIVQ": q,
                            "FILTER_RANGE": next(n for most, n in _FILTERS if detector <= most),
                        },
                        ties={"RESETB": 1, "BYPASS": 0},
                        source="PACKAGEPIN" if pad else "REFERENCECLK",
                        out="PLLOUTGLOBAL",
                        locked="LOCK",
                    )

    return settings


def _ecp5(oscillator: float) -> Iterator[PllSetting]:
    """EHXPLLL fed back from its first output (Lattice FPGA-TN-02200): VCO of 400 to 800 MHz."""
    for i in range(1, 129):
        detector = oscillator / i
        if not 10 <= detector <= 400:
            continue
        for f in range(1, 81):
            rate = detector * f
            divider = round(600 / rate)
            if not (1 <= divider <= 128 and 400 <= rate * divider <= 800):
                continue
            yield PllSetting(
                megahertz=rate,
                cell="EHXPLLL",
                parameters={
                    "CLKI_DIV": i,
                    "CLKFB_DIV": f,
                    "CLKOP_DIV": divider,
                    "CLKOP_ENABLE": "ENABLED",
                    "CLKOP_CPHASE": divider // 2,
                    "CLKOP_FPHASE": 0,
                    "FEEDBK_PATH": "CLKOP",
                    "OUTDIVIDER_MUXA": "DIVA",
                },
                ties={"RST": 0, "STDBY": 0, "ENCLKOP": 1},
                source="CLKI",
                out="CLKOP",
                locked="LOCK",
                feedback="CLKFB",
            )


_DIVIDERS = (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128)
"""Of the output of Gowin's rPLL."""


def _gowin(oscillator: float) -> Iterator[PllSetting]:
    """Gowin rPLL of a GW1N-9C in speed grade C6 (DS117E): VCO of 400 to 1200 MHz."""
    for i in range(64):
        detector = oscillator / (i + 1)
        if not 3 <= detector <= 400:
            continue
        for f in range(64):
            rate = detector * (f + 1)
            divider = next((n for n in _DIVIDERS if 400 < rate * n < 1200), None)
            if divider is None:
                continue
            yield PllSetting(
                megahertz=rate,
                cell="rPLL",
                parameters={
                    "FCLKIN": f"{oscillator:g}",
                    "IDIV_SEL": i,
                    "FBDIV_SEL": f,
                    "ODIV_SEL": divider,
                    "DEVICE": "GW1NR-9C",
                },
                ties={
                    **dict.fromkeys(("RESET", "RESET_P", "CLKFB"), 0),
                    **dict.fromkeys(("FBDSEL", "IDSEL", "ODSEL"), 0),
                    **dict.fromkeys(("PSDA", "DUTYDA", "FDLY"), 0),
                },
                source="CLKIN",
                out="CLKOUT",
                locked="LOCK",
            )


PLLS: dict[str, Callable[[float], Iterator[PllSetting]]] = {
    "ice40 core": _ice40(pad=False),
    "ice40 pad": _ice40(pad=True),
    "ecp5": _ecp5,
    "gowin": _gowin,
}
"""By the kind that a board has, every setting for an oscillator."""


def fastest(
    kind: str, oscillator: float, most: float, suits: Callable[[float], bool] = lambda _: True
) -> PllSetting:
    """The setting of the highest clock rate that is not above a given one.

    Parameters
    ----------
    kind
        One of ``PLLS``.
    oscillator, most
        Rates in MHz.
    suits
        Whether a rate can be used otherwise.

    Raises
    ------
    BoardError
        There is no such rate.
    """
    found = [s for s in PLLS[kind](oscillator) if s.megahertz <= most and suits(s.megahertz)]
    if not found:
        least = min(s.megahertz for s in PLLS[kind](oscillator))
        raise BoardError(
            f"The board's PLL makes no clock of {most:.1f} MHz or less from its {oscillator:g} MHz "
            f"oscillator that suits the baud rate; the slowest is {least:.2f} MHz. Choose another "
            f"baud rate, or --mhz {oscillator:g}, which needs no PLL"
        )
    return max(found, key=lambda setting: (setting.megahertz, -_size(setting)))


def _size(setting: PllSetting) -> int:
    """Sum of the dividers: the smallest is the phase detector's fastest."""
    return sum(value for value in setting.parameters.values() if isinstance(value, int))
