"""What a search for a better conversion may change, and what stays as the program has it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import optuna

from augend.gen.program import Program

__all__ = ["Choice", "base_options", "suggested"]

STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 24, 32, 48, 64)
"""Numbers of time steps that are tried, and the program's own."""
LEAST_BITS = 2


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What the search may change.

    ``percentile`` counts for norm ``percentile``; ``signed`` for the synchronous schedule.
    """

    norm: str
    percentile: float
    initial: str
    timesteps: int
    schedule: str
    signed: bool
    bits: Mapping[str, int]

    @classmethod
    def of(cls, program: Program) -> "Choice":
        """Choice that a program was made with."""
        network, metadata = program.network, program.metadata
        return cls(
            norm=str(metadata.get("norm", "mse")),
            percentile=float(metadata.get("percentile", 99.9)),
            initial=str(metadata.get("initial", "half")),
            timesteps=network.timesteps,
            schedule=network.schedule,
            signed=any(population.takes_back for population in network.populations),
            bits={
                population.name: _width(program, population.name)
                for population in network.populations
            },
        )

    def as_parameters(self) -> dict[str, Any]:
        """As parameters of a trial."""
        values = asdict(self)
        bits = values.pop("bits")
        values["norm"] = self.norm if self.norm in ("mse", "percentile") else "percentile"
        values["percentile"] = _exceptional(self.percentile if self.norm == "percentile" else 100.0)
        return values | {f"bits of {name}": max(width, LEAST_BITS) for name, width in bits.items()}

    @staticmethod
    def described(options: Mapping[str, Any]) -> str:
        """Options of a conversion that a search chose, as of the command line."""
        parts = [f"--timesteps {options['timesteps']}", f"--norm {options['norm']}"]
        if options["norm"] == "percentile":
            parts.append(f"--percentile {options['percentile']:g}")
        parts += [f"--initial {options['initial']}", f"--schedule {options['schedule']}"]
        if options["signed"]:
            parts.append("--signed")
        parts += [f"--layer-bits {name}={n}" for name, n in options["layer_bits"].items()]
        return " ".join(parts)


def suggested(trial: optuna.Trial, program: Program, base: Mapping[str, Any]) -> dict[str, Any]:
    """Options of a conversion that a trial asks for."""
    own = program.network.timesteps
    norm = trial.suggest_categorical("norm", ("mse", "percentile"))
    above = trial.suggest_float("percentile", 1e-3, 2.0, log=True)
    initial = trial.suggest_categorical("initial", ("half", "zero", "optimised"))
    steps = tuple(sorted({own, *STEPS}))
    timesteps = trial.suggest_categorical("timesteps", steps)
    schedule = trial.suggest_categorical("schedule", ("synchronous", "phased"))
    signed = trial.suggest_categorical("signed", (False, True))
    bits = {
        population.name: trial.suggest_int(f"bits of {population.name}", LEAST_BITS, 8)
        for population in program.network.populations
    }
    return {
        **base,
        "norm": norm,
        "percentile": round(100 - above, 5),
        "initial": initial,
        "timesteps": timesteps,
        "schedule": schedule,
        "signed": bool(signed) and schedule == "synchronous",
        "layer_bits": bits,
    }


def base_options(program: Program) -> dict[str, Any]:
    """Options of a conversion that stay as they are, read off the program."""
    network, metadata, scaling = program.network, program.metadata, program.scaling
    options: dict[str, Any] = {
        "weight_bits": network.weight_bits,
        "weights": metadata.get("weights", "integer"),
        "per_channel": metadata.get("per_channel", True),
        "pool": metadata.get("pool", "fold"),
        "seed": metadata.get("seed", 0),
        "decode": network.decode,
        "encoding": network.input.encoding,
        "pixel_bits": network.input.bits,
        "pixel_range": (scaling.low, scaling.high),
        "mean": scaling.mean,
        "std": scaling.std,
        "lanes": program.lanes,
        "sparse": any(projection.kept is not None for projection in network.projections),
        "cores": program.cores,
    }
    if network.input.encoding == "rate" and network.input.rate < 1 << 16:
        options["input_hertz"] = 1000 * network.input.rate / (1 << 16)
    if network.gates:
        options["gate"] = network.gates[0].rule
    hidden = [p for p in network.hidden if p.fires and p.leak != (0,)]
    if hidden:
        first = hidden[0]
        options |= {
            "reset": first.reset,
            "leak": first.leak,
            "single_spike": first.single_spike,
            "refractory": first.refractory,
            "clamp": float(first.clamp_steps),
            "inhibition": first.inhibition / max(float(np.mean(first.threshold)), 1.0),
        }
        if first.floor is not None:
            share = -first.per_neuron(first.floor) / first.per_neuron(first.threshold)
            options["floor"] = float(np.mean(share))
    return options


def _width(program: Program, name: str) -> int:
    return min(program.network.bits_of(projection) for projection in program.network.into(name))


def _exceptional(percentile: float) -> float:
    """Share in percent of activations above a percentile, inside what is searched."""
    return float(np.clip(100 - percentile, 1e-3, 2.0))
