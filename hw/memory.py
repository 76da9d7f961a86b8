"""Memories behind registers: those that the host link loads, and a core's history."""

from pathlib import Path

from amaranth.hdl import ClockSignal, Instance, Module, Shape, ShapeLike, Signal, Value
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

__all__ = ["FOR_VERILOG", "NO_COLLISION", "LoadedMemory", "TableMemory", "memory_source"]

FOR_VERILOG = "verilog"
"""Platform under which loaded memories are instances of the module in ``loaded_memory.v``.

Amaranth writes every row of a memory into its output, zeros too, which takes minutes for megabits.
"""

NO_COLLISION: dict[str, int | str] = {"no_rw_check": 1}
"""Attribute of a memory whose rows are never read in the clock in which they are written.

Without it, Yosys adds registers and multiplexers that give what was in the row before.
"""


def memory_source() -> str:
    """Verilog text of the module that loaded memories are instances of."""
    return (Path(__file__).parent / "loaded_memory.v").read_text()


class LoadedMemory(wiring.Component):
    """Memory with an output register: what is addressed in one clock is there two clocks later.

    Block RAM reaches its clock rate only through its own output register.

    Parameters
    ----------
    shape
        Of a row.
    depth
        Number of rows.

    Members
    -------
    address, enable : In
        Row to read, in clocks in which ``enable`` is high; it is high where nothing drives it.
    data : Out
        The row read two clocks ago; it stays where none was.
    load : In
        Write strobe, with ``load_address`` and ``load_data``; not of the row that is being read.
    """

    def __init__(self, *, shape: ShapeLike, depth: int) -> None:
        self._shape = shape
        self.depth = depth
        width = max(1, ceil_log2(depth))
        super().__init__(
            {
                "address": In(width),
                "enable": In(1, init=1),
                "data": Out(shape),
                "load": In(1),
                "load_address": In(width),
                "load_data": In(shape),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory and its output register."""
        m = Module()
        if platform == FOR_VERILOG:
            m.submodules.memory = Instance(
                "augend_loaded_memory",
                p_WIDTH=Shape.cast(self._shape).width,
                p_DEPTH=self.depth,
                p_ADDRESS=len(self.address),
                i_clk=ClockSignal(),
                i_address=self.address,
                i_enable=self.enable,
                o_data=Value.cast(self.data),
                i_load=self.load,
                i_load_address=self.load_address,
                i_load_data=Value.cast(self.load_data),
            )
            return m
        # Told to platforms with memories of their own; proofs may read a row as it is written.
        attrs = NO_COLLISION if hasattr(platform, "get_memory") else {}
        m.submodules.memory = rows = memory.Memory(
            shape=self._shape, depth=self.depth, init=[], attrs=attrs
        )
        read = rows.read_port()
        write = rows.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            read.en.eq(self.enable),
            write.en.eq(self.load),
            write.addr.eq(self.load_address),
            write.data.eq(self.load_data),
        ]
        m.d.sync += self.data.eq(read.data)
        return m


class TableMemory(wiring.Component):
    """Memory with an output register whose two stages can be stopped: part of a pipeline.

    Parameters
    ----------
    layout
        Of an entry.
    depth
        Number of entries.
    style
        ``block`` or ``distributed`` RAM.

    Members
    -------
    address, enable : In
        Entry to read, when enabled.
    move : In
        The entry last read goes to ``data``.
    data : Out
        The entry last moved.
    load, load_address, load_data : In
        Write strobe with address and entry; not while reading.
    """

    def __init__(self, *, layout: data.Layout, depth: int, style: str = "block") -> None:
        self._style = style
        self.depth = depth
        self._memory = memory.MemoryData(shape=layout, depth=depth, init=[])
        width = max(1, ceil_log2(depth))
        super().__init__(
            {
                "address": In(width),
                "enable": In(1),
                "move": In(1),
                "data": Out(layout),
                "load": In(1),
                "load_address": In(width),
                "load_data": In(layout),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory."""
        m = Module()
        m.submodules.memory = rows = memory.Memory(
            self._memory, attrs=NO_COLLISION | {"ram_style": self._style}
        )
        read = rows.read_port()
        write = rows.write_port()
        m.d.comb += [
            read.addr.eq(self.address),
            read.en.eq(self.enable),
            write.en.eq(self.load),
            write.addr.eq(self.load_address),
            write.data.eq(self.load_data),
        ]
        moved = Signal.like(self.data, reset_less=True)
        m.d.comb += self.data.eq(moved)
        with m.If(self.move):
            m.d.sync += moved.eq(read.data)
        return m
