"""What a source emitted: spikes of every step, or their sums where no one asks for the steps."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, SpikingNetwork
from augend.sim.engine import Engine

__all__ = ["Spikes", "train_type"]

TrainType = type[np.uint8] | type[np.int8] | type[np.int16]


@dataclass(frozen=True, eq=False)
class Spikes:
    """Spikes of a population, of a gate or of the input; one of the two is there.

    Parameters
    ----------
    trains
        Signed numbers of spikes, (images, steps, neurons).
    counts
        Their sums over the steps, (images, neurons), where all are of one sign.
    """

    trains: npt.NDArray[np.integer] | None
    counts: npt.NDArray[np.integer] | None = None

    @cached_property
    def sums(self) -> npt.NDArray[np.integer]:
        """Signed number of spikes of each neuron: (images, neurons)."""
        if self.counts is not None:
            return self.counts
        return self.stepwise.sum(1, dtype=np.int32)

    @cached_property
    def spent(self) -> npt.NDArray[np.integer]:
        """Number of spikes of each neuron, whatever their sign: (images, neurons)."""
        if self.counts is not None or self.stepwise.dtype.kind == "u":
            return self.sums
        return np.abs(self.stepwise).sum(1, dtype=np.int32)

    @cached_property
    def planes(self) -> npt.NDArray[np.integer]:
        """Bits set in the numbers of spikes of each step, of each neuron: (images, neurons).

        Several spikes of a step travel as bit planes, each of which is an addition a synapse.
        """
        if self.counts is not None:  # at most one spike a step
            return self.counts
        return np.bitwise_count(self.stepwise).sum(1, dtype=np.int32)

    @property
    def stepwise(self) -> npt.NDArray[np.integer]:
        """The trains, of which someone made sure that they are there."""
        assert self.trains is not None
        return self.trains

    def delayed(self, delay: int) -> "Spikes":
        """The spikes that arrive within the time steps, each so much later."""
        if delay == 0:
            return self
        late = np.zeros_like(self.stepwise)
        late[:, delay:] = self.stepwise[:, :-delay]
        return Spikes(late)

    def arriving(self, delay: int) -> "Spikes":
        """Those that arrive within the time steps, in the steps in which they are emitted."""
        if delay == 0:
            return self
        kept = self.stepwise.copy()
        kept[:, -delay:] = 0
        return Spikes(kept)

    def tally(self, engine: Engine, each: Ints, stepwise: bool) -> Ints:
        """Spikes of either sign, each neuron's so many times: (images,), or (images, steps)."""
        if not stepwise:
            return engine.tally(self.spent, each)
        trains = self.stepwise
        return _by_step(engine, trains if trains.dtype.kind == "u" else np.abs(trains), each)

    def additions(self, engine: Engine, fan_out: Ints, stepwise: bool) -> Ints:
        """Additions of spikes with that fan-out, planes each: (images,), or (images, steps)."""
        if not stepwise:
            return engine.tally(self.planes, fan_out)
        return _by_step(engine, np.bitwise_count(self.stepwise), fan_out)


def _by_step(engine: Engine, values: npt.NDArray[np.integer], each: Ints) -> Ints:
    """Tally (images, steps, neurons) step by step: (images, steps)."""
    return engine.tally(values.reshape(-1, values.shape[2]), each).reshape(values.shape[:2])


def train_type(network: SpikingNetwork, name: str) -> TrainType:
    """Narrowest type of a source's trains; without a sign where there is at most one spike."""
    low, high = network.most_spikes(name)
    if name == INPUT or (low, high) in ((0, 0), (0, 1)):
        return np.uint8
    return np.int8 if high < 1 << 7 else np.int16
