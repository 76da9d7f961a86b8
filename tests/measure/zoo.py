"""The programs of the zoo: made from their recipes, measured on the whole test set.

``python -m tests.measure.zoo [NAME...] [--output FOLDER]``
"""

import argparse
from pathlib import Path
from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.place import UnsupportedError
from augend.gen.program import Program
from augend.gen.training.loop import rounded_pixels
from augend.host.sources import with_baseline
from augend.hw.fit import FitError
from augend.zoo import FOLDER, definitions
from augend.zoo import measured as known_rows
from tests.measure.beside_rtl import beside_rtl
from tests.measure.measured import measured
from tests.measure.table import write_table
from tests.measure.trained import CALIBRATION, trained

RTL_IMAGES = 20
LARGEST = 3 << 20
"""Bytes of a program that comes with augend."""


def made(made_of: dict[str, Any]) -> Program:
    """The program of a definition; its network is trained once and kept in the cache."""
    recipe, data = made_of["recipe"], made_of["data"]
    source = trained(recipe, data, seed=made_of["seed"])
    options = made_of["convert"]
    bits = options.get("pixel_bits", 8)
    training, test = (rounded_pixels(load(data, split), bits) for split in ("train", "test"))
    program = convert(source.module, training.images[:CALIBRATION], source=recipe, **options)
    return with_baseline(program, source, test)


def differences(program: Program) -> str:
    """Of so many images of the test set so many where RTL and models differ."""
    images = load(str((program.metadata["ann"])["data"]), "test").images[:RTL_IMAGES]
    try:
        outcome = beside_rtl(program, images)
    except (FitError, UnsupportedError) as error:
        return f"not run: {error}"
    return f"{len(outcome.different)} of {outcome.images}"


def row(name: str, made_of: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make a program, keep it, and measure it."""
    program = made(made_of)
    path = folder / f"{name}.augend"
    program.save(path)
    size = path.stat().st_size
    if size > LARGEST:
        path.unlink()
        raise SystemExit(f"{name} has {size:,} bytes; a program of the zoo has {LARGEST:,} at most")
    found = measured(program, load(made_of["data"], "test"))
    network = program.network
    bits = sorted({network.bits_of(projection) for projection in network.projections})
    return {
        "program": name,
        "what": made_of["about"],
        "data": made_of["data"],
        "accuracy": f"{found['accuracy']:.2f} %",
        "as trained": f"{100 * program.metadata['ann']['accuracy']:.2f} %",
        "T": network.timesteps,
        "weight bits": ", ".join(map(str, bits)),
        "million additions": f"{found['additions']:.4f}",
        "million MACs of the ANN": f"{sum(program.ann_macs.values()) / 1e6:.4f}",
        "KiB": f"{size / 1024:.0f}",
        "recipe": made_of["recipe"],
        "seed": made_of["seed"],
        "RTL differs": differences(program),
        "hash": program.hash,
    }


def main() -> None:
    """Write the programs, ``zoo.json`` beside them, and ``zoo.json`` and ``.md`` of the tables."""
    made_of = definitions()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(made_of))
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows = {each["program"]: each for each in known_rows()}
    for name in options.names or made_of:
        rows[name] = row(name, made_of[name], FOLDER)
        print(rows[name], flush=True)
        shown = [rows[key] for key in made_of if key in rows]
        for folder in (FOLDER, options.output):
            write_table(
                folder,
                "zoo",
                f"Programs that come with augend, on the whole test sets (golden model; RTL "
                f"against models on the first {RTL_IMAGES}). Written by `make zoo`.",
                [column for column in shown[0] if column != "hash"],
                shown,
            )
    (FOLDER / "zoo.md").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
