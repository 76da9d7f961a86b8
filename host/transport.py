"""Ways to reach an accelerator."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from augend.host.packets import Words
from augend.hw.configuration import AcceleratorConfig
from augend.sim.verilated import Observation, VerilatedModel

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
    coverage
        Whether it counts lines and toggles.
    progress
        Called with the name of each stage, where it has to be built.
    library
        A compiled model of that configuration, where it is there already.
    """

    def __init__(
        self,
        config: AcceleratorConfig,
        *,
        coverage: bool = False,
        progress: Callable[[str], None] | None = None,
        library: Path | None = None,
    ) -> None:
        self.model = VerilatedModel(config, coverage=coverage, progress=progress, library=library)
        self.clocks = 0
        """Clocks simulated so far."""
        self._most_events = 0
        self._observations: list[Observation] = []

    def exchange(self, words: Words, expect: int) -> Words:
        """Send words; return once ``expect`` have come back."""
        observation = self.model.run(words, expect, most_events=self._most_events)
        if self._most_events:
            self._observations.append(observation)
        self.clocks += observation.elapsed
        return observation.words

    @contextmanager
    def traced(self, most_events: int) -> Iterator[list[Observation]]:
        """Keep, for each exchange inside, everything that was observed, up to so many events."""
        self._most_events = most_events
        self._observations = []
        try:
            yield self._observations
        finally:
            self._most_events = 0

    def close(self) -> None:
        """Free the model."""
        self.model.close()
