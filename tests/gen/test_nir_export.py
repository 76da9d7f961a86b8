import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.frontends.nir_check import check_nir
from augend.gen.frontends.nir_export import export_nir, nir_graph_of
from augend.gen.frontends.nir_file import NirFile, NirNode, read_nir_file, write_nir_file
from augend.gen.frontends.nir_graph import flatten
from augend.gen.frontends.nir_import import import_nir, network_of
from augend.gen.frontends.nir_network import links_of
from augend.gen.frontends.nir_semantics import semantics_of
from augend.gen.graph import ConversionError
from augend.gen.network import Gate, Input, Population, Projection, SpikingNetwork
from augend.gen.program import Program
from augend.sim.golden import GoldenModel
from tests.gen.nir_graphs import chain, conv, integrate_and_fire, leaky, linear, pool

random = np.random.default_rng(4)


def events_program():
    """A program with pools, a leak, a delay, floors, several spikes and a recurrent edge."""
    nodes = chain(
        (2, 8, 8),
        pool("SumPool2d", (2, 2)),
        conv(random.normal(size=(4, 2, 3, 2)), padding=(1, 0), bias=random.normal(size=4) / 9),
        leaky((4, 4, 3), threshold=1.0, r=25.0),
        NirNode(kind="Flatten", values={"start_dim": 0, "end_dim": -1}),
        linear(random.normal(size=(5, 48))),
        integrate_and_fire(5),
    )
    semantics = semantics_of("sinabs", latency=1)
    net = network_of(flatten(NirFile(graph=nodes)), semantics, timesteps=12, dt=1e-4)
    return Program(network=net, lanes=4, cores=2, metadata={"source": "a test"})


def current_program():
    """A converted network that takes images."""
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 3)
    )
    images = torch.rand(20, 1, 8, 8).numpy()
    return convert(module, images, timesteps=4, mean=0.3, std=0.5, schedule="phased")


@pytest.mark.parametrize("make", [events_program, current_program])
def test_an_exported_program_comes_back_the_same(tmp_path, make):
    program = make()
    export_nir(program, tmp_path / "x.nir")
    again = import_nir(tmp_path / "x.nir")
    assert again.hash == program.hash
    assert again.lanes == program.lanes and dict(again.metadata) == dict(program.metadata)
    for one, other in zip(again.network.projections, program.network.projections, strict=True):
        np.testing.assert_array_equal(one.weight, other.weight)
        assert (one.shift, one.delay, one.bits) == (other.shift, other.delay, other.bits)
    for one, other in zip(again.network.populations, program.network.populations, strict=True):
        for key in ("threshold", "bias", "initial", "floor", "current_shift"):
            np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
        assert (one.leak, one.reset, one.most_spikes) == (
            other.leak,
            other.reset,
            other.most_spikes,
        )
    assert all(row.error is None for row in check_nir(tmp_path / "x.nir"))


@pytest.mark.parametrize("make", [events_program, current_program])
def test_the_nir_package_reads_an_exported_program(tmp_path, make):
    nir = pytest.importorskip("nir")
    program = make()
    export_nir(program, tmp_path / "x.nir")
    # its own shape check takes a kernel's height for its width
    read = nir.read(tmp_path / "x.nir", type_check=False)
    assert read.metadata["program"] == program.hash
    assert read.metadata["timesteps"] == program.network.timesteps
    neurons = [n for n in read.nodes.values() if isinstance(n, (nir.IF, nir.LIF, nir.LI, nir.I))]
    assert len(neurons) == len(program.network.populations)
    kernel = next(p.weight for p in program.network.projections if p.weight.shape[2:] != (1, 1))
    assert any(
        isinstance(node, nir.Conv2d) and node.weight.shape[:2] == kernel.shape[:2]
        for node in read.nodes.values()
    )
    nir.write(tmp_path / "y.nir", read)  # and what it writes is still the same program
    assert import_nir(tmp_path / "y.nir").hash == program.hash


def test_without_its_metadata_an_exported_network_still_fires_the_same():
    nodes = chain(
        (2, 6, 6),
        conv(random.normal(size=(3, 2, 3, 2)), stride=(2, 1), padding=(1, 0)),
        integrate_and_fire((3, 3, 5)),
        NirNode(kind="Flatten", values={"start_dim": 0, "end_dim": -1}),
        linear(random.normal(size=(4, 45))),
        integrate_and_fire(4),
    )
    semantics = semantics_of("sinabs", most_spikes=1, floor=None)
    net = network_of(flatten(NirFile(graph=nodes)), semantics, timesteps=9, dt=1e-4)
    exported = nir_graph_of(Program(network=net))
    bare = NirNode(kind="NIRGraph", nodes=exported.nodes, edges=exported.edges)
    again = network_of(flatten(NirFile(graph=bare)), semantics, timesteps=9, dt=1e-4)
    events = random.integers(0, 2, (30, 9, 2, 6, 6)).astype(np.uint8)
    ours, theirs = (GoldenModel(n, record="trains").run(events) for n in (net, again))
    for one, other in zip(net.populations, again.populations, strict=True):
        np.testing.assert_array_equal(ours.trains[one.name], theirs.trains[other.name])
    assert ours.spikes[net.readout.name].sum() > 0


@pytest.mark.parametrize(
    ("target", "stride", "padding", "dilation"),
    [
        ((3, 5, 4), (1, 2), (1, 0), (1, 1)),
        ((3, 3, 3), (2, 2), (-1, 0), (1, 1)),  # a crop
        ((3, 7, 9), (1, 1), (2, 3), (1, 2)),  # more zeros behind than before
        ((3, 2, 2), (3, 3), (0, 0), (2, 1)),
    ],
)
def test_borders_of_any_kind_are_written_as_even_padding(target, stride, padding, dilation):
    source = (4, 7, 8)
    projection = Projection(
        source="input",
        target="a",
        kind="conv",
        weight=random.integers(-8, 8, (3, 2, 3, 2)),
        stride=stride,
        padding=padding,
        dilation=dilation,
        source_channels=(1, 3),
    )
    zeros = np.zeros(3, np.int64)
    population = Population(name="a", shape=target, threshold=zeros + 9, bias=zeros, initial=zeros)
    net = SpikingNetwork(
        input=Input(shape=source, encoding="events", bits=1),
        populations=(population,),
        projections=(projection,),
        decode="count",
    )
    flat = flatten(NirFile(graph=nir_graph_of(Program(network=net))))
    (link,) = links_of(flat, dt=1e-4, latency=0).links
    assert link.map.target == target
    x = random.normal(size=source)
    rows, columns = (projection.covers(a, source[1 + a], target[1 + a]) for a in (0, 1))
    expected = np.einsum("ockl,chw,hyk,wxl->oyx", projection.weight, x[1:3], rows, columns)
    np.testing.assert_allclose(link.map.apply(x), expected, atol=1e-9)


def test_a_changed_file_is_refused(tmp_path):
    export_nir(events_program(), tmp_path / "x.nir")
    graph = read_nir_file(tmp_path / "x.nir").graph
    name = next(n for n, node in graph.nodes.items() if node.kind == "Affine")
    node = graph.nodes[name]
    values = {**node.values, "weight": node.values["weight"] + 1.0}
    changed = {**graph.nodes, name: NirNode(kind=node.kind, values=values, metadata=node.metadata)}
    write_nir_file(
        tmp_path / "y.nir",
        NirNode(kind="NIRGraph", nodes=changed, edges=graph.edges, metadata=graph.metadata),
    )
    with pytest.raises(ConversionError, match="no longer agree with the metadata"):
        import_nir(tmp_path / "y.nir")


def test_gates_have_no_node_in_nir():
    program = events_program()
    net = program.network
    source = next(p for p in net.populations if len(p.shape) == 3 and "+" not in p.name)
    gate = Gate(name="g", source=source.name, shape=(4, 2, 1), kernel=(2, 2), stride=(2, 2))
    gated = SpikingNetwork(
        input=net.input,
        populations=net.populations,
        projections=net.projections,
        gates=(gate,),
        timesteps=net.timesteps,
        decode="count",
    )
    with pytest.raises(ConversionError, match="no node for a max-pool"):
        nir_graph_of(Program(network=gated))
