import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from augend.gen import ContractError, ConversionError, Program, check, convert
from augend.gen.calibrate import Method, _Run, calibrate
from augend.gen.entry import Input
from augend.gen.fold import fold
from augend.gen.frontends.pytorch import graph_of
from augend.sim.golden import run

METHODS = ["mse", "percentile", "data", "model"]


class PeersTrap(nn.Module):
    """ReLU as a function only: a peer leaves it without a spiking layer and says nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 3, padding=1)
        self.hidden = nn.Linear(96, 20)
        self.scores = nn.Linear(20, 4)

    def forward(self, x):
        x = F.avg_pool2d(F.relu(self.conv(x)), 2)
        return self.scores(F.relu(self.hidden(x.flatten(1))))


@pytest.fixture(scope="module")
def trained():
    """Network that tells apart four noisy patterns, with images it has and has not seen."""
    generator = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    patterns = torch.rand(4, 1, 8, 8, generator=generator)
    labels = torch.randint(0, 4, (600,), generator=generator)
    noise = torch.rand(600, 1, 8, 8, generator=generator)
    images = 0.5 * patterns[labels] + 0.5 * noise
    module = PeersTrap()
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    for _ in range(60):
        loss = F.cross_entropy(module(images[:400]), labels[:400])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return module, images.numpy(), labels.numpy()


def agreement(module, program, images):
    with torch.no_grad():
        expected = module(torch.from_numpy(images)).argmax(1).numpy()
    return (run(program.network, program.encode(images)).predictions == expected).mean()


def test_functional_relu_gives_spiking_layers(trained) -> None:
    module, images, _ = trained
    program = convert(module, images[:100], timesteps=2)
    assert [p.name for p in program.network.populations] == ["conv", "hidden", "scores"]
    assert [p.reset for p in program.network.populations] == ["subtract", "subtract", "none"]
    result = run(program.network, program.encode(images[400:]))
    assert result.spikes["conv"].min() > 0
    assert result.spikes["hidden"].min() > 0


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize("pool", ["fold", "spike"])
@pytest.mark.parametrize("norm", METHODS)
def test_many_steps_come_to_the_float_network(trained, norm, pool, schedule) -> None:
    module, images, _ = trained
    program = convert(module, images[:200], timesteps=48, norm=norm, pool=pool, schedule=schedule)
    assert len(program.network.populations) == (4 if pool == "spike" else 3)
    assert agreement(module, program, images[400:]) >= 0.97


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
@pytest.mark.parametrize(("timesteps", "least"), [(1, 0.7), (2, 0.93), (8, 0.98)])
def test_few_steps_suffice_with_mse(trained, timesteps, least, schedule) -> None:
    module, images, _ = trained
    program = convert(module, images[:300], timesteps=timesteps, schedule=schedule)
    assert agreement(module, program, images[400:]) >= least
    half = convert(module, images[:300], timesteps=timesteps, schedule=schedule, weight_bits=4)
    assert agreement(module, half, images[400:]) >= least - 0.04


@pytest.mark.parametrize("bits", range(1, 9))
def test_every_width_and_either_start(trained, bits) -> None:
    module, images, _ = trained
    initial = "zero" if bits % 2 else "half"
    program = convert(
        module, images[:100], timesteps=16, weight_bits=bits, pixel_bits=bits, initial=initial
    )
    assert agreement(module, program, images[400:]) >= (0.9 if bits > 3 else 0.5)


@pytest.mark.parametrize("schedule", ["synchronous", "phased"])
def test_calibration_sees_the_spikes_of_the_golden_model(trained, schedule, monkeypatch) -> None:
    module, images, _ = trained
    pixels = np.round(images[:50] * 255).astype(np.uint8)
    folded = fold(graph_of(module, (1, 8, 8)), scale=np.array([1 / 255]))
    emitted = {}
    simulated = _Run._simulated

    def spied(self, found):
        emitted[found.stage.name] = simulated(self, found)
        return emitted[found.stage.name]

    monkeypatch.setattr(_Run, "_simulated", spied)
    method = Method(
        norm="mse",
        percentile=99.9,
        per_channel=True,
        weight_bits=8,
        timesteps=5,
        phased=schedule == "phased",
        seed=0,
    )
    calibrate(folded.stages, Input(shape=(1, 8, 8)), pixels, method)
    monkeypatch.undo()
    program = convert(module, images[:50], timesteps=5, schedule=schedule)
    result = run(program.network, pixels)
    assert set(emitted) == {"conv", "hidden"}
    for name, spikes in emitted.items():
        total = spikes.sum(0).reshape(50, -1).sum(1)
        np.testing.assert_array_equal(total, result.spikes[name])
        assert total.min() > 0


def test_normalised_images_with_padding_are_exact_at_the_border(trained) -> None:
    module, images, _ = trained
    mean, std = 0.4, 0.3
    folded_in = PeersTrap()
    folded_in.load_state_dict(module.state_dict())
    shifted = nn.Sequential(nn.BatchNorm2d(1, affine=False, eps=0), folded_in).eval()
    shifted[0].running_mean.fill_(-mean / std)  # takes the normalised image back to raw
    shifted[0].running_var.fill_(1 / std**2)
    raw = np.round(images * 255).astype(np.uint8)
    images = raw / np.float32(255)
    normalised = (images - mean) / std
    one = convert(module, images[:100], timesteps=4)
    other = convert(shifted, normalised[:100], timesteps=4, mean=mean, std=std)
    np.testing.assert_array_equal(other.encode(normalised), raw)
    np.testing.assert_array_equal(
        run(one.network, raw).scores, run(other.network, other.encode(raw)).scores
    )


def test_raw_images(trained) -> None:
    module, images, _ = trained
    raw = np.round(images * 255)
    scaled = nn.Sequential(nn.Conv2d(1, 1, 1, bias=False), nn.ReLU(), module)
    with torch.no_grad():
        scaled[0].weight.fill_(1 / 255)
    program = convert(scaled, raw[:100], timesteps=32, pixel_range=(0, 255))
    assert agreement(scaled, program, raw[400:].astype(np.float32)) > 0.95
    np.testing.assert_array_equal(program.encode(raw), program.encode(raw.astype(np.uint8)))
    again = convert(scaled, raw[:100].astype(np.uint8), timesteps=32, pixel_range=(0, 255))
    assert again.hash == program.hash


def test_a_program_is_reproducible_and_tells_where_it_comes_from(trained, tmp_path) -> None:
    module, images, _ = trained
    one, other = (convert(module, images[:60], seed=4, lanes=8, cores=2) for _ in range(2))
    assert one.hash == other.hash
    assert (one.lanes, one.cores, one.classes) == (8, 2, 4)
    assert one.ann_macs == {"conv": 6 * 22 * 22, "hidden": 1920, "scores": 80}
    assert one.metadata["calibration_images"] == 60
    assert (one.metadata["seed"], one.metadata["norm"]) == (4, "mse")
    one.save(tmp_path / "net.augend")
    assert Program.load(tmp_path / "net.augend").metadata == one.metadata


def test_a_layer_called_input_and_a_network_of_one_layer() -> None:
    class Single(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.input = nn.Linear(6, 3)

        def forward(self, x):
            return self.input(x)

    torch.manual_seed(0)
    module = Single()
    images = np.random.default_rng(0).random((50, 6)).astype(np.float32)
    program = convert(module, images, timesteps=1)
    assert [p.name for p in program.network.populations] == ["input#2"]
    assert agreement(module, program, images) == 1


@pytest.mark.parametrize("steady", [0, 1, 2])
def test_a_forward_that_changes_from_call_to_call_is_found(steady) -> None:
    calls = []

    class Changing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 3)

        def forward(self, x):
            calls.append(x)
            return self.fc(x + 0.1 * max(len(calls) - steady, 0))

    images = np.random.default_rng(0).random((5, 6)).astype(np.float32)
    with pytest.raises(ConversionError, match="other scores than the module|deviates from the mod"):
        convert(Changing(), images)


def test_hooks_are_read_as_they_act() -> None:
    module = nn.Linear(6, 3)
    module.register_forward_hook(lambda _, __, output: output + torch.tensor([3.0, 0.0, 1.0]))
    images = np.random.default_rng(0).random((50, 6)).astype(np.float32)
    program = convert(nn.Sequential(module), images, timesteps=1)
    assert agreement(nn.Sequential(module), program, images) == 1


def images_of(shape, value=0.5):
    return np.full(shape, value, np.float32)


@pytest.mark.parametrize(
    ("calibration", "options", "message"),
    [
        (
            images_of((0, 6)),
            {},
            (
                "Calibration needs at least one image, and there is none. "
                "Give some hundred images of "
                "the training set."
            ),
        ),
        (
            images_of((6,)),
            {},
            "Calibration images must have shape (images, C, H, W) or (images, N), not (6,).",
        ),
        (
            images_of((3, 6), np.nan),
            {},
            "Calibration: Images hold 18 values that are NaN or infinite; the first is in image 0.",
        ),
        (
            images_of((3, 6), 255),
            {},
            (
                "Calibration: Images run from 255 to 255, and raw "
                "intensities x * std + mean from 255 "
                "to 255; the program takes 0 to 1. Set pixel_range to the range of raw intensities "
                "(e.g. (0, 255)), and mean and std to what they were normalised with."
            ),
        ),
        (None, {"weight_bits": 9}, "weight_bits must be an integer of 1 to 8, not 9."),
        (None, {"pixel_bits": 0}, "pixel_bits must be an integer of 1 to 8, not 0."),
        (None, {"timesteps": 0}, "timesteps must be an integer of 1 to 65536, not 0."),
        (None, {"timesteps": 2.0}, "timesteps must be an integer of 1 to 65536, not 2.0."),
        (None, {"lanes": -1}, "lanes must be an integer of at least 1, not -1."),
        (
            None,
            {"norm": "max"},
            (
                "norm must be 'mse' or 'levels' or 'percentile' or 'data' or 'model' or 'none', "
                "not 'max'."
            ),
        ),
        (
            None,
            {"schedule": "layered"},
            "schedule must be 'synchronous' or 'phased', not 'layered'.",
        ),
        (None, {"pool": "max"}, "pool must be 'fold' or 'spike', not 'max'."),
        (None, {"initial": 0}, "initial must be 'half' or 'zero' or 'optimised', not 0."),
        (
            None,
            {"weights": "float"},
            "weights must be 'integer' or 'ternary' or 'power_of_two', not 'float'.",
        ),
        (None, {"reset": "none"}, "reset must be 'subtract' or 'zero', not 'none'."),
        (None, {"gate": "max"}, "gate must be 'count' or 'rate' or 'any', not 'max'."),
        (None, {"leak": (33,)}, "leak must be up to four shifts of 0 to 31, not (33,)."),
        (None, {"clamp": -1}, "clamp must be 0 or more, not -1."),
        (None, {"layer_bits": {"9": 4}}, "layer_bits names '9'; the populations are 0, 2."),
        (None, {"layer_bits": {"0": 9}}, "layer_bits of '0' must be 1 to 8, not 9."),
        (None, {"exit_margin": 2, "decode": "count"}, "exit_margin needs decode='potential'."),
        (None, {"percentile": 0}, "percentile must be above 0 and at most 100, not 0."),
        (
            None,
            {"pixel_range": 255},
            "pixel_range must be a lowest and a highest value, not 255.",
        ),
        (None, {"std": 0}, "std must be above 0, not 0."),
        (
            None,
            {"mean": (0.1, 0.2)},
            "Calibration: mean and std have 2 values for images of 6 channels.",
        ),
    ],
)
def test_bad_input_is_refused(calibration, options, message) -> None:
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    with pytest.raises(ConversionError) as caught:
        convert(module, images_of((3, 6)) if calibration is None else calibration, **options)
    assert str(caught.value) == message


def test_what_does_not_fit_the_hardware_is_refused() -> None:
    module = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))
    with pytest.raises(ContractError, match="potentials of population '0' need"):
        convert(module, images_of((3, 6)), timesteps=1 << 16, norm="model", schedule="phased")
    with pytest.raises(ConversionError, match="A torch.nn.Module is needed, not function"):
        convert(lambda x: x, images_of((3, 6)))


def test_check_lists_every_layer_and_every_problem() -> None:
    module = nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.Softplus(), nn.Dropout(), nn.Flatten()),
        nn.Linear(144, 2),
    )
    rows = check(module, (1, 8, 8))
    assert [(row.name, row.verdict) for row in rows] == [
        ("0", "converted"),
        ("1", "refused"),
        ("2", "refused"),
        ("3", "passed"),
        ("4", "passed"),  # of what a refused layer gives, its place is all that is known
        ("5", "converted"),
    ]
    assert rows[2].error is not None
    assert "Use ReLU" in str(rows[2].error)
    assert rows[5].shape == (2,)


def test_check_finds_what_only_folding_can_tell() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.PReLU(8192), nn.Linear(8192, 2))
    rows = check(module, (1, 64, 64))
    assert [row.verdict for row in rows] == ["converted", "converted", "refused", "converted"]
    (whole,) = check(nn.Flatten(), (4,))[1:]
    assert (whole.name, whole.verdict) == ("network", "refused")
