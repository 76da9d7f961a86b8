import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.bounds import bounds, signed_bits
from augend.gen.network import ContractError, Input, Population, Projection, SpikingNetwork


@given(st.integers(-(2**33), 2**33), st.integers(-(2**33), 2**33))
def test_signed_bits_is_the_least_width(a, b) -> None:
    low, high = min(a, b), max(a, b)
    width = signed_bits(low, high)
    assert -(1 << (width - 1)) <= low
    assert high < 1 << (width - 1)
    if width > 1:
        assert not (-(1 << (width - 2)) <= low and high < 1 << (width - 2))


@st.composite
def networks(draw):
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    encoding = draw(st.sampled_from(["current", "events"]))
    bits = draw(st.integers(1, 3)) if encoding == "current" else 1
    convolution = draw(st.booleans())
    shape = (2, 3, 3) if convolution else (4,)
    hidden = (2, 3, 2) if convolution else (3,)

    def numbers(low, high, size):
        return rng.integers(low, high + 1, size)

    shift = numbers(0, draw(st.integers(0, 4)), hidden[0]) if encoding == "current" else None
    first = Population(
        name="first",
        shape=hidden,
        threshold=numbers(1, 9, hidden[0]),
        bias=numbers(-3, 3, hidden if draw(st.booleans()) else hidden[0]),
        initial=numbers(0, 4, hidden[0]),
        current_shift=shift,
    )
    second = Population(
        name="second",
        shape=(3,),
        threshold=numbers(1, 9, 3),
        bias=numbers(-3, 3, 3),
        initial=numbers(0, 4, 3),
    )
    last = Population(
        name="last",
        shape=(2,),
        threshold=np.ones(2, int),
        bias=numbers(-3, 3, 2),
        initial=np.zeros(2, int),
        reset="none",
    )
    if convolution:
        into = Projection(
            source="input",
            target="first",
            kind="conv",
            weight=numbers(-4, 3, (2, 2, 3, 2)),
            padding=(1, 0),
        )
    else:
        into = Projection(
            source="input", target="first", kind="dense", weight=numbers(-4, 3, (3, 4))
        )
    rest = [
        Projection(
            source=a.name, target=b.name, kind="dense", weight=numbers(-4, 3, (b.size, a.size))
        )
        for a, b in ((first, second), (first, last), (second, last))
    ]
    network = SpikingNetwork(
        input=Input(shape=shape, encoding=encoding, bits=bits),
        populations=(first, second, last),
        projections=(into, *rest),
        timesteps=draw(st.integers(1, 4)),
        schedule=draw(st.sampled_from(["synchronous", "phased"])),
        weight_bits=3,
    )
    return network, rng


class Extremes:
    """Least and greatest value seen of one quantity."""

    def __init__(self) -> None:
        self.low, self.high = 0, 0

    def see(self, value) -> None:
        self.low, self.high = min(self.low, value), max(self.high, value)


def matrix(network, projection):
    """Weights ``(targets, sources)`` of any projection, by its definition."""
    source = network.shape_of(projection.source)
    target = network.shape_of(projection.target)
    if projection.kind == "dense":
        return projection.weight.astype(int)
    dense = np.zeros((*target, *source), int)
    for (o, i, ky, kx), w in np.ndenumerate(projection.weight):
        for y in range(target[1]):
            for x in range(target[2]):
                row = y * projection.stride[0] - projection.padding[0] + ky
                column = x * projection.stride[1] - projection.padding[1] + kx
                if 0 <= row < source[1] and 0 <= column < source[2]:
                    dense[o, y, x, i, row, column] += w
    return dense.reshape(int(np.prod(target)), -1)


def simulate(network, given_input, rng, seen):
    """Brute force, one addition at a time in random order, noting every value on the way."""
    trains = {}
    for population in network.populations:
        note = seen[population.name]
        incoming = [(p, matrix(network, p)) for p in network.into(population.name)]
        threshold, bias, start = (
            population.per_neuron(v).reshape(-1)
            for v in (population.threshold, population.bias, population.initial)
        )
        current = np.zeros(population.size, int)
        fed = network.current_fed(population)
        if fed:
            current = accumulate(network, population, incoming, given_input, rng, note)
        spikes = [p for p in incoming if not (fed and p[0].source == "input")]
        waits = network.schedule == "phased" and spikes
        train = np.zeros((network.timesteps, population.size), int)
        for neuron in range(population.size):
            v = int(start[neuron])
            note["potential"].see(v)
            for step in range(network.timesteps):
                v = add(v, step, neuron, spikes, trains, given_input, rng, note)
                for constant in rng.permutation([int(bias[neuron]), int(current[neuron])]):
                    v += int(constant)
                    note["potential"].see(v)
                if not waits and population.reset != "none" and v >= threshold[neuron]:
                    v -= int(threshold[neuron])
                    train[step, neuron] = 1
                note["potential"].see(v)
            if waits and population.reset != "none":
                for step in range(network.timesteps):
                    if v >= threshold[neuron]:
                        v -= int(threshold[neuron])
                        train[step, neuron] = 1
                    note["potential"].see(v)
        trains[population.name] = train


def add(v, step, neuron, spikes, trains, given_input, rng, note):
    arriving = []
    for projection, weight in spikes:
        train = given_input if projection.source == "input" else trains[projection.source]
        arriving += [int(w) for w, s in zip(weight[neuron], train[step], strict=True) if s]
    for w in rng.permutation(arriving):
        v += int(w)
        note["potential"].see(v)
    return v


def accumulate(network, population, incoming, pixels, rng, note):
    shifts = population.per_neuron(population.current_shift).reshape(-1)
    bits = network.input.bits
    lsb_first = bool((shifts >= bits - 1).all())
    weight = next(w for p, w in incoming if p.source == "input")
    current = np.zeros(population.size, int)
    for neuron in range(population.size):
        acc = 0
        for plane in range(bits) if lsb_first else reversed(range(bits)):
            acc = acc >> 1 if lsb_first else acc * 2
            chosen = weight[neuron][(pixels >> plane & 1) == 1]
            for w in rng.permutation(chosen):
                acc += int(w)
                note["accumulator"].see(acc)
        left = shifts[neuron] - (bits - 1 if lsb_first else 0)
        current[neuron] = acc >> left
        assert current[neuron] == int(weight[neuron] @ pixels) >> shifts[neuron]
        note["current"].see(int(current[neuron]))
    return current


@given(networks())
@settings(max_examples=60, deadline=None)
def test_nothing_leaves_its_bounds(drawn) -> None:
    network, rng = drawn
    proved = bounds(network)
    seen = {
        p.name: {key: Extremes() for key in ("potential", "current", "accumulator")}
        for p in network.populations
    }
    size = int(np.prod(network.input.shape))
    for _ in range(3):
        if network.input.encoding == "current":
            drawn_input = rng.integers(0, 1 << network.input.bits, size)
        else:
            drawn_input = rng.integers(0, 2, (network.timesteps, size))
        simulate(network, drawn_input, rng, seen)
    for name, note in seen.items():
        for key, extremes in note.items():
            interval = getattr(proved[name], key)
            if interval is not None:
                assert min(interval[0], 0) <= extremes.low, (name, key)
                assert extremes.high <= max(interval[1], 0), (name, key)


def chain(weights, *, timesteps, threshold=1000, initial=0, bias=0, schedule="synchronous"):
    into = np.atleast_2d(weights)
    hidden = Population(
        name="hidden",
        shape=(len(into),),
        threshold=np.full(len(into), threshold),
        bias=np.full(len(into), bias),
        initial=np.full(len(into), initial),
    )
    last = Population(
        name="last",
        shape=(1,),
        threshold=np.ones(1, int),
        bias=np.zeros(1, int),
        initial=np.zeros(1, int),
        reset="none",
    )
    return SpikingNetwork(
        input=Input(shape=(into.shape[1],), encoding="events", bits=1),
        populations=(hidden, last),
        projections=(
            Projection(source="input", target="hidden", kind="dense", weight=into),
            Projection(
                source="hidden", target="last", kind="dense", weight=np.ones((1, len(into)), int)
            ),
        ),
        timesteps=timesteps,
        schedule=schedule,
    )


def test_bounds_are_reached() -> None:
    proved = bounds(chain([[5, 7, -3]], timesteps=4, initial=2, bias=1))
    assert proved["hidden"].potential == (2 + 4 * (-3 + 1) - 1, 2 + 4 * 13)
    assert proved["last"].potential == (0, 4)
    assert proved["hidden"].margin == (-7 - 1000, 54 - 1000)


def test_spending_keeps_potentials_low() -> None:
    weights = [[5, -3]]
    synchronous = bounds(chain(weights, timesteps=9, threshold=5))
    phased = bounds(chain(weights, timesteps=9, threshold=5, schedule="phased"))
    assert synchronous["hidden"].potential == (-27, 9)
    assert phased["hidden"].potential == (-27, 45)


def test_a_network_that_does_not_fit_is_refused_by_name() -> None:
    wide = np.full((1, 3000), 127)
    with pytest.raises(ContractError) as caught:
        bounds(chain(wide, timesteps=6000, schedule="phased"))
    assert str(caught.value) == (
        "The potentials of population 'hidden' need 33 bits, and 31 is the most. Use fewer time "
        "steps or fewer weight bits."
    )
