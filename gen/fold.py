"""A graph of float layers to the stages that populations compute."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import torch

from augend.gen.compose import (
    conv_over_link,
    conv_over_pooled,
    linear_over_link,
    linear_over_pooled,
    linear_over_term,
    pooled_terms,
)
from augend.gen.evaluate import convolve
from augend.gen.form import Form, Item, summed
from augend.gen.graph import (
    SOURCE,
    Add,
    AvgPool,
    BatchNorm,
    Binary,
    Concat,
    Conv,
    ConversionError,
    Flatten,
    Floats,
    Graph,
    Layer,
    Linear,
    MaxPool,
    Pick,
    Relu,
)
from augend.gen.link import Link, Pooled
from augend.gen.rewrite import rewritten
from augend.gen.stage import Activation, Stage, Step
from augend.gen.stage_list import PIXELS, StageList
from augend.gen.term import Term

__all__ = ["Folded", "PoolMode", "fold"]

PoolMode = Literal["fold", "spike"]

MOST_UNROLLED = 4096
"""Neurons of a flattened tensor that is unrolled to be joined with another."""


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Stages and gates, each behind its sources; the last stage is read out and does not spike.

    ``rectified``: the network ends in a ReLU, so scores below 0 are read as 0.
    """

    stages: tuple[Step, ...]
    rectified: bool


def fold(
    graph: Graph,
    *,
    pool: PoolMode = "fold",
    scale: Floats | None = None,
    shift: Floats | None = None,
) -> Folded:
    """Fold everything linear between two activations into one stage.

    Everything is exact: batch normalisation in front of padded zeros, and the shift of the input,
    become biases that know the border. What has no exact place in its neighbours, a sum that
    several layers use, and with ``pool="spike"`` every pooling of activations, becomes a
    population of its own; if it can be below 0, one with spikes of both signs.

    Parameters
    ----------
    graph
        Float layers.
    pool
        ``fold`` or ``spike``.
    scale, shift
        The graph's input is ``scale p + shift`` per channel, ``(C,)`` each; stages work on ``p``,
        which is at least 0. By default the input itself.

    Raises
    ------
    ConversionError
        A layer that neither folds nor can be a population.
    """
    if not any(isinstance(layer, (Linear, Conv)) for layer in graph.layers):
        raise ConversionError(
            "The network has no nn.Linear or nn.Conv2d.", instead="Add a layer with weights."
        )
    channels = graph.input_shape[0]
    scale = np.ones(channels) if scale is None else scale
    shift = np.zeros(channels) if shift is None else shift
    stages = StageList(input_shape=graph.input_shape)
    folding = _Folding(graph=rewritten(graph), pool=pool, scale=scale, shift=shift, stages=stages)
    return folding.run()


@dataclass(kw_only=True)
class _Folding:
    """Layer by layer, what each tensor is; a stage is added where one must be."""

    graph: Graph
    pool: PoolMode
    scale: Floats
    shift: Floats
    stages: StageList
    forms: dict[str, Form] = field(default_factory=dict)

    def run(self) -> Folded:
        shape = (*self.graph.input_shape, 1, 1)[:3]
        entry = Link.whole(SOURCE, self.graph.input_shape).scaled(self.scale)
        bias = np.broadcast_to(self.shift[:, None, None], shape).copy()
        self.forms[SOURCE] = Form(name=SOURCE, layers=(), items=(entry,), bias=bias)
        for layer in self.graph.layers:
            self.stages.layer = layer
            form = self._form(layer)
            self.forms[layer.name] = form
            if form.weighted and len(self.graph.users(layer.name)) > 1:
                self._settle(layer.name)
        rectified = self._read_out(self.graph.layers[-1].name)
        return Folded(stages=self.stages.finished(), rectified=rectified)

    def _form(self, layer: Layer) -> Form:
        source = layer.sources[0]
        form = self.forms[source]
        if isinstance(layer, Linear):
            return self._linear(layer, source)
        if isinstance(layer, Conv):
            return self._conv(layer, source)
        if isinstance(layer, BatchNorm):
            if layer.scale.size != form.shape[0]:  # one value a neuron of a flattened map
                form = self._unrolled(source, layer)
            return form.scaled(layer.scale, layer.shift).passing(layer.name)
        if isinstance(layer, AvgPool):
            return self._avg_pool(layer, source)
        if isinstance(layer, MaxPool):
            return self._max_pool(layer, source)
        if isinstance(layer, Relu):
            return self._relu(layer, source)
        if isinstance(layer, Binary):
            kind = Activation(kind=layer.function, zero=layer.zero)
            return self._populated(form, kind, layer)
        if isinstance(layer, Flatten):
            return form.passing(layer.name)
        if isinstance(layer, Add):
            return summed(layer.name, self._aligned(layer), layer.gains)
        if isinstance(layer, Concat):
            return self._concat(layer)
        if isinstance(layer, Pick):
            return self._pick(layer, source)
        raise ConversionError("it has no folding.", layer=layer.name, kind=layer.kind)

    def _linear(self, layer: Linear, source: str) -> Form:
        form, terms = self._composed(source, lambda item: self._linear_over(layer.weight, item))
        bias = layer.bias + layer.weight @ form.bias.ravel()
        return Form(
            name=layer.name,
            layers=(*form.layers, layer.name),
            items=tuple(terms),
            bias=bias[:, None, None],
        )

    def _linear_over(self, weight: Floats, item: Item) -> list[Term] | None:
        """Dense terms over an item; None where it should be a population before."""
        if isinstance(item, Link):
            return linear_over_link(weight, item)
        if isinstance(item, Pooled):
            return None if self.pool == "spike" else linear_over_pooled(weight, item)
        apart = item.synapses() + weight.size
        merged = len(weight) * int(np.prod(item.source_shape))
        return [linear_over_term(weight, item)] if merged <= apart else None

    def _conv(self, layer: Conv, source: str) -> Form:
        def compose(item: Item) -> list[Term] | None:
            if isinstance(item, Link):
                return conv_over_link(layer, item)
            if isinstance(item, Pooled) and self.pool != "spike":
                return conv_over_pooled(layer, item)
            return None

        form, terms = self._composed(source, compose)
        bias = np.broadcast_to(layer.bias[:, None, None], layer.shape)
        if np.any(form.bias):
            moved = convolve(
                torch.from_numpy(form.bias)[None],
                torch.from_numpy(layer.weight),
                layer.shape,
                layer.stride,
                layer.padding,
                layer.dilation,
                layer.groups,
            )
            bias = bias + moved[0].numpy()
        return Form(
            name=layer.name,
            layers=(*form.layers, layer.name),
            items=tuple(terms),
            bias=np.array(bias),
        )

    def _composed(
        self, source: str, compose: Callable[[Item], list[Term] | None]
    ) -> tuple[Form, list[Term]]:
        """Terms of a layer over a tensor, which becomes a population where it must."""
        for _ in range(2):
            form = self.forms[source]
            found = [compose(item) for item in form.items]
            if all(terms is not None for terms in found):
                return form, [term for terms in found for term in terms or ()]
            self._settle(source)
        raise AssertionError(f"{source} is a population and yet does not fold")

    def _avg_pool(self, layer: AvgPool, source: str) -> Form:
        pooled = self.forms[source].pooled(layer)
        if pooled is None or any(
            isinstance(item, Pooled) and pooled_terms(item) is None for item in pooled.items
        ):
            pooled = self._settle(source).pooled(layer)
            assert pooled is not None
        return pooled

    def _max_pool(self, layer: MaxPool, source: str) -> Form:
        form = self.forms[source]
        if not self.stages.gateable(form, layer):
            form = self._settle(source)
        if form.links and any(link.source == SOURCE for link in form.links):
            form = self._settle(source)
        assert form.links is not None
        items = []
        for link in form.links:
            gate = self.stages.gate(layer, link)
            items.append(
                replace(
                    link,
                    source=gate.name,
                    source_shape=gate.shape,
                    rows=np.arange(gate.shape[1]),
                    columns=np.arange(gate.shape[2]),
                )
            )
        bias = np.broadcast_to(form.bias[:, :1, :1], layer.shape)
        return Form(name=layer.name, layers=(layer.name,), items=tuple(items), bias=np.array(bias))

    def _relu(self, layer: Relu, source: str) -> Form:
        form = self.forms[source]
        if layer.ceiling is None and not isinstance(layer.slope, np.ndarray) and layer.slope == 1:
            return form.passing(layer.name)
        positive = self.stages.never_negative(form)
        if positive and layer.ceiling is None and not form.weighted:
            return form.passing(layer.name)  # a ReLU of what is never below 0
        if layer.rectifies or positive:
            kind = Activation(kind="relu", ceiling=layer.ceiling)
        else:
            if np.size(layer.slope) not in (1, form.shape[0]):  # one a neuron of a flattened map
                form = self._unrolled(source, layer)
            slope = np.broadcast_to(np.asarray(layer.slope, float), form.shape[:1])
            kind = Activation(kind="leaky", ceiling=layer.ceiling, slope=slope.copy())
        return self._populated(form, kind, layer)

    def _concat(self, layer: Concat) -> Form:
        forms = self._aligned(layer)
        channels = sum(form.shape[0] for form in forms)
        placed, first = [], 0
        for form in forms:
            placed.append(form.placed(first, channels))
            first += form.shape[0]
        return summed(layer.name, placed, [1.0] * len(placed))

    def _aligned(self, layer: Add | Concat) -> list[Form]:
        """Sources of one kind: where flattened maps meet other vectors, all are unrolled."""
        shapes = {self.forms[name].shape for name in layer.sources}
        if len({shape[1:] for shape in shapes}) > 1 or (isinstance(layer, Add) and len(shapes) > 1):
            return [self._unrolled(name, layer) for name in layer.sources]
        return [self.forms[name] for name in layer.sources]

    def _unrolled(self, source: str, layer: Layer) -> Form:
        """Flattened tensor, ``(N, 1, 1)``, with dense terms in place of maps."""
        form = self.forms[source]
        if form.shape[1:] == (1, 1):
            return form
        size = int(np.prod(form.shape))
        if size > MOST_UNROLLED:
            raise ConversionError(
                f"it takes single neurons of a flattened map of {size}, and {MOST_UNROLLED} are "
                f"the most.",
                layer=layer.name,
                kind=layer.kind,
                instead="Put it before the flattening, or an nn.Linear between.",
            )
        _, terms = self._composed(source, lambda item: self._linear_over(np.eye(size), item))
        form = self.forms[source]
        return replace(form, items=tuple(terms), bias=form.bias.reshape(size, 1, 1))

    def _pick(self, layer: Pick, source: str) -> Form:
        form = self.forms[source] if len(layer.shape) == 3 else self._unrolled(source, layer)
        chosen = [
            np.arange(size) if places is None else np.asarray(places, np.int64)
            for places, size in zip(
                (layer.channels, layer.rows, layer.columns), form.shape, strict=True
            )
        ]
        picked = form.picked(chosen[0], chosen[1], chosen[2])
        if picked is None:
            picked = self._settle(source).picked(chosen[0], chosen[1], chosen[2])
        assert picked is not None
        return replace(picked, name=layer.name).passing(layer.name)

    def _settle(self, name: str) -> Form:
        """Make a tensor a population, for all that use it."""
        form = self.forms[name]
        kind: Literal["relu", "linear"] = "relu" if self.stages.never_negative(form) else "linear"
        label = PIXELS if form.name == SOURCE else self._label(form, f"{name}.sum")
        settled = self._populated(replace(form, name=label), Activation(kind=kind), None)
        self.forms[name] = settled
        return settled

    def _populated(self, form: Form, activation: Activation, layer: Layer | None) -> Form:
        """Population that computes a tensor."""
        layers = form.layers if layer is None else (*form.layers, layer.name)
        label = form.name if layer is None else self._label(form, layer.name)
        stage = self.stages.add(replace(form, name=label, layers=layers), activation)
        link = Link.whole(stage.name, stage.shape)
        return Form(name=stage.name, layers=(), items=(link,), bias=np.zeros(stage.shape))

    def _read_out(self, name: str) -> bool:
        """Make the last tensor the readout; true where it ends in a ReLU."""
        form = self.forms[name]
        last = self.stages.steps[-1] if self.stages.steps else None
        if (
            isinstance(last, Stage)
            and form.plain == last.name
            and last.activation.kind in ("relu", "linear")
            and last.activation.ceiling is None
        ):
            self.stages.steps[-1] = replace(last, activation=Activation(kind="none"))
            return last.activation.kind == "relu"
        label = self._label(form, f"{name}.readout")
        self.stages.add(replace(form, name=label), Activation(kind="none"))
        return False

    def _label(self, form: Form, other: str) -> str:
        """Name of a tensor with weights, or whose name is free; else the other name."""
        taken = not form.weighted and form.name in self.stages.names
        return other if taken else form.name
