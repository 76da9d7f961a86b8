import h5py
import numpy as np
import pytest

from augend.gen.frontends.nir_file import NirNode, read_nir_file, write_nir_file
from augend.gen.frontends.nir_graph import flatten
from augend.gen.graph import ConversionError
from tests.gen.nir_graphs import SHARED, chain, conv, graph, integrate_and_fire, linear, pool

needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared NIR files are absent")


def flat_of(tmp_path, node):
    write_nir_file(tmp_path / "x.nir", node)
    return flatten(read_nir_file(tmp_path / "x.nir"))


def shape_after(tmp_path, shape, node):
    return flat_of(tmp_path, chain(shape, node)).shapes["0"]


def test_a_file_of_h5py_alone_is_read(tmp_path):
    with h5py.File(tmp_path / "x.nir", "w") as file:
        file["version"] = "0.2.0"
        root = file.create_group("node")
        root["type"] = "NIRGraph"
        root["edges"] = np.array([["in", "w"], ["w", "out"]], dtype="S3")
        for name, kind, key, value in (
            ("in", "Input", "shape", np.array([3])),
            ("w", "Linear", "weight", np.ones((2, 3), np.float32)),
            ("out", "Output", "shape", np.array([2])),
        ):
            node = root.create_group(f"nodes/{name}")
            node["type"] = kind
            node[key] = value
    file = read_nir_file(tmp_path / "x.nir")
    assert file.version == "0.2.0"
    assert flatten(file).shapes == {"in": (3,), "w": (2,), "out": (2,)}


def test_what_is_written_is_read_back(tmp_path):
    node = NirNode(
        kind="Scale",
        values={"scale": np.arange(4.0), "note": "half", "number": 3},
        metadata={"seed": 7, "deep": {"name": "x", "array": np.arange(3)}},
    )
    write_nir_file(tmp_path / "x.nir", chain((4,), node))
    read = read_nir_file(tmp_path / "x.nir").graph.nodes["0"]
    assert read.kind == "Scale" and read.values["note"] == "half" and read.values["number"] == 3
    np.testing.assert_array_equal(read.values["scale"], np.arange(4.0))
    assert read.metadata["seed"] == 7 and read.metadata["deep"]["name"] == "x"
    np.testing.assert_array_equal(read.metadata["deep"]["array"], np.arange(3))
    assert list(tmp_path.iterdir()) == [tmp_path / "x.nir"]


@pytest.mark.parametrize(
    ("content", "text"),
    [(None, "There is no file"), (b"no HDF5", "is no NIR file, or it is damaged")],
)
def test_what_is_no_nir_file_is_refused(tmp_path, content, text):
    path = tmp_path / "x.nir"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConversionError, match=text):
        read_nir_file(path)


@pytest.mark.parametrize("padding", [(1, 2), "same", "valid"])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_shapes_of_convolutions_where_the_nir_package_errs(tmp_path, padding, stride, groups):
    weight = np.zeros((4, 6 // groups, 2, 5))
    shape = shape_after(tmp_path, (6, 9, 11), conv(weight, stride, padding, groups=groups))
    if padding == "same":
        expected = tuple(-(-size // step) for size, step in zip((9, 11), stride, strict=True))
    else:
        zeros = (0, 0) if padding == "valid" else padding
        expected = tuple(
            (size + 2 * zero - kernel) // step + 1
            for size, zero, kernel, step in zip((9, 11), zeros, (2, 5), stride, strict=True)
        )
    assert shape == (4, *expected)


def test_sub_graphs_are_flattened(tmp_path):
    inner = chain((3,), linear(np.ones((3, 3))), integrate_and_fire(3))
    outer = {
        "in": NirNode(kind="Input", values={"shape": np.array([3])}),
        "block": inner,
        "last": integrate_and_fire(3),
        "out": NirNode(kind="Output", values={"shape": np.array([3])}),
    }
    flat = flat_of(tmp_path, graph(outer, [("in", "block"), ("block", "last"), ("last", "out")]))
    assert flat.sources["block.0"] == ("block.input",)
    assert flat.sources["last"] == ("block.output",)
    assert {n.kind for name, n in flat.nodes.items() if "put" in name} == {
        "Pass",
    }
    assert list(flat.nodes).index("block.1") < list(flat.nodes).index("last")


@pytest.mark.parametrize(
    ("node", "layer", "text"),
    [
        (chain((2, 3), linear(np.ones((1, 3)))), "input", "its shape is"),
        (chain((3,), NirNode(kind="Mystery")), "0", "no counterpart"),
        (chain((3, 8), NirNode(kind="Conv1d")), "0", "Conv2d with a kernel of height 1"),
        (chain((4,), linear(np.ones((1, 3)))), "0", "do not fit an input"),
        (chain((2, 4, 4), conv(np.ones((1, 3, 2, 2)))), "0", "do not fit an input"),
        (chain((2, 2, 2), conv(np.ones((1, 2, 5, 5)))), "0", "larger than its input"),
        (chain((2, 4, 4), conv(np.ones((1, 2, 2, 2)), padding="full")), "0", "'full'"),
        (chain((1, 4, 4), pool("SumPool2d", (9, 9))), "0", "larger than its input"),
        (chain((3,), integrate_and_fire(5)), "0", "5 values for an input"),
        (chain((3,), linear(np.full((1, 3), np.nan))), "0", "no finite numbers"),
    ],
)
def test_a_bad_graph_is_refused_by_node(tmp_path, node, layer, text):
    with pytest.raises(ConversionError, match=text) as caught:
        flat_of(tmp_path, node)
    assert caught.value.layer == layer


def test_edges_that_lead_nowhere_and_lonely_nodes_are_refused(tmp_path):
    good = chain((3,), linear(np.ones((1, 3))))
    with pytest.raises(ConversionError, match="no node of the graph"):
        flat_of(tmp_path, graph(good.nodes, [*good.edges, ("0", "ghost")]))
    lonely = {**good.nodes, "alone": linear(np.ones((1, 3)))}
    with pytest.raises(ConversionError, match="nothing leads to it"):
        flat_of(tmp_path, graph(lonely, good.edges))
    double = {**good.nodes, "in2": good.nodes["input"]}
    with pytest.raises(ConversionError, match="2 nodes of kind Input"):
        flat_of(tmp_path, graph(double, [*good.edges, ("in2", "0")]))


@needs_shared
@pytest.mark.parametrize("number", [1, 10])
def test_the_innuce_networks_parse(number):
    flat = flatten(read_nir_file(SHARED / "inNuCE" / f"exported_models_{number}.nir"))
    shapes = [flat.shapes[name] for name, node in flat.nodes.items() if node.kind == "IF"]
    assert shapes == [(8, 17, 17), (16, 9, 9), (32, 5, 5), (64, 3, 3), (10, 1, 1)]
