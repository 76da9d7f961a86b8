"""The contract transcribed: loops over neurons and steps, Python integers, nothing clever."""

from collections import defaultdict
from itertools import product
from math import prod

from augend.gen.encoding import spike_trains
from augend.gen.network import INPUT

from .literal_rules import Gating, Neurons
from .literal_softmax import Competition


def synapses(network, projection):
    """Every synapse as (source, target, weight), neurons counted in (C, H, W) order."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    first = (projection.source_channels or (0, 0))[0] * prod(source[1:])
    first_target = (projection.target_channels or (0, 0))[0] * prod(target[1:])
    for neuron, reached, weight in _part_synapses(network, projection):
        yield first + neuron, first_target + reached, weight * 2**projection.shift


def _part_synapses(network, projection):
    """Likewise, between the channels that take part, unshifted."""
    weight = projection.weight.tolist()
    if projection.kind == "dense":
        for row, values in enumerate(weight):
            for column, value in enumerate(values):
                if projection.kept is None or projection.kept[row][column]:
                    yield column, row, value
        return
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    height, width = source[1:]
    channels, out_height, out_width = len(weight), *target[1:]
    inside, outside = len(weight[0]), channels // projection.groups
    taps = projection.weight.shape[2:]
    for o, oy, ox in product(range(channels), range(out_height), range(out_width)):
        for i, ky, kx in product(range(inside), range(taps[0]), range(taps[1])):
            y = oy * projection.stride[0] - projection.padding[0] + ky * projection.dilation[0]
            x = ox * projection.stride[1] - projection.padding[1] + kx * projection.dilation[1]
            if 0 <= y < height and 0 <= x < width:
                channel = o // outside * inside + i
                neuron = (channel * height + y) * width + x
                yield neuron, (o * out_height + oy) * out_width + ox, weight[o][i][ky][kx]


def run_image(network, pixels):
    """Run one image; pixels flat, or a list of flat steps for events."""
    return LiteralRun(network, pixels).run()


class LiteralRun:
    """What has happened so far."""

    def __init__(self, network, pixels):
        self.network, self.pixels = network, pixels
        self.wires = [(p, list(synapses(network, p))) for p in network.projections]
        self.neurons = {p.name: Neurons(p) for p in network.populations}
        self.gating = {gate.name: Gating(network, gate) for gate in network.gates}
        self.trains = {name: [] for name in (INPUT, *self.neurons, *self.gating)}
        self.potentials = {name: [] for name in self.neurons}
        self.scores = []
        if network.softmax is not None:
            self.competition = Competition(network.softmax, network.readout.size)
        self.operations = {name: defaultdict(int) for name in (*self.neurons, *self.gating)}
        self.currents = {}
        self.steps_run = network.timesteps
        encoding = network.input.encoding
        if encoding == "events":
            self.trains[INPUT] = pixels
        elif encoding != "current":
            self.trains[INPUT] = (
                spike_trains([_shaped(pixels, network.input.shape)], network.input, self.steps_run)
                .reshape(self.steps_run, -1)
                .tolist()
            )
        for population in network.populations:
            if population.current_shift is not None:
                self.currents[population.name] = self.driven(population)

    def run(self):
        """Run all; what is compared."""
        network = self.network
        if network.schedule == "phased":
            for population in network.populations:
                self.phase(population)
            return self.result()
        for step in range(network.timesteps):
            for population in network.populations:
                self.step(population, step)
            if self.may_exit(step):
                break
        return self.result()

    def driven(self, population):
        """Input current of a population, which costs a bit of a pixel an addition, once."""
        total = [0] * population.size
        for projection, wire in self.wires:
            if (projection.source, projection.target) == (INPUT, population.name):
                for source, target, weight in wire:
                    total[target] += weight * self.pixels[source]
                    self.operations[population.name][0] += self.pixels[source].bit_count()
        shift = population.per_neuron(population.current_shift).ravel().tolist()
        return [value >> places for value, places in zip(total, shift, strict=True)]

    def current(self, population, step):
        """What the input current adds in a step."""
        once = self.network.input.encoding == "hybrid"
        if population.current_shift is None or (once and step > 0):
            return [0] * population.size
        return self.currents[population.name]

    def spiking(self, population):
        """Projections that bring spikes to a population."""
        return [
            (projection, wire)
            for projection, wire in self.wires
            if projection.target == population.name
            and not (projection.source == INPUT and self.network.input.encoding == "current")
        ]

    def arriving(self, population, step):
        """Weights that spikes bring in a step."""
        total = [0] * population.size
        for projection, wire in self.spiking(population):
            emitted = step - projection.delay
            if emitted < 0:
                continue
            spikes = self.trains[projection.source][emitted]
            for source, target, weight in wire:
                total[target] += weight * spikes[source]
                if not projection.delay:
                    self.operations[population.name][step] += spikes[source].bit_count()
        return total

    def added(self, population, step):
        """Weights and current of a step, without the bias."""
        arriving, current = self.arriving(population, step), self.current(population, step)
        return [a + c for a, c in zip(arriving, current, strict=True)]

    def emit(self, name, spikes, step):
        """Keep a step's spikes, and pass them through the gates on their source.

        Those with a delay are added now, if ever.
        """
        self.trains[name].append(spikes)
        for projection, wire in self.wires:
            if projection.source == name and 0 < projection.delay < self.network.timesteps - step:
                for source, _, _ in wire:
                    self.operations[projection.target][step] += spikes[source].bit_count()
        for gate in self.network.gates:
            if gate.source == name:
                passed = self.gating[gate.name].step(spikes)
                self.operations[gate.name][step] += self.gating[gate.name].taken(spikes)
                self.emit(gate.name, passed, step)

    def step(self, population, step):
        """One step of a population in the order of the contract."""
        neurons = self.neurons[population.name]
        neurons.leak()
        neurons.add(self.added(population, step))
        neurons.inhibit()
        neurons.add(neurons.bias)
        neurons.clamp(step)
        self.emit(population.name, neurons.fire(step), step)
        neurons.sink()
        self.potentials[population.name].append(list(neurons.potential))
        if population is self.network.readout:
            self.scores.append(self.score(step + 1))

    def phase(self, population):
        """All steps of a population in the phased schedule."""
        if not self.spiking(population) or not population.fires:
            for step in range(self.network.timesteps):
                self.step(population, step)
            return
        neurons = self.neurons[population.name]
        for step in range(self.network.timesteps):
            neurons.add(self.added(population, step))
            neurons.add(neurons.bias)
        for step in range(self.network.timesteps):
            self.emit(population.name, neurons.fire(step), step)
            self.potentials[population.name].append(list(neurons.potential))
            if population is self.network.readout:
                self.scores.append(self.score(step + 1))

    def score(self, steps):
        """Scores if the inference ended after so many steps."""
        name = self.network.readout.name
        trains = self.trains[name]
        neurons = range(self.network.readout.size)
        if self.network.decode == "potential":
            scores = self.potentials[name][-1]
        elif self.network.decode == "count":
            scores = [sum(train[n] for train in trains) for n in neurons]
        elif self.network.decode == "softmax":
            read = self.potentials[name][-1]
            read = [max(0, value) for value in read] if self.network.rectified else read
            scores = self.competition.step(steps - 1, read)
        else:
            firsts = [[s for s, train in enumerate(trains) if train[n] > 0] for n in neurons]
            scores = [steps - first[0] if first else 0 for first in firsts]
        return [max(0, score) if self.network.rectified else score for score in scores]

    def may_exit(self, step):
        """Whether the best score leads the second by the margin."""
        margin, ordered = self.network.exit_margin, sorted(self.scores[-1])
        if margin is None or len(ordered) < 2 or ordered[-1] - ordered[-2] < margin:
            return False
        self.steps_run = step + 1
        return True

    def updates(self, population):
        """Neuron updates: every step, or once where what is accumulated is only read at the end."""
        often = self.network.exit_margin is not None or self.network.softmax is not None
        idle = not population.fires and population.plain and not often
        return population.size * (1 if idle else self.steps_run)

    def result(self):
        """What is compared; nothing happens after an exit."""
        network, steps = self.network, self.steps_run
        bits = sum(p.bit_count() for p in self.pixels) if network.input.is_current else 0
        spikes = {
            name: [sum(map(abs, train)) for train in trains[:steps]]
            for name, trains in self.trains.items()
        }
        if network.input.encoding == "current":
            spikes[INPUT] = [0] * steps
        spikes[INPUT][0] += bits
        gated = {gate.name: prod(gate.shape) * steps for gate in network.gates}
        return {
            "scores": self.scores[-1],
            "prediction": self.scores[-1].index(max(self.scores[-1])),
            "exit_step": steps,
            "trains": self.trains,
            "potentials": self.potentials,
            "current": self.currents,
            "step_scores": self.scores,
            "step_spikes": spikes,
            "step_operations": {
                name: [tally[step] for step in range(steps)]
                for name, tally in self.operations.items()
            },
            "updates": {p.name: self.updates(p) for p in network.populations} | gated,
        }


def _shaped(pixels, shape):
    """A flat list as nested lists."""
    if len(shape) == 1:
        return pixels
    size = len(pixels) // shape[0]
    return [_shaped(pixels[i * size : (i + 1) * size], shape[1:]) for i in range(shape[0])]
