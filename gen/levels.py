"""Integers that weights may take, and the scale that loses least of them."""

from typing import Literal

import numpy as np

from augend.gen.contract import Ints
from augend.gen.graph import Floats

__all__ = ["WeightForm", "best_thresholds", "rounded", "weight_range"]

WeightForm = Literal["integer", "ternary", "power_of_two"]

BLOCK = 1 << 22
"""Weights that are tried at once."""


def weight_range(bits: int) -> tuple[int, int]:
    """Least and greatest weight of ``bits`` bits; with one bit -1 and +1."""
    return (-1, 1) if bits == 1 else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)


def greatest_level(bits: int, form: WeightForm) -> int:
    """Greatest weight of a form."""
    if form == "ternary" or bits == 1:
        return 1
    return 1 << (bits - 2) if form == "power_of_two" else (1 << (bits - 1)) - 1


def rounded(scaled: Floats, bits: int, form: WeightForm = "integer") -> Ints:
    """Nearest weights of a form; beyond its range, the last."""
    if bits == 1 and form == "integer":
        return np.where(scaled < 0, -1, 1).astype(np.int64)
    most = greatest_level(bits, form)
    if form != "power_of_two":
        low = -1 if form == "ternary" else weight_range(bits)[0]
        return np.clip(np.floor(scaled + 0.5), low, most).astype(np.int64)
    powers = 1 << np.arange(most.bit_length())
    levels = np.concatenate([-powers[::-1], [0], powers])
    middles = (levels[1:] + levels[:-1]) / 2
    return levels[np.searchsorted(middles, scaled, side="right")]


def best_thresholds(
    rows: Floats, bits: int, form: WeightForm = "integer", *, most: int | None, fine: int = 1
) -> Ints:
    """Integer threshold per channel that loses least of its weights ``(C, K)``, in thresholds.

    ``fine`` multiplies the threshold, for a scale finer than integers. Weights that are exactly 0
    are taken for such as are not there.
    """
    block = max(BLOCK // rows.shape[1], 1)
    if len(rows) > block:
        parts = [rows[first : first + block] for first in range(0, len(rows), block)]
        return np.concatenate(
            [best_thresholds(part, bits, form, most=most, fine=fine) for part in parts]
        )
    greatest = np.maximum(np.abs(rows).max(1), 1e-9)
    if bits == 1 and form == "integer":
        there = np.maximum((rows != 0).sum(1), 1)
        mean = np.maximum(np.abs(rows).sum(1) / there, 1e-9)
        return np.clip(np.floor(fine / mean + 0.5), 1, most or 1 << 40).astype(np.int64)
    high = greatest_level(bits, form)
    widest = {1: 6.0, 2: 6.0, 3: 4.0, 4: 2.5, 5: 1.6}.get(2 if high == 1 else bits, 1.15)
    best = np.ones(len(rows), np.int64)
    least = np.full(len(rows), np.inf)
    for ratio in np.linspace(0.8, widest, 40):
        whole = np.floor(fine * ratio * high / greatest + 0.5)
        candidate = np.clip(whole, 1, most or 1 << 40).astype(np.int64)
        scaled = rows * (candidate / fine)[:, None]
        error = rounded(scaled, bits, form) - scaled
        loss = np.einsum("ck,ck->c", error, error) / candidate.astype(np.float64) ** 2
        better = loss < least
        best, least = np.where(better, candidate, best), np.minimum(loss, least)
    return best
