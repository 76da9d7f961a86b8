import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from augend.gen.compose import (
    MOST_RUNS,
    conv_over_link,
    conv_over_pooled,
    handed_on,
    linear_over_link,
    linear_over_pooled,
    linear_over_term,
    pool_after,
    pooled_terms,
)
from augend.gen.evaluate import respond
from augend.gen.graph import AvgPool, Conv
from augend.gen.link import Link, Pooled, affine_places

from .float_oracle import _apply

drawn = settings(max_examples=50, deadline=None)


def total(terms, x, shape):
    """Sum of terms of ``x`` ``(images, *source_shape)``."""
    parts = (respond(term, torch.from_numpy(x)).numpy() for term in terms)
    return sum(parts, np.zeros((len(x), *shape)))


def value(link, x):
    """What a link is, by its definition."""
    y = np.zeros((len(x), *link.shape))
    for c, channel in enumerate(link.channels):
        for h, row in enumerate(link.rows):
            for w, column in enumerate(link.columns):
                if min(channel, row, column) >= 0:
                    y[:, c, h, w] = link.gain[c] * x[:, channel, row, column]
    return y


def places(draw, size, kinds):
    kind = draw(st.sampled_from(kinds))
    if kind == "slice":
        first = draw(st.integers(0, size - 1))
        return np.arange(first, size, draw(st.integers(1, 2)))
    if kind == "padded":
        before, behind = draw(st.integers(0, 2)), draw(st.integers(0, 2))
        return np.array([-1] * before + list(range(size)) + [-1] * behind)
    if kind == "any":
        return np.array(draw(st.lists(st.integers(-1, size - 1), min_size=1, max_size=6)))
    return np.arange(size)


@st.composite
def links(draw, regular=("whole", "slice", "padded")):
    shape = draw(st.tuples(st.integers(1, 4), st.integers(2, 5), st.integers(2, 5)))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    link = Link.whole("source", shape)
    channels = places(draw, shape[0], ["whole", "slice", "padded", "any", "any"])
    picked = link.scaled(rng.normal(size=shape[0])).picked(
        channels, places(draw, shape[1], regular), places(draw, shape[2], regular)
    )
    return picked, rng


def conv_of(draw, shape, rng):
    groups = draw(st.sampled_from([g for g in (1, 2, shape[0]) if shape[0] % g == 0]))
    pair = st.tuples(st.integers(1, 2), st.integers(1, 2))
    kernel, stride, dilation = draw(pair), draw(pair), draw(pair)
    padding = draw(st.tuples(st.integers(0, 1), st.integers(0, 1)))
    size = tuple(
        (n + 2 * p - d * (k - 1) - 1) // s + 1
        for n, p, d, k, s in zip(shape[1:], padding, dilation, kernel, stride, strict=True)
    )
    assume(min(size) >= 1)
    out = groups * draw(st.integers(1, 2))
    return Conv(
        name="conv",
        shape=(out, *size),
        weight=rng.normal(size=(out, shape[0] // groups, *kernel)),
        bias=np.zeros(out),
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
    )


def pool_of(draw, shape):
    kernel = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    stride = draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
    padding = tuple(draw(st.integers(0, k - 1)) for k in kernel)
    size = tuple(
        (n + 2 * p - k) // s + 1
        for n, p, k, s in zip(shape[1:], padding, kernel, stride, strict=True)
    )
    assume(min(size) >= 1)
    return AvgPool(
        name="pool",
        shape=(shape[0], *size),
        kernel=kernel,
        stride=stride,
        padding=padding,
        divisor=3.0,
    )


def images(link, rng):
    return rng.normal(size=(2, *link.source_shape))


@given(st.data())
@drawn
def test_convolution_of_a_link(data) -> None:
    link, rng = data.draw(links(("whole", "slice", "padded", "any")))
    conv = conv_of(data.draw, link.shape, rng)
    x = images(link, rng)
    terms = conv_over_link(conv, link)
    if terms is None:  # rows or columns in an order that no convolution reads
        regular = [
            affine_places(chosen, size)
            for chosen, size in zip((link.rows, link.columns), link.source_shape[1:], strict=True)
        ]
        assert None in regular or max(conv.padding) > 0 or -1 in (*link.rows, *link.columns)
        return
    assert len(terms) <= MOST_RUNS
    np.testing.assert_allclose(
        total(terms, x, conv.shape), _apply(conv, [value(link, x)]), atol=1e-12
    )


@given(links())
@drawn
def test_what_is_handed_on_is_the_link(case) -> None:
    link, rng = case
    terms = handed_on(link)
    assume(terms is not None)
    x = images(link, rng)
    np.testing.assert_allclose(total(terms, x, link.shape), value(link, x), atol=1e-12)
    assert all(term.handed_on for term in terms)


@given(links(("whole", "slice", "padded", "any")))
@drawn
def test_linear_of_a_link(case) -> None:
    link, rng = case
    weight = rng.normal(size=(3, int(np.prod(link.shape))))
    x = images(link, rng)
    expected = value(link, x).reshape(2, -1) @ weight.T
    found = total(linear_over_link(weight, link), x, (3, 1, 1))
    np.testing.assert_allclose(found.reshape(2, 3), expected, atol=1e-12)


@given(st.data())
@drawn
def test_poolings_alone_and_before_linear_and_convolution(data) -> None:
    link, rng = data.draw(links())
    pooled = Pooled(link=link, pool=pool_of(data.draw, link.shape))
    x = images(link, rng)
    expected = _apply(pooled.pool, [value(link, x)])
    weight = rng.normal(size=(3, int(np.prod(pooled.pool.shape))))
    found = total(linear_over_pooled(weight, pooled), x, (3, 1, 1)).reshape(2, 3)
    np.testing.assert_allclose(found, expected.reshape(2, -1) @ weight.T, atol=1e-12)
    alone = pooled_terms(pooled)
    if alone is not None:
        np.testing.assert_allclose(total(alone, x, pooled.pool.shape), expected, atol=1e-12)
    conv = conv_of(data.draw, pooled.pool.shape, rng)
    terms = conv_over_pooled(conv, pooled)
    if terms is not None:
        np.testing.assert_allclose(
            total(terms, x, conv.shape), _apply(conv, [expected]), atol=1e-12
        )


@given(st.data())
@drawn
def test_linear_and_pooling_of_terms(data) -> None:
    link, rng = data.draw(links())
    conv = conv_of(data.draw, link.shape, rng)
    terms = conv_over_link(conv, link)
    assume(terms)
    x = images(link, rng)
    y = _apply(conv, [value(link, x)])
    weight = rng.normal(size=(3, y[0].size))
    merged = [linear_over_term(weight, term) for term in terms]
    found = total(merged, x, (3, 1, 1)).reshape(2, 3)
    np.testing.assert_allclose(found, y.reshape(2, -1) @ weight.T, atol=1e-11)
    twice = rng.normal(size=(2, 3))
    again = [linear_over_term(twice, term) for term in merged]
    np.testing.assert_allclose(
        total(again, x, (2, 1, 1)).reshape(2, 2), found @ twice.T, atol=1e-11
    )
    pool = pool_of(data.draw, conv.shape)
    after = [pool_after(term, pool) for term in terms]
    if any(pool.padding):
        assert set(after) == {None}
    else:
        np.testing.assert_allclose(total(after, x, pool.shape), _apply(pool, [y]), atol=1e-12)


@given(st.integers(1, 6), st.integers(-4, 6), st.integers(1, 3), st.integers(1, 6))
def test_places_in_even_steps_are_recognised(size, start, step, length) -> None:
    reached = start + step * np.arange(length)
    chosen = np.where((reached >= 0) & (reached < size), reached, -1)
    found = affine_places(chosen, size)
    if (chosen < 0).all():
        assert found is None
        return
    assert found is not None
    again = found[0] + found[1] * np.arange(length)
    np.testing.assert_array_equal(np.where((again >= 0) & (again < size), again, -1), chosen)


@pytest.mark.parametrize("chosen", [[2, 1, 0], [0, 0], [0, -1, 1], [0, 1, 3], [-1, -1]])
def test_other_places_are_not(chosen) -> None:
    assert affine_places(np.array(chosen), 4) is None
