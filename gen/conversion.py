"""From a trained PyTorch module to a program: the one call that does everything."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from augend.gen.calibrate import Method, Norm, calibrate
from augend.gen.evaluate import evaluate_stages
from augend.gen.fold import Folded, PoolMode, fold
from augend.gen.frontends.pytorch import evaluation_copy, graph_of
from augend.gen.graph import ConversionError, Floats
from augend.gen.network import INPUT, Input, Population, Projection, SpikingNetwork
from augend.gen.options import Schedule, calibration_images, check_options, input_scaling
from augend.gen.program import Program
from augend.gen.quantize import Quantised, Start
from augend.gen.scaling import PixelError
from augend.gen.stage import Stage

__all__ = ["convert"]

VERIFIED_IMAGES = 16
TOLERANCE = 1e-6
"""Greatest deviation, as a share of the greatest output, that double precision explains."""


def convert(
    module: nn.Module,
    calibration: npt.ArrayLike,
    *,
    weight_bits: int = 8,
    timesteps: int = 8,
    norm: Norm = "mse",
    percentile: float = 99.9,
    per_channel: bool = True,
    schedule: Schedule = "synchronous",
    initial: Start = "half",
    pool: PoolMode = "fold",
    pixel_bits: int = 8,
    pixel_range: tuple[float, float] = (0.0, 1.0),
    mean: float | Sequence[float] | None = None,
    std: float | Sequence[float] | None = None,
    lanes: int = 16,
    cores: int = 1,
    seed: int = 0,
    source: str | None = None,
) -> Program:
    """Convert a trained module to an integer spiking network, placed and ready to run.

    Every operation of the module is converted or refused by name, and the float network that was
    read is compared with the module on calibration images before anything is rounded.

    Parameters
    ----------
    module
        What was trained; converted as in evaluation mode, and left as it is.
    calibration
        Images from the training set, ``(images, C, H, W)`` or ``(images, N)``: floats as the
        module takes them, or uint8, which are raw intensities from 0 to 255. A thousand are
        enough.
    weight_bits
        1 to 8.
    timesteps
        T, 1 to 65536: more is closer to the float network and costs more.
    norm
        How the scale of a population is found: ``mse``, ``percentile``, ``data`` or ``model``;
        see `augend.gen.normalize`.
    percentile
        For ``percentile``, above 0 and up to 100.
    per_channel
        For ``percentile``: a scale for each channel instead of one for the layer.
    schedule
        ``synchronous`` or ``phased``.
    initial
        Potentials start at ``half`` the threshold, which rounds spike counts, or at ``zero``.
    pool
        ``fold`` average pooling into its neighbours, or make each a population that can ``spike``.
    pixel_bits
        Width of a pixel in hardware, 1 to 8.
    pixel_range, mean, std
        The module's input is ``(raw - mean) / std`` per channel, with raw intensities in
        ``pixel_range``.
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
    check_options(
        {
            "weight_bits": weight_bits,
            "timesteps": timesteps,
            "pixel_bits": pixel_bits,
            "lanes": lanes,
            "cores": cores,
            "norm": norm,
            "schedule": schedule,
            "initial": initial,
            "pool": pool,
            "percentile": percentile,
        }
    )
    scaling = input_scaling(pixel_range, mean, std)
    images = calibration_images(calibration)
    try:
        entry = Input(shape=tuple(images.shape[1:]), bits=pixel_bits)
        pixels = scaling.encode(images, entry)
        scale, shift = scaling.affine(entry)
    except PixelError as error:
        raise ConversionError(f"Calibration: {error}") from error
    graph = graph_of(module, entry.shape)
    folded = fold(graph, pool=pool, scale=scale, shift=shift)
    _verify(module, folded, pixels[:VERIFIED_IMAGES], scale, shift)
    method = Method(
        norm=norm,
        percentile=percentile,
        per_channel=per_channel,
        weight_bits=weight_bits,
        timesteps=timesteps,
        initial=initial,
        phased=schedule == "phased",
        pixel_bits=pixel_bits,
        seed=seed,
    )
    network = _network(
        folded,
        calibrate(folded.stages, pixels, method),
        entry=entry,
        timesteps=timesteps,
        schedule=schedule,
        weight_bits=weight_bits,
    )
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
            "seed": seed,
            "calibration_images": len(pixels),
            "versions": _versions(),
        },
    )


def _network(
    folded: Folded,
    quantised: Sequence[Quantised],
    *,
    entry: Input,
    timesteps: int,
    schedule: Schedule,
    weight_bits: int,
) -> SpikingNetwork:
    populations, projections = [], []
    names = [INPUT, *_distinct(folded.stages)]
    for stage, integers, before, name in zip(
        folded.stages, quantised, names, names[1:], strict=False
    ):
        populations.append(
            Population(
                name=name,
                shape=stage.shape,
                threshold=integers.threshold,
                bias=integers.bias,
                initial=integers.initial,
                reset="subtract" if stage.spiking else "none",
                current_shift=integers.current_shift,
            )
        )
        projections.append(
            Projection(
                source=before,
                target=name,
                kind=stage.kind,
                weight=integers.weight.astype(np.int16),
                stride=stage.stride,
                padding=stage.padding,
                dilation=stage.dilation,
                groups=stage.groups,
            )
        )
    return SpikingNetwork(
        input=entry,
        populations=tuple(populations),
        projections=tuple(projections),
        timesteps=timesteps,
        schedule=schedule,
        weight_bits=weight_bits,
        rectified=folded.rectified,
    )


def _distinct(stages: Sequence[Stage]) -> list[str]:
    """Names of populations; a layer called as the network's input is told apart."""
    return [f"{stage.name}.neurons" if stage.name == INPUT else stage.name for stage in stages]


def _verify(
    module: nn.Module,
    folded: Folded,
    pixels: npt.NDArray[np.uint8],
    scale: Floats,
    shift: Floats,
) -> None:
    """Compare the folded float stages with the module on the same images."""
    extra = (1,) * (pixels.ndim - 2)
    images = pixels * scale.reshape(-1, *extra) + shift.reshape(-1, *extra)
    with torch.no_grad():
        expected = evaluation_copy(module)(torch.from_numpy(images)).numpy()
    read = evaluate_stages(folded.stages, folded.rectified, pixels)
    deviation = float(np.abs(read - expected).max())
    if not np.isfinite(expected).all():
        raise ConversionError(
            "The module's own output on calibration images is NaN or infinite.",
            instead="Check its weights.",
        )
    if deviation > TOLERANCE * max(float(np.abs(expected).max()), 1e-9):
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
