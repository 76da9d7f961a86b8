"""Events binned into time steps, by time and by count, against one event after another."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from augend.gen.aer import AerError, Recording, bin_events, bin_recordings


def recording(events):
    x, y, t, p = np.array(events, np.int64).reshape(-1, 4).T
    return Recording(x=x, y=y, t=t, p=p)


def random_events(seed, count=200, rows=34, columns=34, longest=300_000):
    random = np.random.default_rng(seed)
    times = np.sort(random.integers(0, longest, count))
    return [
        (int(random.integers(columns)), int(random.integers(rows)), int(t), int(random.integers(2)))
        for t in times
    ]


@st.composite
def recordings(draw):
    place = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 40), st.integers(0, 1))
    return sorted(draw(st.lists(place, max_size=30)), key=lambda event: event[2])


class TestBinning:
    @given(
        events=recordings(),
        timesteps=st.integers(1, 12),
        by=st.sampled_from(["time", "count"]),
        duration=st.none() | st.integers(1, 50),
        bits=st.integers(1, 3),
        merge=st.booleans(),
    )
    def test_equals_one_event_after_another(self, events, timesteps, by, duration, bits, merge):
        shape = (1 if merge else 2, 3, 4)
        wanted = np.zeros((timesteps, *shape), np.int64)
        kept = [event for event in events if duration is None or event[2] < duration]
        for index, (x, y, t, p) in enumerate(kept):
            whole = kept[-1][2] + 1 if duration is None else duration
            step = t * timesteps // whole if by == "time" else index * timesteps // len(kept)
            cell = (step, 0 if merge else p, y, x)
            wanted[cell] = min(wanted[cell] + 1, (1 << bits) - 1)
        found = bin_events(
            recording(events),
            shape,
            timesteps,
            by=by,
            duration_us=duration,
            bits=bits,
            merge_polarity=merge,
        )
        assert found.dtype == np.uint8
        assert np.array_equal(found, wanted)

    def test_counting_makes_equal_steps(self):
        bins = bin_events(recording(random_events(0, 1003)), (2, 34, 34), 10, by="count", bits=8)
        counts = bins.sum((1, 2, 3))
        assert counts.sum() == 1003
        assert set(counts.tolist()) == {100, 101}

    def test_time_makes_equal_lengths(self):
        events = recording([(0, 0, t, 1) for t in range(0, 100)])
        bins = bin_events(events, (2, 1, 1), 5, duration_us=50, bits=8)
        assert bins[:, 1, 0, 0].tolist() == [10] * 5
        assert not bins[:, 0].any()

    def test_counts_saturate(self):
        events = recording([(0, 0, t, 1) for t in range(300)])
        for bits, most in ((1, 1), (4, 15), (8, 255)):
            assert bin_events(events, (2, 1, 1), 1, bits=bits)[0, 1, 0, 0] == most

    def test_no_events(self):
        assert not bin_events(recording([]), (2, 3, 4), 5).any()
        assert not bin_events(recording([]), (2, 3, 4), 5, by="count").any()
        assert not bin_events(recording([(0, 0, 9, 1)]), (2, 3, 4), 5, duration_us=9).any()

    def test_several(self):
        several = [recording(random_events(seed)) for seed in range(3)]
        bins = bin_recordings(several, (2, 34, 34), 4, by="count", bits=2)
        assert bins.shape == (3, 4, 2, 34, 34)
        for one, found in zip(several, bins, strict=True):
            assert np.array_equal(found, bin_events(one, (2, 34, 34), 4, by="count", bits=2))
        assert bin_recordings([], (2, 34, 34), 4).shape == (0, 4, 2, 34, 34)

    def test_structured_events(self):
        events = np.array([(1, 2, 3, 1)], [("x", "<i2"), ("y", "<i2"), ("t", "<i8"), ("p", "?")])
        bins = bin_events(Recording.of(events), (2, 3, 2), 1)
        assert np.argwhere(bins).tolist() == [[0, 1, 2, 1]]
        with pytest.raises(AerError, match="t missing"):
            Recording.of(events[["x", "y", "p"]])

    @pytest.mark.parametrize(
        ("shape", "options", "message"),
        [
            (
                (1, 3, 4),
                {},
                r"must be \(2, H, W\) where polarities are kept apart, not \(1, 3, 4\)",
            ),
            ((2, 3, 4), {"merge_polarity": True}, r"\(1, H, W\) where polarities are merged"),
            ((12,), {}, r"not \(12,\)"),
            ((2, 3, 4), {"timesteps": 0}, "Time steps must be at least 1, not 0"),
            ((2, 3, 4), {"by": "frame"}, "'time' or by 'count', not by 'frame'"),
            ((2, 3, 4), {"duration_us": 0}, "duration must be at least 1 us, not 0"),
            ((2, 3, 4), {"bits": 9}, "Bits must be 1 to 8, not 9"),
            ((2, 2, 4), {}, "Event 1 has y = 2, outside a sensor of 2 rows and 4 columns"),
            ((2, 3, 3), {}, "Event 0 has x = 3, outside a sensor of 3 rows and 3 columns"),
        ],
    )
    def test_refusals(self, shape, options, message):
        events = recording([(3, 0, 0, 1), (0, 2, 1, 0)])
        with pytest.raises(AerError, match=message):
            bin_events(events, shape, options.pop("timesteps", 3), **options)


class TestRecording:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"t": [0, 9, 5]}, "event 2 at 5 us follows one at 9 us; sort them by time"),
            ({"t": [0, 9]}, "not 3 x, 3 y, 2 t, 3 p"),
            ({"p": [0, 1, 2]}, "Polarity must be 0 or 1, not 2"),
            ({"p": [0, 1, -1]}, "p is at least 0, not -1"),
            ({"x": [0, -4, 1]}, "x is at least 0, not -4"),
            ({"y": [0.0, 1.0, 2.0]}, "one integer y each, not float64"),
            ({"y": [[0], [1], [2]]}, r"of shape \(3, 1\)"),
        ],
    )
    def test_refusals(self, change, message):
        fields = {"x": [0, 1, 2], "y": [0, 1, 2], "t": [0, 1, 2], "p": [0, 1, 0]} | change
        with pytest.raises(AerError, match=message):
            Recording(**{name: np.array(values) for name, values in fields.items()})

    def test_unsigned_times_that_go_back_are_seen(self):
        zero = np.zeros(2, np.uint8)
        with pytest.raises(AerError, match="3 us follows one at 5 us"):
            Recording(x=zero, y=zero, t=np.array([5, 3], np.uint32), p=zero)
