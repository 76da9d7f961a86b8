"""784-1200-1200-10 of weights -1 and +1: BinaryNet and BinaryConnect, trained as they run.

``python -m tests.measure.binary_mlp [--output FOLDER]``
"""

from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.gen.training.spike_activations import Sign
from tests.measure.table import output_folder, write_table
from tests.measure.trained import calibration_images, trained
from tests.measure.trained_integers import COLUMNS, measured_row

LANES = 64
PIXEL_BITS = 2
LEAST = 98.4
CASES: tuple[tuple[str, str, dict[str, Any], float | None], ...] = (
    ("BinaryNet, Heaviside", "binary-net", {}, LEAST),
    ("BinaryNet, sign: spikes of -1 and +1", "binary-net-sign", {"spikes": "bipolar"}, None),
    ("BinaryNet, sign: silent for -1", "binary-net-sign", {"spikes": "unipolar"}, None),
    ("BinaryConnect, ReLU in two steps", "binary-connect", {"timesteps": 2}, LEAST),
)


def main() -> None:
    """Write ``binary_mlp.json`` and ``.md``; exit code 1 where a target is missed."""
    folder = output_folder(__doc__)
    test, baseline = load("mnist", "test"), trained("mlp")
    rows = []
    for name, recipe, chosen, least in CASES:
        source = trained(recipe)
        for layer in source.module.modules():
            if isinstance(layer, Sign):
                layer.spikes = chosen["spikes"]
        steps = chosen.get("timesteps", 1)
        program = convert(
            source.module,
            calibration_images(source),
            weight_bits=1,
            pixel_bits=PIXEL_BITS,
            timesteps=steps,
            norm="none" if steps > 1 else "mse",
            lanes=LANES,
            source=recipe,
        )
        rows.append(measured_row(source, program, test, baseline, name=name, least=least))
        print(rows[-1], flush=True)
    write_table(
        folder,
        "binary_mlp",
        f"784-1200-1200-10 with weights of one bit, trained as they run by `augend train RECIPE "
        f"--data mnist`; all 10,000 MNIST test images on the golden model, {LANES} lanes, RTL on "
        f"the first images. ANN: recipe mlp, floats. Energy by the 45 nm table of "
        f"`host/energy.py`. Written by `make binary`.",
        COLUMNS,
        rows,
    )
    if missed := sum(row["reached"] == "no" for row in rows):
        raise SystemExit(f"{missed} rows miss their target")


if __name__ == "__main__":
    main()
