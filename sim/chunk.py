"""A few images on their way through a network, stage by stage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, SpikingNetwork
from augend.sim.engine import Engine, Inflow
from augend.sim.gating import Gating
from augend.sim.layer import Layer
from augend.sim.rules import NeuronState
from augend.sim.spikes import Spikes, train_type
from augend.sim.synapses import Synapses, flatten, unflatten

__all__ = ["Chunk", "Plan"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """What to compute of a network, and how.

    Parameters
    ----------
    network, engine
        As given.
    stages
        Layers in order; several where they are stepped together.
    gates
        Gates in order.
    stepwise
        Whether all is tallied step by step.
    keep_trains, keep_potentials
        What is recorded.
    firing
        Populations that fire, and gates.
    followed
        Sources of which someone needs to know in which step they spiked.
    last_use
        Stage after which no one needs a source's spikes.
    each
        A 1 for every neuron of every source, which a tally of its spikes counts by.
    """

    network: SpikingNetwork
    engine: Engine
    stages: tuple[tuple[Layer, ...], ...]
    gates: tuple[Gating, ...]
    stepwise: bool
    keep_trains: bool
    keep_potentials: bool
    firing: frozenset[str]
    followed: frozenset[str]
    last_use: dict[str, int]
    each: dict[str, Ints]


class Chunk:
    """Images on their way.

    Parameters
    ----------
    plan
        What to do.
    pixels
        (images, *shape), or with steps for events.

    Attributes
    ----------
    spikes, operations
        (images,) by name, or (images, steps) where the plan is stepwise.
    trains, potentials, current
        What is recorded, neurons in the network's order.
    readout
        Spikes of the last population, or its potentials.
    """

    def __init__(self, plan: Plan, pixels: npt.NDArray[np.uint8]) -> None:
        self.plan = plan
        self.images = len(pixels)
        self.steps = plan.network.timesteps
        self.entry = flatten(pixels, plan.network.input.shape)
        self.sources: dict[str, Spikes] = {}
        self.spikes: dict[str, Ints] = {}
        self.operations: dict[str, Ints] = {}
        self.trains: dict[str, npt.NDArray] = {}
        self.potentials: dict[str, Ints] = {}
        self.current: dict[str, Ints] = {}
        self.readout: tuple[Spikes | None, Ints | None] = None, None
        self._enter(pixels)

    def run(self) -> None:
        """Run all stages, in order."""
        for number, stage in enumerate(self.plan.stages):
            if len(stage) == 1 and not stage[0].looped:
                self._run_alone(stage[0])
            else:
                self._run_together(stage)
            for name in [n for n in self.sources if self.plan.last_use.get(n, -1) <= number]:
                del self.sources[name]

    def _enter(self, pixels: npt.NDArray[np.uint8]) -> None:
        """Make the input's spikes, and count them."""
        entry, each = self.plan.network.input, self.plan.each[INPUT]
        self.bits = np.bitwise_count(self.entry) if entry.is_current else None
        total = self._zeros()
        if self.bits is not None:
            self._first(total)[:] += self.plan.engine.tally(self.bits, each)
        if entry.encoding == "events":
            self.sources[INPUT] = Spikes(self.entry)
        elif entry.spikes:
            from augend.gen.encoding import spike_trains

            trains = spike_trains(pixels, entry, self.steps)
            self.sources[INPUT] = Spikes(flatten(trains, entry.shape))
        if INPUT in self.sources:
            total += self.sources[INPUT].tally(self.plan.engine, each, self.plan.stepwise)
        self.spikes[INPUT] = total

    def _zeros(self) -> Ints:
        """Tally of nothing: (images,), or (images, steps)."""
        return np.zeros((self.images, self.steps) if self.plan.stepwise else self.images, np.int64)

    def _first(self, tally: Ints) -> Ints:
        """Return what a tally counts in the first step."""
        return tally[:, 0] if self.plan.stepwise else tally

    def _run_alone(self, layer: Layer) -> None:
        """Run a population through all its steps."""
        plan, name = self.plan, layer.name
        inflow = self._integrate(layer)
        if layer.is_readout and layer.plain:
            self._keep(layer, None, _accumulate(inflow, self.steps))
            if any(gate.source == name for gate in plan.gates):
                silent = np.zeros((self.images, self.steps, layer.neurons), np.uint8)
                self._emit(name, Spikes(silent))
            return
        if layer.plain:
            keep = name in plan.followed
            firing = plan.engine.fire(
                inflow, layer.threshold, self.steps, keep, plan.keep_potentials
            )
            spikes, held = Spikes(firing.trains, firing.counts), firing.potentials
        else:
            state = layer.rules.begin(self.images, inflow.start)
            keep = plan.keep_potentials or (layer.is_readout and plan.stepwise)
            firing = plan.engine.advance(
                layer.rules, state, inflow.constant, inflow.arrivals, 0, self.steps, keep
            )
            spikes, held = Spikes(firing.trains), firing.potentials
            if layer.is_readout and held is None:
                held = state.potential.astype(np.int64)[:, None]
        self._keep(layer, spikes, held)
        self._emit(name, spikes)

    def _run_together(self, stage: Sequence[Layer]) -> None:
        """Run populations among which spikes run backwards, a step of all after the other."""
        plan = self.plan
        names = {layer.name for layer in stage}
        gates = []
        for gate in plan.gates:
            if gate.source in names:
                names.add(gate.name)
                gates.append(gate)
        trains: dict[str, npt.NDArray[np.integer]] = {
            name: np.zeros(
                (self.images, self.steps, len(plan.each[name])),
                train_type(plan.network, name),
            )
            for name in names
        }
        leads = {gate.name: gate.begin(self.images) for gate in gates}
        inflows = [self._integrate(layer) for layer in stage]
        states = [
            layer.rules.begin(self.images, inflow.start)
            for layer, inflow in zip(stage, inflows, strict=True)
        ]
        held: dict[str, list[Ints]] = {layer.name: [] for layer in stage}
        for step in range(self.steps):
            for layer, inflow, state in zip(stage, inflows, states, strict=True):
                name = layer.name
                self._step(layer, inflow, state, trains, step)
                held[name].append(state.potential.astype(np.int64))
                passed = {name}
                for gate in gates:
                    if gate.source in passed:
                        passed.add(gate.name)
                        spike = np.ascontiguousarray(trains[gate.source][:, step : step + 1])
                        trains[gate.name][:, step] = plan.engine.gate(
                            gate, leads[gate.name], spike
                        )[:, 0]
        spikes = {name: Spikes(train) for name, train in trains.items()}
        self.sources |= spikes
        for layer in stage:
            for synapses in layer.looped:
                self._count(layer.name, synapses)
            name = layer.name
            self._keep(layer, spikes[name], np.stack(held[name], axis=1))
            self._record(name, spikes[name])
        for gate in gates:
            self._pass(gate, spikes[gate.source], spikes[gate.name])

    def _step(
        self,
        layer: Layer,
        inflow: Inflow,
        state: NeuronState,
        trains: Mapping[str, npt.NDArray[np.integer]],
        step: int,
    ) -> None:
        """Run a step of a population that is stepped together with others."""
        arrived = np.zeros((self.images, 1, layer.neurons), layer.bias.dtype)
        if inflow.arrivals is not None:
            arrived[:, 0] += inflow.arrivals[:, step]
        for synapses in layer.looped:
            emitted = step - synapses.projection.delay
            if emitted >= 0:
                values = trains[synapses.projection.source][:, emitted]
                arrived[:, 0] += synapses.sums(np.ascontiguousarray(values))
        firing = self.plan.engine.advance(
            layer.rules, state, inflow.constant, arrived, step, 1, False
        )
        assert firing.trains is not None
        trains[layer.name][:, step] = firing.trains[:, 0]

    def _integrate(self, layer: Layer) -> Inflow:
        """Sum what arrives at a population from outside, and count it."""
        name = layer.name
        self.operations[name] = self._zeros()
        for synapses in layer.driving:
            assert self.bits is not None
            self._first(self.operations[name])[:] += self.plan.engine.tally(
                self.bits, synapses.fan_out
            )
        for synapses in layer.spiking:
            self._count(name, synapses)
        inflow = layer.integrate(self.entry, self.sources, self.steps, self.plan.keep_potentials)
        if inflow.current is not None:
            self.current[name] = unflatten(inflow.current.astype(np.int64), layer.population.shape)
        return inflow

    def _count(self, name: str, synapses: Synapses) -> None:
        """Add the operations that a projection's spikes cost.

        Hardware adds delayed spikes at the end of the step in which they are emitted, also where
        the inference then ends before they arrive.
        """
        projection = synapses.projection
        spikes = self.sources[projection.source].arriving(projection.delay)
        self.operations[name] += spikes.additions(
            self.plan.engine, synapses.fan_out, self.plan.stepwise
        )

    def _emit(self, name: str, spikes: Spikes) -> None:
        """Hand on a population's spikes, and pass them through its gates."""
        self.sources[name] = spikes
        self._record(name, spikes)
        passed = {name}
        for gate in self.plan.gates:
            if gate.source in passed:
                passed.add(gate.name)
                source = self.sources[gate.source]
                lead = gate.begin(self.images)
                through = Spikes(self.plan.engine.gate(gate, lead, source.stepwise))
                self.sources[gate.name] = through
                self._pass(gate, source, through)

    def _pass(self, gate: Gating, source: Spikes, through: Spikes) -> None:
        """Count and record what a gate took in and let through."""
        self.operations[gate.name] = source.additions(
            self.plan.engine, gate.cost, self.plan.stepwise
        )
        self._record(gate.name, through)

    def _record(self, name: str, spikes: Spikes) -> None:
        """Count a source's spikes, and keep them where they are recorded."""
        each = self.plan.each[name]
        self.spikes[name] = spikes.tally(self.plan.engine, each, self.plan.stepwise)
        if self.plan.keep_trains and name in self.plan.firing:
            trains = spikes.stepwise
            self.trains[name] = unflatten(
                trains.view(np.bool_) if trains.dtype == np.uint8 else trains,
                self.plan.network.shape_of(name),
            )

    def _keep(self, layer: Layer, spikes: Spikes | None, held: Ints | None) -> None:
        """Record a population's potentials, and what is read."""
        if layer.population is self.plan.network.readout:
            self.readout = spikes, held
            if layer.is_readout:
                self.spikes[layer.name] = self._zeros()
        if self.plan.keep_potentials and held is not None:
            self.potentials[layer.name] = unflatten(held, layer.population.shape)


def _accumulate(inflow: Inflow, steps: int) -> Ints:
    """Potentials of a readout after each step, or after all at once: (images, steps or 1, N)."""
    if inflow.gathered:
        return np.broadcast_to(inflow.start, (inflow.images, inflow.start.shape[1])).astype(
            np.int64
        )[:, None]
    added = np.zeros((inflow.images, steps, inflow.start.shape[1]), np.int64)
    added += inflow.constant[:, None]
    if inflow.arrivals is not None:
        added += inflow.arrivals
    return inflow.start[:, None] + added.cumsum(1)
