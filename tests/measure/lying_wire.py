"""MNIST over a wire that loses, damages and doubles packets: every answer beside golden's.

The accelerator's side is the model of its packet layer (``augend.host.model_port``), which
``tests/host/test_wire_rtl.py`` holds against the RTL at its pins, answer by answer.
"""

import time

import numpy as np

from augend.gen.datasets import load
from augend.gen.network import INPUT
from augend.gen.program import Program
from augend.host.driver import RtlAccelerator
from augend.host.lying_port import Lies, LyingPort
from augend.host.model_port import ModelPort
from augend.host.result import joined
from augend.host.serial_link import SerialTransport
from augend.host.verify import verify
from augend.hw.fit import smallest_config
from augend.hw.loading import words
from augend.zoo import program_path
from tests.measure.table import output_folder, settle

NAME = "mnist-cnn"
WIRES = {
    "true": Lies(),
    "2 % lost, 1 % damaged, 1 % doubled": Lies(loss=0.02, corruption=0.01, duplication=0.01),
    "the same, 1 % swapped, 1 % late, 0.1 % disconnections": Lies(
        loss=0.02,
        corruption=0.01,
        duplication=0.01,
        reordering=0.01,
        delay=0.01,
        disconnection=0.001,
    ),
}
COLUMNS = (
    "wire",
    "images",
    "answers",
    "different from golden",
    "values compared",
    "frames",
    "lies",
    "inferences run",
    "bytes an image",
    "over its rows",
    "over its pixels",
    "reached",
)
BATCH = 500


def main() -> None:
    """Run every wire."""
    folder = output_folder(__doc__)
    program = Program.load(program_path(NAME))
    placement = program.place()
    config = smallest_config(placement)
    images = load("mnist", "test").images
    known = ModelPort(program, placement, config)
    batches = range(0, len(images), BATCH)
    expected = joined([known.prepare(images[first : first + BATCH]) for first in batches])
    rows = []
    for wire, lies in WIRES.items():
        port = ModelPort(program, placement, config)
        port.knows(known)
        lying = LyingPort(port, lies, seed=6)
        transport = SerialTransport(lying, reopen=lying.reopen)
        with RtlAccelerator(program, placement, config, transport) as accelerator:
            loaded = transport.bytes_sent
            began = time.monotonic()
            result = accelerator.infer(images)
            print(f"{wire}: {len(images) / (time.monotonic() - began):.0f} images/s", flush=True)
        sent = (transport.bytes_sent - loaded) / len(images)
        compared = verify(expected, result)
        good = len(result.predictions) == len(images) and not compared.different
        pixels = int(np.prod(program.network.input.shape)) * config.pixel_bits / 8
        rows_bytes = 4 * placement.layouts[INPUT].words * words(config, "input")
        rows.append(
            {
                "wire": wire,
                "images": len(images),
                "answers": len(result.predictions),
                "different from golden": len(compared.different),
                "values compared": compared.compared,
                "frames": lying.frames,
                "lies": sum(lying.told.values()),
                "inferences run": port.inferences,
                "bytes an image": round(sent, 1),
                "over its rows": f"{100 * (sent / rows_bytes - 1):.1f} %",
                "over its pixels": f"{100 * (sent / pixels - 1):.1f} %",
                "reached": "yes" if good else "no",
                "told": lying.told,
                "program": program.hash,
            }
        )
    caption = (
        f"{len(images)} MNIST images through `{NAME}` over wires that lie (`host/lying_port.py`, "
        f"chances of each frame, both ways; seed 6), to the model of the accelerator's packet "
        f"layer before the golden model. Compared are predictions, scores, clocks and counters; "
        f"inferences beyond the images are repeated ones, of which none is answered twice. "
        f"Bytes are those sent to the accelerator; its rows are the image as the input memory "
        f"holds it, lines padded to whole words of lanes."
    )
    settle(folder, "lying_wire", caption, rows, COLUMNS)


if __name__ == "__main__":
    main()
