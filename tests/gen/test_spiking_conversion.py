"""Networks of spikes are rounded to programs, and nothing else is done to them."""

import numpy as np
import pytest
import torch

from augend.gen import convert
from augend.gen.entry import Input
from augend.gen.graph import ConversionError
from augend.gen.program import Program
from augend.gen.spiking_conversion import program_of
from augend.gen.spiking_form import SpikingForm, SpikingLayer, takes_events
from augend.gen.training.datta_networks import DattaVgg
from augend.gen.training.lee_networks import LeeMlp
from augend.sim.golden import GoldenModel


def form(**hidden) -> SpikingForm:
    rng = np.random.default_rng(0)
    thresholds = np.array([0.5, 1.0, 2.0, 1.5])
    return SpikingForm(
        entry=Input(shape=(6,), encoding="events", bits=1),
        layers=(
            SpikingLayer(
                name="hidden",
                shape=(4,),
                weight=rng.normal(size=(4, 6)),
                threshold=thresholds,
                **hidden,
            ),
            SpikingLayer(name="output", shape=(3,), weight=rng.normal(size=(3, 4)), threshold=None),
        ),
        timesteps=5,
        decode="potential",
    )


def test_weights_and_thresholds_keep_their_ratio():
    given = form()
    network = program_of(given).network
    hidden, weight = network.populations[0], network.projections[0].weight
    float_ratio = given.layers[0].weight / given.layers[0].threshold[:, None]
    np.testing.assert_allclose(weight / hidden.threshold[:, None], float_ratio, atol=0.02)
    assert np.abs(weight).max(1).min() > 100  # each channel uses its eight bits
    scores = network.projections[1].weight
    assert np.corrcoef(scores.ravel(), given.layers[1].weight.ravel())[0, 1] > 0.9999


def test_neurons_that_inhibit_share_a_threshold():
    given = form(inhibition=0.25, floor=1.0, leak=(4,))
    network = program_of(given).network
    hidden, projection = network.populations[0], network.projections[0]
    assert len(set(hidden.threshold.tolist())) == 1
    assert hidden.inhibition == pytest.approx(0.25 * hidden.threshold[0], abs=0.5)
    assert hidden.floor is not None
    np.testing.assert_array_equal(hidden.floor, -hidden.threshold)
    assert (hidden.leak, projection.shift) == ((4,), 4)
    ratio = (projection.weight.astype(int) << projection.shift) / hidden.threshold[:, None]
    expected = given.layers[0].weight / given.layers[0].threshold[:, None]
    np.testing.assert_allclose(ratio, expected, atol=0.02)


def test_options_that_training_has_decided_are_refused():
    network = LeeMlp(shape=(1, 4, 4), classes=3, hidden=(5,), timesteps=6)
    images = np.zeros((1, 1, 4, 4), np.float32)
    with pytest.raises(ConversionError, match="timesteps is 9, and LeeMlp was trained .* with 6"):
        convert(network, images, timesteps=9)
    with pytest.raises(ConversionError, match="leak is .* trained on spikes with rules of its own"):
        convert(network, images, leak=(3,))
    with pytest.raises(ConversionError, match="weight_bits must be 2 to 8 .* not 1"):
        convert(network, images, weight_bits=1)
    assert convert(network, images, timesteps=6, weight_bits=4).network.weight_bits == 4


@pytest.mark.parametrize(
    "options",
    [{}, {"inhibition": 0.05}, {"readout": "count", "output_inhibition": 0.1}, {"hidden": (9, 7)}],
)
def test_integers_say_what_the_floats_say(options, tmp_path):
    torch.manual_seed(3)
    network = LeeMlp(
        shape=(1, 6, 6), classes=4, timesteps=12, **{"hidden": (30,), **options}
    ).eval()
    images = torch.rand(80, 1, 6, 6)
    program = convert(network, images.numpy())
    program.save(tmp_path / "lee.augend")
    program = Program.load(tmp_path / "lee.augend")
    result = GoldenModel(program.network).run(program.encode(images.numpy()))
    expected = network(images).detach().numpy()
    agree = (result.predictions == expected.argmax(1)).mean()
    assert agree > 0.85
    assert np.corrcoef(result.scores.ravel(), expected.ravel())[0, 1] > 0.97


def test_events_go_in_as_they_are():
    network = LeeMlp(
        shape=(2, 3, 3), classes=4, hidden=(30,), timesteps=8, binning={"duration_us": 1000}
    ).eval()
    assert takes_events(network)
    assert not takes_events(LeeMlp(shape=(1, 3, 3), classes=4, hidden=(5,)))
    events = np.random.default_rng(1).integers(0, 2, (40, 8, 2, 3, 3)).astype(np.uint8)
    program = convert(network, ())
    assert program.metadata["binning"] == {"duration_us": 1000}
    result = GoldenModel(program.network).run(program.encode(events))
    expected = network(torch.from_numpy(events).float())
    stacked = network(torch.from_numpy(events.reshape(40, 16, 3, 3)).float())
    torch.testing.assert_close(expected, stacked)
    assert np.corrcoef(result.scores.ravel(), expected.detach().numpy().ravel())[0, 1] > 0.97


@pytest.mark.parametrize("channels", [[4, 0, 6], [0, 4, 0], [4]])
def test_single_spikes_with_hybrid_input(channels):
    """Pools are folded into the weights behind them, and a white pixel's current is a spike."""
    torch.manual_seed(5)
    network = DattaVgg(shape=(1, 8, 8), classes=5, channels=channels, dense=(12,)).eval()
    with torch.no_grad():
        for layer in network.stack:
            layer.threshold.fill_(0.3)
            layer.leak.fill_(0.75)
    with pytest.raises(ValueError, match="is an ANN still"):
        network.spiking_form()
    network.spiking.fill_(1)
    images = torch.rand(60, 1, 8, 8).round(decimals=1)
    program = convert(network, images.numpy())
    assert all(p.single_spike and p.leak == (2,) for p in program.network.hidden)
    result = GoldenModel(program.network).run(program.encode(images.numpy()))
    expected = network(images).detach().numpy()
    assert np.corrcoef(result.scores.ravel(), expected.ravel())[0, 1] > 0.97
    for population in program.network.hidden:
        assert 0 < result.spikes[population.name].mean() <= population.size
