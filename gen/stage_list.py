"""The stages and gates of a folded network, as they are added one behind the other."""

from dataclasses import dataclass, field, replace

import numpy as np

from augend.gen.compose import handed_on, linear_over_link, linear_over_pooled, pooled_terms
from augend.gen.form import Form, Item
from augend.gen.graph import SOURCE, ConversionError, Layer, MaxPool, Shape
from augend.gen.link import Link
from augend.gen.stage import Activation, Gating, Stage, Step
from augend.gen.term import Term, coverage

__all__ = ["PIXELS", "StageList"]

PIXELS = "input.spikes"
"""Population that turns pixels into spikes, where they meet spikes."""


@dataclass(kw_only=True)
class StageList:
    """Stages and gates, each behind its sources.

    Parameters
    ----------
    input_shape
        ``(C, H, W)`` or ``(N,)``.
    layer
        Layer that is being folded, which errors name.
    """

    input_shape: Shape
    layer: Layer | None = None
    steps: list[Step] = field(default_factory=list)
    positive: set[str] = field(default_factory=lambda: {SOURCE})  # never below 0
    pixels: Stage | None = None

    def gateable(self, form: Form, layer: MaxPool) -> bool:
        """Whether the greatest of a window is where the greatest spike count is."""
        links = form.links
        if links is None or np.any(np.abs(form.bias - form.bias[:, :1, :1]) > 0):
            return False
        used = np.sum([link.used for link in links], axis=0)
        if used.max() > 1 or any(link.gain[link.used].min(initial=1) <= 0 for link in links):
            return False
        for link in links:
            edges = _edges(link)
            if edges is None or (any(edges) and link.source not in self.positive):
                return False
            if any(edges) and (np.any(form.bias) or max(layer.dilation) > 1):
                return False
            if not _windows_hold(layer, link, edges):
                return False
        return True

    def gate(self, layer: MaxPool, link: Link) -> Gating:
        """Gate on a whole source; one that is there already serves again."""
        edges = _edges(link)
        assert edges is not None
        gate = Gating(
            name=layer.name,
            layers=(layer.name,),
            source=link.source,
            source_shape=link.source_shape,
            shape=(link.source_shape[0], *layer.shape[1:]),
            kernel=layer.kernel,
            stride=layer.stride,
            padding=(layer.padding[0] + edges[0], layer.padding[1] + edges[1]),
            dilation=layer.dilation,
        )
        for other in self.steps:
            if isinstance(other, Gating) and all(
                getattr(other, key) == getattr(gate, key)
                for key in ("source", "shape", "kernel", "stride", "padding", "dilation")
            ):
                return other
        gate = replace(gate, name=self._distinct(gate.name, f"of {link.source}"))
        self.steps.append(gate)
        if link.source in self.positive:
            self.positive.add(gate.name)
        return gate

    def add(self, form: Form, activation: Activation) -> Stage:
        """Stage that computes a tensor; pixels come as spikes where they meet spikes."""
        terms = [term for item in form.items for term in self._terms(item)]
        if not terms:
            raise ConversionError(
                "nothing of the image reaches it.",
                layer=form.name,
                instead="Check its weights: all of them are 0.",
            )
        if any(t.source == SOURCE for t in terms) and any(t.source != SOURCE for t in terms):
            spikes = self._entry()
            terms = [
                replace(t, source=spikes.name, source_shape=spikes.shape)
                if t.source == SOURCE
                else t
                for t in terms
            ]
        name = self._distinct(form.name, "neurons" if form.name == SOURCE else None)
        stage = Stage(
            name=name,
            layers=form.layers,
            terms=tuple(terms),
            bias=form.bias,
            shape=form.shape,
            activation=activation,
        )
        if not activation.signed:
            self.positive.add(name)
        self.steps.append(stage)
        return stage

    def _terms(self, item: Item) -> list[Term]:
        if isinstance(item, Term):
            return [item]
        if item.source == SOURCE and len(self.input_shape) == 1:
            size = int(np.prod(item.shape if isinstance(item, Link) else item.pool.shape))
            identity = np.eye(size)
            if isinstance(item, Link):
                return linear_over_link(identity, item)
            return linear_over_pooled(identity, item)
        terms = handed_on(item) if isinstance(item, Link) else pooled_terms(item)
        if terms is None:
            layer = self.layer
            raise ConversionError(
                f"it needs rows or columns of {item.source!r} in an order that no convolution "
                f"reads.",
                layer=None if layer is None else layer.name,
                kind=None if layer is None else layer.kind,
                instead="Use slices with a step, zero padding, or an nn.Linear on the flattened "
                "image.",
            )
        return terms

    def _entry(self) -> Stage:
        """Population that hands the pixels on as spikes."""
        if self.pixels is None:
            shape = (*self.input_shape, 1, 1)[:3]
            link = Link.whole(SOURCE, self.input_shape)
            form = Form(name=PIXELS, layers=(), items=(link,), bias=np.zeros(shape))
            self.pixels = self.add(form, Activation(kind="relu"))
        return self.pixels

    def never_negative(self, form: Form) -> bool:
        """Whether nothing below 0 can come of a tensor, as far as signs of weights tell."""
        if form.bias.min() < 0:
            return False
        for item in form.items:
            if item.source not in self.positive:
                return False
            if isinstance(item, Term):
                if item.weight.min(initial=0) < 0:
                    return False
            else:
                link = item if isinstance(item, Link) else item.link
                if link.gain.min(initial=0) < 0:
                    return False
        return True

    @property
    def names(self) -> set[str]:
        """Names that are taken; the input's among them."""
        return {SOURCE, *(step.name for step in self.steps)}

    def _distinct(self, name: str, suffix: str | None) -> str:
        names = self.names
        if name not in names:
            return name
        if suffix is not None and f"{name}.{suffix}" not in names:
            return f"{name}.{suffix}"
        return next(f"{name}#{n}" for n in range(2, len(names) + 3) if f"{name}#{n}" not in names)

    def finished(self) -> tuple[Step, ...]:
        """All that lead to the last; vectors that only dense terms meet have the shape (N,)."""
        return tuple(_collapsed(_needed(self.steps)))


def _edges(link: Link) -> tuple[int, int] | None:
    """Zeros before the first row and column of a link that is whole but for such; else None."""
    edges = []
    for places, size in ((link.rows, link.source_shape[1]), (link.columns, link.source_shape[2])):
        inside = np.flatnonzero(places >= 0)
        if len(inside) != size or not np.array_equal(places[inside], np.arange(size)):
            return None
        if not np.array_equal(inside, np.arange(size) + inside[0]):
            return None
        edges.append(int(inside[0]))
    return edges[0], edges[1]


def _windows_hold(layer: MaxPool, link: Link, edges: tuple[int, int]) -> bool:
    """Whether every window of a max-pool of a link has places of its source, not zeros alone."""
    return all(
        coverage(
            size=link.source_shape[1 + axis],
            outputs=layer.shape[1 + axis],
            taps=layer.kernel[axis],
            stride=layer.stride[axis],
            padding=layer.padding[axis] + edges[axis],
            dilation=layer.dilation[axis],
        )
        .any((0, 2))
        .all()
        for axis in (0, 1)
    )


def _needed(steps: list[Step]) -> list[Step]:
    """Steps that lead to the last; a pick may leave away all that a step gives."""
    needed = {steps[-1].name}
    for step in reversed(steps):
        if step.name in needed:
            needed.update(step.sources)
    return [step for step in steps if step.name in needed]


def _collapsed(steps: list[Step]) -> list[Step]:
    """Stages of shape (N, 1, 1) that only dense terms meet have the shape (N,)."""
    kept = {step.source for step in steps if isinstance(step, Gating)}
    for step in steps:
        if isinstance(step, Gating):
            kept.add(step.name)
            continue
        for term in step.terms:
            if term.kind == "conv":
                kept |= {term.source, step.name}
    shapes = {
        step.name: step.shape if step.name in kept or step.shape[1:] != (1, 1) else (step.shape[0],)
        for step in steps
    }
    done: list[Step] = []
    for step in steps:
        if isinstance(step, Stage):
            shape = shapes[step.name]
            terms = tuple(
                replace(term, shape=shape, source_shape=shapes.get(term.source, term.source_shape))
                for term in step.terms
            )
            step = replace(step, shape=shape, bias=step.bias.reshape(shape), terms=terms)
        done.append(step)
    return done
