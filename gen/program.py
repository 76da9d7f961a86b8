"""One file that holds everything needed to run a converted network."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from augend.gen.bounds import Bounds, bounds
from augend.gen.network import Population, SpikingNetwork
from augend.gen.place import Placement, assign_cores, place
from augend.gen.program_file import (
    ProgramError,
    digest,
    pack_network,
    read_file,
    unpack_network,
    write_file,
)
from augend.gen.scaling import InputScaling, PixelError

__all__ = ["Program", "ProgramError", "SummaryRow"]


@dataclass(frozen=True, kw_only=True)
class SummaryRow:
    """One population in figures; ``None`` where a figure does not apply.

    Weight bits are those of its widest projection; options name the rules beyond the plainest of
    the population, of the projections into it, and of the gates on it.
    """

    population: str
    shape: tuple[int, ...]
    neurons: int
    synapses: int
    fan_in: int
    weight_bits: int
    threshold: tuple[int, int] | None
    potential_bits: int
    current_shift: tuple[int, int] | None
    reset: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Program:
    """An integer network, how images enter it, and where it is placed.

    Parameters
    ----------
    network
        The integer contract.
    scaling
        From images to integer pixels.
    lanes
        Neurons that a core works on at once.
    cores
        Number of cores.
    work
        Clocks of each population that were measured, to balance cores by; empty where they were
        not. It decides on which core a population is.
    ann_macs
        Multiply-accumulates an image of the float network, by layer, zeros of padding left out.
    metadata
        Where the program comes from: seed, norm, versions and the like; it changes no result.
    bounds
        Proved bounds of every population, by name; found from the network.

    Raises
    ------
    ContractError
        The network's potentials do not fit the widths of the hardware.
    ProgramError
        Lanes or cores below 1; work of other populations than the network's.
    """

    network: SpikingNetwork
    scaling: InputScaling = field(default_factory=InputScaling)
    lanes: int = 16
    cores: int = 1
    work: Mapping[str, int] = field(default_factory=dict)
    ann_macs: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    bounds: Mapping[str, Bounds] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for key in ("lanes", "cores"):
            value = getattr(self, key)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ProgramError(f"{key} must be an integer of at least 1, not {value!r}.")
        names = [p.name for p in self.network.populations]
        if self.work and (
            sorted(self.work) != sorted(names) or any(v < 0 for v in self.work.values())
        ):
            raise ProgramError(
                f"Work is a number of clocks for each of {', '.join(names)}, not {dict(self.work)}."
            )
        object.__setattr__(self, "bounds", bounds(self.network))

    @property
    def classes(self) -> int:
        """Number of classes: of neurons that are read out."""
        return self.network.readout.size

    def place(self) -> Placement:
        """Lay the network out on the program's lanes and cores.

        Raises
        ------
        PlacementError
            What the hardware does not run, by name.
        """
        core_of = assign_cores(self.network, self.cores, self.work)
        return place(self.network, lanes=self.lanes, cores=self.cores, core_of=core_of)

    @cached_property
    def hash(self) -> str:
        """SHA-256, in hexadecimal, of everything that decides a result: not of the metadata."""
        return digest(*self._essence())

    def encode(self, images: npt.ArrayLike) -> npt.NDArray[np.uint8]:
        """Integer pixels ``(images, *shape)`` of floats as the module takes them, or of uint8.

        A network that takes events takes their numbers, ``(images, timesteps, *shape)``.
        """
        if self.network.input.encoding == "events":
            return self._checked_events(np.asarray(images))
        return self.scaling.encode(images, self.network.input)

    def _checked_events(self, events: np.ndarray) -> np.ndarray:
        expected = (self.network.timesteps, *self.network.input.shape)
        most = self.network.input.most_spikes
        whole = events.astype(np.int64) if events.dtype.kind in "iubf" else np.array([-1])
        if (
            events.ndim != 1 + len(expected)
            or events.shape[1:] != expected
            or not np.array_equal(whole, events)
            or np.any((whole < 0) | (whole > most))
        ):
            raise PixelError(
                f"Events must be integers of 0 to {most} of shape "
                f"(images, {', '.join(map(str, expected))}), not {events.dtype} of shape "
                f"{events.shape}."
            )
        return events.astype(np.uint8)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the program: in one piece, or not at all."""
        write_file(Path(path), *self.description())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Program":
        """Read a program; nothing in the file is executed.

        Raises
        ------
        ProgramError
            The file is missing, truncated, damaged, of another kind or of another version.
        """
        description, arrays = read_file(Path(path))
        damaged = f"{path} does not hold together as an Augend program"
        try:
            program = cls.described(description, arrays)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ProgramError(f"{damaged}: {error!r}. Convert the network again.") from error
        if program.hash != description.get("hash"):
            raise ProgramError(f"{damaged}: its hash does not match. Convert the network again.")
        return program

    @classmethod
    def described(
        cls, description: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
    ) -> "Program":
        """Program of what `description` says and its network's arrays; its hash is not compared.

        Raises
        ------
        KeyError, TypeError, ValueError, AttributeError
            Something is missing or has another form.
        """
        scaling = description["scaling"]
        return cls(
            network=unpack_network(description["network"], arrays),
            scaling=InputScaling(
                low=scaling["low"],
                high=scaling["high"],
                mean=tuple(scaling["mean"]),
                std=tuple(scaling["std"]),
            ),
            lanes=description["lanes"],
            cores=description["cores"],
            work=dict(description.get("work", {})),
            ann_macs=dict(description["ann_macs"]),
            metadata=dict(description["metadata"]),
        )

    def description(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Everything that a file holds, its hash included, and the network's arrays."""
        description, arrays = self._essence()
        description |= {"hash": self.hash, "ann_macs": dict(self.ann_macs)}
        return description | {"metadata": dict(self.metadata)}, arrays

    def _essence(self) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        network, arrays = pack_network(self.network)
        scaling = {
            "low": self.scaling.low,
            "high": self.scaling.high,
            "mean": list(self.scaling.mean),
            "std": list(self.scaling.std),
        }
        description = {
            "network": network,
            "scaling": scaling,
            "lanes": self.lanes,
            "cores": self.cores,
        }
        if self.work:
            description["work"] = dict(self.work)
        return description, arrays

    def summary(self) -> tuple[SummaryRow, ...]:
        """One row for each population, in order."""
        rows = []
        for population in self.network.populations:
            incoming = self.network.into(population.name)
            synapses = sum(
                int(
                    p.fan_out(self.network.shape_of(p.source), population.shape).sum(dtype=np.int64)
                )
                for p in incoming
            )
            shift = population.current_shift
            rows.append(
                SummaryRow(
                    population=population.name,
                    shape=population.shape,
                    neurons=population.size,
                    synapses=synapses,
                    fan_in=sum(int(np.prod(p.weight.shape[1:])) for p in incoming),
                    weight_bits=max(self.network.bits_of(p) for p in incoming),
                    threshold=None
                    if population.reset == "none"
                    else (int(population.threshold.min()), int(population.threshold.max())),
                    potential_bits=self.bounds[population.name].potential_bits,
                    current_shift=None if shift is None else (int(shift.min()), int(shift.max())),
                    reset=population.reset,
                    options=self._options(population),
                )
            )
        return tuple(rows)

    def _options(self, population: Population) -> tuple[str, ...]:
        """Names of the rules beyond the plainest around a population, each once."""
        into = [name for p in self.network.into(population.name) for name in p.options]
        gates = [f"max-pool gate by {gate.rule}" for gate in self.network.gates_on(population.name)]
        return tuple(dict.fromkeys([*population.options, *into, *gates]))
