"""A population made ready to run, with everything that ends in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, Population, SpikingNetwork
from augend.sim.engine import Engine, Inflow
from augend.sim.synapses import Synapses, flatten

__all__ = ["Layer"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A population made ready to run; neurons are laid out as ``flatten`` does.

    Parameters
    ----------
    population
        Which.
    is_readout
        It accumulates and is read, and does not fire.
    gathers
        It takes all steps of its sources before it fires: what arrives is summed over the steps.
    driving, spiking
        Projections from the constant input current, and from spikes.
    neurons
        Number of neurons.
    threshold, bias, initial, shift
        (neurons,); the shift is 0 where no current arrives.
    """

    population: Population
    is_readout: bool
    gathers: bool
    driving: tuple[Synapses, ...]
    spiking: tuple[Synapses, ...]
    neurons: int
    threshold: Ints
    bias: Ints
    initial: Ints
    shift: Ints

    @classmethod
    def of(
        cls, network: SpikingNetwork, population: Population, engine: Engine, stepwise: bool
    ) -> "Layer":
        """Make a population of a network ready.

        Parameters
        ----------
        network
            The network.
        population
            The population.
        engine
            What will run it.
        stepwise
            Take what arrives at the readout step by step, so that its potentials can be recorded.
        """
        is_readout = population is network.readout
        into = network.into(population.name)
        driving = [p for p in into if p.source == INPUT and network.input.encoding == "current"]
        spiking = [p for p in into if p not in driving]
        gathers = not stepwise if is_readout else network.schedule == "phased" and bool(spiking)
        brightest = (1 << network.input.bits) - 1
        most = network.timesteps if gathers else 1
        shape_of = network.shape_of
        connected = [
            engine.connect(p, shape_of(p.source), population.shape, brightest) for p in driving
        ]
        arriving = [engine.connect(p, shape_of(p.source), population.shape, most) for p in spiking]
        shift = population.current_shift
        values = {
            "bias": population.bias,
            "initial": population.initial,
            "shift": np.zeros(population.channels, np.int64) if shift is None else shift,
        }
        # Firing only draws a potential towards 0, so this bounds every potential of every step,
        # and the constant part of all steps together.
        step = sum(s.bound for s in connected) + int(abs(population.bias).max())
        arrival = sum(s.bound for s in arriving) * (1 if gathers else network.timesteps)
        bound = int(abs(population.initial).max()) + network.timesteps * step + arrival
        if bound >= 1 << 62:
            raise ValueError(
                f"Potentials of population {population.name!r} could reach {bound}, past 62 bits: "
                f"lower its bias or the {network.timesteps} time steps"
            )
        kind = engine.potential_type(bound)
        # A threshold past the bound is never reached, whatever it is.
        values["threshold"] = np.minimum(population.threshold, np.iinfo(kind).max)
        laid_out = {
            key: flatten(population.per_neuron(value), population.shape).astype(kind)
            for key, value in values.items()
        }
        return cls(
            population=population,
            neurons=population.size,
            is_readout=is_readout,
            gathers=gathers,
            driving=tuple(connected),
            spiking=tuple(arriving),
            **laid_out,
        )

    def integrate(
        self,
        pixels: npt.NDArray[np.uint8],
        trains: Mapping[str, npt.NDArray[np.uint8]],
        counts: Mapping[str, npt.NDArray[np.int32]],
        steps: int,
    ) -> Inflow:
        """Sum all that arrives.

        Parameters
        ----------
        pixels
            Intensities, (images, neurons); used where the input is a current.
        trains, counts
            Spikes of every source: (images, steps, neurons), and summed over the steps.
        steps
            Number of time steps.
        """
        images = len(pixels)
        potential = np.broadcast_to(self.initial, (images, self.neurons)).copy()
        kind = potential.dtype
        constant, current, arrivals = self.bias[None], None, None
        if self.driving:
            current = _summed([s.sums(pixels) for s in self.driving], kind) >> self.shift
            constant = current + constant
        if self.gathers:
            potential += constant * kind.type(steps)
            for synapses in self.spiking:
                potential += synapses.sums(counts[synapses.projection.source])
        elif self.spiking:
            sums = []
            for synapses in self.spiking:
                train = trains[synapses.projection.source]
                sums.append(synapses.sums(train.reshape(images * steps, train.shape[2])))
            arrivals = _summed(sums, kind).reshape(images, steps, self.neurons)
        return Inflow(
            potential=potential,
            constant=np.zeros_like(self.bias[None]) if self.gathers else constant,
            arrivals=arrivals,
            current=current,
            gathered=self.gathers,
        )


def _summed(
    sums: list[npt.NDArray[np.signedinteger]], kind: np.dtype
) -> npt.NDArray[np.signedinteger]:
    """Add up the sums of several projections, one of which alone may be of a narrower type."""
    total = sums[0]
    for following in sums[1:]:
        total = np.add(total, following, dtype=kind)
    return total
