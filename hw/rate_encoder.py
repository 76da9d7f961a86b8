"""The rate encoder: a pixel a clock spikes by chance."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from augend.gen.lfsr import DRAW_BITS, REGISTER_BITS
from augend.hw.configuration import AcceleratorConfig
from augend.hw.lfsr import Lfsr
from augend.hw.memory import LoadedMemory
from augend.hw.parity import check_rows, damage_ports

__all__ = ["THRESHOLD_BITS", "RateEncoder", "rate_pixel", "scanned_word"]

THRESHOLD_BITS = DRAW_BITS + 1
"""Width of a threshold: up to 2**16, which every draw stays below."""


def scanned_word(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a word of the input that is on its way: its place, and what to do with it.

    ``valid``: its mask may be written. ``last``: its step's token follows.
    """
    return data.StructLayout(
        {
            "valid": 1,
            "last": 1,
            "a": config.coordinate_bits,
            "b": config.coordinate_bits,
            "g": config.coordinate_bits,
        }
    )


def rate_pixel(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of a pixel on its way: ``lane`` of its word, whose place it carries.

    ``valid`` says that there is a pixel, ``done`` that it is the last of its word, which may then
    be written.
    """
    return data.StructLayout(
        {"valid": 1, "lane": config.lane_bits, "done": 1, "word": scanned_word(config)}
    )


class RateEncoder(wiring.Component):
    """Compares a draw of the LFSR with the threshold of each pixel's intensity.

    The mask of a word is there 4 clocks after its last pixel's row. Every pixel takes one draw, in
    the order in which pixels come, from ``restart`` on.

    Members
    -------
    restart : In
        Puts ``seed`` into the LFSR; not while a pixel is on its way.
    pixel : In
        The pixel that ``row`` holds in its lane.
    row : In
        Intensities of all lanes.
    word, mask : Out
        A word whose pixels are through, and who of them spikes.
    load, load_address, load_data : In
        Write strobe for the table of thresholds, one for each intensity.
    damaged : Out
        With parity: see ``damage_ports``.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "restart": In(1),
                "seed": In(REGISTER_BITS),
                "pixel": In(rate_pixel(config)),
                "row": In(data.ArrayLayout(config.pixel_bits, config.lanes)),
                "word": Out(scanned_word(config)),
                "mask": Out(config.lanes),
                "load": In(1),
                "load_address": In(config.pixel_bits),
                "load_data": In(THRESHOLD_BITS),
                **damage_ports(config),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the table, the draws and the collection of masks."""
        m = Module()
        config = self._config
        m.submodules.lfsr = lfsr = Lfsr()
        m.submodules.thresholds = thresholds = LoadedMemory(
            shape=THRESHOLD_BITS, depth=1 << config.pixel_bits
        )
        stages = [Signal.like(self.pixel, name=f"pixel_{i}") for i in range(1, 5)]
        earlier = [self.pixel, *stages]
        m.d.sync += [after.eq(before) for before, after in zip(earlier, stages, strict=False)]
        _, before_draw, compared, collected = stages
        level = Signal(config.pixel_bits)
        m.d.sync += level.eq(self.row[self.pixel.lane])
        m.d.comb += [
            thresholds.address.eq(level),
            thresholds.load.eq(self.load),
            thresholds.load_address.eq(self.load_address),
            thresholds.load_data.eq(self.load_data),
            lfsr.load.eq(self.restart),
            lfsr.seed.eq(self.seed),
            lfsr.step.eq(before_draw.valid),
            self.word.eq(collected.word),
            self.word.valid.eq(collected.valid & collected.done),
            self.word.last.eq(collected.valid & collected.done & collected.word.last),
        ]
        if config.parity:
            check_rows(m, self, "rate", thresholds, comes=compared.valid)
        spike = Signal()
        m.d.comb += spike.eq(lfsr.draw < thresholds.data)
        with m.If(compared.valid):
            for lane in range(config.lanes):
                kept = self.mask[lane] & (compared.lane != 0)
                m.d.sync += self.mask[lane].eq(Mux(compared.lane == lane, spike, kept))
        return m
