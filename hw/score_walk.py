"""The order of scores: channel by channel, over words that were swept place by place."""

from amaranth.hdl import Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig

__all__ = ["ScoreWalk", "address_bits"]


def address_bits(config: AcceleratorConfig) -> int:
    """Width of the address of a word of scores."""
    return max(1, ceil_log2(config.readout_words))


class ScoreWalk(wiring.Component):
    """Where the next score lies; after the last comes the first again.

    Members
    -------
    classes_last, pixels_last, groups : In
        Scores less one, places of a channel less one, words of channels at each place.
    clear, step : In
        Strobes: go to the first score; to the next.
    position, last : Out
        Number of the score, and whether it is the last.
    address, lane : Out
        Where it lies.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        address = address_bits(config)
        super().__init__(
            {
                "classes_last": In(16),
                "pixels_last": In(address),
                "groups": In(address),
                "clear": In(1),
                "step": In(1),
                "position": Out(max(1, ceil_log2(config.scores))),
                "last": Out(1),
                "address": Out(address),
                "lane": Out(max(1, config.lane_bits)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the counters."""
        m = Module()
        pixel = Signal.like(self.pixels_last)
        group = Signal.like(self.address)
        next_group = Signal.like(self.address)
        lane_last = self.lane == self._config.lanes - 1
        # Registers say whether a score is the last: of the first it is known from the start.
        first = Signal(init=1)
        only = Signal()
        ends = Signal()
        before = Signal.like(self.position)
        m.d.sync += [only.eq(self.classes_last == 0), before.eq(self.classes_last - 1)]
        m.d.comb += [
            self.last.eq(Mux(first, only, ends)),
            next_group.eq(group + lane_last),
        ]
        with m.If(self.step):
            m.d.sync += [
                first.eq(0),
                ends.eq(self.position == before),
                self.position.eq(self.position + 1),
                pixel.eq(pixel + 1),
                self.address.eq(self.address + self.groups),
            ]
            with m.If(pixel == self.pixels_last):
                m.d.sync += [
                    pixel.eq(0),
                    group.eq(next_group),
                    self.address.eq(next_group),
                    self.lane.eq(self.lane + (self._config.lanes > 1)),
                ]
        with m.If((self.step & self.last) | self.clear):
            m.d.sync += [
                first.eq(1),
                self.position.eq(0),
                pixel.eq(0),
                group.eq(0),
                self.address.eq(0),
                self.lane.eq(0),
            ]
        return m
