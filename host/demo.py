"""The demo: real images, from training to Verilated RTL, everything compared."""

import time
from pathlib import Path

import platformdirs
from rich.console import Console

from augend.gen.conversion import convert
from augend.gen.datasets import load
from augend.gen.frontends.source import load_source
from augend.gen.training import train
from augend.host.information import show_program
from augend.host.run import run_program
from augend.host.sources import images_for, with_baseline

__all__ = ["run_demo"]


def run_demo(console: Console) -> bool:
    """Train a small CNN on the digits, convert it, run all test images on the RTL.

    Returns
    -------
    Whether RTL, golden and timing model agree in everything.
    """
    begin = time.monotonic()
    folder = Path(platformdirs.user_cache_dir("augend")) / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    trained = folder / "digits-cnn.pt"
    console.rule("1. train: a small CNN on 1,297 handwritten digits")
    train("cnn", "digits", seed=1, output=trained)
    console.rule("2. convert: integers of 4 bits, 4 time steps, no multiplication left")
    source = load_source(str(trained))
    images = images_for(source, load("digits", "train"))
    program = convert(
        source.module, images, weight_bits=4, timesteps=4, lanes=16, source="demo: digits, cnn"
    )
    program = with_baseline(program, source, load("digits", "test"))
    program.save(folder / "digits-cnn.augend")
    show_program(program, console)
    console.rule("3. run: 500 test images on Verilated RTL, against golden and timing model")
    report = run_program(program, "digits", None, "rtl", True, console)
    report.show(console)
    console.print(
        f"{time.monotonic() - begin:.0f} s. Kept in {folder}: try\n"
        f"  augend run {folder}/digits-cnn.augend --backend rtl --limit 10\n"
        f"  augend verilog {folder}/digits-cnn.augend -o digits-rtl"
    )
    return report.verification is not None and not report.verification.different
