"""Every neuron rule, schedule and input encoding that `convert` offers, measured on one network.

``python -m tests.measure.neuron_rules [--output FOLDER]``
"""

from typing import Any

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.sources import ann_accuracy, images_for
from tests.measure.measured import measured, program_row
from tests.measure.table import output_folder, settle
from tests.measure.trained import calibration_images, trained

DIEHL: dict[str, Any] = {"encoding": "rate", "norm": "data", "initial": "zero", "timesteps": 100}
CASES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("as converted by default", {}),
    ("phased", {"schedule": "phased"}),
    ("zero start", {"initial": "zero"}),
    ("optimised start", {"initial": "optimised"}),
    ("reset to zero", {"reset": "zero"}),
    ("signed spikes take back", {"signed": True}),
    ("clamp of l steps in layer l", {"clamp": 1.0}),
    ("leak V - (V >> 4)", {"leak": (4,)}),
    ("floor at -1 threshold", {"floor": 1.0}),
    ("single spike", {"single_spike": True}),
    ("refractory for 1 step", {"refractory": 1}),
    ("inhibition of 1/16 threshold", {"inhibition": 1 / 16}),
    ("readout by spike count", {"decode": "count"}),
    ("readout by first spike", {"decode": "first_spike"}),
    ("spiking pool", {"pool": "spike"}),
    ("percentile 99.9 a channel", {"norm": "percentile"}),
    ("percentile 99.9 a layer", {"norm": "percentile", "per_channel": False}),
    ("data norm (Diehl)", {"norm": "data"}),
    ("model norm (Diehl)", {"norm": "model"}),
    ("input by rate, T = 32", {"encoding": "rate", "timesteps": 32}),
    ("input by first spike", {"encoding": "ttfs"}),
    ("hybrid input", {"encoding": "hybrid"}),
    *(
        (f"Diehl: {hertz} Hz, 100 ms, zero start, data norm", {**DIEHL, "input_hertz": hertz})
        for hertz in (100.0, 500.0, 1000.0)
    ),
    *(
        (
            f"Diehl: {hertz} Hz, 100 ms, zero start, model norm",
            {**DIEHL, "norm": "model", "input_hertz": hertz},
        )
        for hertz in (100.0, 1000.0)
    ),
)


def main() -> None:
    """Write ``neuron_rules.json`` and ``.md``."""
    folder = output_folder(__doc__)
    source, test = trained("cnn"), load("mnist", "test")
    ann = 100 * ann_accuracy(source.module, images_for(source, test), test.labels)
    calibration = calibration_images(source)
    rows = []
    for name, chosen in CASES:
        program = convert(source.module, calibration, source="cnn", **chosen)
        found = measured(program, test)
        row = {
            "rule": name,
            "T": program.network.timesteps,
            **program_row(program, found, ann),
        }
        rows.append(row)
        print(row, flush=True)
    settle(
        folder,
        "neuron_rules",
        "All 10,000 MNIST test images on the golden model, the CNN of `augend train cnn --data "
        "mnist --seed 1`, 8 bits; one rule changed at a time, nothing trained for it. Written by "
        "`make neuron-rules`.",
        rows,
    )


if __name__ == "__main__":
    main()
