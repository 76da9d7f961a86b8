"""A module at work: every call becomes a layer, is passed, or is refused."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from augend.gen.frontends.operations import DRAWS, READERS, TELLS
from augend.gen.frontends.refusals import NO_COUNTERPART, advice
from augend.gen.frontends.torch_builder import LayerBuilder, Move, Trail
from augend.gen.frontends.torch_call import Call, Only, Passed, Through
from augend.gen.frontends.torch_moves import (
    CASTS,
    COPIES,
    LIKES,
    MOVES,
    cast,
    map_tensors,
    moved,
    tensors_of,
)
from augend.gen.frontends.torch_names import Places, Spelling, spelling_of
from augend.gen.frontends.torch_reading import Reading, Row
from augend.gen.graph import ConversionError, Flatten, Graph, Layer, Shape

__all__ = ["Reading", "Row", "Stopped", "Walk"]


class Stopped(BaseException):
    """The module cannot be followed any further; no handler of the module's may catch it."""


class Walk:
    """Takes the calls that a module makes, in order, and keeps what each of them means.

    Each is carried out on a few images, so that the module's own Python code runs as it always
    does; `LayerBuilder` follows which neuron every number is.
    """

    def __init__(self, root: nn.Module, input_shape: Shape, images: int) -> None:
        self.input_shape = input_shape
        self.places = Places(root)
        self.build = LayerBuilder(images, self.places)
        self.rows: list[Row] = []
        self.finishes: dict[int, Callable[[torch.Tensor], torch.Tensor]] = {}
        self.failed: tuple[Exception, str, str] | None = None
        self.busy = False

    def start(self, images: torch.Tensor) -> None:
        """Declare the network's input."""
        ids = self.build.register.born("input", self.input_shape, tuple(images.shape))
        self.build.trails[images] = Trail(ids=ids)

    def take(
        self, function: Callable[..., Any], arguments: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        """Carry out a call of the module, and keep what it means."""
        self.busy = True
        try:
            return self._take(function, tuple(arguments), dict(keywords))
        finally:
            self.busy = False

    def _take(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        spelling = spelling_of(function)
        if spelling.name in DRAWS:
            self._stop(spelling, "it draws random numbers.", advice("random"))
        if not any(self.build.follows(t) for t in tensors_of((arguments, keywords))):
            return self._run(spelling, function, arguments, keywords)
        if spelling.raw in TELLS:
            self._stop(
                spelling,
                "it hands values of activations to Python, where they may decide anything.",
                "Use a forward method without branches or loops that depend on the data.",
            )
        if spelling.name in CASTS and not (spelling.name == "type" and len(arguments) == 1):
            return self._cast(spelling, arguments, keywords)
        arguments, keywords = self._double(spelling, arguments, keywords)
        if spelling.name in LIKES:
            return self._run(spelling, function, arguments, keywords)
        if spelling.in_place:
            self._blank(arguments[0])
        shown = arguments
        if spelling.in_place and isinstance(arguments[0], torch.Tensor):
            if not self.build.follows(arguments[0]):
                shown = (arguments[0].clone(), *arguments[1:])  # a constant, as it was
        result = self._run(spelling, function, arguments, keywords)
        target = arguments[0] if spelling.in_place and result is None else result
        if not tensors_of((target,)):
            return result  # shape arithmetic: its value is all it is
        if spelling.name in ("sign", "sgn"):
            target.masked_fill_(target == 0, 1)  # as a neuron does
        call = self._call(spelling, target)
        if spelling.name in MOVES or spelling.name in COPIES:
            self._keep(call, self._moved, function, shown, keywords)
        else:
            self._keep(call, self._read, function, shown, keywords)
        return result

    def _blank(self, target: Any) -> None:
        """Follow a constant full of zeros that activations are written into."""
        constant = isinstance(target, torch.Tensor) and not self.build.follows(target)
        if constant and target.is_floating_point() and not torch.count_nonzero(target):
            zeros = torch.zeros(target.shape, dtype=torch.float64)
            self.build.trails[target] = Trail(ids=zeros)

    def _run(
        self,
        spelling: Spelling,
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> Any:
        try:
            return function(*arguments, **keywords)
        except Exception as error:
            place = self.places.of(spelling)
            self.failed = (error, place.name, place.kind)
            raise

    def _double(
        self, spelling: Spelling, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Arguments with every constant, and every type asked for, in double precision."""

        def wide(value: Any) -> Any:
            narrow = isinstance(value, torch.Tensor) and value.is_floating_point()
            return value.double() if narrow and value.dtype != torch.float64 else value

        kept = arguments[:1] if spelling.in_place else ()
        arguments = (*kept, *map_tensors(arguments[len(kept) :], wide))
        keywords = {
            key: torch.float64
            if isinstance(value, torch.dtype) and value.is_floating_point
            else map_tensors(value, wide)
            for key, value in keywords.items()
        }
        return arguments, keywords

    def _call(self, spelling: Spelling, result: Any) -> Call:
        place = self.places.of(spelling)
        if not isinstance(result, torch.Tensor):
            result = tensors_of((result,))
        return Call(
            name=place.name,
            kind=place.kind,
            spelling=spelling,
            result=result,
            images=self.build.register.images,
            builder=self.build,
        )

    def _keep(
        self,
        call: Call,
        meaning: Callable[..., tuple[list[torch.Tensor], Row]],
        function: Callable[..., Any],
        arguments: tuple[Any, ...],
        keywords: dict[str, Any],
    ) -> None:
        """Note what a call means, and which neurons its result holds from now on."""
        results = tensors_of((call.result,))
        before = self._first(arguments, keywords)
        try:
            numberings, row = meaning(call, function, arguments, keywords)
        except ConversionError as error:
            shape = call.shape if call.tensor.ndim else None
            row = Row(name=call.name, kind=call.kind, shape=shape, verdict="refused", error=error)
            numberings = [self.build.lose(tuple(result.shape)) for result in results]
        number = len(self.rows)
        self.rows.append(row)
        move = None if row.verdict == "converted" else self.build.trails[before].move
        for result, ids in zip(results, numberings, strict=True):
            broken = move is not None and len(before) != self.build.register.images
            if call.spelling.name in MOVES and not broken:  # or an earlier one is to blame
                move = Move(
                    row=number,
                    name=call.name,
                    kind=call.kind,
                    before=tuple(before.shape),
                    after=tuple(result.shape),
                )
            old = self.build.ids(result)
            if old is not None and old is not ids and old.shape == ids.shape:
                old.copy_(ids)  # in place: whoever shares its memory sees it
                ids = old
            self.build.trails[result] = Trail(ids=ids, move=move)

    def _first(self, arguments: Any, keywords: Any) -> torch.Tensor:
        return next(t for t in tensors_of((arguments, keywords)) if self.build.follows(t))

    def _cast(
        self, spelling: Spelling, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> Any:
        """Take a change of type or device, which is not carried out."""
        x = arguments[0]
        if not self.build.follows(x):  # a constant that is to be like an activation
            return x.to(torch.float64) if x.is_floating_point() else x
        place = self.places.of(spelling)
        call = Call(
            name=place.name,
            kind=place.kind,
            spelling=spelling,
            result=x,
            images=self.build.register.images,
            builder=self.build,
        )
        row = Row(
            name=call.name,
            kind=call.kind,
            shape=call.shape,
            verdict="passed",
            note="changes no value",
        )
        result, trail = x, self.build.trails[x]
        try:
            result = cast(call, x, arguments[1:], keywords)
        except ConversionError as error:
            row = replace(row, verdict="refused", note="", error=error)
        if result is not x:
            self.build.trails[result] = Trail(ids=trail.ids.clone(), move=trail.move)
        self.rows.append(row)
        return result

    def _moved(
        self, call: Call, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[list[torch.Tensor], Row]:
        ids = self.build.ids
        made = moved(call, function, arguments, keywords, ids)
        numberings = tensors_of((made,))
        if call.spelling.in_place and made is None:
            numberings = [target] if (target := ids(arguments[0])) is not None else []
        same = call.spelling.name in COPIES
        note = "changes no value" if same else "changes no value, only its place"
        if numberings[0].shape == call.tensor.shape == self._first(arguments, keywords).shape:
            old = ids(self._first(arguments, keywords))
            if not same and old is not None and torch.equal(old, numberings[0]):
                note = "changes no shape"
        row = Row(name=call.name, kind=call.kind, shape=call.shape, verdict="passed", note=note)
        return numberings, row

    def _read(
        self, call: Call, function: Any, arguments: tuple[Any, ...], keywords: dict[str, Any]
    ) -> tuple[list[torch.Tensor], Row]:
        del function
        reader = READERS.get(call.spelling.name)
        if reader is None:
            raise call.refuse(NO_COUNTERPART, advice(call.kind, call.spelling.name))
        if "self" in keywords:
            keywords["input"] = keywords.pop("self")
        try:
            meaning = reader(call, *arguments, **keywords)
        except TypeError as error:
            raise call.refuse(
                f"its arguments are of a kind that is not read ({error}).", advice(call.kind)
            ) from error
        row = Row(name=call.name, kind=call.kind, shape=call.shape, verdict="converted")
        results = tensors_of((call.result,))
        first = self._first(arguments, keywords)
        rest = [self._unused(call, result) for result in results[1:]]
        if isinstance(meaning, Passed):
            handed = first if meaning.of is None else meaning.of
            ids = self.build.trails[handed].ids.expand(results[0].shape).clone()
            return [ids], replace(row, verdict="passed", note=meaning.reason)
        if isinstance(meaning, Only):
            ids = self.build.register.born(
                call.name,
                (int(results[0][0].numel()),),
                tuple(results[0].shape),
                hidden=self.build.trails[first].ids.clone(),
                allowed=meaning.before,
                error=meaning.error,
                row=len(self.rows),
            )
            if meaning.finish is not None:
                self.finishes[len(self.rows)] = meaning.finish
            return [ids], replace(row, verdict="passed", note=meaning.reason)
        if isinstance(meaning, Through):
            ids = self.build.through(first, meaning.layer)
            self.build.add(meaning.layer)
            return [ids, *rest], row
        self.build.add(meaning)
        ids = self.build.register.born(meaning.name, meaning.shape, tuple(results[0].shape))
        return [ids, *rest], row

    def _unused(self, call: Call, result: torch.Tensor) -> torch.Tensor:
        """Numbers of a result that nothing may use, such as the places of the greatest values."""
        return self.build.register.born(
            call.name,
            (result[0].numel(),),
            tuple(result.shape),
            allowed=frozenset(),
            error=call.refuse(
                "where the greatest values are is used.", "Use the greatest values only."
            ),
            row=len(self.rows),
        )

    def _stop(self, spelling: Spelling, reason: str, instead: str) -> None:
        place = self.places.of(spelling)
        self.refuse(place.name, place.kind, reason, instead)
        raise Stopped

    def refuse(self, name: str, kind: str, reason: str, instead: str) -> None:
        """Append a refusal that no layer's result carries on."""
        error = ConversionError(reason, layer=name, kind=kind, instead=instead)
        self.rows.append(Row(name=name, kind=kind, shape=None, verdict="refused", error=error))

    def end(self, returned: Any) -> Reading:
        """What all calls come to, once the module has returned."""
        end = self._end(returned)
        rows = list(self.stopped().rows)
        if end is None or any(row.error for row in rows):
            return Reading(rows=tuple(rows), graph=None)
        layers: tuple[Layer, ...] = tuple(self.build.layers)
        names = [layer.name for layer in layers]
        layers = layers[: names.index(end) + 1] if end in names else ()
        graph = Graph(input_shape=self.input_shape, layers=layers)
        used = {layer.name for layer in graph.layers}
        for number, row in enumerate(rows):
            if row.verdict == "converted" and row.name not in used:
                note = "does not lead to the network's output"
                rows[number] = replace(row, verdict="passed", note=note)
            elif number in self.build.made and row.name in used:
                rows[number] = replace(row, verdict="converted", note="")
        passed = tuple((row.name, row.note) for row in rows if row.verdict == "passed")
        return Reading(rows=tuple(rows), graph=replace(graph, passed=passed))

    def stopped(self) -> Reading:
        """What the calls until now come to, where the module did not return."""
        rows = [
            row
            if row.error or number not in self.build.errors
            else replace(row, verdict="refused", note="", error=self.build.errors[number])
            for number, row in enumerate(self.rows)
        ]
        return Reading(rows=tuple(rows), graph=None)

    def _end(self, returned: Any) -> str | None:
        """Name of the layer that the module returns."""
        if isinstance(returned, (tuple, list)) and len(returned) == 1:
            returned = returned[0]
        scores: Any = returned
        spelling = Spelling(name="output", raw="output", kind="output", in_place=False)
        if not self.build.follows(returned):
            self.refuse(
                "output",
                "output",
                f"the module returns {_describe(returned)}.",
                "Return one tensor of scores, (images, classes).",
            )
            return None
        call = replace(self._call(spelling, returned), name="output", kind="output")
        try:
            source = self.build.source(scores, call)
        except ConversionError as error:
            assert error.instead is not None
            self.refuse("output", "output", error.reason, error.instead)
            return None
        if len(source.shape) == 3 and source.shape[1:] == (1, 1):
            name = self.build.part("output", "flatten")
            flat = Flatten(name=name, shape=source.shape[:1], sources=(source.name,))
            source = self.build.add(flat)
        if len(source.shape) != 1:
            self.refuse(
                "output",
                "output",
                f"the module returns {tuple(scores.shape[1:])} for each image.",
                "End it with nn.Flatten() so that it returns (images, classes).",
            )
            return None
        return source.name

    def finish(self, scores: torch.Tensor) -> torch.Tensor:
        """Scores after what was passed at the network's end."""
        for row in reversed(self.build.finished):
            if row in self.finishes:
                scores = self.finishes[row](scores)
        return scores


def _describe(returned: Any) -> str:
    if isinstance(returned, (tuple, list)):
        return f"{len(returned)} values"
    if isinstance(returned, dict):
        return f"a dictionary of {len(returned)} values"
    return "nothing that depends on its input"
