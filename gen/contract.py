"""What all parts of the integer contract share: its error, its integers, its names."""

import numpy as np
import numpy.typing as npt

__all__ = ["INPUT", "ContractError", "Ints", "Shape", "check_shape", "per_neuron"]

Ints = npt.NDArray[np.int64]
Shape = tuple[int, ...]

INPUT = "input"
"""Name under which projections refer to the network's input."""


class ContractError(ValueError):
    """A network that breaks the integer contract; the message says where and what is allowed."""


def check_shape(where: str, shape: Shape) -> None:
    """Refuse what is neither (N,) nor (C, H, W)."""
    if len(shape) not in (1, 3) or any(int(n) != n or n < 1 for n in shape):
        raise ContractError(
            f"Shape of {where} must be (N,) or (C, H, W) of at least 1, not {shape}"
        )


def per_neuron(values: Ints, shape: Shape) -> Ints:
    """Broadcast values per channel, or per neuron, to ``shape``."""
    if values.shape == shape:
        return values
    return np.broadcast_to(values.reshape(-1, *(1,) * (len(shape) - 1)), shape)
