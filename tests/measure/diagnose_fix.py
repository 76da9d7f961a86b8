"""What ``augend diagnose --fix`` makes of conversions, on the whole test set.

``python -m tests.measure.diagnose_fix [--output FOLDER]``
"""

import tempfile
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from augend.gen import Program, convert
from augend.gen.datasets import DataSet, load
from augend.host.diagnose import diagnose_file
from augend.host.fix import fix_program
from augend.host.fix_options import Choice
from augend.host.sources import with_baseline
from tests.measure.measured import measured
from tests.measure.table import output_folder, write_table
from tests.measure.trained import calibration_images, trained, trained_file

TRIALS = 30
DIAGNOSED = 500
"""Training images that a diagnosis compares."""
CASES: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("cnn", {"norm": "percentile", "percentile": 95.0, "initial": "zero", "weight_bits": 3}, 0.1),
    ("mlp", {}, 0.1),
)
"""Network, its conversion, and how many points below the ANN the search may end."""


def main() -> None:
    """Write ``diagnose_fix.json`` and ``.md``; exit code 1 where an accuracy is not reached."""
    folder = output_folder(__doc__)
    test = load("mnist", "test")
    console = Console(width=200)
    rows = []
    for recipe, chosen, less in CASES:
        source, path = trained(recipe), trained_file(recipe)
        made = convert(source.module, calibration_images(source), source=str(path), **chosen)
        program = with_baseline(made, source, test)
        ann = 100 * float(program.metadata["ann"]["accuracy"])
        guilty = diagnose_file(program, None, None, DIAGNOSED, console).guilty
        begun = time.process_time()
        fixed = _fixed(program, (ann - less) / 100, console)
        spent = time.process_time() - begun
        rows.append(
            _row(recipe, "before", program, test)
            | {"guilty": "" if guilty is None else f"{guilty.name}: {guilty.own_cause}"}
        )
        found = _row(recipe, "fixed", fixed, test)
        reached = float(found["accuracy"].split()[0]) >= round(ann - less, 2)
        rows.append(
            found
            | {
                "wanted": f"{ann - less:.2f} %",
                "reached": "yes" if reached else "no",
                "CPU seconds": f"{spent:.0f}",
            }
        )
        print(*rows[-2:], sep="\n", flush=True)
        write_table(
            folder,
            "diagnose_fix",
            f"`augend diagnose --fix` on networks of `augend train mlp|cnn --data mnist --seed 1`: "
            f"{TRIALS} conversions tried, calibrated and classified on training images alone; "
            f"accuracy and additions are those of all 10,000 test images, which were classified "
            f"afterwards. `guilty` is the layer, and the cause in it, that `augend diagnose` "
            f"names. Written by `make diagnose-fix`.",
            [column for column in rows[0] if column != "program"],
            rows,
        )
    if any(row["reached"] == "no" for row in rows):
        raise SystemExit("a search does not reach its accuracy on the test set")


def _fixed(program: Program, accuracy: float, console: Console) -> Program:
    """The program that the search writes; the one that came in where it finds none."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "fixed.augend"
        found = fix_program(program, None, None, accuracy, TRIALS, 0, output, console)
        return Program.load(output) if found else program


def _row(recipe: str, state: str, program: Program, test: DataSet) -> dict[str, Any]:
    """A program's figures on the test set, and empty columns for the rest."""
    found = measured(program, test)
    network = program.network
    bits = [p.weight.size * network.bits_of(p) for p in network.projections]
    return {
        "network": recipe,
        "program is": state,
        "conversion": _described(program),
        "accuracy": f"{found['accuracy']:.2f} %",
        "million additions": f"{found['additions']:.3f}",
        "weights KiB": f"{sum(bits) / 8192:.1f}",
        "guilty": "",
        "wanted": "",
        "reached": "",
        "CPU seconds": "",
        "program": program.hash[:12],
    }


def _described(program: Program) -> str:
    """Options that the search can change, as the command line has them."""
    choice = Choice.of(program)
    norm = f"percentile {choice.percentile:g}" if choice.norm == "percentile" else choice.norm
    schedule = f"{choice.schedule}, signed" if choice.signed else choice.schedule
    bits = ", ".join(f"{name} {width}" for name, width in choice.bits.items())
    return f"T={choice.timesteps}, {schedule}, {norm}, {choice.initial} start, bits: {bits}"


if __name__ == "__main__":
    main()
