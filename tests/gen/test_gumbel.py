"""The noise of the softmax: the table, the clocks, and whether what wins is a draw from it."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from augend.gen.contract import ContractError
from augend.gen.gumbel import (
    ENTRIES,
    TIE_BITS,
    gumbel_noise,
    gumbel_table,
    softmax_of,
    tick_steps,
)
from augend.gen.lfsr import draws, seed_of_run
from augend.gen.softmax import Softmax

DOCUMENT = Path(__file__).parents[2] / "docs" / "decisions" / "0012-gumbel-max-softmax.md"
FIRST_TICK = ((-4, 421), (-24, 704), (6, 8), (4, 841), (13, 214))


def softmax(logits):
    powers = np.exp(np.asarray(logits, float) - np.max(logits))
    return powers / powers.sum()


def entry_shares():
    """Probability of every entry of the table, if the bits of draws are fair coins."""
    rows = np.repeat(np.arange(16), 64)
    return 2.0 ** -np.minimum(rows + 1, 15) / 64


def exact_shares(potentials, temperature):
    """Probability that each class wins, summed over the entries of all classes."""
    table = gumbel_table(temperature)
    order = np.argsort(table)
    below = np.concatenate([[0], entry_shares()[order].cumsum()])
    nodes, weights = np.polynomial.legendre.leggauss(8)
    raised = np.asarray(potentials) * 16
    shares = []
    for index, own in enumerate(raised):
        places = (own + table)[:, None] - raised
        low = below[np.searchsorted(table[order], places, "left")]
        high = below[np.searchsorted(table[order], places, "right")]
        share = 0
        for node, weight in zip((nodes + 1) / 2, weights / 2, strict=True):  # over the tie bits
            beaten = low + (high - low) * node
            beaten[:, index] = 1
            share += weight * (entry_shares() * beaten.prod(1)).sum()
        shares.append(share)
    return np.array(shares)


def winners(options, potentials, timesteps):
    """Winners of the ticks for potentials that stay."""
    _, noise, ties = gumbel_noise(options, timesteps, len(potentials))
    return (((np.asarray(potentials) * 16 + noise) << TIE_BITS) + ties).argmax(1)


def chi_square(counts, shares):
    expected = counts.sum() * shares
    return ((counts - expected) ** 2 / expected).sum()


def test_table_is_that_of_gumbel_numbers():
    v = []
    for row in range(15):
        edges = np.linspace(2.0 ** -(row + 1), 2.0**-row, 65)
        v.append((edges[1:] + edges[:-1]) / 2)
    v.append((np.arange(64) + 0.5) / 64 / 2**15)
    numbers = -np.log(-np.log1p(-np.concatenate(v)))
    assert len(numbers) == ENTRIES == 1024
    for temperature in (1, 16, 999, 1 << 20):
        assert np.abs(gumbel_table(temperature) - numbers * temperature).max() < 0.6
    assert gumbel_table(10_000).min() == round(numbers.min() * 10_000) == -17_129
    assert gumbel_table(10_000).max() == round(numbers.max() * 10_000) == 152_492


def test_table_has_the_moments_of_gumbel_noise():
    table, shares = gumbel_table(1 << 20) / (1 << 20), entry_shares()
    assert shares.sum() == 1
    mean = (table * shares).sum()
    assert mean == pytest.approx(np.euler_gamma, abs=1e-3)
    assert ((table - mean) ** 2 * shares).sum() == pytest.approx(np.pi**2 / 6, abs=3e-3)


@pytest.mark.parametrize("temperature", [16, 64, 1600, 160_000])
@pytest.mark.parametrize(
    "logits",
    [[0, 0], [0, 1], [0, 3], [0, 8], [0, 12], [0, 1, 2, 3, 4], np.linspace(0, 9, 10), [0] * 99],
    ids=lambda logits: f"{len(logits)}-classes-{max(logits):.0f}",
)
def test_fair_bits_give_the_softmax(temperature, logits):
    potentials = np.round(np.array(logits) * temperature / 16).astype(int)
    wanted = softmax(potentials * 16 / temperature)
    found = exact_shares(potentials, temperature)
    assert np.abs(found - wanted).max() < 2e-4
    assert np.abs(found / wanted - 1).max() < 7e-3  # the rarest has a share of 6e-6
    if max(logits) == 0:
        assert np.abs(found - wanted).max() < 1e-12


@pytest.mark.parametrize("run", range(3))
@pytest.mark.parametrize("clock", [{}, {"clock": "poisson", "rate": 50_000}])
@pytest.mark.parametrize(
    "potentials", [[0, 0], [0, 70, 140], [*range(0, 400, 40)], [0] * 16, [300, 0, -300]]
)
def test_what_wins_is_drawn_from_the_softmax(potentials, clock, run):
    options = Softmax(temperature=1600, seed=seed_of_run(run), **clock)
    won = winners(options, potentials, 100_000)
    shares = softmax(np.array(potentials) / 100)
    free = len(potentials) - 1
    counts = np.bincount(won, minlength=len(potentials))
    assert chi_square(counts, shares) < free + 5 * np.sqrt(2 * free)
    for lag in (1, 2, 3):  # and two draws are not related
        pairs = np.bincount(won[lag:] * len(shares) + won[:-lag], minlength=len(shares) ** 2)
        free = len(shares) ** 2 - 1
        assert chi_square(pairs, np.outer(shares, shares).ravel()) < free + 5 * np.sqrt(2 * free)


def test_two_equal_classes_share_alike():
    won = winners(Softmax(temperature=16), [5, 5], 400_000)
    assert abs(won.mean() - 0.5) < 4 * 0.5 / np.sqrt(400_000)


def test_a_low_temperature_takes_the_greatest_and_a_high_one_any():
    assert set(winners(Softmax(temperature=1), [0, 3, 2], 10_000)) == {1}
    counts = np.bincount(winners(Softmax(temperature=1 << 32), [0, 30, 20], 10_000))
    assert chi_square(counts, np.full(3, 1 / 3)) < 2 + 5 * 2


def test_external_clock_ticks_every_period():
    assert tick_steps(Softmax(temperature=1, period=3), 10, 4).tolist() == [2, 5, 8]
    assert tick_steps(Softmax(temperature=1), 4, 4).tolist() == [0, 1, 2, 3]


def test_poisson_clock_ticks_where_its_draw_is_below_the_rate():
    options = Softmax(temperature=16, clock="poisson", rate=30_000, seed=9)
    words, wanted, place = draws(9, 5000), [], 0
    for step in range(200):
        if words[place] < 30_000:
            wanted.append(step)
            place += 6
        place += 1
    assert tick_steps(options, 200, 3).tolist() == wanted
    first = int(draws(9, 1)[0])
    equal, above = (dataclasses.replace(options, rate=first + more) for more in (0, 1))
    assert (0 in tick_steps(equal, 1, 3), 0 in tick_steps(above, 1, 3)) == (False, True)
    share = len(tick_steps(options, 100_000, 3)) / 100_000
    assert abs(share - 30_000 / 65_536) < 5 * 0.5 / np.sqrt(100_000)
    always = Softmax(temperature=16, clock="poisson")
    assert len(tick_steps(always, 1000, 3)) == 1000


@pytest.mark.parametrize("clock", [{"period": 2}, {"clock": "poisson", "rate": 20_000}])
def test_a_shorter_run_is_the_beginning_of_a_longer(clock):
    options = Softmax(temperature=100, **clock)
    short, long = gumbel_noise(options, 20, 5), gumbel_noise(options, 300, 5)
    for one, other in zip(short, long, strict=True):
        assert np.array_equal(one, other[: len(one)])
    assert len(short[0]) < len(long[0])


def test_first_draws_are_those_of_the_document():
    steps, noise, ties = gumbel_noise(Softmax(temperature=16), 1, 5)
    assert steps.tolist() == [0]
    found = tuple(zip(noise[0].tolist(), ties[0].tolist(), strict=True))
    assert found == FIRST_TICK
    text = " ".join(f"{value}/{tie}" for value, tie in found)
    assert text in DOCUMENT.read_text()


def test_every_row_of_the_table_is_drawn_from():
    table, words = gumbel_table(999), draws(31, 400_000).tolist()
    rows = [min(15, 16 - word.bit_length()) for word in words[::2]]
    entries = [row * 64 + (word >> 10) for row, word in zip(rows, words[1::2], strict=True)]
    _, noise, ties = gumbel_noise(Softmax(temperature=999, seed=31), 20_000, 10)
    assert np.array_equal(noise.ravel(), table[entries])
    assert np.array_equal(ties.ravel(), np.array(words[1::2]) % 1024)
    assert set(rows) == set(range(16))


def test_temperature_is_that_of_the_mean_tick():
    options = {"classes": 10}
    assert softmax_of(0.25, 8, **options).temperature == round(4.5 / 0.25 * 16)
    assert softmax_of(0.25, 8, period=8, **options).temperature == round(8 / 0.25 * 16)
    assert softmax_of(0.25, 8, period=3, **options).temperature == round(4.5 / 0.25 * 16)
    made = softmax_of(0.1, 50, clock="poisson", rate=9000, seed=5, **options)
    steps = tick_steps(made, 50, 10) + 1
    assert (made.clock, made.rate, made.seed) == ("poisson", 9000, 5)
    assert made.temperature == round(steps.mean() * 160)


def test_what_makes_no_softmax_is_refused():
    for unit in (0, -1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="unit of the potential must be above 0"):
            softmax_of(unit, 8, classes=3)
    with pytest.raises(ValueError, match="external clock never ticks in 8 steps; give a shorter"):
        softmax_of(1, 8, classes=3, period=9)
    with pytest.raises(ValueError, match="poisson clock never ticks in 8 steps; give a shorter"):
        softmax_of(1, 8, classes=3, clock="poisson", rate=1)
    with pytest.raises(ValueError, match=r"temperature of 720\d* sixteenths; 1 to 4294967296"):
        softmax_of(1e-9, 8, classes=3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": 0}, "temperature must be a whole number of 1 to 4294967296, not 0"),
        ({"temperature": 2.5}, "temperature must be a whole number of 1 to 4294967296, not 2.5"),
        ({"clock": "sun"}, "clock must be 'external' or 'poisson', not 'sun'"),
        ({"period": 0}, "period must be a whole number of 1 to 65536, not 0"),
        ({"clock": "poisson", "rate": 65537}, "rate must be a whole number of 1 to 65536"),
        ({"seed": 0}, "seed must be a whole number of 1 to 4294967295, not 0"),
        ({"rate": 3}, "with the external clock has no rate; leave out 3"),
        ({"clock": "poisson", "period": 2}, "with the poisson clock has no period; leave out 2"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ContractError, match=message):
        Softmax(**{"temperature": 16} | options)
