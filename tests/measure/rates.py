"""How well spike rates follow the activations of the float network, layer by layer."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from augend.gen.counterpart import Counterpart, counterpart
from augend.gen.evaluate import greatest, respond
from augend.gen.graph import SOURCE, Graph
from augend.gen.layer_errors import LayerError
from augend.gen.program import Program
from augend.gen.stage import Gating, Stage
from augend.sim.golden import GoldenModel

__all__ = ["rate_layers"]


def rate_layers(
    program: Program, graph: Graph, images: npt.NDArray[np.floating]
) -> list[LayerError]:
    """Correlation and error of every layer, as `augend diagnose` has them, and nothing else of it.

    That one traces causes to the scores, which takes hundreds of passes through fifty layers.

    Parameters
    ----------
    program, graph
        The integer network, and the float network that it was made of.
    images
        As the module takes them; one at a time is run.

    Returns
    -------
    Every population and gate that fires, in order.
    """
    pairing = counterpart(program, graph)
    golden = GoldenModel(replace(program.network, exit_margin=None), record="trains", threads=1)
    signed: dict[str, bool] = {}
    for step in pairing.steps:
        of_source = isinstance(step, Gating) and signed[step.source]
        signed[step.name] = of_source or (isinstance(step, Stage) and step.activation.signed)
    layers: dict[str, LayerError] = {}
    for image in images:
        floats = _activations(pairing, image[None])
        for name, train in golden.run(program.encode(image[None])).trains.items():
            layer = layers.setdefault(name, LayerError(name=name, signed=signed[name]))
            gain = pairing.gains[name].reshape(-1, *(1,) * (train.ndim - 3))
            rate = train.sum(1, dtype=np.int32) / program.network.timesteps * gain
            _add(layer, floats[name].astype(np.float64), rate)
    return list(layers.values())


def _activations(
    pairing: Counterpart, images: npt.NDArray[np.floating]
) -> dict[str, npt.NDArray[np.float32]]:
    """Of every step of the float network, on pixels that are not rounded."""
    values = {SOURCE: torch.from_numpy(pairing.pixels(images).astype(np.float32))}
    for step in pairing.steps:
        if isinstance(step, Gating):
            values[step.name] = greatest(step, values[step.source])
            continue
        total = torch.from_numpy(step.bias.astype(np.float32))[None]
        for term in step.terms:
            total = total + respond(term, values[term.source])
        values[step.name] = step.activation.apply(total)
    return {name: value.numpy() for name, value in values.items()}


def _add(layer: LayerError, a: npt.NDArray[np.float64], v: npt.NDArray[np.float64]) -> None:
    layer.samples += a.size
    layer.sums += [a.sum(), v.sum(), np.vdot(a, a), np.vdot(v, v), np.vdot(a, v)]
    layer.error += float(np.square(v - a).sum())
