"""Where a converted network loses: every layer's error and its causes, and what reaches the scores.

Each layer's error v - a, of what its spikes stand for against the float activation, is split into
the causes of `augend.gen.error_causes`, which sum to it exactly.

The error of the scores is split by layer and cause as well: let R(k, c) be the scores when all
layers before the k-th are the integer network's, the k-th is that of its chain after cause c, and
all later ones are the float network's. The difference that each cause makes, over all layers in
order, sums exactly to the error of the scores; ``inherited`` makes none, for it is what the float
layer does anyway.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.counterpart import Counterpart
from augend.gen.encoding import spike_trains
from augend.gen.error_causes import Cause, Chain, drive, gate_chain, response, stage_chain
from augend.gen.evaluate import greatest, respond
from augend.gen.graph import SOURCE
from augend.gen.layer_errors import BINS, WIDEST, LayerError, NetworkErrors
from augend.gen.normalize import Activations
from augend.gen.stage import Gating, Step

__all__ = ["Counts", "measure"]

Counts = Callable[[npt.NDArray[np.uint8]], Mapping[str, npt.NDArray[np.integer]]]
"""Spikes of all steps of the integer network, ``(images, *shape)`` by population and gate."""

Pixels = npt.NDArray[np.uint8]
Spikes = Mapping[str, npt.NDArray[np.integer]]


def measure(
    pairing: Counterpart,
    images: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    counts: Counts,
    *,
    chunk: int,
    progress: Callable[[int], object] = lambda done: None,
) -> NetworkErrors:
    """Errors of every layer over some images.

    Parameters
    ----------
    pairing
        Both networks.
    images, labels
        As the module takes them; their classes.
    counts
        What runs the integer network.
    chunk
        Images at once.
    progress
        Is told how many images are done.
    """
    run = _Measurement(pairing)
    for first in range(0, len(images), chunk):
        part = slice(first, first + chunk)
        pixels = pairing.program.encode(images[part])
        run.add(pairing.pixels(images[part]), labels[part], pixels, counts(pixels))
        progress(len(pixels))
    return run.errors


class _Measurement:
    """Sums over chunks of images."""

    def __init__(self, pairing: Counterpart) -> None:
        self.pairing = pairing
        self.network = pairing.program.network
        self.steps = pairing.steps
        self.input_gain: float | None = None
        self.errors = NetworkErrors(
            layers=(
                LayerError(name=SOURCE, signed=False),
                *(LayerError(name=step.name, signed=self._signed(step)) for step in self.steps),
            )
        )

    def _signed(self, step: Step) -> bool:
        if isinstance(step, Gating):
            source = next(one for one in self.steps if one.name == step.source)
            return self._signed(source)
        return step.activation.signed

    def add(
        self,
        exact: npt.NDArray[np.floating],
        labels: npt.NDArray[np.integer],
        pixels: Pixels,
        spikes: Spikes,
    ) -> None:
        """Take a chunk of images into account."""
        floats = {SOURCE: exact.astype(np.float32)}
        values, totals, current = self._entry(pixels)
        rounded: Chain = [("levels", pixels.astype(np.float32)), ("transient", values[SOURCE])]
        chains = [rounded]
        for step in self.steps:
            floats[step.name] = _float_value(step, floats)
            chains.append(self._chain(step, floats, values, totals, current, spikes))
            values[step.name] = chains[-1][-1][1]
            self._emit(step, spikes, values, totals)
        for layer, chain in zip(self.errors.layers, chains, strict=True):
            self._tally(layer, floats[layer.name], chain, spikes.get(layer.name))
        self._reach(floats, chains, labels)

    @property
    def _current_steps(self) -> int:
        return 1 if self.network.input.encoding == "hybrid" else self.network.timesteps

    def _entry(
        self, pixels: Pixels
    ) -> tuple[dict[str, Activations], dict[str, npt.NDArray], dict[str, npt.NDArray]]:
        """What the input stands for, its spikes of all steps, and its current."""
        entry, steps = self.network.input, self.network.timesteps
        whole = pixels.astype(np.float32)
        current = {SOURCE: pixels} if entry.is_current else {}
        if not entry.spikes:
            return {SOURCE: whole}, {}, current
        total = spike_trains(pixels, entry, steps).sum(1, dtype=np.int32)
        rate = total.astype(np.float32) / steps
        if entry.encoding == "hybrid":  # the current of the first step is one spike at most
            rate = rate + whole / (1 << entry.bits) / steps
        if self.input_gain is None:
            self.input_gain = float((rate * whole).sum() / max((rate**2).sum(), 1e-9))
            if entry.encoding == "rate":
                self.input_gain = ((1 << entry.bits) - 1) * 65536 / entry.rate
        return {SOURCE: rate * np.float32(self.input_gain)}, {SOURCE: total}, current

    def _emit(
        self,
        step: Step,
        spikes: Spikes,
        values: dict[str, Activations],
        totals: dict[str, npt.NDArray],
    ) -> None:
        """Hand a layer's spikes on."""
        if step.name not in spikes:
            return
        totals[step.name] = total = spikes[step.name]
        gain = self.pairing.gains[step.name].reshape(-1, *(1,) * (len(step.shape) - 1))
        values[step.name] = (total / self.network.timesteps * gain).astype(np.float32)

    def _chain(
        self,
        step: Step,
        floats: Mapping[str, Activations],
        values: Mapping[str, Activations],
        totals: Mapping[str, npt.NDArray],
        current: Mapping[str, npt.NDArray],
        spikes: Spikes,
    ) -> Chain:
        steps = self.network.timesteps
        if isinstance(step, Gating):
            gain = self.pairing.gains[step.name]
            return gate_chain(step, values[step.source], spikes[step.name], gain, steps)
        pair = self.pairing.pairs[step.name]
        return stage_chain(
            pair,
            reference=floats[step.name],
            responses=response(pair, values),
            arrived=drive(pair, totals, current, self._current_steps),
            spiked=spikes.get(step.name),
            gain=self.pairing.gains.get(step.name, np.ones(1)),
            timesteps=steps,
        )

    def _tally(
        self, layer: LayerError, a: Activations, chain: Chain, spiked: npt.NDArray | None
    ) -> None:
        v = chain[-1][1]
        error = v - a
        layer.samples += a.size
        layer.sums += [
            a.sum(dtype=np.float64),
            v.sum(dtype=np.float64),
            _dot(a, a),
            _dot(v, v),
            _dot(a, v),
        ]
        layer.error += _dot(error, error)
        before = a
        for cause, after in chain:
            difference = after - before
            _add(layer.squares, cause, _dot(difference, difference))
            _add(layer.along, cause, _dot(difference, error))
            before = after
        if layer.name == SOURCE:
            greatest_value = float((1 << self.network.input.bits) - 1)
        elif layer.name in self.pairing.gains:
            gain = self.pairing.gains[layer.name]
            greatest_value = gain.reshape(-1, *(1,) * (a.ndim - 2))
        else:  # scores have no scale
            greatest_value = 3 * max(float(layer.sums[2]) / layer.samples, 1e-30) ** 0.5
        layer.histogram += _histogram(a / greatest_value, v / greatest_value, layer.signed)
        if spiked is not None:
            layer.full += int((np.abs(spiked) >= self.network.timesteps).sum())
            layer.beyond += int((np.abs(a) > greatest_value * (1 + 1e-9)).sum())

    def _reach(
        self,
        floats: dict[str, Activations],
        chains: Sequence[Chain],
        labels: npt.NDArray[np.integer],
    ) -> None:
        """How far every cause in every layer moves the scores."""
        errors = self.errors
        start, end = floats[self.steps[-1].name], chains[-1][-1][1]
        total = _centred(end) - _centred(start)
        errors.images += len(labels)
        errors.scores += _dot(_centred(start), _centred(start))
        errors.score_error += _dot(total, total)
        answers = self._answers(start)
        errors.correct += int((answers == labels).sum())
        errors.agree += int((answers == self._answers(end)).sum())
        known: dict[str, Activations] = {}  # the integer network up to here
        before = start
        for place, (layer, chain) in enumerate(zip(errors.layers, chains, strict=True)):
            entered, previous = before, floats[SOURCE]
            for cause, after in chain:
                if cause != "inherited" and not np.array_equal(previous, after):
                    scores = self._finished(place, known | {layer.name: after})
                    moved = _centred(scores) - _centred(before)
                    _add(layer.reach, cause, _dot(moved, moved))
                    _add(layer.reach_along, cause, _dot(moved, total))
                    before = scores
                previous = after
            known[layer.name] = previous
            moved = _centred(before) - _centred(entered)
            layer.whole_reach += _dot(moved, moved)
            layer.correct += int((self._answers(before) == labels).sum())

    def _finished(self, place: int, known: dict[str, Activations]) -> Activations:
        """Scores of float layers behind the first ``place`` steps, whose values are known."""
        for step in self.steps[place:]:
            known[step.name] = _float_value(step, known)
        return known[self.steps[-1].name]

    def _answers(self, scores: Activations) -> npt.NDArray[np.intp]:
        flat = scores.reshape(len(scores), -1)
        return (np.maximum(flat, 0) if self.network.rectified else flat).argmax(1)


def _float_value(step: Step, values: Mapping[str, Activations]) -> Activations:
    if isinstance(step, Gating):
        return greatest(step, torch.from_numpy(values[step.source])).numpy()
    total = torch.from_numpy(step.bias.astype(np.float32))[None]
    for term in step.terms:
        total = total + respond(term, torch.from_numpy(values[term.source]))
    return step.activation.apply(total).numpy()


def _centred(scores: Activations) -> npt.NDArray[np.float64]:
    """Scores without what all classes have in common, which decides nothing."""
    flat = scores.reshape(len(scores), -1).astype(np.float64)
    return flat - flat.mean(1, keepdims=True) if flat.shape[1] > 1 else flat


def _dot(one: npt.NDArray[np.floating], other: npt.NDArray[np.floating]) -> float:
    return float(np.sum(one * other, dtype=np.float64))


def _histogram(a: Activations, v: Activations, signed: bool) -> npt.NDArray[np.int64]:
    edges = (-WIDEST if signed else 0.0, WIDEST)
    found, _, _ = np.histogram2d(
        np.clip(a.ravel(), *edges), np.clip(v.ravel(), *edges), bins=BINS, range=(edges, edges)
    )
    return found.astype(np.int64)


def _add(sums: dict[Cause, float], cause: Cause, value: float) -> None:
    sums[cause] = sums.get(cause, 0.0) + value
