"""The Verilated netlist of all mutants."""

import shutil
from pathlib import Path

from augend.hw.configuration import AcceleratorConfig
from augend.sim import verilated
from augend.sim.verilated import Observation, VerilatedModel, compile_model

__all__ = ["MutatedModel", "compiled"]


def compiled(netlist: Path, config: AcceleratorConfig) -> Path:
    """Shared library of a netlist whose top has a port ``mutant``, or that of the last run."""
    work = netlist.parent / "verilated"
    last = work / "library.so"
    if last.exists() and (work / "design.v").read_bytes() == netlist.read_bytes():
        return last
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    shutil.copy(netlist, work / "design.v")
    harness = Path(verilated.__file__).with_name("harness.cpp").resolve()
    ours = Path(__file__).with_name("harness.cpp").resolve()
    return compile_model(work, config, ours, defines=[f'-DAUGEND_HARNESS="{harness}"'])


class MutatedModel(VerilatedModel):
    """A fresh model in which one mutant is switched on; 0 is the design itself."""

    def __init__(self, config: AcceleratorConfig, library: Path, mutant: int = 0) -> None:
        self.clock = 0
        """Clocks since the last reset."""
        self._mutant = mutant
        super().__init__(config, library=library)

    def reset(self) -> None:
        """Switch the mutant on, then reset."""
        self._library.augend_mutate(self._model, self._mutant)
        super().reset()
        self.clock = 0

    def run(self, *args, **options) -> Observation:
        """As the model's, counting clocks."""
        seen = super().run(*args, **options)
        self.clock += seen.elapsed
        return seen
