"""From a trained network to a program: the one call that does everything."""

import inspect
import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from augend.gen.assemble import gate_of, projections_of
from augend.gen.calibrate import Calibrated, Method, Norm, calibrate
from augend.gen.encoding import input_rate
from augend.gen.entry import Encoding, Input
from augend.gen.evaluate import evaluate, evaluate_stages
from augend.gen.fold import Folded, PoolMode, fold
from augend.gen.frontends.pytorch import evaluation_copy, graph_of
from augend.gen.gate import GateRule
from augend.gen.graph import ConversionError, Floats, Graph
from augend.gen.gumbel import softmax_of
from augend.gen.levels import WeightForm
from augend.gen.lfsr import seed_of_run
from augend.gen.network import ContractError, Decode, SpikingNetwork
from augend.gen.neuron_options import NeuronOptions, Start
from augend.gen.options import Schedule, calibration_images, check_options, input_scaling
from augend.gen.program import Program
from augend.gen.scaling import PixelError
from augend.gen.sparsity import without_pruned
from augend.gen.spiking_conversion import spiking_program
from augend.gen.spiking_form import SpikingModule
from augend.gen.stage import Activation, Gating, Stage

__all__ = ["convert"]

VERIFIED_IMAGES = 16
TOLERANCE = 1e-6
"""Greatest deviation, as a share of the greatest output, that double precision explains."""


def convert(
    module: nn.Module | Graph,
    calibration: npt.ArrayLike,
    *,
    weight_bits: int = 8,
    weights: WeightForm = "integer",
    layer_bits: Mapping[str, int] | None = None,
    sparse: bool = False,
    timesteps: int = 8,
    norm: Norm = "mse",
    percentile: float = 99.9,
    per_channel: bool = True,
    schedule: Schedule = "synchronous",
    pool: PoolMode = "fold",
    decode: Decode = "potential",
    exit_margin: int | None = None,
    encoding: Encoding = "current",
    input_hertz: float | None = None,
    pixel_bits: int = 8,
    pixel_range: tuple[float, float] = (0.0, 1.0),
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    initial: Start = "half",
    reset: str = "subtract",
    signed: bool = False,
    clamp: float = 0.0,
    leak: Sequence[int] = (),
    floor: float | None = None,
    single_spike: bool = False,
    refractory: int = 0,
    inhibition: float = 0.0,
    gate: GateRule = "count",
    lanes: int = 16,
    cores: int = 1,
    seed: int = 0,
    source: str | None = None,
) -> Program:
    """Convert a trained network to an integer spiking network, placed and ready to run.

    Every operation of the module is converted or refused by name, and the float network that was
    read is compared with the module on calibration images before anything is rounded.

    Parameters
    ----------
    module
        What was trained; converted as in evaluation mode, and left as it is. A
        `augend.gen.graph.Graph` from another front end serves as well. A
        `augend.gen.spiking_form.SpikingModule`, trained on spikes, is only rounded: it takes no
        option but ``weight_bits``, ``lanes``, ``cores``, ``seed`` and ``source``.
    calibration
        Images from the training set, ``(images, C, H, W)`` or ``(images, N)``: floats as the
        module takes them, or uint8, which are raw intensities from 0 to 255. A thousand are
        enough.
    weight_bits
        1 to 8.
    weights
        ``integer``, ``ternary`` or ``power_of_two``.
    layer_bits
        Widths of single populations' weights, by name, where they differ.
    sparse
        Leave out words of weights that are all 0, as pruning made them, where this takes less
        memory; see `augend.gen.sparsity`.
    timesteps
        T, 1 to 65536: more is closer to the float network and costs more.
    norm
        How the scale of a population is found: ``mse``, ``percentile``, ``data`` or ``model``;
        see `augend.gen.normalize`. ``levels`` is ``mse`` for a network that was trained on rounded
        activations (`augend.gen.training.spike_levels`). With ``none`` a spike in every step stands
        for 1.
    percentile
        For ``percentile``, above 0 and up to 100.
    per_channel
        For ``percentile``: a scale for each channel instead of one for the layer.
    schedule
        ``synchronous`` or ``phased``.
    pool
        ``fold`` average pooling into its neighbours, or make each a population that can ``spike``.
    decode
        Scores by ``potential``, by spike ``count`` or ``first_spike`` of the last population, or
        by ``softmax``: output spikes drawn from the softmax of its potentials in every step.
    exit_margin
        Lead of the best score that ends an inference early; None runs all steps.
    encoding
        How pixels enter: ``current``, ``rate``, ``ttfs`` or ``hybrid``; see `augend.gen.entry`.
    input_hertz
        For ``rate``: rate of the brightest pixel, in steps of 1 ms (Diehl 2015); every step where
        None.
    pixel_bits
        Width of a pixel in hardware, 1 to 8.
    pixel_range, mean, std
        The module's input is ``(raw - mean) / std`` per channel, with raw intensities in
        ``pixel_range``.
    initial, reset, signed, clamp, leak, floor, single_spike, refractory, inhibition, gate
        Rules of the neurons; see `augend.gen.neuron_options.NeuronOptions`.
    lanes, cores
        Placement.
    seed
        Of every random choice.
    source
        Name of the module for the program's metadata.

    Raises
    ------
    ConversionError
        An option, image, weight or layer that cannot be used; the message names it.
    """
    given = locals()
    if isinstance(module, SpikingModule):
        return spiking_program(module, given, inspect.signature(convert).parameters)
    check_options(
        {
            "weight_bits": weight_bits,
            "timesteps": timesteps,
            "pixel_bits": pixel_bits,
            "lanes": lanes,
            "cores": cores,
            "norm": norm,
            "schedule": schedule,
            "pool": pool,
            "decode": decode,
            "encoding": encoding,
            "weights": weights,
            "percentile": percentile,
        }
    )
    neurons = NeuronOptions(
        initial=initial,
        reset=reset,  # type: ignore[arg-type]  # checked by the options themselves
        signed=signed,
        clamp=clamp,
        leak=tuple(leak),
        floor=floor,
        single_spike=single_spike,
        refractory=refractory,
        inhibition=inhibition,
        gate=gate,
    )
    scaling = input_scaling(pixel_range, mean, std)
    images = calibration_images(calibration)
    try:
        rate = 1 << 16 if input_hertz is None else input_rate(input_hertz)
        entry = Input(shape=tuple(images.shape[1:]), bits=pixel_bits, encoding=encoding, rate=rate)
        pixels = scaling.encode(images, entry)
        scale, shift = scaling.affine(entry)
    except (PixelError, ContractError) as error:
        raise ConversionError(f"Calibration: {error}") from error
    graph = module if isinstance(module, Graph) else graph_of(module, entry.shape)
    if graph.input_shape != entry.shape:
        raise ConversionError(
            f"The network takes images of shape {graph.input_shape}, and those for calibration "
            f"have {entry.shape}."
        )
    folded = fold(graph, pool=pool, scale=scale, shift=shift)
    _verify(module, folded, pixels[:VERIFIED_IMAGES], scale, shift)
    folded = _decoded(folded, decode)
    method = Method(
        norm=norm,
        percentile=percentile,
        per_channel=per_channel,
        weight_bits=weight_bits,
        weights=weights,
        layer_bits=_checked_bits(layer_bits or {}, folded),
        timesteps=timesteps,
        phased=schedule == "phased",
        seed=seed,
        neurons=neurons,
    )
    _check_schedule(folded, schedule)
    calibrated = calibrate(folded.stages, entry, pixels, method)
    network = _network(folded, calibrated, entry, method, decode, exit_margin)
    if sparse:
        network = without_pruned(network, lanes)
    return Program(
        network=network,
        scaling=scaling,
        lanes=lanes,
        cores=cores,
        ann_macs=graph.macs,
        metadata={
            "source": source or type(module).__name__,
            "norm": norm,
            "percentile": percentile,
            "per_channel": per_channel,
            "initial": initial,
            "pool": pool,
            "weights": weights,
            "seed": seed,
            "calibration_images": len(pixels),
            "unit": {
                name: np.broadcast_to(found.integers.unit, found.scale.shape).tolist()
                for name, found in calibrated.items()
                if not found.stage.spiking
            },
            "scales": {
                name: found.scale.tolist()
                for name, found in calibrated.items()
                if found.stage.spiking
            },
            "versions": _versions(),
        },
    )


def _network(
    folded: Folded,
    calibrated: Mapping[str, Calibrated],
    entry: Input,
    method: Method,
    decode: Decode,
    exit_margin: int | None,
) -> SpikingNetwork:
    found = [calibrated[step.name] for step in folded.stages if isinstance(step, Stage)]
    options: dict[str, Any] = {}
    if decode == "softmax":
        options["softmax"] = softmax_of(
            float(found[-1].integers.unit[0]),
            method.timesteps,
            classes=found[-1].population.size,
            seed=seed_of_run(method.seed),
        )
    if decode == "potential":
        options["exit_margin"] = exit_margin
    elif exit_margin is not None:
        raise ConversionError("exit_margin needs decode='potential'.")
    try:
        return SpikingNetwork(
            input=entry,
            populations=tuple(one.population for one in found),
            projections=tuple(
                projection
                for one in found
                for projection in projections_of(one.stage, one.integers, method.weight_bits)
            ),
            gates=tuple(
                gate_of(step, method.neurons) for step in folded.stages if isinstance(step, Gating)
            ),
            timesteps=method.timesteps,
            schedule="phased" if method.phased else "synchronous",
            weight_bits=method.weight_bits,
            rectified=folded.rectified and decode in ("potential", "softmax"),
            decode=decode,
            **options,
        )
    except ContractError as error:
        raise ConversionError(f"{error}.", instead="Leave that option out.") from error


def _decoded(folded: Folded, decode: Decode) -> Folded:
    """Let the last stage spike where scores are read from its spikes."""
    last = folded.stages[-1]
    if decode in ("potential", "softmax") or not isinstance(last, Stage):
        return folded
    kind = "relu" if folded.rectified or decode == "first_spike" else "linear"
    spiking = replace(last, activation=Activation(kind=kind))
    return replace(folded, stages=(*folded.stages[:-1], spiking))


def _checked_bits(layer_bits: Mapping[str, int], folded: Folded) -> Mapping[str, int]:
    names = [step.name for step in folded.stages if isinstance(step, Stage)]
    for name, bits in layer_bits.items():
        if name not in names:
            raise ConversionError(
                f"layer_bits names {name!r}; the populations are {', '.join(names)}."
            )
        if bits not in range(1, 9):
            raise ConversionError(f"layer_bits of {name!r} must be 1 to 8, not {bits!r}.")
    return layer_bits


def _check_schedule(folded: Folded, schedule: Schedule) -> None:
    for step in folded.stages:
        if schedule == "phased" and isinstance(step, Stage) and step.activation.binary:
            raise ConversionError(
                "its neurons decide anew in every step, and the phased schedule sums steps.",
                layer=step.name,
                kind=step.activation.kind,
                instead="Use schedule='synchronous'; one time step is enough for a binary network.",
            )


def _verify(
    module: nn.Module | Graph,
    folded: Folded,
    pixels: npt.NDArray[np.uint8],
    scale: Floats,
    shift: Floats,
) -> None:
    """Compare the folded float stages with the module on the same images."""
    extra = (1,) * (pixels.ndim - 2)
    images = pixels * scale.reshape(-1, *extra) + shift.reshape(-1, *extra)
    if isinstance(module, Graph):
        expected = evaluate(module, images)
    else:
        with torch.no_grad():
            expected = evaluation_copy(module)(torch.from_numpy(images)).numpy()
    expected = expected.reshape(len(images), -1)
    read = evaluate_stages(folded.stages, folded.rectified, pixels)
    deviation = float(np.abs(read - expected).max())
    if not np.isfinite(expected).all():
        raise ConversionError(
            "The module's own output on calibration images is NaN or infinite.",
            instead="Check its weights.",
        )
    if deviation > TOLERANCE * max(float(np.abs(expected).max()), 1e-6):
        raise ConversionError(
            f"The network that was read deviates from the module by up to {deviation:.3g} on "
            f"calibration images, whose outputs reach {np.abs(expected).max():.3g}: its forward "
            f"method does something that tracing does not show (randomness, hooks or branches).",
            instead="Write forward as a plain chain of layers.",
        )


def _versions() -> dict[str, str]:
    try:
        own = version("augend")
    except PackageNotFoundError:
        own = "unknown"
    return {
        "augend": own,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "torch": str(torch.__version__),
    }
