import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.levels import best_thresholds, greatest_level, rounded, weight_range

FORMS = ["integer", "ternary", "power_of_two"]


def levels(bits, form):
    """All weights of a form, by its definition."""
    if form == "ternary":
        return [-1, 0, 1]
    if bits == 1 and form == "integer":
        return [-1, 1]
    if form == "power_of_two":
        powers = [1 << power for power in range(max(bits - 1, 1))]
        return sorted([0, *powers, *(-power for power in powers)])
    return list(range(-(1 << (bits - 1)), 1 << (bits - 1)))


def loss(rows, thresholds, bits, form):
    scaled = rows * thresholds[:, None]
    return (((rounded(scaled, bits, form) - scaled) / thresholds[:, None]) ** 2).sum(1)


@given(st.integers(1, 8), st.sampled_from(FORMS), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_rounding_takes_the_nearest_level(bits, form, seed) -> None:
    if bits == 1 and form == "power_of_two":
        bits = 2
    rng = np.random.default_rng(seed)
    scaled = rng.normal(size=100) * rng.choice([0.5, 2, 100])
    scaled = np.append(scaled, [0.0, 0.5, -0.5, 300, -300])
    found = rounded(scaled, bits, form)
    allowed = np.array(levels(bits, form))
    assert set(found) <= set(allowed)
    assert greatest_level(bits, form) == allowed.max()
    nearest = np.abs(scaled[:, None] - allowed).min(1)
    np.testing.assert_allclose(np.abs(scaled - found), nearest, atol=1e-12)


def test_ranges() -> None:
    assert [weight_range(bits) for bits in (1, 2, 3, 8)] == [(-1, 1), (-2, 1), (-4, 3), (-128, 127)]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("bits", [2, 3, 4, 8])
def test_thresholds_lose_little_more_than_the_best_of_an_exhaustive_search(bits, form) -> None:
    rows = np.random.default_rng(bits).normal(size=(4, 150)) / 40
    found = loss(rows, best_thresholds(rows, bits, form, most=4096), bits, form)
    every = np.unique(np.geomspace(1, 4096, 1500).round())
    best = np.min([loss(rows, np.full(4, one), bits, form) for one in every], axis=0)
    assert np.all(found <= 1.1 * best)


def test_thresholds_of_one_bit_are_the_mean_of_what_is_there() -> None:
    rows = np.array([[0.25, -0.25, 0.0, 0.0], [0.1, -0.3, 0.2, 0.2]])
    np.testing.assert_array_equal(best_thresholds(rows, 1, most=None), [4, 5])
    np.testing.assert_array_equal(best_thresholds(rows, 1, most=None, fine=8), [32, 40])


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_thresholds_stay_in_range_also_for_rows_of_zeros(bits) -> None:
    rows = np.array([[0.0, 0.0], [1e-9, -1e-9], [1e6, 2e6]])
    found = best_thresholds(rows, bits, most=4096)
    assert found.min() >= 1
    assert found.max() <= 4096
    assert found[2] == 1


def test_many_weights_are_taken_in_blocks(monkeypatch) -> None:
    rows = np.random.default_rng(0).normal(size=(9, 20))
    whole = best_thresholds(rows, 4, most=None, fine=16)
    monkeypatch.setattr("augend.gen.levels.BLOCK", 50)
    np.testing.assert_array_equal(best_thresholds(rows, 4, most=None, fine=16), whole)
