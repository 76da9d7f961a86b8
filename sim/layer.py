"""A population made ready to run, with everything that ends in it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, Population, Projection, SpikingNetwork
from augend.sim.engine import Engine, Inflow
from augend.sim.reach import reach
from augend.sim.rules import Rules
from augend.sim.spikes import Spikes, train_type
from augend.sim.synapses import Synapses, flatten

__all__ = ["Layer"]

Sums = npt.NDArray[np.signedinteger]


@dataclass(frozen=True, kw_only=True, eq=False)
class Layer:
    """A population made ready to run; neurons are laid out as ``flatten`` does.

    Parameters
    ----------
    population, name, plain
        Which, and whether its neurons only integrate, fire and subtract.
    is_readout
        It accumulates and is read, and does not fire.
    gathers
        It takes all steps of its sources before it fires: what arrives is summed over the steps.
    once
        The input current is added in the first step only.
    driving, spiking
        Projections from the input current, and from spikes.
    looped
        Of the latter, those from populations that are stepped together with this one.
    neurons
        Number of neurons.
    rules
        Of its neurons.
    threshold, bias, initial, shift
        (neurons,); the shift is 0 where no current arrives.
    """

    population: Population
    name: str
    plain: bool
    is_readout: bool
    gathers: bool
    once: bool
    driving: tuple[Synapses, ...]
    spiking: tuple[Synapses, ...]
    looped: tuple[Synapses, ...]
    neurons: int
    rules: Rules
    threshold: Ints
    bias: Ints
    initial: Ints
    shift: Ints

    @classmethod
    def of(
        cls,
        network: SpikingNetwork,
        population: Population,
        engine: Engine,
        stepwise: bool,
        together: frozenset[str] = frozenset(),
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
            Take what arrives at the readout step by step, so that it is known after each.
        together
            Sources that are stepped together with it.
        """
        into = network.into(population.name)
        entry = network.input
        driving = [p for p in into if p.source == INPUT and entry.is_current]
        spiking = [p for p in into if p.source != INPUT or entry.spikes]
        if population.fires:
            gathers = network.schedule == "phased" and bool(spiking)
        else:
            idle = population.plain and not together and not any(p.delay for p in spiking)
            gathers = idle and not stepwise
        shape_of = network.shape_of
        brightest = (1 << entry.bits) - 1
        connected = [
            engine.connect(p, shape_of(p.source), population.shape, (0, brightest)) for p in driving
        ]
        times = network.timesteps if gathers else 1

        def arriving(projection: Projection) -> Synapses:
            low, high = network.most_spikes(projection.source)
            values = low * times, high * times
            return engine.connect(projection, shape_of(projection.source), population.shape, values)

        looped = [arriving(p) for p in spiking if p.source in together]
        arrived = [arriving(p) for p in spiking if p.source not in together]
        bound = reach(
            population,
            network.timesteps,
            current=sum(s.bound for s in connected),
            gathered=sum(s.bound for s in arrived) if gathers else 0,
            arriving=0 if gathers else sum(s.bound for s in (*arrived, *looped)),
        )
        if bound >= 1 << 62:
            raise ValueError(
                f"Potentials of population {population.name!r} could reach {bound}, past 62 bits: "
                f"lower its bias or the {network.timesteps} time steps"
            )
        kind = engine.potential_type(bound)
        shift = population.current_shift
        values = {
            "bias": population.bias,
            "initial": population.initial,
            "shift": np.zeros(population.channels, np.int64) if shift is None else shift,
            # A threshold past the bound is never reached, whatever it is.
            "threshold": np.minimum(population.threshold, np.iinfo(kind).max),
        }
        laid_out = {
            key: flatten(population.per_neuron(value), population.shape).astype(kind)
            for key, value in values.items()
        }
        return cls(
            population=population,
            name=population.name,
            plain=population.plain,
            neurons=population.size,
            is_readout=not population.fires,
            gathers=gathers,
            once=entry.encoding == "hybrid",
            driving=tuple(connected),
            spiking=tuple(arrived),
            looped=tuple(looped),
            rules=Rules.of(population, kind, train_type(network, population.name)),
            **laid_out,
        )

    def integrate(
        self,
        pixels: npt.NDArray[np.uint8],
        sources: Mapping[str, Spikes],
        steps: int,
        keep_current: bool,
    ) -> Inflow:
        """Sum all that arrives from outside of what is stepped together.

        Parameters
        ----------
        pixels
            Intensities, (images, neurons); used where the input is a current.
        sources
            Spikes of every source.
        steps
            Number of time steps.
        keep_current
            Whether to keep the input current.
        """
        images, kind = len(pixels), self.bias.dtype
        start, constant = self.initial[None], self.bias[None]
        current, arrivals, driven = None, None, None
        if self.driving:
            driven = _summed([s.sums(pixels) for s in self.driving], kind)
            driven >>= self.shift
            current = driven.copy() if keep_current else None
            if not self.once:
                driven += self.bias
                constant = driven
        if self.gathers:
            start = start + constant * kind.type(steps)
            sums = [s.sums(sources[s.projection.source].sums) for s in self.spiking]
            if self.once and driven is not None:
                sums.append(driven)
            if sums:
                start = _summed([*sums, start], kind)
            constant = np.zeros_like(self.bias[None])
        else:
            if self.spiking:
                arrivals = self._arrivals(images, sources, steps, kind)
            if self.once and driven is not None:
                arrivals = self._with_first(arrivals, driven, steps)
        return Inflow(
            images=images,
            start=start,
            constant=constant,
            arrivals=arrivals,
            current=current,
            gathered=self.gathers,
        )

    def _arrivals(
        self, images: int, sources: Mapping[str, Spikes], steps: int, kind: np.dtype
    ) -> Sums:
        """Weights that spikes bring, in their steps: (images, steps, neurons)."""
        sums = []
        for synapses in self.spiking:
            projection = synapses.projection
            trains = sources[projection.source].delayed(projection.delay).stepwise
            sums.append(synapses.sums(trains.reshape(images * steps, trains.shape[2])))
        total = sums[0] if len(sums) == 1 else _summed(sums, kind)
        return total.reshape(images, steps, self.neurons)

    def _with_first(self, arrivals: Sums | None, driven: Sums, steps: int) -> Sums:
        """Add what arrives in the first step only."""
        if arrivals is None:
            total = np.zeros((len(driven), steps, self.neurons), driven.dtype)
        else:
            total = arrivals.astype(driven.dtype, copy=False)
        total[:, 0] += driven
        return total


def _summed(sums: list[Sums], kind: np.dtype) -> Sums:
    """Add up what several projections bring, in a type that holds the total."""
    total = sums[0].astype(kind, copy=False)
    for following in sums[1:]:
        total = total + following
    return total
