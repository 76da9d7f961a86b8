"""What diagnosis tells of every layer, and of the way from its errors to the scores."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from augend.gen.error_causes import CAUSES, Cause
from augend.gen.graph import Floats

__all__ = ["BINS", "WIDEST", "LayerError", "NetworkErrors"]

BINS = 48
"""Squares along each side of the picture of rates against activations."""
WIDEST = 1.5
"""Activation, in scales, at its right edge."""


@dataclass(kw_only=True, eq=False)
class LayerError:
    """A layer's error, over all images and neurons.

    Parameters
    ----------
    name
        Of the population, the gate, or ``input``.
    signed
        Whether its values can be below 0.
    samples, sums, squares, along, error
        Numbers of values; their sums a, v, aa, vv and av; sums of squares of each cause, of each
        cause times the error v - a, and of the error.
    full, beyond
        Neurons that spike in every step; activations above the scale.
    reach, reach_along, whole_reach
        Sums of squares by which each cause moves the scores, of that times their whole error, and
        of what all causes together make.
    correct
        Right answers of the network whose later layers are float.
    histogram
        Values ``(a, v)`` in scales, from 0, or where signed from -`WIDEST`, to `WIDEST`.
    """

    name: str
    signed: bool
    samples: int = 0
    sums: Floats = field(default_factory=lambda: np.zeros(5))
    squares: dict[Cause, float] = field(default_factory=dict)
    along: dict[Cause, float] = field(default_factory=dict)
    error: float = 0.0
    full: int = 0
    beyond: int = 0
    reach: dict[Cause, float] = field(default_factory=dict)
    reach_along: dict[Cause, float] = field(default_factory=dict)
    whole_reach: float = 0.0
    correct: int = 0
    histogram: npt.NDArray[np.int64] = field(
        default_factory=lambda: np.zeros((BINS, BINS), np.int64)
    )

    @property
    def correlation(self) -> float:
        """Pearson's, of rates and activations; 1 where neither varies."""
        a, v, aa, vv, av = self.sums / max(self.samples, 1)
        spread = max(aa - a * a, 0.0) * max(vv - v * v, 0.0)
        return 1.0 if spread <= 1e-18 * max(aa * vv, 1e-300) else (av - a * v) / spread**0.5

    @property
    def rms(self) -> float:
        """Root of the mean squared error, as a share of that of the activations."""
        return self._relative(self.error)

    def cause_rms(self, cause: Cause) -> float:
        """The same of one cause."""
        return self._relative(self.squares.get(cause, 0.0))

    def share(self, cause: Cause) -> float:
        """Share of the squared error: the cause's part along the error; all sum to 1."""
        return self.along.get(cause, 0.0) / self.error if self.error > 0 else 0.0

    @property
    def saturated(self) -> float:
        """Share of neurons that spike in every step."""
        return self.full / max(self.samples, 1)

    @property
    def clipped(self) -> float:
        """Share of neurons whose float activation is above the scale."""
        return self.beyond / max(self.samples, 1)

    @property
    def own_cause(self) -> Cause:
        """Of its own causes that make the scores' error greater, the one that moves them most."""
        own: list[Cause] = list(CAUSES[1:])
        worse: list[Cause] = [cause for cause in own if self.reach_along.get(cause, 0.0) > 0]
        return max(worse or own, key=lambda cause: self.reach.get(cause, 0.0))

    def _relative(self, squares: float) -> float:
        scale = float(self.sums[2])
        return (squares / scale) ** 0.5 if scale > 0 else 0.0


@dataclass(kw_only=True, eq=False)
class NetworkErrors:
    """Errors of all layers, the input first, the readout last.

    ``scores`` and ``score_error``: sums of squares of the float scores and of their error, each
    without what all classes have in common. ``correct`` counts the float network's right answers,
    ``agree`` the images of which both networks say the same.
    """

    layers: tuple[LayerError, ...]
    images: int = 0
    scores: float = 0.0
    score_error: float = 0.0
    correct: int = 0
    agree: int = 0

    @property
    def guilty(self) -> LayerError:
        """Of the layers that make the scores' error greater, the one that moves them most."""
        worse = [layer for layer in self.layers if sum(layer.reach_along.values()) > 0]
        return max(worse or self.layers, key=lambda layer: layer.whole_reach)

    def reach(self, layer: LayerError, cause: Cause | None = None) -> float:
        """Root of the mean square by which a layer, or a cause in it, moves the scores.

        As a share of the root of the mean square of the float scores.
        """
        squares = layer.whole_reach if cause is None else layer.reach.get(cause, 0.0)
        return (squares / self.scores) ** 0.5 if self.scores > 0 else 0.0

    def reach_share(self, layer: LayerError, cause: Cause) -> float:
        """Share of the squared error of the scores; those of all layers and causes sum to 1."""
        along = layer.reach_along.get(cause, 0.0)
        return along / self.score_error if self.score_error > 0 else 0.0
