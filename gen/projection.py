"""Synapses from one population, or the input, to another."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.contract import ContractError, Ints, Shape

__all__ = ["Projection"]

Range = tuple[int, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """Synapses from one population, gate, or the input, to a population.

    A spike adds ``weight << shift`` times its sign to every neuron that it reaches.

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
        column, or, where below 0, how many rows and columns are left away; what follows the last
        is given by the target's shape.
    groups
        Of a convolution.
    source_channels, target_channels
        First channel, and the one past the last, that take part at either end; None for all.
        Weights are those of these channels.
    shift
        Left shift of every weight, 0 to 15: free in hardware.
    bits
        Width of a weight, 1 to 8; None for the network's.
    kept
        Of a dense projection that was pruned: which synapses there are, shaped as the weights,
        which are 0 elsewhere; what is not there is neither stored nor visited. None for all.
    delay
        0: spikes arrive in the step in which they are emitted; 1: in the next (recurrent, lateral);
        those of the last step arrive nowhere.
    """

    source: str
    target: str
    kind: Literal["dense", "conv"]
    weight: npt.NDArray[np.int16]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    groups: int = 1
    source_channels: Range | None = None
    target_channels: Range | None = None
    shift: int = 0
    bits: int | None = None
    delay: Literal[0, 1] = 0
    kept: npt.NDArray[np.bool_] | None = None

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
        for key, least in (("stride", 1), ("padding", -(1 << 15)), ("dilation", 1)):
            if min(getattr(self, key)) < least:
                raise ContractError(
                    f"{key.capitalize()} of {where} must be at least {least}, "
                    f"not {getattr(self, key)!r}"
                )
        if self.groups < 1:
            raise ContractError(f"Groups of {where} must be at least 1, not {self.groups!r}")
        if not 0 <= self.shift <= 15:
            raise ContractError(f"Shift of {where} must be 0 to 15, not {self.shift!r}")
        if self.bits is not None and not 1 <= self.bits <= 8:
            raise ContractError(f"Bits of {where} must be 1 to 8, not {self.bits!r}")
        if self.delay not in (0, 1):
            raise ContractError(f"Delay of {where} must be 0 or 1, not {self.delay!r}")
        self._check_kept(where)
        for key in ("source_channels", "target_channels"):
            chosen = getattr(self, key)
            if chosen is not None and not 0 <= chosen[0] < chosen[1]:
                raise ContractError(
                    f"{key.replace('_', ' ').capitalize()} of {where} must be a first and a past "
                    f"last channel, not {chosen!r}"
                )

    def _check_kept(self, where: str) -> None:
        if self.kept is None:
            return
        kept = np.asarray(self.kept)
        if self.kind != "dense":
            raise ContractError(
                f"Synapses of {where} can be left out of 'dense', not {self.kind!r}"
            )
        if kept.dtype != bool or kept.shape != self.weight.shape:
            raise ContractError(
                f"Kept synapses of {where} must be booleans of shape {self.weight.shape}, not "
                f"{kept.dtype} of shape {kept.shape}"
            )
        if np.any(self.weight[~kept]):
            raise ContractError(f"Weights of {where} must be 0 where no synapse is kept")
        object.__setattr__(self, "kept", kept)

    @property
    def stored(self) -> int:
        """Number of weights that it has, each counted once however often it is used."""
        return self.weight.size if self.kept is None else int(np.count_nonzero(self.kept))

    @property
    def plain(self) -> bool:
        """Whether it is undelayed and unshifted, and leads from all channels to all channels."""
        return not self.options

    @property
    def options(self) -> tuple[str, ...]:
        """Names of the rules beyond a plain dense projection or convolution that it uses."""
        used = {
            "a delay": self.delay > 0,
            "shifted weights": self.shift > 0,
            "weights of their own width": self.bits is not None,
            "a range of channels": self.source_channels is not None
            or self.target_channels is not None,
            "a crop": min(self.padding) < 0,
            "pruned synapses": self.kept is not None,
        }
        return tuple(name for name, is_used in used.items() if is_used)

    def source_part(self, source_shape: Shape) -> Shape:
        """Shape of the source's channels that take part."""
        return _part(source_shape, self.source_channels)

    def target_part(self, target_shape: Shape) -> Shape:
        """Shape of the target's channels that take part."""
        return _part(target_shape, self.target_channels)

    def weight_shape(self, source_shape: Shape, target_shape: Shape) -> Shape:
        """Shape that the weights must have between populations of these shapes."""
        source, target = self.source_part(source_shape), self.target_part(target_shape)
        if self.kind == "dense":
            return int(np.prod(target)), int(np.prod(source))
        return target[0], source[0] // self.groups, *self.weight.shape[2:]

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
        part = self.source_part(source_shape)
        if self.kept is not None:
            reached = self.kept.sum(0, dtype=np.int64).reshape(part)
        elif self.kind == "dense":
            reached = np.full(part, self.weight.shape[0], np.int64)
        else:
            rows = self.covers(0, source_shape[1], target_shape[1]).sum((1, 2))  # (H,)
            columns = self.covers(1, source_shape[2], target_shape[2]).sum((1, 2))  # (W,)
            per_position = rows[:, None] * columns[None, :]
            per_position = per_position * (self.target_part(target_shape)[0] // self.groups)
            reached = np.broadcast_to(per_position, part).astype(np.int64)
        if self.source_channels is None:
            return reached
        every = np.zeros(source_shape, np.int64)
        every[slice(*self.source_channels)] = reached
        return every


def _part(shape: Shape, channels: Range | None) -> Shape:
    return shape if channels is None else (channels[1] - channels[0], *shape[1:])
