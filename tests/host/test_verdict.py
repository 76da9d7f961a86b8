import json

import pytest
from rich.console import Console

from augend.gen import ConversionError
from augend.gen.place import RUNS
from augend.host.verdict import CheckOptions, accelerator_refusal, examine_source, show_verdict

NETWORKS = """
import torch
from torch import nn

torch.manual_seed(0)
plain = nn.Sequential(nn.Flatten(), nn.Linear(64, 20), nn.ReLU(), nn.Linear(20, 10))
pooled = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10)
)
broken = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(144, 10), nn.Softplus()
)
"""


@pytest.fixture
def networks(tmp_path):
    path = tmp_path / "networks.py"
    path.write_text(NETWORKS)
    return path


def shown(source, json_path=None, data=None, shape="1,8,8", **options):
    console = Console(record=True, width=160)
    good = show_verdict(source, data, shape, CheckOptions(**options), json_path, console)
    return good, console.export_text()


def test_a_network_that_converts(networks, tmp_path) -> None:
    good, text = shown(f"{networks}:plain", tmp_path / "check.json")
    assert good
    assert "population 1" in text and "readout 3" in text
    assert "94 neurons" not in text  # pixels are none
    assert "30 neurons, 1,480 synapses" in text
    assert "potentials: estimated bits" in text
    assert "The accelerator runs it." in text
    content = json.loads((tmp_path / "check.json").read_text())
    assert content["converts"] and content["estimated"]
    assert content["accelerator_refuses"] is None
    assert {c["name"]: c["synapses"] for c in content["costs"]} == {"input": 0, "1": 1280, "3": 200}
    assert content["layers"][1]["macs"] == 1280


def test_images_make_the_widths_exact(networks) -> None:
    good, text = shown(f"{networks}:plain", data="digits", shape=None, images=50, weight_bits=3)
    assert good
    assert "potentials: exact bits" in text


@pytest.fixture
def without_gates(monkeypatch):
    """An accelerator that does not run max-pool gates."""
    monkeypatch.setattr("augend.gen.place.RUNS", RUNS - {"a max-pool gate"})


@pytest.mark.usefixtures("without_gates")
def test_what_the_accelerator_refuses_is_named(networks) -> None:
    good, text = shown(f"{networks}:pooled")
    assert good
    assert "Golden model only." in text
    assert "a max-pool gate (2)" in text


def test_every_obstacle_is_named_with_what_to_do(networks, tmp_path) -> None:
    good, text = shown(f"{networks}:broken", tmp_path / "check.json")
    assert not good
    assert "2 of 5 layers stand in the way" in text
    layers = json.loads((tmp_path / "check.json").read_text())["layers"]
    refused = [layer for layer in layers if layer["verdict"] == "refused"]
    assert [layer["kind"] for layer in refused] == ["Tanh", "Softplus"]
    assert all(layer["reason"] and layer["instead"] for layer in refused)


@pytest.mark.usefixtures("without_gates")
def test_many_places_are_counted(networks) -> None:
    import torch
    from torch import nn

    from augend.gen.diagnosis import examine
    from augend.gen.frontends.pytorch import read

    torch.manual_seed(0)
    block = [[nn.Conv2d(2, 2, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)] for _ in range(5)]
    module = nn.Sequential(*(m for part in block for m in part), nn.Flatten(), nn.Linear(2, 3))
    refusal = accelerator_refusal(examine(read(module, (2, 32, 32))), 16)
    assert refusal == "The accelerator does not run a max-pool gate (2, 5, 8 and 2 more)."


def test_nir_and_onnx_files_are_read_by_their_endings(tmp_path) -> None:
    with pytest.raises((ConversionError, OSError), match="missing"):
        examine_source(str(tmp_path / "missing.py:net"), None, None, CheckOptions())
    for ending in ("onnx", "nir"):
        found = examine_source(str(tmp_path / f"missing.{ending}"), None, None, CheckOptions())
        assert "missing" in str(found.refused[0].error)
