"""Ways to reach an accelerator."""

from collections.abc import Callable
from typing import Protocol

from augend.host.packets import Words
from augend.hw.configuration import AcceleratorConfig
from augend.sim.verilated import VerilatedModel

__all__ = ["InProcess", "Transport"]


class Transport(Protocol):
    """A stream of 32-bit words to and from an accelerator."""

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words; return once ``expect`` have come back, or what came until it gave up."""
        ...

    def close(self) -> None:
        """Let go of the accelerator."""
        ...


class InProcess:
    """A Verilated accelerator in this process.

    Parameters
    ----------
    config
        Which accelerator.
    progress
        Called with the name of each stage, where it has to be built.
    """

    def __init__(
        self, config: AcceleratorConfig, *, progress: Callable[[str], None] | None = None
    ) -> None:
        self.model = VerilatedModel(config, progress=progress)
        self.clocks = 0
        """Clocks simulated so far."""

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words; return once ``expect`` have come back."""
        observation = self.model.run(words, expect)
        self.clocks += observation.elapsed
        return observation.words

    def close(self) -> None:
        """Free the model."""
        self.model.close()
