"""What the cells of a netlist switch while it classifies, beside the operations it counts."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from augend.gen.program import Program
from augend.host.asic.design import AsicDesign
from augend.host.asic.liberty import Library
from augend.host.asic.netlist import Driver, Nets, Pins, drivers
from augend.host.asic.saif import Activity, read_saif
from augend.host.asic.simulation import UNTRACED, build_text
from augend.host.asic.synthesis import Synthesis, block_name
from augend.host.driver import RtlAccelerator, connect
from augend.host.result import Result, joined
from augend.host.transport import InProcess
from augend.host.verify import verify
from augend.hw.configuration import AcceleratorConfig

__all__ = ["Fit", "GateActivity", "MemoryAccesses", "fit", "group_name", "measure_activity"]

_ROOT = "TOP"
"""What Verilator puts around the top module."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A straight line through what was measured: a for each addition, b for each clock.

    Parameters
    ----------
    addition, clock
        The two slopes; there is no constant.
    residual
        Root of the mean square of what it misses, as a share of the mean.
    """

    addition: float
    clock: float
    residual: float


@dataclass(frozen=True, kw_only=True, eq=False)
class MemoryAccesses:
    """Accesses of a macro, and toggles on its pins but the clock, of each image ``(images,)``."""

    name: str
    module: str
    reads: Ints
    writes: Ints
    toggles: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class GateActivity:
    """Toggles of a netlist, image by image, which ran equal to the models.

    Parameters
    ----------
    groups
        Blocks; those of the lanes are one.
    cells, area
        ``(groups,)``: number of cells, and their area in the unit of the library.
    toggles, flip_flops
        ``(images, groups)``: of all nets that a cell of the group drives, and those of flip-flops.
    joules
        ``(images, groups)``: half of C V^2 for each toggle, C being the input pins on the net; None
        where the library does not say.
    clock_pins
        ``(groups,)``: flip-flops, whose clock pins toggle twice a clock in addition to all this.
    clocks
        ``(images,)``: from the first word of an image sent to the last of its answer taken.
    result
        What came out, with the operations counted.
    memories
        The macros.
    """

    groups: list[str]
    cells: Ints
    area: Floats
    toggles: Ints
    flip_flops: Ints
    joules: Floats | None
    clock_pins: Ints
    clocks: Ints
    result: Result
    memories: list[MemoryAccesses]


def group_name(path: tuple[str, ...]) -> str:
    """Block that a path of instances is counted with: the lanes are one."""
    name = block_name(".".join(path)).removesuffix(".memory")
    return re.sub(r"\.lane_\d+$", ".lane", name)


def fit(values: npt.ArrayLike, additions: npt.ArrayLike, clocks: npt.ArrayLike) -> Fit:
    """Least squares of values = a additions + b clocks."""
    values = np.asarray(values, np.float64)
    terms = np.stack([np.asarray(additions, float), np.asarray(clocks, float)], axis=1)
    scale = terms.max(0)
    slopes = np.linalg.lstsq(terms / scale, values, rcond=None)[0] / scale
    missed = values - terms @ slopes
    mean = values.mean()
    share = float(np.sqrt((missed**2).mean()) / mean) if mean else 0.0
    return Fit(addition=float(slopes[0]), clock=float(slopes[1]), residual=share)


def measure_activity(
    program: Program,
    config: AcceleratorConfig,
    design: AsicDesign,
    synthesis: Synthesis,
    library: Library,
    images: npt.NDArray,
    folder: Path,
    say: Callable[[str], None] = lambda _: None,
) -> GateActivity:
    """Classify images on a netlist and count what switches.

    Parameters
    ----------
    program, config
        What runs, on which accelerator.
    design, synthesis, library
        The accelerator with wrapped memories, as cells, of which library.
    images
        At least two; each is loaded, classified and answered before the next one is sent.
    folder
        Gets ``image_N.saif`` for each.
    say
        Called with the name of each stage.

    Raises
    ------
    RuntimeError
        The netlist does something else than the models: a bug of ours or of a tool.
    """
    text = "\n".join([synthesis.verilog, design.macros, UNTRACED, synthesis.cells])
    model = InProcess(config, library=build_text(config, text, trace=True, say=say))
    nets = drivers(synthesis.netlist, library)
    counts, highs, clocks, results = [], [], [], []
    with RtlAccelerator(program, program.place(), config, model) as accelerator:
        before = _counted(model, folder / "before.saif", lambda: None)
        (folder / "before.saif").unlink()
        for i in range(len(images)):
            say(f"image {i + 1} of {len(images)}")
            began = model.clocks
            file = folder / f"image_{i}.saif"
            now = _counted(
                model, file, lambda i=i: results.append(accelerator.infer(images[i : i + 1]))
            )
            clocks.append(model.clocks - began)
            # What a bit was at first is what it was last: the parity of its toggles until then.
            counts.append(_of(now, before, nets.driven))
            highs.append([_accesses(one, now, before, clocks[-1]) for one in nets.macros])
            before = now
    result = joined(results)
    with connect(program, config=config) as golden:
        compared = verify(golden.infer(images), result)
    if compared.different:
        raise RuntimeError(f"The netlist is not the design: {compared.first}")
    return _summed(nets, np.array(counts), np.array(highs), np.array(clocks), result, library)


def _counted(model: InProcess, file: Path, run: Callable[[], None]) -> Activity:
    model.model.trace(file)
    run()
    model.model.trace(None)
    return read_saif(file)


def _toggles(now: Activity, before: Activity, scope: tuple[str, ...], net: tuple[str, int]) -> int:
    scope = (_ROOT, *scope)
    return now.toggles[scope][net] - (before.toggles[scope][net] & 1)


def _of(now: Activity, before: Activity, nets: list[Driver]) -> list[int]:
    return [_toggles(now, before, net.path, (net.net, net.index)) for net in nets]


def _accesses(macro: Pins, now: Activity, before: Activity, clocks: int) -> tuple[int, int, int]:
    """Reads, writes, and toggles of pins of a macro."""
    scope = macro.path[:-1]

    def high(port: str) -> int:
        (bit,) = macro.ports[port]
        return now.high[_ROOT, *scope][bit] if isinstance(bit, tuple) else clocks * (bit == "1")

    pins = [
        _toggles(now, before, scope, bit)
        for port, bits in macro.ports.items()
        for bit in bits
        if port != "clk" and isinstance(bit, tuple)
    ]
    return high("read"), high("write"), sum(pins)


def _summed(
    nets: Nets,
    counts: Ints,
    accesses: Ints,
    clocks: Ints,
    result: Result,
    library: Library,
) -> GateActivity:
    groups = list(dict.fromkeys(group_name(path) for path in nets.cells))
    of = np.array([groups.index(group_name(net.path)) for net in nets.driven])
    registers = np.array([net.kind == "flip-flop" for net in nets.driven])
    cells, area = np.zeros(len(groups), np.int64), np.zeros(len(groups))
    for path, kinds in nets.cells.items():
        group = groups.index(group_name(path))
        cells[group] += kinds.total()
        area[group] += sum(n * library.cells[kind].area for kind, n in kinds.items())

    def by_group(values: npt.NDArray) -> npt.NDArray:
        total = np.zeros((len(values), len(groups)), values.dtype)
        for image, row in zip(total, values, strict=True):
            np.add.at(image, of, row)
        return total

    joules = None
    if library.has_energy and library.volts:
        farads = np.array([net.farads for net in nets.driven])
        joules = by_group(counts * (farads * library.volts**2 / 2))
    return GateActivity(
        groups=groups,
        cells=cells,
        area=area,
        toggles=by_group(counts),
        flip_flops=by_group(counts * registers),
        joules=joules,
        clock_pins=by_group(registers.astype(np.int64)[None])[0],
        clocks=clocks,
        result=result,
        memories=[
            MemoryAccesses(
                name=group_name(macro.path),
                module=macro.module,
                reads=accesses[:, i, 0],
                writes=accesses[:, i, 1],
                toggles=accesses[:, i, 2],
            )
            for i, macro in enumerate(nets.macros)
        ],
    )
