"""28x28-12c5-2s-64c5-2s-10 trained as the integers and spikes of one time step that run.

``python -m tests.measure.low_t [--output FOLDER]``
"""

from augend.gen import convert
from augend.gen.datasets import load
from tests.measure.table import output_folder, write_table
from tests.measure.trained import calibration_images, trained
from tests.measure.trained_integers import COLUMNS, measured_row

LANES = 64
CASES: tuple[tuple[str, str, int, int, float, float | None], ...] = (
    ("4 bits, budget", "integer-cnn", 4, 2, 98.9, 0.40),
    ("4 bits", "integer-cnn-large", 4, 4, 99.3, None),
)
"""Name, recipe, widths of weights and pixels, accuracy and millions of additions aimed at."""


def main() -> None:
    """Write ``low_t.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    test, baseline = load("mnist", "test"), trained("cnn")
    rows = []
    for name, recipe, bits, pixel_bits, least, most in CASES:
        source = trained(recipe)
        program = convert(
            source.module,
            calibration_images(source),
            weight_bits=bits,
            pixel_bits=pixel_bits,
            timesteps=1,
            lanes=LANES,
            source=recipe,
        )
        row = measured_row(source, program, test, baseline, name=name, least=least, most=most)
        rows.append(row)
        print(row, flush=True)
    write_table(
        folder,
        "low_t",
        f"28x28-12c5-2s-64c5-2s-10 trained as integers and single spikes by `augend train RECIPE "
        f"--data mnist`; all 10,000 MNIST test images on the golden model, {LANES} lanes, RTL on "
        f"the first images. ANN: recipe cnn, floats. Energy by the 45 nm table of "
        f"`host/energy.py`. Written by `make low-t`.",
        COLUMNS,
        rows,
    )
    if missed := sum(row["reached"] == "no" for row in rows):
        raise SystemExit(f"{missed} rows miss their target")


if __name__ == "__main__":
    main()
