"""The interval encoder: in each time step the pixels of an interval of intensities spike."""

from amaranth.hdl import Cat, Module, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import LoadedMemory
from augend.hw.parity import check_rows, damage_ports
from augend.hw.rate_encoder import scanned_word

__all__ = ["IntervalEncoder", "interval"]


def interval(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an interval of intensities, both ends included; empty where ``low`` > ``high``."""
    return data.StructLayout({"low": config.pixel_bits, "high": config.pixel_bits})


class IntervalEncoder(wiring.Component):
    """Time to first spike: the brighter a pixel, the earlier its one spike.

    The step of the spike never grows with the intensity, so those who spike in a step lie in an
    interval; the intervals are loaded. The mask is there a clock after the row.

    Members
    -------
    step : In
        Number of the time step, from two clocks before its first row on.
    scanned, row : In
        A word of the input, and the intensities of its lanes.
    lanes : In
        Which of its lanes hold a pixel; the others do not spike.
    word, mask : Out
        The word, a clock later, and who spikes.
    load, load_address, load_data : In
        Write strobe for the table of intervals, one for each step.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        address = max(1, ceil_log2(config.spike_steps))
        super().__init__(
            {
                "step": In(address),
                "scanned": In(scanned_word(config)),
                "lanes": In(self._config.lanes),
                "row": In(data.ArrayLayout(config.pixel_bits, config.lanes)),
                "word": Out(scanned_word(config)),
                "mask": Out(config.lanes),
                "load": In(1),
                "load_address": In(address),
                "load_data": In(interval(config)),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table and two comparisons a lane."""
        m = Module()
        m.submodules.intervals = intervals = LoadedMemory(
            shape=interval(self._config), depth=self._config.spike_steps
        )
        bounds = Signal(interval(self._config))
        m.d.comb += [
            intervals.address.eq(self.step),
            intervals.load.eq(self.load),
            intervals.load_address.eq(self.load_address),
            intervals.load_data.eq(self.load_data),
            bounds.eq(intervals.data),
        ]
        if self._config.parity:
            check_rows(m, self, "interval", intervals, comes=self.scanned.valid)
        m.d.sync += [
            self.word.eq(self.scanned),
            self.mask.eq(
                Cat((bounds.low <= pixel) & (pixel <= bounds.high) for pixel in self.row)
                & self.lanes
            ),
        ]
        return m
