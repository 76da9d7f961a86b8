"""Single-spike neurons of bfloat16 in one pass over memory, for CPUs: as `datta_neurons`, faster.

Sums of a convolution are far more than a cache holds. Operation by operation PyTorch reads and
writes them some twenty times a training step; here once forwards and once backwards.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import torch
from numba import njit
from torch.autograd import Function

__all__ = ["fused_spikes", "fusible"]

BLOCK = 256
"""Neurons handled at a time; all that is kept of them stays in the first cache."""
ONE = 0x3F80
"""1 in bfloat16, the upper half of its float32."""


def fusible(currents: torch.Tensor) -> bool:
    """Whether `fused_spikes` takes these: bfloat16 on a CPU, neurons side by side in memory."""
    return (
        currents.device.type == "cpu"
        and currents.dtype == torch.bfloat16
        and _layout(currents) is not None
    )


def fused_spikes(
    currents: torch.Tensor,
    leak: torch.Tensor,
    threshold: torch.Tensor,
    slope: float,
    through_time: bool,
    late: bool,
) -> torch.Tensor:
    """See `augend.gen.training.datta_neurons.single_spikes`, for currents that are `fusible`."""
    return _FusedSpikes.apply(currents, leak, threshold, slope, through_time, late)


def _layout(values: torch.Tensor) -> torch.memory_format | None:
    """How all steps of all images lie in memory; None where they have gaps or another order."""
    if values.is_contiguous():
        return torch.contiguous_format
    dense = values.ndim == 5 and values.stride(0) == values.shape[1] * values.stride(1)
    if dense and values.flatten(0, 1).is_contiguous(memory_format=torch.channels_last):
        return torch.channels_last
    return None


def _bits(values: torch.Tensor) -> np.ndarray:
    """The same memory as whole numbers, ``(steps, neurons)``."""
    flat = values.as_strided((len(values), values[0].numel()), (values[0].numel(), 1))
    return flat.view(torch.uint16).numpy()


def _like(values: torch.Tensor, layout: torch.memory_format) -> torch.Tensor:
    """Empty, with the shape and the order in memory of other values."""
    if layout == torch.contiguous_format:
        return torch.empty(values.shape, dtype=torch.bfloat16)
    merged = torch.empty(
        (values.shape[0] * values.shape[1], *values.shape[2:]),
        dtype=torch.bfloat16,
        memory_format=layout,
    )
    return merged.unflatten(0, values.shape[:2])


class _FusedSpikes(Function):
    @staticmethod
    def forward(
        ctx: Any,
        currents: torch.Tensor,
        leak: torch.Tensor,
        threshold: torch.Tensor,
        slope: float,
        through_time: bool,
        late: bool,
    ) -> torch.Tensor:
        layout = _layout(currents)
        assert layout is not None
        spikes = _like(currents, layout)
        given, found = _bits(currents), _bits(spikes)
        level, kept = np.float32(threshold), np.float32(leak)
        _on_all_threads(partial(_forward, given, kept, level, found), given.shape[1])
        ctx.save_for_backward(currents, leak, threshold)
        ctx.slope, ctx.through_time, ctx.late, ctx.layout = slope, through_time, late, layout
        return spikes

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        currents, leak, threshold = ctx.saved_tensors
        given = gradients[0]
        if _layout(given) != ctx.layout or given.stride() != currents.stride():
            given = _like(currents, ctx.layout).copy_(given)
        errors = _like(currents, ctx.layout)
        kernel = partial(
            _backward,
            _bits(currents),
            _bits(given),
            np.float32(leak),
            np.float32(threshold),
            np.float32(ctx.slope),
            ctx.through_time,
            ctx.late,
            _bits(errors),
        )
        parts = np.sum(_on_all_threads(kernel, currents[0].numel()), 0)
        sums = (leak.new_tensor(parts[0]), threshold.new_tensor(parts[1]))
        return errors, *sums, None, None, None


def _on_all_threads(kernel: Callable[[int, int], Any], size: int) -> list[Any]:
    """Results of a kernel for parts of all neurons, one a thread of PyTorch's."""
    count = min(torch.get_num_threads(), max(size // BLOCK, 1))
    if count == 1:
        return [kernel(0, size)]
    edges = [size * part // count for part in range(count + 1)]
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(kernel, edges[:-1], edges[1:]))


@njit(cache=True, nogil=True)
def _forward(currents, leak, threshold, spikes, begin, end):
    steps = len(currents)
    arriving = np.empty(BLOCK, np.float32)
    bits = arriving.view(np.uint32)
    potential = np.empty(BLOCK, np.float32)
    back = np.empty(BLOCK, np.float32)
    fresh = np.empty(BLOCK, np.uint16)
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        potential[:], back[:], fresh[:] = 0, 0, ONE
        for step in range(steps):
            for i in range(count):
                bits[i] = np.uint32(currents[step, first + i]) << np.uint32(16)
            for i in range(count):
                reached = potential[i] * leak + arriving[i] - back[i]
                potential[i] = reached
                back[i] = threshold if reached > threshold else np.float32(0)
            for i in range(count):
                spike = fresh[i] if back[i] > 0 else np.uint16(0)
                spikes[step, first + i] = spike
                fresh[i] ^= spike


@njit(cache=True, nogil=True)
def _backward(currents, gradients, leak, threshold, slope, through_time, late, errors, begin, end):
    steps = len(currents)
    height = slope / threshold
    zero, one = np.float32(0), np.float32(1)
    kept = leak if through_time else zero
    arriving = np.empty(BLOCK, np.float32)
    bits = arriving.view(np.uint32)
    potentials = np.zeros((steps + 1, BLOCK), np.float32)
    backs = np.zeros((steps + 1, BLOCK), np.float32)
    done = np.zeros((steps + 1, BLOCK), np.float32)
    later = np.empty(BLOCK, np.float32)
    by_leak = np.zeros(BLOCK, np.float32)
    by_threshold = np.zeros(BLOCK, np.float32)
    whole_leak = whole_threshold = 0.0
    for first in range(begin, end, BLOCK):
        count = min(BLOCK, end - first)
        for step in range(steps):
            for i in range(count):
                bits[i] = np.uint32(currents[step, first + i]) << np.uint32(16)
            for i in range(count):
                reached = potentials[step, i] * leak + arriving[i] - backs[step, i]
                potentials[step + 1, i] = reached
                backs[step + 1, i] = threshold if reached > threshold else zero
                done[step + 1, i] = max(done[step, i], backs[step + 1, i])
        later[:], by_leak[:], by_threshold[:] = 0, 0, 0
        for step in range(steps - 1, -1, -1):
            for i in range(count):
                bits[i] = np.uint32(gradients[step, first + i]) << np.uint32(16)
            for i in range(count):
                share = potentials[step + 1, i] / threshold
                slant = max(one - abs(share - one), zero) * height
                own = arriving[i] * (slant if late or done[step, i] == zero else zero)
                by_threshold[i] -= own * share
                error = own + later[i] * kept
                later[i] = error
                by_leak[i] += error * potentials[step, i]
                by_threshold[i] -= error if backs[step, i] > zero else zero
                arriving[i] = error
            for i in range(count):  # to the nearest, of two the even one
                half = np.uint32(0x7FFF) + ((bits[i] >> np.uint32(16)) & np.uint32(1))
                errors[step, first + i] = np.uint16((bits[i] + half) >> np.uint32(16))
        for i in range(count):
            whole_leak += by_leak[i]
            whole_threshold += by_threshold[i]
    return whole_leak, whole_threshold
