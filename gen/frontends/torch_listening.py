"""Hands every call of a running module to a walk, those of compiled code too."""

from collections.abc import Callable
from typing import Any

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from augend.gen.frontends.walk import Walk

__all__ = ["BelowPython", "Listening"]


class Listening(TorchFunctionMode):
    """Takes what Python code calls, as it is written: ``F.relu``, ``x.view``, ``a + b``."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Carry out a call."""
        del types
        return self.walk.take(func, args, kwargs or {})


class BelowPython(TorchDispatchMode):
    """Takes the operators that code other than Python calls, such as TorchScript."""

    def __init__(self, walk: Walk) -> None:
        super().__init__()
        self.walk = walk

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Carry out an operator; one that a call in Python has made is known already."""
        del types
        if self.walk.busy:
            return func(*args, **(kwargs or {}))
        with torch.no_grad():
            return self.walk.take(func, args, kwargs or {})
