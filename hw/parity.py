"""Parity of memories: a bit that flips in a row is noticed when the row is read."""

from amaranth.hdl import Cat, Module, Signal, Value, ValueLike
from amaranth.lib import data, memory, wiring
from amaranth.lib.wiring import In, Out
from amaranth.utils import ceil_log2

from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory import LoadedMemory, TableMemory

__all__ = [
    "KINDS",
    "DamageRecord",
    "Parity",
    "check_parity",
    "check_rows",
    "damage_layout",
    "damage_ports",
    "gather_damage",
    "later",
]

KINDS = (
    "instruction",
    "weight",
    "parameter",
    "fan-out",
    "target",
    "potential",
    "history",
    "inhibition",
    "replay",
    "queue",
    "input",
    "interval",
    "rate",
    "readout",
    "noise",
)
"""Kinds of memory that have parity; a damaged kind is told by its place here, from 1 on."""

_GROUP = 4
"""Bits of a row that are summed before the first register: a table of an FPGA."""

_SUMMED = 2
"""Clocks from a row until its parity stands in a register."""


class Parity(wiring.Component):
    """The parity bits of a memory's rows, in a memory beside it that is two clocks behind.

    Nothing is added to what goes into or comes out of the memory itself: rows are summed modulo 2
    through two registers on either way. A row is ``wrong`` three clocks after it came, for a clock;
    five clocks after it where ``latency`` is 0.

    Parameters
    ----------
    width, depth
        Of the memory.
    latency
        Clocks from the read of a row until it comes, at the least; not above 2. It may come later
        where a following row is not read before it came.
    forwards
        A row that is written in the clock of its read is what is read.

    Members
    -------
    write, write_address, written : In
        The memory's write port.
    read, read_address : In
        The memory's read port.
    comes, row : In
        A row that was read, and is used.
    wrong : Out
        It has an odd number of bits that are not as they were written.
    """

    def __init__(self, *, width: int, depth: int, latency: int = 2, forwards: bool = False) -> None:
        self._depth = depth
        self._latency = latency
        self._forwards = forwards
        address = max(1, ceil_log2(depth))
        super().__init__(
            {
                "write": In(1),
                "write_address": In(address),
                "written": In(width),
                "read": In(1),
                "read_address": In(address),
                "comes": In(1),
                "row": In(width),
                "wrong": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build the memory of bits, and the sums of what is written and read."""
        m = Module()
        m.submodules.bits = bits = memory.Memory(shape=1, depth=self._depth, init=[])
        write = bits.write_port()
        read = bits.read_port()
        behind = _SUMMED + self._forwards
        m.d.comb += [
            write.en.eq(later(m, self.write, _SUMMED)),
            write.addr.eq(later(m, self.write_address, _SUMMED)),
            write.data.eq(_parity(m, self.written)),
            read.en.eq(later(m, self.read, behind)),
            read.addr.eq(later(m, self.read_address, behind)),
        ]
        # Counted from the read: when its bit is there, and when the row is summed.
        there, summed = behind + 1, self._latency + _SUMMED
        bit = later(m, read.data, max(0, summed - there))
        waits = max(0, there - summed)
        odd = later(m, _parity(m, self.row), waits)
        m.d.sync += self.wrong.eq(later(m, self.comes, _SUMMED + waits) & (odd ^ bit))
        return m


def later(m: Module, value: Value, clocks: int) -> Value:
    """A value some clocks later; no reset comes in its way, as none does in a memory's."""
    for _ in range(clocks):
        delayed = Signal(len(value), reset_less=True)
        m.d.sync += delayed.eq(value)
        value = delayed
    return value


def _parity(m: Module, row: Value) -> Value:
    """Sum of a row's bits modulo 2, ``_SUMMED`` clocks later."""
    groups = Cat(row[i : i + _GROUP].xor() for i in range(0, len(row), _GROUP))
    return later(m, later(m, groups, 1).xor(), 1)


def damage_ports(config: AcceleratorConfig) -> dict[str, wiring.Member]:
    """Port of a unit with memories: which kinds came damaged; none without parity."""
    return {"damaged": Out(len(KINDS))} if config.parity else {}


def check_parity(
    m: Module,
    unit: wiring.Component,
    kind: str,
    *,
    write: tuple[ValueLike, Value, ValueLike],
    read: tuple[ValueLike, Value],
    row: ValueLike,
    comes: ValueLike,
    depth: int,
    latency: int = 2,
    forwards: bool = False,
    name: str | None = None,
) -> None:
    """Give a memory of a unit its parity, and lead what is wrong to ``unit.damaged``.

    Parameters
    ----------
    m, unit
        The unit, which has ``damage_ports``.
    kind
        One of ``KINDS``.
    write, read
        Enable, address and row; enable and address.
    row, comes, latency, forwards
        See ``Parity``.
    depth
        Rows of the memory.
    name
        What the memory is called where a unit has several of a kind.
    """
    row = Value.cast(row)
    parity = Parity(width=len(row), depth=depth, latency=latency, forwards=forwards)
    m.submodules[f"{name or kind}_parity"] = parity
    m.d.comb += [
        parity.write.eq(write[0]),
        parity.write_address.eq(write[1]),
        parity.written.eq(Value.cast(write[2])),
        parity.read.eq(read[0]),
        parity.read_address.eq(read[1]),
        parity.row.eq(row),
        parity.comes.eq(comes),
    ]
    with m.If(parity.wrong):
        m.d.comb += unit.damaged[KINDS.index(kind)].eq(1)


def check_rows(
    m: Module,
    unit: wiring.Component,
    kind: str,
    rows: LoadedMemory | TableMemory,
    *,
    comes: ValueLike,
    name: str | None = None,
) -> None:
    """Give a memory that the host link loads its parity; see ``check_parity``."""
    check_parity(
        m,
        unit,
        kind,
        write=(rows.load, rows.load_address, rows.load_data),
        read=(rows.enable, rows.address),
        row=rows.data,
        comes=comes,
        depth=rows.depth,
        name=name,
    )


def gather_damage(
    m: Module, unit: wiring.Component, *parts: wiring.Component, among: ValueLike = -1
) -> None:
    """Lead what parts of a unit tell, of the kinds that are ``among`` those, to the unit's own."""
    for part in parts:
        for place in range(len(KINDS)):
            with m.If((part.damaged & among)[place]):
                m.d.comb += unit.damaged[place].eq(1)


def damage_layout(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of what is told: the ``kind`` that came damaged first, from 1 on, and its cores."""
    return data.StructLayout({"kind": len(KINDS).bit_length(), "cores": config.cores})


class DamageRecord(wiring.Component):
    """Keeps which kind of memory first gave a damaged row, and to which cores.

    Members
    -------
    forget : In
        Nothing was.
    damaged : In
        Of each core, then of the units that all share: what came damaged in this clock.
    damage : Out
        The first of ``KINDS`` among the first that came; no core where the memory is none's.
    """

    def __init__(self, config: AcceleratorConfig) -> None:
        self._config = config
        super().__init__(
            {
                "forget": In(1),
                "damaged": In(len(KINDS)).array(config.cores + 1),
                "damage": Out(damage_layout(config)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Build a register for what comes, and the record."""
        m = Module()
        came = [Signal(len(KINDS), name=f"came_{i}") for i in range(len(self.damaged))]
        m.d.sync += [kinds.eq(of) for kinds, of in zip(came, self.damaged, strict=True)]
        any_of = Cat(Cat(kinds[i] for kinds in came).any() for i in range(len(KINDS)))
        with m.If(self.forget):
            m.d.sync += self.damage.eq(0)
        with m.Elif(self.damage.kind == 0):
            m.d.sync += self.damage.cores.eq(Cat(kinds.any() for kinds in came)[:-1])
            for place in reversed(range(len(KINDS))):
                with m.If(any_of[place]):
                    m.d.sync += self.damage.kind.eq(place + 1)
        return m
