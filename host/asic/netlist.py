"""Which cell drives each net of a netlist of blocks, and what the net has to charge."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import Any

from augend.host.asic.liberty import Library
from augend.hw.verilog import TOP

__all__ = ["Driver", "Nets", "Pins", "drivers"]

_Bit = int | str


@dataclass(frozen=True, kw_only=True)
class Driver:
    """An output of a cell, and the net on it.

    Parameters
    ----------
    path
        Instances from the top to the block that the cell is in.
    cell, kind
        Type of the cell; ``flip-flop``, ``gate`` or, of a macro's output, ``memory``.
    net, index
        A name of the net in that block, and which bit of it.
    farads
        Of all input pins of cells that read the net, in any block; no wire, no macro's pin.
    """

    path: tuple[str, ...]
    cell: str
    kind: str
    net: str
    index: int
    farads: float


@dataclass(frozen=True, kw_only=True)
class Pins:
    """What is on the pins of a macro.

    Parameters
    ----------
    path, module
        Instances down to the macro, and its module.
    ports
        For each port a net and which bit of it, in the block that the macro is in; or a constant.
    """

    path: tuple[str, ...]
    module: str
    ports: dict[str, list[tuple[str, int] | str]]


@dataclass(frozen=True, kw_only=True)
class Nets:
    """A netlist, cell by cell.

    Parameters
    ----------
    driven
        Every net that a cell or a macro drives, once.
    cells
        How many cells of each type each block has, by its path.
    macros
        Pins of all macros.
    """

    driven: list[Driver]
    cells: dict[tuple[str, ...], Counter[str]]
    macros: list[Pins]


@dataclass(frozen=True)
class _Net:
    """A bit of a block: its name, which bit of that, and its number among all blocks' bits."""

    name: str
    index: int
    number: int


@dataclass(kw_only=True)
class _Walk:
    """Bits of all blocks; those that ports join are one net, told by its smallest number."""

    modules: dict[str, Any]
    library: Library
    joined: list[int] = field(default_factory=list)
    loads: list[tuple[int, float]] = field(default_factory=list)
    found: list[tuple[Driver, int]] = field(default_factory=list)
    macros: list[Pins] = field(default_factory=list)
    cells: dict[tuple[str, ...], Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def root(self, net: int) -> int:
        while self.joined[net] != net:
            net = self.joined[net] = self.joined[self.joined[net]]
        return net

    def block(self, name: str, path: tuple[str, ...]) -> dict[_Bit, _Net]:
        """Visit a block and those in it; gives its nets."""
        nets: dict[_Bit, _Net] = {}
        for net, one in self.modules[name]["netnames"].items():
            for index, bit in enumerate(one["bits"]):
                if isinstance(bit, int) and bit not in nets:
                    nets[bit] = _Net(net, index, len(self.joined))
                    self.joined.append(len(self.joined))
        for instance, cell in self.modules[name]["cells"].items():
            kind, pins = cell["type"], cell["connections"]
            if kind in self.library.cells:
                self._cell(kind, pins, path, nets)
            elif "blackbox" in self.modules[kind]["attributes"]:
                self._macro(kind, pins, (*path, instance), nets)
            else:
                inner = self.block(kind, (*path, instance))
                for port, bits in pins.items():
                    own = self.modules[kind]["ports"][port]["bits"]
                    for outer, bit in zip(bits, own, strict=True):
                        if outer in nets and bit in inner:
                            self._join(nets[outer], inner[bit])
        return nets

    def _join(self, one: _Net, other: _Net) -> None:
        first, second = sorted((self.root(one.number), self.root(other.number)))
        self.joined[second] = first

    def _cell(
        self, kind: str, pins: dict[str, list[_Bit]], path: tuple[str, ...], nets: dict[_Bit, _Net]
    ) -> None:
        known = self.library.cells[kind]
        self.cells[path][kind] += 1
        for pin, (bit,) in pins.items():
            if bit in nets and pin in known.outputs:
                self._drives(kind, "flip-flop" if known.flip_flop else "gate", path, nets[bit])
            elif bit in nets:
                self.loads.append((nets[bit].number, known.capacitance.get(pin, 0.0)))

    def _macro(
        self, kind: str, pins: dict[str, list[_Bit]], path: tuple[str, ...], nets: dict[_Bit, _Net]
    ) -> None:
        ports = {
            port: [(nets[b].name, nets[b].index) if b in nets else str(b) for b in bits]
            for port, bits in pins.items()
        }
        self.macros.append(Pins(path=path, module=kind, ports=ports))
        for bit in pins["read_data"]:
            if bit in nets:
                self._drives(kind, "memory", path[:-1], nets[bit])

    def _drives(self, cell: str, kind: str, path: tuple[str, ...], net: _Net) -> None:
        driver = Driver(path=path, cell=cell, kind=kind, net=net.name, index=net.index, farads=0.0)
        self.found.append((driver, net.number))


def drivers(netlist: dict[str, Any], library: Library) -> Nets:
    """What drives each net, and in which block.

    Parameters
    ----------
    netlist
        In Yosys's JSON form.
    library
        Of the cells in it.
    """
    walk = _Walk(modules=netlist["modules"], library=library)
    walk.block(TOP, (TOP,))
    farads: dict[int, float] = defaultdict(float)
    for net, load in walk.loads:
        farads[walk.root(net)] += load
    found = [replace(driver, farads=farads[walk.root(net)]) for driver, net in walk.found]
    return Nets(driven=found, cells=walk.cells, macros=walk.macros)
