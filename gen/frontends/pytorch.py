"""PyTorch module and input shape to a graph of float layers, by watching it at work."""

import copy
import inspect
from typing import Any

import numpy as np
import torch
from torch import nn

from augend.gen.evaluate import evaluate
from augend.gen.frontends.refusals import unusable
from augend.gen.frontends.torch_listening import BelowPython, Listening
from augend.gen.frontends.walk import Reading, Row, Stopped, Walk
from augend.gen.graph import ConversionError, Graph, Shape

__all__ = ["Reading", "Row", "evaluation_copy", "graph_of", "read"]

IMAGES = 3
"""Images that the network is watched with: a literal in a module hardly ever means this number."""

CHECKED = 2
"""Images, others, on which graph and module have to agree."""

TOLERANCE = 1e-6
"""Greatest difference between graph and module, of the greatest score."""


def evaluation_copy(module: nn.Module) -> nn.Module:
    """Copy of the module in evaluation mode and double precision; the module stays as it is."""
    if not isinstance(module, nn.Module):
        raise ConversionError(f"A torch.nn.Module is needed, not {type(module).__name__}.")
    module = getattr(module, "_orig_mod", module)  # what torch.compile wraps
    error = unusable(module)
    if error is not None:
        raise error
    # Weights that weight_norm and pruning compute are no leaves, which deepcopy refuses.
    known = {
        id(value): value.detach().clone()
        for part in module.modules()
        for value in vars(part).values()
        if isinstance(value, torch.Tensor) and not value.is_leaf
    }
    try:
        return copy.deepcopy(module, known).cpu().double().eval()
    except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
        raise ConversionError(f"The module cannot be copied: {error}") from error


def graph_of(module: nn.Module, shape: Shape) -> Graph:
    """Float layers of a module; refuses by naming the first layer that cannot be read."""
    reading = read(module, shape)
    if reading.graph is None:
        raise reading.errors[0]
    return reading.graph


def read(module: nn.Module, shape: Shape) -> Reading:
    """Read every operation of a module that is given images of ``shape``.

    The module's copy runs on a few random images while each of its calls is taken down: it becomes
    a layer, is passed with a reason, or is refused. What was read is then compared with the module
    on other images. The module itself is not touched.
    """
    root = evaluation_copy(module)
    if len(shape) not in (1, 3) or min(shape) < 1:
        raise ConversionError(f"Images must be (C, H, W) or (N,), not {tuple(shape)}.")
    if type(root).__module__.startswith("torch.nn.") and not list(root.children()):
        root = nn.Sequential(root)  # so that it has a name
    walk, reading, _ = _watch(root, tuple(shape), IMAGES, 0)
    if reading.graph is None:
        return reading
    images = _images(tuple(shape), CHECKED, 1)
    other, again, returned = _watch(root, tuple(shape), CHECKED, 1)
    if again.graph is None:
        return again
    scores = walk.finish(torch.from_numpy(evaluate(reading.graph, images.numpy())))
    return _compared(reading, scores.numpy(), returned, type(module).__name__)


def _images(shape: Shape, images: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(images, *shape, generator=generator, dtype=torch.float64)


def _watch(root: nn.Module, shape: Shape, images: int, seed: int) -> tuple[Walk, Reading, Any]:
    """Run a module once; the walk, what it comes to, and what the module returned."""
    _one_input(root)
    given = _images(shape, images, seed)
    walk = Walk(root, shape, images)
    walk.start(given)
    before, returned = torch.get_default_dtype(), None
    torch.set_default_dtype(torch.float64)
    try:
        with torch.no_grad(), BelowPython(walk), Listening(walk):
            returned = root(given)
    except Stopped:
        return walk, walk.stopped(), None
    except ConversionError:
        raise
    except Exception as error:
        refused = walk.stopped()
        if refused.errors:  # what was refused may well be why it fails
            return walk, refused, None
        raise _failure(walk, error, root, shape) from error
    finally:
        torch.set_default_dtype(before)
        walk.places.close()
    return walk, walk.end(returned), returned


def _one_input(root: nn.Module) -> None:
    needed = [
        name
        for name, parameter in inspect.signature(root.forward).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD)
    ]
    if len(needed) > 1:
        raise ConversionError(
            f"the module takes a second input, {needed[1]!r}.",
            layer=needed[1],
            kind="placeholder",
            instead="Use one input.",
        )


def _failure(walk: Walk, error: Exception, root: nn.Module, shape: Shape) -> ConversionError:
    """Error for a module that fails on images of ``shape``."""
    reason = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
    instead = "Check the shape of the images that the module was made for."
    if walk.failed is not None and walk.failed[0] is error:
        _, name, kind = walk.failed
        return ConversionError(
            f"It fails on images of shape {shape} ({reason}).",
            layer=name,
            kind=kind,
            instead=instead,
        )
    return ConversionError(
        f"The forward method of {type(root).__name__} fails on images of shape {shape} "
        f"({type(error).__name__}: {reason}).",
        instead=instead,
    )


def _compared(reading: Reading, scores: Any, returned: Any, name: str) -> Reading:
    """The reading, refused as a whole where it does not compute what the module returns."""
    returned = returned[0] if isinstance(returned, (tuple, list)) else returned
    expected = returned.numpy().reshape(scores.shape)
    greatest = np.abs(expected).max(initial=0.0)
    difference = np.abs(scores - expected).max(initial=0.0)
    if difference <= TOLERANCE * greatest or not np.isfinite(greatest):
        return reading
    assert reading.graph is not None
    error = ConversionError(
        f"What was read of {name} computes other scores than the module: {difference:.3g} apart, "
        f"of {greatest:.3g}.",
        instead="Leave out what PyTorch cannot show: NumPy, or state that changes from run to run.",
    )
    row = Row(name="network", kind=name, shape=None, verdict="refused", error=error)
    return Reading(rows=(*reading.rows, row), graph=None)
