"""How a call is spelled, whichever of PyTorch's many ways, and where in the module it is."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from augend.gen.graph import SOURCE

__all__ = ["Place", "Places", "Spelling", "spelling_of"]

_SYNONYMS = {
    **{"iadd": "add_", "radd": "add", "isub": "sub_", "imul": "mul_", "rmul": "mul"},
    **{"itruediv": "div_", "idiv": "div_", "truediv": "div", "true_divide": "div"},
    **{"divide": "div", "multiply": "mul", "subtract": "sub", "negative": "neg"},
    **{"rtruediv": "rdiv", "reciprocal": "rdiv", "clip": "clamp", "clip_": "clamp_"},
    **{"concat": "cat", "concatenate": "cat", "greater": "gt", "greater_equal": "ge"},
    **{"less": "lt", "less_equal": "le", "rmatmul": "matmul", "swapaxes": "transpose"},
    **{
        "swapdims": "transpose",
        "moveaxis": "movedim",
        "absolute": "abs",
        "_threshold": "threshold",
    },
    **{"_softmax": "softmax", "_log_softmax": "log_softmax", "_to_copy": "to"},
    **{"_unsafe_view": "view", "_reshape_alias": "view", "upsample": "interpolate"},
    **{"setitem": "setitem_", "special_softmax": "softmax", "special_log_softmax": "log_softmax"},
}


@dataclass(frozen=True, kw_only=True)
class Spelling:
    """A function of PyTorch.

    ``name`` is one for all spellings, e.g. ``relu`` for ``F.relu``, ``torch.relu_`` and
    ``x.relu()``; ``raw`` is as written, ``kind`` as it is shown.
    """

    name: str
    raw: str
    kind: str
    in_place: bool


def spelling_of(function: Callable[..., Any]) -> Spelling:
    """Name a function, method, property or overload that PyTorch is about to run."""
    raw = getattr(function, "__name__", type(function).__name__)
    if raw in ("__get__", "__set__"):
        attribute = getattr(getattr(function, "__self__", None), "__name__", raw)
        return Spelling(name=attribute, raw=raw, kind=f".{attribute}", in_place=raw == "__set__")
    if isinstance(function, torch._ops.OpOverload):
        raw = str(function.overloadpacket.__name__)
    bare = raw.strip("_") + ("_" if raw.endswith("_") and not raw.endswith("__") else "")
    if raw.startswith("_") and not raw.startswith("__"):
        bare = raw
    name = _SYNONYMS.get(bare, bare)
    in_place = name.endswith("_")
    shown = bare.removesuffix("_") if bare != "_" else bare
    method = getattr(torch.Tensor, raw, None) is function and not raw.startswith("__")
    operator = bare in ("add", "sub", "mul", "div", "neg", "matmul", "gt", "ge", "lt", "le")
    kind = f".{raw}()" if method and not operator else shown
    return Spelling(name=name.removesuffix("_"), raw=raw, kind=kind, in_place=in_place)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Unique name of a call, and the kind that is shown for it."""

    name: str
    kind: str


class Places:
    """Follows which module is running, and gives every call a name of its own.

    A call inside a module of ``torch.nn`` has the module's place, e.g. ``features.3``; the
    module's next run is ``features.3#2``. Any other has the place of the module that makes it and
    the function's name, e.g. ``layer1.0.add``, then ``layer1.0.add_1``.
    """

    def __init__(self, root: nn.Module) -> None:
        self.stack: list[tuple[str, nn.Module, list[bool]]] = []
        self.runs: Counter[str] = Counter()
        self.taken: set[str] = {SOURCE}
        self.handles: list[Any] = []
        for path, module in root.named_modules():
            if not isinstance(module, torch.jit.ScriptModule):
                enter = module.register_forward_pre_hook(self._entering(path), prepend=True)
                leave = module.register_forward_hook(self._leave, always_call=True)
                self.handles += [enter, leave]

    def close(self) -> None:
        """Stop following."""
        for handle in self.handles:
            handle.remove()

    def _entering(self, path: str) -> Callable[..., None]:
        def enter(module: nn.Module, arguments: Any) -> None:
            del arguments
            self.runs[path] += 1
            self.stack.append((path, module, [False]))

        return enter

    def _leave(self, module: nn.Module, arguments: Any, result: Any) -> None:
        del arguments, result
        while self.stack and self.stack.pop()[1] is not module:
            pass

    def of(self, spelling: Spelling) -> Place:
        """Place of a call that the running module makes."""
        path, module, used = self.stack[-1] if self.stack else ("", None, [False])
        own = module is not None and type(module).__module__.startswith("torch.nn.")
        kind = spelling.kind
        if own and path:
            kind = type(module).__name__.removeprefix("Parametrized")
            name = path if self.runs[path] == 1 else f"{path}#{self.runs[path]}"
            if not used[0]:
                used[0] = True
                return Place(name=self._unique(name, "#"), kind=kind)
            path = name
        shown = spelling.kind.strip(".()").rstrip("_") or spelling.name
        name = f"{path}.{shown}" if path else shown
        return Place(name=self._unique(name, "_", first=1), kind=kind)

    def part(self, name: str, part: str) -> str:
        """Name of a layer that a call needs besides its own."""
        return self._unique(f"{name}.{part}", "_", first=1)

    def _unique(self, name: str, sign: str, first: int = 2) -> str:
        unique, count = name, first
        while unique in self.taken:
            unique, count = f"{name}{sign}{count}", count + 1
        self.taken.add(unique)
        return unique
