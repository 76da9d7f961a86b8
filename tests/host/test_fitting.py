"""``augend build --fit``: what is tried, what is chosen, and what is refused."""

import io
from collections import Counter

import pytest
from rich.console import Console
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.host import fitting
from augend.host.fitting import candidates, choose
from augend.host.sources import images_of
from augend.host.toolchain.errors import DoesNotFitError
from augend.hw.boards import BOARDS
from augend.hw.fit import check_fit

pytest.importorskip("amaranth_boards")
BOARD = BOARDS["hx8k"]
DIGITS = load("digits", "train")


@pytest.fixture(scope="module")
def program():
    options = {"timesteps": 1, "weight_bits": 4, "pixel_bits": 4, "lanes": 1}
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    return convert(network, DIGITS.images[:50], **options)


def chosen_with(program, monkeypatch, cells, console=None):
    """What is chosen where synthesis finds the cells that ``cells`` gives for a configuration."""
    monkeypatch.setattr(fitting, "_synthesised", lambda config, board: cells(config))
    images = images_of(program, DIGITS)[:4]
    return choose(program, BOARD, images, lambda _: None, console or Console(quiet=True))


def test_every_candidate_runs_the_program(program):
    found = candidates(program, BOARD.device)
    assert {one.config.lanes for one in found} >= {1, 2, 4, 8, 16}
    for one in found:
        check_fit(one.config, one.program.place())
    assert any(one.fits for one in found) and not all(one.fits for one in found)


def test_the_fewest_clocks_of_what_fits_are_chosen(program, monkeypatch):
    console = Console(record=True, width=120, file=io.StringIO())
    chosen = chosen_with(program, monkeypatch, lambda _: Counter(LUT4=1000, BRAM=10), console)
    assert chosen.clocks is not None and chosen.verdict == "chosen"
    assert chosen.config.lanes > 1
    assert "chosen" in console.export_text()


def test_what_synthesis_finds_too_large_is_passed_over(program, monkeypatch):
    largest = chosen_with(program, monkeypatch, lambda _: Counter()).config

    def cells(config):
        return Counter(LUT4=9000 if config == largest else 1000)

    assert chosen_with(program, monkeypatch, cells).config != largest


def test_where_nothing_fits_the_numbers_are_told(program, monkeypatch):
    with pytest.raises(DoesNotFitError, match=r"LUT4 9,000 \(has 7,680\)"):
        chosen_with(program, monkeypatch, lambda _: Counter(LUT4=9000))
