"""The shift register of random spikes against its bit-serial description, and its randomness."""

import math
from pathlib import Path

import numpy as np
import pytest

from augend.gen import lfsr
from augend.gen.entry import Input
from augend.gen.lfsr import TAPS, draws, seed_of_run

DOCUMENT = Path(__file__).parents[2] / "docs" / "encodings.md"
FIRST_WORDS_OF_1 = (0, 32929, 16384, 25641, 29226, 19627, 1040, 3649, 35126, 8751)
FIRST_WORDS_OF_DEFAULT = (65464, 28069, 57937, 64192, 32243, 64520, 50294, 6985, 31772, 26838)
PERIOD = (1 << 32) - 1
FACTORS_OF_PERIOD = (3, 5, 17, 257, 65537)


def words_bit_by_bit(seed, count):
    register = seed
    for _ in range(count):
        for _ in range(16):
            bit = (register >> 31 ^ register >> 26 ^ register >> 24 ^ register >> 16) & 1
            register = (register << 1 | bit) & 0xFFFFFFFF
        yield register & 0xFFFF


def words_at_once(seed, count):
    register = seed
    for _ in range(count):
        word = (register >> 16 ^ register >> 11 ^ register >> 9 ^ register >> 1) & 0xFFFF
        register = (register << 16 | word) & 0xFFFFFFFF
        yield word


def bit_forms(bits):
    """Each bit of the sequence as a linear form of the 32 bits of the start state."""
    forms = [1 << place for place in range(32)]
    while len(forms) < bits:
        form = 0
        for tap in TAPS:
            form ^= forms[-tap]
        forms.append(form)
    return forms


def independent(forms):
    basis = []
    for form in forms:
        for one in basis:
            form = min(form, form ^ one)
        if not form:
            return False
        basis.append(form)
    return True


@pytest.mark.parametrize("seed", [1, 2, 0x80000000, 0x9E3779B9, 0xFFFFFFFF])
def test_equals_the_bit_serial_register(seed):
    wanted = list(words_bit_by_bit(seed, 500))
    assert draws(seed, 500).tolist() == wanted
    assert list(words_at_once(seed, 500)) == wanted


def test_first_words_are_those_of_the_document():
    text = DOCUMENT.read_text()
    for seed, words in ((1, FIRST_WORDS_OF_1), (0x9E3779B9, FIRST_WORDS_OF_DEFAULT)):
        assert tuple(words_bit_by_bit(seed, 10)) == words
        assert " ".join(f"{word:04X}" for word in words) in text


def test_default_seed_is_the_documented_one():
    assert Input(shape=(1,), encoding="rate").seed == 0x9E3779B9


def test_goes_on_where_a_part_ended(monkeypatch):
    whole = draws(77, 1001)
    monkeypatch.setattr(lfsr, "_AT_ONCE", 7)
    assert np.array_equal(draws(77, 1001), whole)


def test_polynomial_is_primitive():
    polynomial = 1 << 32
    for tap in TAPS:
        polynomial |= 1 << (32 - tap)

    def product(a, b):
        result = 0
        while b:
            result ^= a if b & 1 else 0
            a <<= 1
            a ^= polynomial if a >> 32 else 0
            b >>= 1
        return result

    def power_of_x(exponent):
        result, square = 1, 2
        while exponent:
            result = product(result, square) if exponent & 1 else result
            square = product(square, square)
            exponent >>= 1
        return result

    assert math.prod(FACTORS_OF_PERIOD) == PERIOD
    assert power_of_x(PERIOD) == 1
    assert all(power_of_x(PERIOD // factor) != 1 for factor in FACTORS_OF_PERIOD)


def test_leading_bits_of_near_draws_are_independent():
    forms = bit_forms(16 * 802)

    def leading(draw, bits):
        return forms[16 * draw : 16 * draw + bits]

    assert all(independent(leading(0, 11) + leading(lag, 11)) for lag in range(1, 801))
    assert all(
        independent(leading(0, 7) + leading(one, 7) + leading(other, 7))
        for one in range(1, 64)
        for other in range(one + 1, 65)
    )


def test_leading_byte_is_uniform():
    counts = np.bincount(draws(0x9E3779B9, 784 * 500) >> 8, minlength=256)
    expected = 784 * 500 / 256
    chi_square = ((counts - expected) ** 2 / expected).sum()
    # 255 degrees of freedom: mean 255, deviation 22.6; too even would be as wrong.
    assert 255 - 5 * 22.6 < chi_square < 255 + 5 * 22.6


@pytest.mark.parametrize("seed", [0, -1, 1 << 32])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match=f"1 to 4294967295, not {seed}"):
        draws(seed, 1)


def test_runs_differ():
    seeds = [seed_of_run(run) for run in range(1000)]
    assert len(set(seeds)) == 1000
    assert all(1 <= seed < 1 << 32 for seed in seeds)
    a, b = (draws(seed_of_run(run), 20000) > 0x8000 for run in (0, 1))
    assert abs(np.corrcoef(a, b)[0, 1]) < 5 / math.sqrt(20000)
