"""Verilog with memory macros, or a netlist of cells, as a model behind the word link."""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path

from augend.hw.configuration import AcceleratorConfig
from augend.sim import verilated
from augend.sim.verilation import cached

__all__ = ["UNTRACED", "build_text"]

UNTRACED = "/* verilator tracing_off */"
"""Stands before Verilog whose signals are not to be counted."""


def build_text(
    config: AcceleratorConfig,
    text: str,
    *,
    flags: Sequence[str] = (),
    power_on: int | None = None,
    trace: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> Path:
    """Verilate a design that is there as text; returns the shared library, kept in the cache.

    Parameters
    ----------
    config
        What the text is of; its ports are those of ``augend.hw.accelerator.Accelerator``.
    text
        Verilog of the whole design.
    flags
        Further options of Verilator.
    power_on
        Seed of the bits that registers and memories hold when power comes; all zero where None.
    trace
        Whether its signals can be counted: see ``VerilatedModel.trace``. Such a model is compiled
        quickly and runs slowly, for a netlist is long and few images are enough.
    say
        Called with the name of each stage.

    Raises
    ------
    BuildError
        A tool is missing or failed.
    """
    harness = Path(inspect.getfile(verilated)).with_name("harness.cpp")
    defines = []
    if power_on is not None:
        defines.append(f"-DAUGEND_POWER_ON={power_on + 1}")
        flags = [*flags, "--x-initial", "unique"]
    if trace:  # without optimising gates, else each is written out once more for the trace
        defines.append("-DAUGEND_SAIF")
        flags = [*flags, "--trace-saif", "-fno-gate"]
    known = hashlib.sha256(f"{config.cores} {flags} {defines}".encode())
    known.update(text.encode())
    known.update(harness.read_bytes())
    known.update(metadata.version("verilator").encode())

    def make(work: Path) -> None:
        (work / "design.v").write_text(text)
        verilated.compile_model(
            work, config, harness, defines=defines, flags=flags, quick=trace, say=say
        )

    return cached("asic-models", known.hexdigest()[:32], make) / "library.so"
