import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from augend.gen.frontends.nir_file import NirFile, NirNode
from augend.gen.frontends.nir_graph import flatten
from augend.gen.frontends.nir_maps import Map, after, map_of
from tests.gen.nir_graphs import chain, conv, linear, pool

random = np.random.default_rng(3)


def maps_of(shape, nodes):
    """Each node's map, in order."""
    flat = flatten(NirFile(graph=chain(shape, *nodes)))
    names = [str(i) for i in range(len(nodes))]
    return [map_of(n, flat.nodes[n], flat.feeding_shape(n), flat.shapes[n]) for n in names]


def folded(maps):
    total = maps[0]
    for one in maps[1:]:
        total = after(one, total)
    return total


def scale(shape, per_channel):
    values = random.normal(size=(shape[0], 1, 1)) if per_channel else random.normal(size=shape)
    return NirNode(kind="Scale", values={"scale": np.broadcast_to(values, shape).copy()})


@st.composite
def chains(draw):
    """Shapes and chains of two or three linear nodes."""
    shape = (draw(st.sampled_from([2, 4])), draw(st.integers(5, 9)), draw(st.integers(5, 9)))
    nodes, now = [], shape
    for _ in range(draw(st.integers(1, 3))):
        kind = draw(st.sampled_from(["conv", "depthwise", "sum", "avg", "scale", "flat"]))
        if kind in ("sum", "avg") and min(now[1:]) >= 2:
            step = draw(st.sampled_from([(2, 2), (1, 2)]))
            node = pool("SumPool2d" if kind == "sum" else "AvgPool2d", (2, 2), step)
        elif kind in ("conv", "depthwise"):
            groups = now[0] if kind == "depthwise" else draw(st.sampled_from([1, 2]))
            size = draw(st.sampled_from([(1, 3), (3, 2), (2, 2)]))
            padding = draw(st.sampled_from([(0, 0), (1, 1), (0, 2), "same"]))
            dilation = draw(st.sampled_from([(1, 1), (1, 2)]))
            weight = random.normal(size=(4, now[0] // groups, *size))
            stride = draw(st.sampled_from([(1, 1), (2, 1)]))
            node = conv(weight, stride, padding, dilation, groups)
        else:
            node = scale(now, draw(st.booleans()))
        try:
            flat = flatten(NirFile(graph=chain(shape, *nodes, node)))
        except ValueError:  # a kernel larger than what is left
            continue
        nodes.append(node)
        now = flat.shapes[str(len(nodes) - 1)]
    if draw(st.booleans()) or not nodes:
        nodes.append(NirNode(kind="Flatten", values={"start_dim": 0, "end_dim": -1}))
        nodes.append(linear(random.normal(size=(3, int(np.prod(now))))))
    return shape, nodes


@settings(deadline=None)
@given(chains())
def test_a_folded_chain_computes_what_its_nodes_do(drawn):
    shape, nodes = drawn
    maps = maps_of(shape, nodes)
    x = random.normal(size=shape)
    expected = x
    for one in maps:
        expected = one.apply(expected)
    total = folded(maps)
    np.testing.assert_allclose(total.apply(x), expected, atol=1e-9)
    projection = total.as_projection()
    assert projection.scale is None
    np.testing.assert_allclose(projection.apply(x), expected, atol=1e-9)
    matrix = total.as_matrix().weight
    np.testing.assert_allclose(matrix @ x.reshape(-1), expected.reshape(-1), atol=1e-9)


@pytest.mark.parametrize(
    ("stride", "padding", "groups"), [((2, 1), (1, 2), 1), ((1, 3), (0, 1), 2)]
)
def test_convolutions_are_those_of_pytorch(stride, padding, groups):
    weight = random.normal(size=(4, 4 // groups, 3, 2))
    (found,) = maps_of((4, 7, 8), [conv(weight, stride, padding, (2, 1), groups)])
    x = random.normal(size=(4, 7, 8))
    expected = torch.nn.functional.conv2d(
        torch.tensor(x)[None], torch.tensor(weight), None, stride, padding, (2, 1), groups
    )[0].numpy()
    np.testing.assert_allclose(found.apply(x), expected, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same':UserWarning")
def test_same_padding_is_that_of_pytorch():
    weight = random.normal(size=(2, 2, 4, 3))  # an odd number of zeros: one more follows
    (found,) = maps_of((2, 6, 5), [conv(weight, padding="same")])
    x = random.normal(size=(2, 6, 5))
    expected = torch.nn.functional.conv2d(
        torch.tensor(x)[None], torch.tensor(weight), padding="same"
    )[0].numpy()
    np.testing.assert_allclose(found.apply(x), expected, atol=1e-12)


def test_a_pool_and_a_convolution_become_one_convolution():
    weight = random.normal(size=(3, 2, 3, 3))
    total = folded(maps_of((2, 8, 8), [pool("SumPool2d", (2, 2)), conv(weight, padding=(1, 1))]))
    assert total.weight.shape == (3, 2, 6, 6)
    assert (total.stride, total.padding) == ((2, 2), (2, 2))


def test_padding_that_would_read_rows_a_pool_left_out_makes_a_matrix():
    weight = random.normal(size=(3, 2, 3, 3))
    total = folded(maps_of((2, 9, 9), [pool("SumPool2d", (2, 2)), conv(weight, padding=(1, 1))]))
    assert total.matrix is not None


def test_a_matrix_too_large_is_refused():
    wide = Map(source=(1 << 14,), target=(1 << 14,), scale=np.ones(1 << 14))
    with pytest.raises(ValueError, match="268435456 weights"):
        wide.as_matrix()
