"""Memories as instances of wrapper modules: a model for simulation, a place for the macro."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from amaranth.hdl import Cat, ClockSignal, Const, Instance, Shape, Value
from amaranth.lib import memory
from amaranth.utils import ceil_log2

from augend.hw.memory import NO_COLLISION

__all__ = ["MEMORIES_FILE", "WrappedMemories", "Wrapper", "wrappers_text"]

MEMORIES_FILE = "augend_memories.v"
"""Name of the file with all wrappers."""

_PORTS = {"any": "1r1w", "old": "1r1w_old", "unclocked": "1a1w"}

_HEAD = """\
// Memories of the accelerator: one read port (1r; 1a where it is not clocked) and one write port.
//
//   read, read_address     a row is read in a clock in which read is high;
//   read_data              the row, from the next clock on, until another one is read;
//   write, write_address   write_data becomes the row in a clock in which write is high.
//
// 1r1w: which row is read in the clock in which it is written is all the same; no bypass is needed.
// 1r1w_old: it is the old row that is read. 1a1w: read_data is the row that is addressed now.
// No memory needs to hold anything when power comes; whatever it holds, it is written before use.
//
// AUGEND_MACROS    larger memories are black boxes, for macros to be put into;
// AUGEND_COLLIDE   a row of a 1r1w that is read in the clock in which it is written reads wrong,
//                  to show in simulation that nobody minds.
"""


@dataclass(frozen=True, order=True, kw_only=True)
class Wrapper:
    """A kind of memory.

    Parameters
    ----------
    words, bits
        Rows, and bits of a row.
    reads
        What the read port gives: ``any`` where a row is not read in the clock in which it is
        written, or nobody looks; ``old`` the row before; ``unclocked`` without a clock.
    """

    words: int
    bits: int
    reads: Literal["any", "old", "unclocked"]

    @property
    def name(self) -> str:
        """Name of the module: words, bits and ports."""
        return f"augend_ram_{self.words}x{self.bits}_{self.ports}"

    @property
    def ports(self) -> str:
        """Ports as the name has them: ``1r1w``, ``1r1w_old`` or ``1a1w``."""
        return _PORTS[self.reads]

    @property
    def address_bits(self) -> int:
        """Width of an address."""
        return max(1, ceil_log2(self.words))

    @property
    def capacity(self) -> int:
        """Bits in all."""
        return self.words * self.bits

    def text(self, *, macro: bool) -> str:
        """Verilog of the module; with a black box in its place, where it is to be a macro."""
        address = f"[{self.address_bits - 1}:0]"
        row = f"[{self.bits - 1}:0]"
        ports = [
            f"module {self.name} (",
            "    input  wire clk,",
            *([] if self.reads == "unclocked" else ["    input  wire read,"]),
            f"    input  wire {address} read_address,",
            f"    output wire {row} read_data,",
            "    input  wire write,",
            f"    input  wire {address} write_address,",
            f"    input  wire {row} write_data",
            ");",
        ]
        model = [
            f"    reg {row} rows [0:{self.words - 1}];",
            *self._read(row),
            "    always @(posedge clk)",
            "        if (write) rows[write_address] <= write_data;",
        ]
        if macro:
            ports = ["`ifdef AUGEND_MACROS", "(* blackbox *)", "`endif", *ports]
            model = ["`ifndef AUGEND_MACROS", *model, "`endif"]
        return "\n".join([*ports, *model, "endmodule"])

    def _read(self, row: str) -> list[str]:
        if self.reads == "unclocked":
            return ["    assign read_data = rows[read_address];"]
        read = "        if (read) row <= rows[read_address];"
        collide = [
            "`ifdef AUGEND_COLLIDE",
            "        if (read && write && read_address == write_address) row <= ~write_data;",
            "        else",
            "`endif",
        ]
        return [
            f"    reg {row} row;",
            "    assign read_data = row;",
            "    always @(posedge clk)",
            *(collide if self.reads == "any" else []),
            read,
        ]


def wrappers_text(kinds: Iterable[Wrapper], macro_bits: int) -> str:
    """The file of all wrappers; those of ``macro_bits`` and more have a place for a macro."""
    texts = [kind.text(macro=kind.capacity >= macro_bits) for kind in sorted(set(kinds))]
    return "\n\n".join([_HEAD.rstrip(), *texts]) + "\n"


class WrappedMemories:
    """Platform that gives instances of wrappers for memories.

    Parameters
    ----------
    kinds
        By name, those that were asked for so far.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, Wrapper] = {}

    def get_memory(self, rows: memory.Memory) -> Instance:
        """Wrapper in the place of a memory; Amaranth asks for it."""
        (read,), (write,) = rows.read_ports, rows.write_ports
        if read.domain == "comb":
            reads = "unclocked"
        else:
            reads = "any" if NO_COLLISION.items() <= rows.attrs.items() else "old"
        kind = Wrapper(words=rows.depth, bits=Shape.cast(rows.shape).width, reads=reads)
        self.kinds[kind.name] = kind
        enable = {} if reads == "unclocked" else {"i_read": read.en}
        return Instance(
            kind.name,
            i_clk=ClockSignal(write.domain),
            i_read_address=_address(read.addr, kind),
            o_read_data=Value.cast(read.data),
            i_write=write.en,
            i_write_address=_address(write.addr, kind),
            i_write_data=Value.cast(write.data),
            **enable,
        )


def _address(address: Value, kind: Wrapper) -> Value:
    """An address of at least one bit, which Verilog needs even where there is one row."""
    return Cat(address, Const(0, kind.address_bits - len(address)))
