"""The contract transcribed: loops over neurons and steps, Python integers, nothing clever."""

from collections import defaultdict
from itertools import product

from augend.gen.network import INPUT


def synapses(network, projection):
    """Every synapse as (source, target, weight), neurons counted in (C, H, W) order."""
    source, target = network.shape_of(projection.source), network.shape_of(projection.target)
    weight = projection.weight.tolist()
    if projection.kind == "dense":
        for row, values in enumerate(weight):
            for column, value in enumerate(values):
                yield column, row, value
        return
    _, height, width = source
    channels, out_height, out_width = target
    inside, outside = source[0] // projection.groups, channels // projection.groups
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
    steps = network.timesteps
    wires = [(p, list(synapses(network, p))) for p in network.projections]
    is_current = network.input.encoding == "current"
    spikes = {} if is_current else {INPUT: pixels}
    potentials, operations, currents = {}, defaultdict(int), {}

    def values(population, key):
        return population.per_neuron(getattr(population, key)).ravel().tolist()

    for population in network.populations:
        name, neurons = population.name, range(population.size)
        threshold, bias = values(population, "threshold"), values(population, "bias")
        current = [0] * population.size
        arrivals = [[0] * population.size for _ in range(steps)]
        spiking = False
        for projection, wire in wires:
            if projection.target != name:
                continue
            if is_current and projection.source == INPUT:
                for source, target, weight in wire:
                    current[target] += weight * pixels[source]
                    operations[name] += pixels[source].bit_count()
                continue
            spiking = True
            for step in range(steps):
                for source, target, weight in wire:
                    if spikes[projection.source][step][source]:
                        arrivals[step][target] += weight
                        operations[name] += 1
        if population.current_shift is not None:
            shift = values(population, "current_shift")
            current = [current[n] >> shift[n] for n in neurons]
            currents[name] = current
        potential = values(population, "initial")
        spikes[name], potentials[name] = [], []
        fires = population.reset == "subtract"
        waits = network.schedule == "phased" and spiking and fires
        if waits:
            for step in range(steps):
                for n in neurons:
                    potential[n] += arrivals[step][n] + bias[n] + current[n]
        for step in range(steps):
            fired = [0] * population.size
            for n in neurons:
                if not waits:
                    potential[n] += arrivals[step][n] + bias[n] + current[n]
                if fires and potential[n] >= threshold[n]:
                    fired[n] = 1
                    potential[n] -= threshold[n]
            spikes[name].append(fired)
            potentials[name].append(list(potential))
    scores = potentials[network.readout.name][-1]
    if network.rectified:
        scores = [max(0, score) for score in scores]
    return {
        "scores": scores,
        "prediction": scores.index(max(scores)),
        "spikes": spikes,
        "potentials": potentials,
        "operations": operations,
        "current": currents,
    }
