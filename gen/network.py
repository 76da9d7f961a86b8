"""The contract: an integer spiking network, of which everything downstream is a function."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

__all__ = [
    "ContractError",
    "Input",
    "Ints",
    "Population",
    "Projection",
    "SpikingNetwork",
]

Ints = npt.NDArray[np.int64]
Shape = tuple[int, ...]

INPUT = "input"
"""Name under which projections refer to the network's input."""


class ContractError(ValueError):
    """A network that breaks the integer contract; the message says where and what is allowed."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """What enters the network.

    ``current``: unsigned integer intensities of ``bits`` bits, the same in every time step.
    ``events``: a 0/1 tensor for every time step.

    Parameters
    ----------
    shape
        ``(C, H, W)`` or ``(N,)``.
    encoding
        ``current`` or ``events``.
    bits
        Width of an intensity, 1 to 8; 1 for events.
    """

    shape: Shape
    encoding: Literal["current", "events"] = "current"
    bits: int = 8

    def __post_init__(self) -> None:
        _check_shape("the input", self.shape)
        if self.encoding not in ("current", "events"):
            raise ContractError(
                f"Input encoding must be 'current' or 'events', not {self.encoding!r}"
            )
        if not 1 <= self.bits <= 8:
            raise ContractError(f"Input bits must be 1 to 8, not {self.bits!r}")


@dataclass(frozen=True, kw_only=True, eq=False)
class Population:
    """Neurons with one set of rules.

    One time step: V += arriving weights; V += bias (+ current); then, where reset is
    ``subtract``, V >= threshold emits a spike and takes the threshold off V. A ``none``
    population never fires: it accumulates and is read out.

    Parameters
    ----------
    name
        Unique in the network.
    shape
        ``(C, H, W)`` or ``(N,)``.
    threshold, bias, initial
        Integers, per channel ``(C,)`` or per neuron ``shape``; thresholds are at least 1.
    reset
        ``subtract`` or ``none``.
    current_shift
        For a population fed by a ``current`` input, the arithmetic right shift ``(C,)`` that the
        once-computed input current undergoes before it is added in every step; otherwise None.
    """

    name: str
    shape: Shape
    threshold: Ints
    bias: Ints
    initial: Ints
    reset: Literal["subtract", "none"] = "subtract"
    current_shift: Ints | None = None

    def __post_init__(self) -> None:
        where = f"population {self.name!r}"
        _check_shape(where, self.shape)
        if self.reset not in ("subtract", "none"):
            raise ContractError(
                f"Reset of {where} must be 'subtract' or 'none', not {self.reset!r}"
            )
        for key in ("threshold", "bias", "initial", "current_shift"):
            value = getattr(self, key)
            if value is None and key == "current_shift":
                continue
            value = np.asarray(value)
            if value.dtype.kind not in "iu" or value.shape not in ((self.channels,), self.shape):
                raise ContractError(
                    f"{key.capitalize()} of {where} must be integers of shape "
                    f"({self.channels},) or {self.shape}, not {value.dtype} of shape {value.shape}"
                )
            object.__setattr__(self, key, value.astype(np.int64))
        if self.threshold.min() < 1:
            raise ContractError(
                f"Thresholds of {where} must be at least 1, not {self.threshold.min()}"
            )
        if self.current_shift is not None and not (
            self.current_shift.shape == (self.channels,)
            and 0 <= self.current_shift.min()
            and self.current_shift.max() < 32
        ):
            raise ContractError(f"Current shifts of {where} must be 0 to 31, one per channel")

    @property
    def channels(self) -> int:
        """Number of channels: C of (C, H, W), N of (N,)."""
        return self.shape[0]

    @property
    def size(self) -> int:
        """Number of neurons."""
        return int(np.prod(self.shape))

    def per_neuron(self, values: Ints) -> Ints:
        """Broadcast values per channel, or per neuron, to ``shape``."""
        if values.shape == self.shape:
            return values
        extra = (1,) * (len(self.shape) - 1)
        return np.broadcast_to(values.reshape(-1, *extra), self.shape)


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """Synapses from one population, or the input, to another.

    Parameters
    ----------
    source, target
        Names; the input is called ``input``.
    kind
        ``dense`` or ``conv``.
    weight
        Integers: ``(targets, sources)``, sources flattened in (C, H, W) order, or
        ``(C_out, C_in / groups, KH, KW)``.
    stride, padding, dilation
        Of a convolution, as (vertical, horizontal). Padding is what precedes the first row and
        column; what follows the last is given by the target's shape.
    groups
        Of a convolution.
    """

    source: str
    target: str
    kind: Literal["dense", "conv"]
    weight: npt.NDArray[np.int16]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1

    def __post_init__(self) -> None:
        where = f"projection {self.source!r} -> {self.target!r}"
        if self.kind not in ("dense", "conv"):
            raise ContractError(f"Kind of {where} must be 'dense' or 'conv', not {self.kind!r}")
        weight = np.asarray(self.weight)
        rank = 2 if self.kind == "dense" else 4
        if weight.dtype.kind not in "iu" or weight.ndim != rank:
            raise ContractError(
                f"Weights of {where} must be integers of rank {rank}, "
                f"not {weight.dtype} of shape {weight.shape}"
            )
        object.__setattr__(self, "weight", weight.astype(np.int16))
        for key, least in (("stride", 1), ("padding", 0), ("dilation", 1)):
            if min(getattr(self, key)) < least:
                raise ContractError(
                    f"{key.capitalize()} of {where} must be at least {least}, "
                    f"not {getattr(self, key)!r}"
                )
        if self.groups < 1:
            raise ContractError(f"Groups of {where} must be at least 1, not {self.groups!r}")

    def covers(self, axis: int, size: int, out_size: int) -> npt.NDArray[np.bool_]:
        """Which output coordinates an input coordinate reaches, by which kernel tap.

        Parameters
        ----------
        axis
            0 for rows, 1 for columns.
        size, out_size
            Number of input and of output coordinates along that axis.

        Returns
        -------
        ``(size, out_size, taps)``, true where ``out * stride - padding + tap * dilation == in``.
        """
        taps = self.weight.shape[2 + axis]
        inputs = np.arange(size)[:, None, None]
        outputs = np.arange(out_size)[None, :, None] * self.stride[axis] - self.padding[axis]
        return outputs + np.arange(taps)[None, None, :] * self.dilation[axis] == inputs

    def fan_out(self, source_shape: Shape, target_shape: Shape) -> Ints:
        """Synapses of every source neuron, borders taken into account, shaped as the source."""
        if self.kind == "dense":
            return np.full(source_shape, self.weight.shape[0], np.int64)
        rows = self.covers(0, source_shape[1], target_shape[1]).sum((1, 2))  # (H,)
        columns = self.covers(1, source_shape[2], target_shape[2]).sum((1, 2))  # (W,)
        per_position = rows[:, None] * columns[None, :] * (target_shape[0] // self.groups)
        return np.broadcast_to(per_position, source_shape).astype(np.int64)


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingNetwork:
    """An integer spiking network: no float in it, no multiplication in its execution.

    ``synchronous``: in every time step every population, in order, takes what its sources emitted
    in that step, and fires. ``phased``: a population first takes the spikes of all steps of its
    sources and all its biases, then fires once a step for all steps; a population that only the
    constant input current drives has nothing to wait for and adds current and bias step by step.
    The last population has reset ``none``; its potentials after the last step are the scores.

    Parameters
    ----------
    input
        What enters.
    populations
        In topological order; the last, and only the last, has reset ``none``.
    projections
        Each from an earlier population, or the input, to a later one.
    timesteps
        Number of time steps T, at least 1.
    schedule
        ``synchronous`` or ``phased``.
    weight_bits
        Width of a weight: signed two's complement; with 1 bit the weights are -1 and +1.
    rectified
        The network ends in a ReLU: scores below 0 are read as 0.
    """

    input: Input
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    timesteps: int = 8
    schedule: Literal["synchronous", "phased"] = "synchronous"
    weight_bits: int = 8
    rectified: bool = False
    _by_name: dict[str, Population] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.timesteps < 1:
            raise ContractError(f"Time steps must be at least 1, not {self.timesteps!r}")
        if self.schedule not in ("synchronous", "phased"):
            raise ContractError(
                f"Schedule must be 'synchronous' or 'phased', not {self.schedule!r}"
            )
        if not 1 <= self.weight_bits <= 8:
            raise ContractError(f"Weight bits must be 1 to 8, not {self.weight_bits!r}")
        names = [p.name for p in self.populations]
        if not names or len(set(names)) < len(names) or INPUT in names:
            raise ContractError(f"Populations need distinct names other than 'input', not {names}")
        resets = [p.reset for p in self.populations]
        if resets != ["subtract"] * (len(names) - 1) + ["none"]:
            raise ContractError(f"The last population, and only it, has reset 'none', not {resets}")
        object.__setattr__(self, "_by_name", dict(zip(names, self.populations, strict=True)))
        for projection in self.projections:
            self._check_projection(projection, [INPUT, *names])
        for population in self.populations:
            sources = self.into(population.name)
            if not sources:
                raise ContractError(f"Nothing projects to population {population.name!r}")
            fed = self.input.encoding == "current" and any(p.source == INPUT for p in sources)
            if fed != (population.current_shift is not None):
                raise ContractError(
                    f"Population {population.name!r} needs current shifts if, and only if, "
                    f"a current input projects to it"
                )

    def _check_projection(self, projection: Projection, order: list[str]) -> None:
        where = f"projection {projection.source!r} -> {projection.target!r}"
        for name in (projection.source, projection.target):
            if name not in order:
                raise ContractError(f"{where} names {name!r}; there are {order}")
        if order.index(projection.source) >= order.index(projection.target):
            raise ContractError(f"{where} must lead from an earlier population to a later one")
        source, target = self.shape_of(projection.source), self.shape_of(projection.target)
        weight = projection.weight
        if projection.kind == "dense":
            expected = (int(np.prod(target)), int(np.prod(source)))
        else:
            if len(source) != 3 or len(target) != 3:
                raise ContractError(f"{where} is a convolution and needs (C, H, W) at both ends")
            if source[0] % projection.groups or target[0] % projection.groups:
                raise ContractError(
                    f"{where} has {projection.groups} groups, which must divide its "
                    f"{source[0]} and {target[0]} channels"
                )
            expected = (target[0], source[0] // projection.groups, *weight.shape[2:])
        if weight.shape != expected:
            raise ContractError(f"{where} needs weights of shape {expected}, not {weight.shape}")
        low, high = self.weight_range
        if weight.size and (weight.min() < low or weight.max() > high):
            raise ContractError(
                f"{where} has weights from {weight.min()} to {weight.max()}; "
                f"{self.weight_bits} bits hold {low} to {high}"
            )
        if self.weight_bits == 1 and np.any(weight == 0):
            raise ContractError(f"{where} has weights of 0; one bit holds -1 and +1 only")

    @property
    def weight_range(self) -> tuple[int, int]:
        """Least and greatest weight."""
        if self.weight_bits == 1:
            return -1, 1
        return -(1 << (self.weight_bits - 1)), (1 << (self.weight_bits - 1)) - 1

    @property
    def readout(self) -> Population:
        """The last population, which is read and does not fire."""
        return self.populations[-1]

    @cached_property
    def hidden(self) -> tuple[Population, ...]:
        """The populations that fire."""
        return self.populations[:-1]

    def population(self, name: str) -> Population:
        """Population of that name."""
        return self._by_name[name]

    def shape_of(self, name: str) -> Shape:
        """Shape of a population or of the input."""
        return self.input.shape if name == INPUT else self._by_name[name].shape

    def into(self, name: str) -> tuple[Projection, ...]:
        """Projections that end in a population."""
        return tuple(p for p in self.projections if p.target == name)

    def out_of(self, name: str) -> tuple[Projection, ...]:
        """Projections that leave a population or the input."""
        return tuple(p for p in self.projections if p.source == name)

    def current_fed(self, population: Population) -> bool:
        """Whether the constant input current drives a population."""
        return population.current_shift is not None


def _check_shape(where: str, shape: Shape) -> None:
    if len(shape) not in (1, 3) or any(int(n) != n or n < 1 for n in shape):
        raise ContractError(
            f"Shape of {where} must be (N,) or (C, H, W) of at least 1, not {shape}"
        )
