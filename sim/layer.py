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
        trains: Mapping[str, npt.NDArray[np.uint8] | None],
        counts: Mapping[str, npt.NDArray[np.integer]],
        steps: int,
        keep_current: bool,
    ) -> Inflow:
        """Sum all that arrives.

        Parameters
        ----------
        pixels
            Intensities, (images, neurons); used where the input is a current.
        trains, counts
            Spikes of every source: (images, steps, neurons), which are there where the layer does
            not gather, and summed over the steps.
        steps
            Number of time steps.
        keep_current
            Whether to keep the input current.
        """
        images, kind = len(pixels), self.bias.dtype
        start, constant = self.initial[None], self.bias[None]
        current, arrivals = None, None
        if self.driving:
            driven = _summed([s.sums(pixels) for s in self.driving], kind)
            driven >>= self.shift
            current = driven.copy() if keep_current else None
            driven += self.bias
            constant = driven
        if self.gathers:
            start = start + constant * kind.type(steps)
            if self.spiking:
                sums = [s.sums(counts[s.projection.source]) for s in self.spiking]
                start = _summed([*sums, start], kind)
            constant = np.zeros_like(self.bias[None])
        elif self.spiking:
            sums = [
                s.sums(train.reshape(images * steps, train.shape[2]))
                for s in self.spiking
                if (train := trains[s.projection.source]) is not None
            ]
            arrivals = (sums[0] if len(sums) == 1 else _summed(sums, kind)).reshape(
                images, steps, self.neurons
            )
        return Inflow(
            images=images,
            start=start,
            constant=constant,
            arrivals=arrivals,
            current=current,
            gathered=self.gathers,
        )


def _summed(
    sums: list[npt.NDArray[np.signedinteger]], kind: np.dtype
) -> npt.NDArray[np.signedinteger]:
    """Add up what several projections bring, in a type that holds the total."""
    total = sums[0].astype(kind, copy=False)
    for following in sums[1:]:
        total = total + following
    return total
