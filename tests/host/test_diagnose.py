import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from rich.console import Console
from typer.testing import CliRunner

from augend.gen import Program, convert
from augend.gen.datasets import load, validation_split
from augend.host.command_line import app
from augend.host.diagnose import diagnose_file
from augend.host.errors import UsageError
from augend.host.fix import classified, search, wanted
from augend.host.fix_options import Choice, base_options
from augend.host.graph_source import float_network

NETWORK = """
import torch
from pathlib import Path
from torch import nn


def network():
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    )
    module.load_state_dict(torch.load(Path(__file__).parent / "weights.pt"))
    return module
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A network trained on the digits, in a folder."""
    place = tmp_path_factory.mktemp("net")
    digits = load("digits", "train")
    torch.manual_seed(0)
    nn = torch.nn
    module = nn.Sequential(
        nn.Flatten(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    )
    optimiser = torch.optim.Adam(module.parameters(), 0.01)
    images, labels = torch.from_numpy(digits.images), torch.from_numpy(digits.labels)
    for _ in range(25):
        loss = nn.functional.cross_entropy(module(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    torch.save(module.state_dict(), place / "weights.pt")
    (place / "net.py").write_text(NETWORK)
    return place


def converted(folder, **options):
    source = f"{folder / 'net.py'}:network"
    network = float_network(source, (1, 8, 8))
    program = convert(
        network.origin, load("digits", "train").images[:300], source=source, **options
    )
    path = folder / "program.augend"
    program.save(path)
    return path


def run(*arguments):
    result = CliRunner().invoke(app, [str(a) for a in arguments], env={"COLUMNS": "150"})
    return result, result.output


def test_the_command_names_layer_cause_and_remedy(folder) -> None:
    path = converted(folder, timesteps=32, layer_bits={"3": 2}, norm="percentile")
    result, text = run(
        *("diagnose", path, "--data", "digits", "--images", 200),
        *("--json", folder / "d.json", "--picture", folder / "d.png"),
    )
    assert result.exit_code == 0, text
    assert "3 costs most, by weights. 2-bit weights are too coarse for 3: --layer-bits 3=4." in text
    content = json.loads((folder / "d.json").read_text())
    assert (content["guilty"], content["cause"]) == ("3", "weights")
    assert content["remedy"]["options"] == {"layer_bits": {"3": 4}}
    assert content["images"] == 200
    assert [layer["name"] for layer in content["layers"]] == ["input", "1", "3", "5"]
    last = content["layers"][-1]
    assert sum(last["cause_shares"].values()) == pytest.approx(1, abs=1e-4)
    assert (folder / "d.png").read_bytes().startswith(b"\x89PNG")


def test_each_remedy_makes_the_scores_better(folder) -> None:
    """What diagnosis advises is done, three times over."""
    options = {"timesteps": 3, "norm": "percentile", "percentile": 90.0, "weight_bits": 8}
    program = Program.load(converted(folder, **options))
    console, errors = Console(quiet=True), []
    for _ in range(3):
        found = diagnose_file(program, None, "digits", 200, console)
        errors.append(found.errors.score_error)
        assert found.remedy is not None
        options |= dict(found.remedy.options)
        program = Program.load(converted(folder, **options))
    errors.append(diagnose_file(program, None, "digits", 200, console).errors.score_error)
    assert errors[-1] < 0.5 * errors[0]


def test_an_early_exit_is_left_out_of_the_comparison(folder) -> None:
    console = Console(quiet=True)
    found = [
        diagnose_file(
            Program.load(converted(folder, timesteps=6, exit_margin=margin)),
            *(None, "digits", 50, console),
        ).errors.score_error
        for margin in (None, 1)
    ]
    assert found[0] == found[1] > 0


def test_a_source_that_is_gone_is_asked_for(folder) -> None:
    program = Program.load(converted(folder, timesteps=2))
    moved = replace(program, metadata={**program.metadata, "source": "gone.py:network"})
    with pytest.raises(UsageError, match=r"came from 'gone.py:network'.*--source"):
        diagnose_file(moved, None, "digits", 10, Console(quiet=True))
    with pytest.raises(UsageError, match="for which images"):
        diagnose_file(program, None, None, 10, Console(quiet=True))


def test_the_search_keeps_the_cheapest_that_reaches_the_accuracy(folder) -> None:
    program = Program.load(converted(folder, timesteps=24, norm="percentile"))
    network = float_network(program.metadata["source"], (1, 8, 8))
    calibration, held_out = validation_split(load("digits", "train"), 300, 0)
    calibration = calibration.take(np.arange(100))
    first, again = (search(program, network, calibration, held_out, 0.8, 8, 3) for _ in range(2))
    assert first.trials == again.trials  # the same seed
    assert first.trials[0].options["timesteps"] == 24
    reached = [trial for trial in first.trials if trial.accuracy >= 0.8]
    assert first.best is not None
    assert first.best in reached
    assert first.best.additions <= 1.01 * min(trial.additions for trial in reached)
    assert first.best.additions < first.trials[0].additions
    none = search(program, network, calibration, held_out, 1.0, 2, 3)
    assert none.best is None


def test_the_first_trial_is_the_program_itself(folder) -> None:
    path = converted(folder, timesteps=5, schedule="phased", norm="percentile", percentile=99.0)
    program = Program.load(path)
    network = float_network(program.metadata["source"], (1, 8, 8))
    digits = load("digits", "train")
    found = search(program, network, digits.take(np.arange(300)), digits, 0.5, 1, 0)
    correct, additions = classified(program, digits)
    assert found.trials[0].accuracy == correct / len(digits)
    assert found.trials[0].additions == pytest.approx(additions)


def test_what_is_wanted_of_training_images_is_a_loss_from_the_float_network(folder) -> None:
    program = Program.load(converted(folder, timesteps=8))
    network = float_network(program.metadata["source"], (1, 8, 8))
    digits = load("digits", "train")
    logits = network.origin(torch.from_numpy(digits.images)).argmax(1).numpy()
    own = float((logits == digits.labels).mean())
    baseline = {"data": "digits", "accuracy": 0.75}
    known = replace(program, metadata={**program.metadata, "ann": baseline})
    assert wanted(known, network, digits, 0.7) == pytest.approx(own - 0.05)
    assert wanted(known, network, digits, 1.0) == 1.0
    assert wanted(program, network, digits, 0.7) == 0.7


def test_options_that_stay_are_read_off_the_program(folder) -> None:
    options = {"reset": "zero", "leak": (5,), "refractory": 1, "floor": 0.5, "pixel_bits": 4}
    path = converted(folder, timesteps=4, norm="percentile", encoding="rate", **options)
    found = base_options(Program.load(path))
    assert {key: found[key] for key in options if key != "floor"} == {
        key: value for key, value in options.items() if key != "floor"
    }
    assert found["floor"] == pytest.approx(0.5, abs=0.05)
    assert found["encoding"] == "rate"
    assert Choice.of(Program.load(path)).timesteps == 4


def test_fix_writes_a_program_that_reaches_it_or_none(folder) -> None:
    path = converted(folder, timesteps=16, norm="percentile")
    output = folder / "fixed.augend"
    arguments = ("diagnose", path, "--data", "digits", "--images", 50, "--fix", "-o", output)
    result, text = run(*arguments, "--accuracy", 0.7, "--trials", 5)
    assert result.exit_code == 0, text
    assert "Test set, once:" in text
    correct, _ = classified(Program.load(output), load("digits", "test"))
    assert f"{100 * correct / 500:.2f} %" in text
    output.unlink()
    result, text = run(*arguments, "--accuracy", 1.0, "--trials", 2)
    assert result.exit_code == 1
    assert "Nothing is written" in text
    assert not output.exists()
    result, text = run("diagnose", path, "--fix", "--accuracy", 0.9)
    assert isinstance(result.exception, UsageError)
