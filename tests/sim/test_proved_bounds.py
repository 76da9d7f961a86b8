"""No potential leaves its proved interval, whatever the rules, the graph and the input."""

import copy

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from augend.gen.bounds import bounds
from augend.gen.contract import ContractError
from augend.sim.golden import GoldenModel
from augend.sim.reference import REFERENCE

from .drawn_everything import everything, everything_and_pixels
from .literal_model import LiteralRun, run_image

drawn = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


class Noting(LiteralRun):
    """Notes the potentials of the worst orders of a step's additions: falls or rises first."""

    def __init__(self, network, pixels):
        self.seen = {p.name: [] for p in network.populations}
        super().__init__(network, pixels)

    def parts(self, population, step):
        """Negative and positive sums of what each neuron is given in a step, one by one."""
        neurons = self.neurons[population.name]
        given = [
            [bias, drive]
            for bias, drive in zip(neurons.bias, self.current(population, step), strict=True)
        ]
        for projection, wire in self.spiking(population):
            if step >= projection.delay:
                spikes = self.trains[projection.source][step - projection.delay]
                for source, target, weight in wire:
                    given[target] += [weight if spikes[source] > 0 else -weight] * abs(
                        spikes[source]
                    )
        for n, values in enumerate(given):
            for other in neurons.everyone:
                if other != n:
                    values.append(-population.inhibition * abs(neurons.emitted[other]))
        return [[sum(v for v in values if v * sign > 0) for values in given] for sign in (-1, 1)]

    def note(self, population, start, parts):
        self.seen[population.name] += list(start)
        for part in parts:
            self.seen[population.name] += [a + b for a, b in zip(start, part, strict=True)]

    def step(self, population, step):
        leaked = copy.deepcopy(self.neurons[population.name])
        leaked.leak()
        self.note(population, leaked.potential, self.parts(population, step))
        super().step(population, step)

    def phase(self, population):
        if self.spiking(population) and population.fires:
            steps = [self.parts(population, step) for step in range(self.network.timesteps)]
            totals = [
                [sum(v) for v in zip(*parts, strict=True)] for parts in zip(*steps, strict=True)
            ]
            self.note(population, self.neurons[population.name].potential, totals)
        super().phase(population)


@given(case=everything_and_pixels())
@drawn
def test_no_order_of_additions_leaves_the_proved_interval(case):
    network, pixels = case
    try:
        proved = bounds(network)
    except ContractError:
        return
    for image in pixels:
        events = network.input.encoding == "events"
        run = Noting(
            network, (image.reshape(network.timesteps, -1) if events else image.ravel()).tolist()
        )
        expected = run_image(network, run.pixels)
        assert run.run()["potentials"] == expected["potentials"]
        for name, values in run.seen.items():
            values += [v for step in expected["potentials"][name] for v in step]
            low, high = proved[name].potential
            assert low <= min(values), name
            assert max(values) <= high, name


@given(network=everything(), seed=st.integers(0, 2**32 - 1), upwards=st.booleans())
@drawn
def test_no_input_that_is_searched_for_drives_a_potential_out(network, seed, upwards):
    """Inputs are changed, and kept where a potential comes closer to the end of its interval."""
    try:
        proved = bounds(network)
    except ContractError:
        return
    rng = np.random.default_rng(seed)
    steps = (network.timesteps,) if network.input.encoding == "events" else ()
    size, greatest = (*steps, *network.input.shape), (1 << network.input.bits) - 1
    model = GoldenModel(network, record=True, engine=REFERENCE, threads=1)
    chosen = network.populations[rng.integers(len(network.populations))].name
    best = rng.integers(0, greatest + 1, size)
    for _ in range(4):
        tried = np.where(
            rng.random((12, *size)) < rng.choice([0.1, 0.5]),
            rng.choice([0, greatest], (12, *size)),
            best,
        )
        result = model.run(np.concatenate([best[None], tried]))
        for name, potentials in result.potentials.items():
            low, high = proved[name].potential
            assert low <= potentials.min(), name
            assert potentials.max() <= high, name
            if name in result.current:
                low, high = proved[name].current
                assert low <= result.current[name].min()
                assert result.current[name].max() <= high
        reached = result.potentials[chosen].reshape(13, -1)
        place = reached.max(1).argmax() if upwards else reached.min(1).argmin()
        best = np.concatenate([best[None], tried])[place]
