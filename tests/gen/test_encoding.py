"""Input encodings against their specification, written out bit by bit and in fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest

from augend.gen.encoding import (
    EncodingError,
    input_rate,
    spike_steps,
    spike_thresholds,
    spike_trains,
)
from augend.gen.entry import Input
from augend.gen.lfsr import seed_of_run


def words_bit_by_bit(seed, count):
    register = seed
    for _ in range(count):
        for _ in range(16):
            bit = (register >> 31 ^ register >> 26 ^ register >> 24 ^ register >> 16) & 1
            register = (register << 1 | bit) & 0xFFFFFFFF
        yield register & 0xFFFF


class TestRate:
    @pytest.mark.parametrize("bits", range(1, 9))
    @pytest.mark.parametrize("rate", [1, 13107, 65535, 65536])
    def test_thresholds(self, bits, rate):
        table = spike_thresholds(Input(shape=(1,), encoding="rate", bits=bits, rate=rate))
        most = (1 << bits) - 1
        assert table[0] == 0
        assert table[-1] == rate
        for level, threshold in enumerate(table.tolist()):
            nearest = round(Fraction(level << bits, most))
            assert threshold == math.floor(Fraction(nearest * rate, 1 << bits))

    def test_thresholds_need_no_multiplier(self):
        for bits in (1, 4, 8):
            entry = Input(shape=(1,), encoding="rate", bits=bits, rate=40001)
            total, table = 0, []
            for level in range(1 << bits):
                if level:
                    total += entry.rate
                if level == 1 << (bits - 1):
                    total += entry.rate
                table.append(total >> bits)
            assert spike_thresholds(entry).tolist() == table

    def test_equals_the_specification_word_by_word(self):
        entry = Input(shape=(2, 3, 4), encoding="rate", bits=5, seed=99, rate=50000)
        pixels = np.random.default_rng(0).integers(0, 32, (3, 2, 3, 4))
        trains = spike_trains(pixels, entry, 6)
        assert trains.shape == (3, 6, 2, 3, 4)
        assert trains.dtype == np.uint8
        table = spike_thresholds(entry).tolist()
        for image in range(3):
            words = words_bit_by_bit(99, 6 * 24)
            levels = pixels[image].ravel().tolist()
            wanted = [[int(next(words) < table[p]) for p in levels] for _ in range(6)]
            assert trains[image].reshape(6, 24).tolist() == wanted

    def test_an_image_is_encoded_alike_in_any_company(self):
        entry = Input(shape=(50,), encoding="rate")
        pixels = np.random.default_rng(1).integers(0, 256, (20, 50)).astype(np.uint8)
        together = spike_trains(pixels, entry, 9)
        alone = np.concatenate([spike_trains(one[None], entry, 9) for one in pixels[::-1]])
        assert np.array_equal(together, alone[::-1])
        assert spike_trains(pixels[:0], entry, 9).shape == (0, 9, 50)

    def test_fewer_steps_are_the_first_of_more(self):
        entry = Input(shape=(50,), encoding="rate")
        pixels = np.full((1, 50), 90)
        assert np.array_equal(
            spike_trains(pixels, entry, 30)[:, :9], spike_trains(pixels, entry, 9)
        )

    def test_black_never_and_white_always_spikes(self):
        entry = Input(shape=(1000,), encoding="rate")
        assert not spike_trains(np.zeros((1, 1000), np.uint8), entry, 100).any()
        assert spike_trains(np.full((1, 1000), 255), entry, 100).all()

    @pytest.mark.parametrize("rate", [65536, 13107])
    def test_rates_follow_the_intensities(self, rate):
        entry = Input(shape=(784,), encoding="rate", rate=rate, seed=seed_of_run(5))
        levels = np.arange(256)
        drawn = 784 * 100
        found = spike_trains(np.repeat(levels[:, None], 784, 1), entry, 100).sum((1, 2)) / drawn
        expected = levels / 255 * rate / 65536
        deviation = np.sqrt(expected * (1 - expected) / drawn)
        assert (np.abs(found - expected) <= 4.5 * deviation + 1 / 512).all()
        assert np.abs(found - expected).mean() < 0.003

    @pytest.mark.parametrize("level", [2, 16, 64, 128, 200, 250])
    def test_neighbours_in_space_and_time_are_uncorrelated(self, level):
        entry = Input(shape=(784,), encoding="rate")
        spikes = spike_trains(np.full((1, 784), level), entry, 500).ravel().astype(float)
        spikes -= spikes.mean()
        for lag in (*range(1, 33), 56, 783, 784, 785, 1568):
            correlation = (spikes[lag:] * spikes[:-lag]).mean() / spikes.var()
            assert abs(correlation) < 5 / math.sqrt(spikes.size - lag), lag


class TestSpikeTimes:
    @pytest.mark.parametrize("bits", range(1, 9))
    @pytest.mark.parametrize(("encoding", "first"), [("ttfs", 1), ("hybrid", 2)])
    def test_equal_the_papers_formula(self, bits, encoding, first):
        most = (1 << bits) - 1
        entry = Input(shape=(1,), encoding=encoding, bits=bits)
        for timesteps in (first, 2, 3, 5, 8, 16, 35, 100, 255, 1000):
            times = [
                Fraction(timesteps) + Fraction(first - timesteps, most) * level
                for level in range(most + 1)
            ]
            assert all(time % 1 != Fraction(1, 2) for time in times)
            assert spike_steps(entry, timesteps).tolist() == [round(time) - 1 for time in times]

    @pytest.mark.parametrize(("encoding", "first"), [("ttfs", 1), ("hybrid", 2)])
    def test_table_needs_no_multiplier(self, encoding, first):
        for bits, timesteps in ((1, 4), (5, 7), (8, 35), (3, 100)):
            most = (1 << bits) - 1
            remainder, step, table = most, timesteps - 1, []
            for level in range(most + 1):
                if level:
                    remainder += 2 * (timesteps - first)
                while remainder >= 2 * most:
                    remainder -= 2 * most
                    step -= 1
                table.append(step)
            entry = Input(shape=(1,), encoding=encoding, bits=bits)
            assert spike_steps(entry, timesteps).tolist() == table

    @pytest.mark.parametrize(("encoding", "first"), [("ttfs", 1), ("hybrid", 2)])
    def test_every_pixel_spikes_once_and_the_brighter_first(self, encoding, first):
        entry = Input(shape=(256,), encoding=encoding)
        trains = spike_trains(np.arange(256)[None], entry, 10)[0]
        assert (trains.sum(0) == 1).all()
        times = trains.argmax(0) + 1
        assert (np.diff(times) <= 0).all()
        assert times[0] == 10
        assert times[255] == first

    def test_the_first_step_of_hybrid_is_silent(self):
        entry = Input(shape=(3, 4, 5), encoding="hybrid")
        pixels = np.random.default_rng(2).integers(0, 256, (7, 3, 4, 5))
        trains = spike_trains(pixels, entry, 5)
        assert trains.shape == (7, 5, 3, 4, 5)
        assert not trains[:, 0].any()
        assert not spike_trains(pixels, entry, 1).any()
        assert spike_trains(pixels, entry, 2)[:, 1].all()


class TestInputRate:
    def test_diehls_grid(self):
        grid = {25: 1638, 50: 3277, 100: 6554, 200: 13107, 400: 26214, 1000: 65536}
        assert {hertz: input_rate(hertz) for hertz in grid} == grid
        assert input_rate(4000, step_us=250) == 65536

    def test_more_than_a_spike_a_step_is_refused(self):
        with pytest.raises(EncodingError, match="2000 Hz in steps of 1000 us is 2 spikes a step"):
            input_rate(2000)
        with pytest.raises(EncodingError, match="0 spikes a step"):
            input_rate(0)


class TestRefusals:
    @pytest.mark.parametrize("encoding", ["current", "events"])
    def test_encodings_without_spikes_of_their_own(self, encoding):
        with pytest.raises(EncodingError, match=f"'{encoding}' cannot be turned"):
            spike_trains(np.zeros((1, 4), int), Input(shape=(4,), encoding=encoding), 3)

    @pytest.mark.parametrize(
        ("pixels", "message"),
        [
            (np.zeros((1, 4)), "integers of 0 to 15, not float64; quantise them first"),
            (np.zeros((4,), int), r"shape \(images, 4\), not \(4,\)"),
            (np.zeros((2, 5), int), r"shape \(images, 4\), not \(2, 5\)"),
            (np.full((1, 4), 16), "0 to 15, not 16 to 16"),
            (np.full((1, 4), -1), "0 to 15, not -1 to -1"),
        ],
    )
    def test_pixels_that_do_not_fit(self, pixels, message):
        with pytest.raises(EncodingError, match=message):
            spike_trains(pixels, Input(shape=(4,), encoding="rate", bits=4), 3)

    def test_no_steps(self):
        with pytest.raises(EncodingError, match="at least 1, not 0"):
            spike_trains(np.zeros((1, 4), int), Input(shape=(4,), encoding="ttfs"), 0)
