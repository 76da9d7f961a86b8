"""Rules of neurons and of gates, transcribed step by step."""

from itertools import product


class Neurons:
    """One image's neurons of a population."""

    def __init__(self, population):
        def values(key):
            given = getattr(population, key)
            return None if given is None else population.per_neuron(given).ravel().tolist()

        self.rules = population
        self.everyone = range(population.size)
        self.threshold, self.bias, self.initial = map(values, ("threshold", "bias", "initial"))
        self.negative, self.negative_step = values("negative_threshold"), values("negative_step")
        self.floor = values("floor")
        self.potential = list(self.initial)
        self.emitted = [0] * population.size  # in the step before
        self.total = [0] * population.size
        self.last_fired = [None] * population.size

    def leak(self):
        for n in self.everyone:
            before = self.potential[n]
            for shift in self.rules.leak:
                self.potential[n] -= before >> shift

    def add(self, values):
        for n in self.everyone:
            self.potential[n] += values[n]

    def inhibit(self):
        for n in self.everyone:
            for other in self.everyone:
                if other != n:
                    self.potential[n] -= self.rules.inhibition * abs(self.emitted[other])

    def clamp(self, step):
        if step < self.rules.clamp_steps:
            self.potential = list(self.initial)

    def fire(self, step):
        self.emitted = [0] * self.rules.size
        if self.rules.fires:
            for n in self.everyone:
                last = self.last_fired[n]
                if last is None or step - last > self.rules.refractory:
                    self.fire_one(n, step)
        return list(self.emitted)

    def fire_one(self, n, step):
        sign = 0
        for _ in range(self.rules.most_spikes):
            due = self.due(n)
            if due == 0 or (sign and due != sign):
                return
            sign = due
            self.emitted[n] += due
            self.total[n] += due
            self.last_fired[n] = step
            if self.rules.reset == "zero":
                self.potential[n] = 0
            elif due > 0:
                self.potential[n] -= self.threshold[n]
            else:
                self.potential[n] += self.negative_step[n]

    def due(self, n):
        """Sign of the spike that is due; 0 where none is."""
        if self.rules.single_spike and self.last_fired[n] is not None:
            return 0
        if self.potential[n] >= self.threshold[n]:
            return 1
        if self.rules.bipolar and self.potential[n] <= -self.negative[n]:
            return -1 if not self.rules.takes_back or self.total[n] > 0 else 0
        return 0

    def sink(self):
        if self.floor is not None:
            for n in self.everyone:
                self.potential[n] = max(self.potential[n], self.floor[n])


class Gating:
    """One image's counters of a gate."""

    def __init__(self, network, gate):
        self.gate = gate
        self.source = network.shape_of(gate.source)
        channels, height, width = self.source
        self.lead = [0] * (channels * height * width)
        self.windows = [
            list(self.window(c, oy, ox)) for c, oy, ox in product(*map(range, gate.shape))
        ]

    def window(self, channel, oy, ox):
        """Neurons of a window, by row and column."""
        gate, (_, height, width) = self.gate, self.source
        for ky, kx in product(*map(range, gate.kernel)):
            y = oy * gate.stride[0] - gate.padding[0] + ky * gate.dilation[0]
            x = ox * gate.stride[1] - gate.padding[1] + kx * gate.dilation[1]
            if 0 <= y < height and 0 <= x < width:
                yield (channel * height + y) * width + x

    def taken(self, spikes):
        """Counter increments for a step's spikes."""
        return 0 if self.gate.rule == "any" else sum(n.bit_count() for n in spikes)

    def step(self, spikes):
        """Spikes that pass."""
        for n, spike in enumerate(spikes):
            if self.gate.rule == "count":
                self.lead[n] += spike
            elif self.gate.rule == "rate":
                self.lead[n] += 65536 * spike - (self.lead[n] >> self.gate.decay)
            else:
                self.lead[n] = spike
        passed = []
        for window in self.windows:
            leader = window[0]
            for n in window[1:]:
                if self.lead[n] > self.lead[leader]:
                    leader = n
            passed.append(spikes[leader])
        return passed
