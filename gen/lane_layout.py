"""How neurons lie in words of lanes."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints, Shape

__all__ = ["LaneLayout"]


@dataclass(frozen=True, kw_only=True)
class LaneLayout:
    """Neurons of a population, or of the input, in words of ``lanes`` neurons.

    A word has three coordinates (a, b, g). Lanes lie along the channels: a = y, b = x, g counts
    words of channels; or, for an input of few channels, along the columns: a = y, b = channel, g
    counts words of columns. Words are numbered a first, g fastest; or b first, where neurons are to
    lie in the order (C, H, W). A shape (N,) has only g, and so has an input that lies along its
    neurons, all of them in the order (C, H, W).

    Parameters
    ----------
    shape
        ``(C, H, W)`` or ``(N,)``.
    lanes
        Neurons a word, a power of two.
    along
        ``channels``, ``columns`` or ``neurons``.
    b_first
        Whether words are numbered b first, for lanes along the columns.
    """

    shape: Shape
    lanes: int
    along: Literal["channels", "columns", "neurons"] = "channels"
    b_first: bool = False

    @classmethod
    def of_input(
        cls, shape: Shape, lanes: int, *, channels: bool = False, in_order: bool = False
    ) -> "LaneLayout":
        """Lay an input out in the fewest words, along its channels where asked or where equal.

        With ``in_order`` all neurons, word by word and lane by lane, follow each other in the order
        (C, H, W), in which they draw.
        """
        if in_order and len(shape) == 3:
            return cls(shape=shape, lanes=lanes, along="columns", b_first=True)
        layouts = [cls(shape=shape, lanes=lanes)]
        if len(shape) == 3 and not channels:
            layouts.append(cls(shape=shape, lanes=lanes, along="columns"))
        return min(layouts, key=lambda layout: layout.words)

    @property
    def is_row(self) -> bool:
        """Whether a word has no coordinate but g."""
        return len(self.shape) == 1 or self.along == "neurons"

    @property
    def extent(self) -> tuple[int, int, int]:
        """Number of coordinates a, b and g."""
        if self.is_row:
            return 1, 1, -(-self.lane_neurons // self.lanes)
        channels, height, width = self.shape
        if self.along == "columns":
            return height, channels, -(-width // self.lanes)
        return height, width, -(-channels // self.lanes)

    @property
    def lane_neurons(self) -> int:
        """Number of neurons along the lanes of all g."""
        if self.along == "neurons":
            return int(np.prod(self.shape))
        return self.shape[-1 if self.along == "columns" else 0]

    @property
    def words(self) -> int:
        """Number of words."""
        a, b, g = self.extent
        return a * b * g

    def pack(self, values: npt.ArrayLike, fill: int = 0) -> npt.NDArray:
        """Put values of neurons in words.

        Parameters
        ----------
        values
            ``(..., *shape)``.
        fill
            Value of lanes that hold no neuron.

        Returns
        -------
        ``(..., words, lanes)``
        """
        values = np.asarray(values)
        lead = values.shape[: values.ndim - len(self.shape)]
        if self.is_row:
            spread = values.reshape(*lead, 1, 1, self.lane_neurons)
        elif self.along == "columns":
            spread = values if self.b_first else np.moveaxis(values, -3, -2)  # (..., H, C, W)
        else:
            spread = np.moveaxis(values, -3, -1)  # (..., H, W, C)
        a, b, g = self.extent
        missing = g * self.lanes - spread.shape[-1]
        padding = [(0, 0)] * (spread.ndim - 1) + [(0, missing)]
        padded = np.pad(spread, padding, constant_values=fill)
        return padded.reshape(*lead, a * b * g, self.lanes)

    def coordinates(self) -> Ints:
        """Coordinates (a, b, g) of each word, ``(words, 3)``."""
        if self.b_first:
            a, b, g = self.extent
            at_b, at_a, at_g = np.unravel_index(np.arange(self.words), (b, a, g))
            return np.stack([at_a, at_b, at_g], axis=-1)
        return np.stack(np.unravel_index(np.arange(self.words), self.extent), axis=-1)
