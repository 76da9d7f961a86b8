import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from augend.gen.program import Program
from augend.host import command_line
from augend.host.verilog import read_configuration

from .small_program import small_program

MODULE = """
import torch
from torch import nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3, bias=False)
        self.fc = nn.Linear(144, 10)

    def forward(self, x):
        return self.fc(F.relu(self.conv(x)).view(x.size(0), -1))

def network():
    torch.manual_seed(0)
    return Net()

broken = nn.Sequential(
    nn.Conv2d(1, 4, 3), nn.Sigmoid(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 10)
)
not_a_number = nn.Sequential(nn.Flatten(), nn.Linear(64, 10))
with torch.no_grad():
    not_a_number[1].weight[3, 5] = float("nan")
"""


@pytest.fixture
def source(tmp_path):
    (tmp_path / "net.py").write_text(MODULE)
    return tmp_path / "net.py"


def run(*arguments):
    """Exit code and all output of a command in this process."""
    import contextlib
    import io

    output = io.StringIO()
    sys.argv = ["augend", *map(str, arguments)]
    code = 0
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            command_line.main()
        except SystemExit as end:
            code = end.code or 0
    return code, output.getvalue()


def test_from_module_to_verified_run(source, tmp_path):
    program, report = tmp_path / "net.augend", tmp_path / "report.json"
    code, text = run("check", f"{source}:network", "--data", "digits")
    assert code == 0, text
    code, text = run(
        "convert", f"{source}:network", "-o", program, "--data", "digits", "--timesteps", 2
    )
    assert code == 0, text
    assert run("info", program)[0] == 0
    code, text = run("run", program, "--data", "digits", "--limit", 5, "--verify", "--json", report)
    assert code == 0, text
    content = json.loads(report.read_text())
    assert content["mismatches"] == 0
    assert content["images"] == 5
    assert content["program_hash"] == Program.load(program).hash
    assert content["operations"]["total"] == pytest.approx(
        content["operations"]["conv"] + content["operations"]["fc"]
    )
    assert content["cycles"]["max"] >= content["cycles"]["mean"] > 0
    assert set(content["energy_pj"]["snn"]) == set(content["energy_pj"]["ann"])
    assert content["accuracy"] == content["correct"] / 5
    assert content["ann_accuracy"] is not None
    for key in ("timesteps", "weight_bits", "seed", "versions"):
        assert key in content


def test_verilog_folder_holds_the_design_and_its_memories(tmp_path):
    small_program().save(tmp_path / "net.augend")
    code, text = run("verilog", tmp_path / "net.augend", "-o", tmp_path / "rtl")
    assert code == 0, text
    design = (tmp_path / "rtl" / "augend_accelerator.v").read_text()
    assert "module augend_accelerator(" in design
    assert "module augend_loaded_memory" in design
    weights = (tmp_path / "rtl" / "memory" / "0-weight.hex").read_text().split()
    # 9 taps of one word (4 channels) and 144 sources of 3 words (10 classes), 4 lanes of 8 bits
    assert (len(weights), len(weights[0])) == (9 + 144 * 3, 8)


def test_verilog_has_parity_where_it_is_asked_for(tmp_path):
    small_program().save(tmp_path / "net.augend")
    for asked, folder in (([], "plain"), (["--parity"], "guarded")):
        code, text = run("verilog", tmp_path / "net.augend", "-o", tmp_path / folder, *asked)
        assert code == 0, text
        config = read_configuration(tmp_path / folder / "configuration.json")
        design = (tmp_path / folder / "augend_accelerator.v").read_text()
        assert config.parity == bool(asked)
        assert ("lanes.weight_parity" in design) == bool(asked)


def test_verilog_for_silicon_has_its_memories_apart(tmp_path):
    small_program().save(tmp_path / "net.augend")
    code, text = run("verilog", tmp_path / "net.augend", "--asic", "-o", tmp_path / "rtl")
    assert code == 0, text
    assert "augend_loaded_memory" not in (tmp_path / "rtl" / "augend_accelerator.v").read_text()
    memories = (tmp_path / "rtl" / "augend_memories.v").read_text()
    rows = json.loads((tmp_path / "rtl" / "memories.json").read_text())["rows"]
    assert all(f"module {row['module']} (" in memories for row in rows)
    assert (tmp_path / "rtl" / "memory" / "0-weight.hex").exists()
    assert "lint_off" in (tmp_path / "rtl" / "waivers.vlt").read_text()


def test_verilog_for_silicon_refuses_a_library_that_is_not_there(tmp_path):
    small_program().save(tmp_path / "net.augend")
    asked = "verilog", tmp_path / "net.augend", "-o", tmp_path / "rtl", "--liberty", tmp_path / "x"
    code, text = run(*asked, "--asic")
    assert code == 2 and "There is no liberty file" in text
    code, text = run(*asked)
    assert code == 2 and "--liberty goes with --asic" in text
    assert not (tmp_path / "rtl").exists()


def test_verilog_of_an_overlay_has_room_for_every_program(tmp_path):
    files = [tmp_path / "plain.augend", tmp_path / "leaky.augend"]
    small_program().save(files[0])
    small_program(leak=(2,), weight_bits=4).save(files[1])
    code, text = run("verilog", *files, "-o", tmp_path / "rtl")
    assert code == 0, text
    assert "used by plain" in text and "used by leaky" in text
    content = json.loads((tmp_path / "rtl" / "configuration.json").read_text())
    hashes = {file.stem: Program.load(file).hash for file in files}
    assert content["programs"] == hashes
    assert content["configuration"]["leak_bits"] == 2
    assert content["configuration"]["weight_bits"] == 8
    weights = (tmp_path / "rtl" / "memory" / "leaky" / "0-weight.hex").read_text().split()
    assert (len(weights), len(weights[0])) == (9 + 144 * 3, 8)

    given = tmp_path / "rtl" / "configuration.json"
    code, text = run("verilog", files[0], "-o", tmp_path / "one", "--overlay", given)
    assert code == 0, text
    design = (tmp_path / "one" / "augend_accelerator.v").read_text()
    assert design == (tmp_path / "rtl" / "augend_accelerator.v").read_text()
    assert (tmp_path / "one" / "memory" / "0-weight.hex").exists()


def test_verilog_refuses_what_one_accelerator_cannot_be(tmp_path):
    small_program().save(tmp_path / "plain.augend")
    small_program(cores=2).save(tmp_path / "two.augend")
    plain, rtl = tmp_path / "plain.augend", tmp_path / "rtl"
    code, text = run("verilog", plain, tmp_path / "two.augend", "-o", rtl)
    assert_paragraph(code, text, "4 x 1, 4 x 2")
    (tmp_path / "other").mkdir()
    small_program().save(tmp_path / "other" / "plain.augend")
    code, text = run("verilog", plain, tmp_path / "other" / "plain.augend", "-o", rtl)
    assert_paragraph(code, text, "rename")
    (tmp_path / "wrong.json").write_text("{}")
    code, text = run("verilog", plain, "-o", rtl, "--overlay", tmp_path / "wrong.json")
    assert_paragraph(code, text, "wrong.json")
    assert not rtl.exists()


def test_check_names_every_layer_that_stands_in_the_way(source):
    code, text = run("check", f"{source}:broken", "--data", "digits")
    assert code == 1
    assert "Sigmoid" in text
    assert "MaxPool2d" in text
    assert "1 of" in text


def damaged_programs(folder: Path):
    small_program().save(folder / "good.augend")
    good = (folder / "good.augend").read_bytes()
    (folder / "truncated.augend").write_bytes(good[: len(good) // 2])
    flipped = bytearray(good)
    flipped[-5] ^= 1
    (folder / "flipped.augend").write_bytes(flipped)
    (folder / "empty.augend").write_bytes(b"")
    (folder / "text.augend").write_text("hello")


@pytest.mark.parametrize("name", ["truncated", "flipped", "empty", "text", "missing"])
def test_programs_that_cannot_be_read(tmp_path, name):
    damaged_programs(tmp_path)
    code, text = run("info", tmp_path / f"{name}.augend")
    assert_paragraph(code, text, f"{name}.augend")


def test_wrong_shape(tmp_path):
    small_program().save(tmp_path / "net.augend")
    code, text = run("run", tmp_path / "net.augend", "--data", "fashion-mnis")
    assert_paragraph(code, text, "fashion-mnis")


def test_unsupported_layer_leaves_no_file(source, tmp_path):
    code, text = run("convert", f"{source}:broken", "-o", tmp_path / "x.augend", "--data", "digits")
    assert_paragraph(code, text, "Sigmoid")
    assert not (tmp_path / "x.augend").exists()


def test_nan_weights(source, tmp_path):
    code, text = run(
        "convert", f"{source}:not_a_number", "-o", tmp_path / "x.augend", "--data", "digits"
    )
    assert_paragraph(code, text, "NaN")


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("--weight-bits", "9", "9"),
        ("--timesteps", "0", "0"),
        ("--norm", "best", "best"),
        ("--schedule", "later", "later"),
        ("--lanes", "12", "12"),
        ("--cores", "0", "0"),
        ("--percentile", "101", "101"),
        ("--images", "0", "at least one image"),
    ],
)
def test_options_out_of_range(source, tmp_path, option, value, named):
    code, text = run(
        "convert",
        f"{source}:network",
        "-o",
        tmp_path / "x.augend",
        "--data",
        "digits",
        option,
        value,
    )
    assert_paragraph(code, text, named)
    assert not (tmp_path / "x.augend").exists()


def test_missing_source():
    code, text = run("check", "nowhere.py:network")
    assert_paragraph(code, text, "nowhere.py")


def assert_paragraph(code, text, *named):
    assert code == 2, text
    assert text.startswith("augend: ")
    assert "Traceback" not in text
    assert "\n\n" not in text.strip()
    for word in named:
        assert word in text


def test_the_installed_command_exits_with_2_and_no_traceback(tmp_path):
    command = Path(sys.executable).with_name("augend")
    done = subprocess.run(
        [command, "info", str(tmp_path / "none.augend")], capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr.startswith("augend: ")
    assert "Traceback" not in done.stderr


def test_images_given_to_a_program_are_checked():
    with pytest.raises(ValueError, match="shape"):
        small_program().encode(np.zeros((3, 5, 5), np.float32))
