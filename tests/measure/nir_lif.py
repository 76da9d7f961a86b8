"""One LIF neuron of the NIR paper, run in integers beside the traces of ten tools.

``python -m tests.measure.nir_lif --files ../shared/nets/nir [--output FOLDER]``

The files are those of neuromorphs/NIR, paper/01_lif (BSD-3): a neuron, an input of 34 spikes in
1,000 steps of 0.1 ms, and for each tool its input, voltage and output spikes.
"""

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from augend.gen.frontends.nir_import import import_nir
from augend.sim.golden import GoldenModel
from tests.measure.table import write_table

__all__ = ["RUNS", "Run", "measure"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A trace, the preset and file that represent it, and the threshold in the trace's volts."""

    trace: str
    preset: str
    threshold: float
    file: str = "lif_norse.nir"
    ahead: int = 0  # steps by which the trace shows a potential before ours does
    remark: str = ""


RUNS = (
    Run(trace="exact", preset="exact", threshold=0.1, remark="fires between steps: see voltage"),
    Run(trace="norse", preset="norse", threshold=0.1),
    Run(trace="snntorch", preset="snntorch", threshold=2.5),
    Run(trace="sinabs", preset="sinabs", threshold=0.1),
    Run(trace="rockpool", preset="rockpool", threshold=0.1, file="lif_rockpool.nir"),
    Run(trace="nengo", preset="nengo", threshold=1.0),
    Run(trace="spyx", preset="spyx", threshold=0.1, ahead=1),
    Run(trace="spinnaker2", preset="spinnaker2", threshold=2.5),
    Run(trace="lava_cpu_float", preset="lava", threshold=0.1),
    Run(
        trace="lava_cpu_fixed",
        preset="lava",
        threshold=1600.0,
        remark="12-bit decay, rounded towards 0 in every step",
    ),
    Run(
        trace="lava_loihi_fixed",
        preset="lava",
        threshold=1600.0,
        remark="as above",
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Spike steps of both, the widths, and the greatest difference of voltages in thresholds.

    Voltages are compared in steps in which we do not spike: tools differ in whether they show a
    potential before or after its reset.
    """

    theirs: np.ndarray
    ours: np.ndarray
    voltage: float
    bits: int
    leak: tuple[int, ...]

    @property
    def equal(self) -> bool:
        """Whether every spike is in the same step."""
        return np.array_equal(self.theirs, self.ours)


def measure(files: Path, run: Run, preset: str | None = None) -> Outcome:
    """Run the integers of a preset and compare them with a trace."""
    trace = np.loadtxt(files / "lif" / f"01_lif_lif_{run.trace}.csv", delimiter=",")
    program = import_nir(
        files / run.file, producer=preset or run.preset, timesteps=len(trace), dt=1e-4
    )
    network = program.network
    events = (trace[:, 0] > 0).astype(np.uint8).reshape(1, -1, 1)
    result = GoldenModel(network, record=True).run(events)
    neuron = network.readout
    ours = np.flatnonzero(result.trains[neuron.name][0, :, 0])
    volts = result.potentials[neuron.name][0, :, 0] / float(neuron.threshold[0])
    apart = np.abs(np.roll(volts, -run.ahead) - trace[:, 1] / run.threshold)
    apart[ours - run.ahead] = 0
    return Outcome(
        theirs=np.flatnonzero(trace[:, 2]),
        ours=ours,
        voltage=float(apart.max()),
        bits=program.bounds[neuron.name].potential_bits,
        leak=neuron.leak,
    )


def main() -> None:
    """Write ``nir_lif.json`` and ``.md``; exit code 1 where a spike differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=Path, required=True)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    options = parser.parse_args()
    rows, missed = [], []
    for run in RUNS:
        outcome = measure(options.files, run)
        others = [r.preset for r in RUNS if not measure(options.files, run, r.preset).equal]
        rows.append(
            {
                "tool": run.trace,
                "preset": run.preset,
                "its spikes": " ".join(map(str, outcome.theirs)),
                "spike for spike": "yes" if outcome.equal else "no",
                "greatest voltage difference / threshold": f"{outcome.voltage:.1e}",
                "leak": " + ".join(f"V>>{a}" for a in outcome.leak),
                "bits": outcome.bits,
                "presets that give other spikes": ", ".join(dict.fromkeys(others)),
                "remark": run.remark,
            }
        )
        missed += [] if outcome.equal else [run.trace]
        print(rows[-1], flush=True)
    write_table(
        options.output,
        "nir_lif",
        "The LIF neuron of the NIR paper (tau 2.5 ms, threshold 0.1, 1,000 steps of 0.1 ms, 34 "
        "input spikes) in integers, 8-bit weights, beside the traces of ten tools and the exact "
        "solution. Steps count from 0. Written by `python -m tests.measure.nir_lif`.",
        list(rows[0]),
        rows,
    )
    if missed:
        raise SystemExit(f"Spikes differ: {', '.join(missed)}")


if __name__ == "__main__":
    main()
