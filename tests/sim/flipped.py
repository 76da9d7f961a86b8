"""The Verilated accelerator whose memories can be written to behind its back: bits flip."""

import ctypes
import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from augend.host.transport import InProcess
from augend.hw.configuration import AcceleratorConfig
from augend.hw.verilog import verilog_text
from augend.sim import verilated
from augend.sim.verilated import Observation, VerilatedModel, compile_model
from augend.sim.verilation import cached

__all__ = ["FlippingTransport", "Memory", "memories_of", "model_with_memories"]

_MEMORY = re.compile(r"^(\s*reg \[[^]]*\] \S+ \[\S+\])\s*;", re.MULTILINE)


@dataclass(frozen=True)
class Memory:
    """A memory of a running model.

    Parameters
    ----------
    place
        Its module and its name.
    address, rows, bits
        Where its rows lie in this process, how many, and of how many bits.
    """

    place: str
    address: int
    rows: int
    bits: int

    @property
    def stride(self) -> int:
        """Bytes from a row to the next."""
        small = next((n for n in (1, 2, 4, 8) if self.bits <= 8 * n), 0)
        return small or -(-self.bits // 32) * 4

    def holds(self, row: int) -> bool:
        """Whether a row is not all zeros."""
        return any(ctypes.string_at(self.address + row * self.stride, self.stride))

    def clear(self) -> None:
        """Make all rows zeros."""
        ctypes.memset(self.address, 0, self.rows * self.stride)

    def flip(self, row: int, bit: int) -> None:
        """Flip a bit of a row."""
        byte = ctypes.c_uint8.from_address(self.address + row * self.stride + bit // 8)
        byte.value ^= 1 << bit % 8


def model_with_memories(config: AcceleratorConfig) -> VerilatedModel:
    """An accelerator whose memories ``memories_of`` finds; built, or out of the cache."""
    text, count = _MEMORY.subn(r"\1 /*verilator public_flat_rw*/;", verilog_text(config))
    assert count, "no memory in the Verilog"
    harness = Path(verilated.__file__).with_name("harness.cpp").resolve()
    ours = Path(__file__).with_name("memories.cpp").resolve()
    known = hashlib.sha256(version("verilator").encode())
    for part in (text.encode(), harness.read_bytes(), ours.read_bytes()):
        known.update(part)

    def make(work: Path) -> None:
        (work / "design.v").write_text(text)
        compile_model(work, config, ours, defines=[f'-DAUGEND_HARNESS="{harness}"'])

    library = cached("models", known.hexdigest()[:32], make) / "library.so"
    return VerilatedModel(config, library=library)


def memories_of(model: VerilatedModel) -> list[Memory]:
    """Every memory of a model."""
    model._library.augend_memories.restype = ctypes.c_char_p
    lines = model._library.augend_memories(model._model).decode().splitlines()
    fields = [line.rsplit(" ", 3) for line in lines]
    return [Memory(place, *map(int, numbers)) for place, *numbers in fields]


class FlippingTransport(InProcess):
    """Soon finds that nothing more comes; has something happen in a clock of an exchange."""

    def __init__(self, model: VerilatedModel) -> None:
        self.model = model
        self.clocks = 0
        self.then: tuple[int, Callable[[], None]] | None = None
        """Clock, counted from the next exchange on, and what happens; None once it did."""
        self.running: list[tuple[int, int]] = []
        """First and last clock of each inference of the last exchange, counted from its begin."""

    def exchange(self, words: np.ndarray, expect: int) -> np.ndarray:
        """Send words, and return what comes back."""
        before = self.clocks
        received = []
        if self.then is not None:
            clock, happens = self.then
            self.then = None
            first = self._run(words, expect, most_clocks=clock)
            happens()
            words, expect = words[len(first.taken) :], expect - len(first.words)
            received.append(first.words)
        last = self._run(words, expect)
        clocks = zip(last.starts.tolist(), last.ends.tolist(), strict=False)
        self.running = [(start - before, end - before) for start, end in clocks]
        return np.concatenate([*received, last.words])

    def _run(self, words: np.ndarray, expect: int, **options: int) -> Observation:
        seen = self.model.run(words, expect, quiet_clocks=60_000, **options)
        self.clocks += seen.elapsed
        return seen

    def close(self) -> None:
        """Stay when a driver lets go of it."""
