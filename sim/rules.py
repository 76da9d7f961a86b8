"""The rules of a population's neurons laid out for an engine, and their state between steps."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import Population
from augend.sim.synapses import flatten

__all__ = ["FOREVER", "NeuronState", "Rules"]

FOREVER = (1 << 31) - 1
"""Rest of a neuron that has spiked and may not again."""

Values = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rules:
    """What the neurons of a population do in a step, as `augend.gen.population` says.

    Parameters
    ----------
    threshold, initial, negative_threshold, negative_step, floor
        (neurons,) in the type of the potentials; what is never reached stands for what is not
        there.
    leak
        Right shifts.
    fires, zeroes, takes_back
        Whether neurons fire, are set to 0 by a spike, and only take back spikes.
    most_spikes
        Most spikes in a step; 1 where a neuron spikes once an image.
    rest
        Steps after a spike without another.
    clamp_steps, inhibition
        As in the contract.
    train_type
        Type of a spike.
    """

    threshold: Values
    initial: Values
    negative_threshold: Values
    negative_step: Values
    floor: Values
    leak: tuple[int, ...]
    fires: bool
    zeroes: bool
    takes_back: bool
    most_spikes: int
    rest: int
    clamp_steps: int
    inhibition: int
    train_type: type[np.integer]

    @classmethod
    def of(
        cls, population: Population, kind: type[np.signedinteger], train_type: type[np.integer]
    ) -> "Rules":
        """Rules of a population whose potentials fit ``kind``."""
        never = np.iinfo(kind).max

        def laid_out(values: npt.NDArray[np.int64] | None, absent: int) -> Values:
            if values is None:
                return np.full(population.size, absent, kind)
            # What lies past the type is never reached, whatever it is.
            return flatten(
                population.per_neuron(values).clip(-never, never), population.shape
            ).astype(kind)

        return cls(
            threshold=laid_out(population.threshold, never),
            initial=laid_out(population.initial, 0),
            negative_threshold=laid_out(population.negative_threshold, never),
            negative_step=laid_out(population.negative_step, 0),
            floor=laid_out(population.floor, -never),
            leak=population.leak,
            fires=population.fires,
            zeroes=population.reset == "zero",
            takes_back=population.takes_back,
            most_spikes=1 if population.single_spike else population.most_spikes,
            rest=FOREVER if population.single_spike else population.refractory,
            clamp_steps=population.clamp_steps,
            inhibition=population.inhibition,
            train_type=train_type,
        )

    def begin(self, images: int, start: Values) -> "NeuronState":
        """Neurons before the first step, with potentials (images or 1, neurons)."""
        shape = images, len(self.threshold)
        return NeuronState(
            potential=np.array(np.broadcast_to(start, shape), self.threshold.dtype),
            emitted=np.zeros(shape, self.train_type),
            total=np.zeros(shape, np.int32),
            resting=np.zeros(shape, np.int32),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class NeuronState:
    """Neurons between two steps, (images, neurons) each; an engine changes them.

    Parameters
    ----------
    potential
        Membrane potentials.
    emitted
        Spikes of the step before.
    total
        Signed sum of all spikes so far.
    resting
        Steps in which the neuron will not fire.
    """

    potential: Values
    emitted: npt.NDArray[np.integer]
    total: npt.NDArray[np.int32]
    resting: npt.NDArray[np.int32]
