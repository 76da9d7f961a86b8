"""Calls that only move numbers, such as views and joins, made on their numbering too."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.fx.node import map_aggregate

from augend.gen.frontends.torch_call import Call

__all__ = [
    "CASTS",
    "COPIES",
    "DROPOUTS",
    "LIKES",
    "MOVES",
    "cast",
    "map_tensors",
    "moved",
    "tensors_of",
]

COPIES = frozenset(
    {"contiguous", "clone", "detach", "alias", "requires_grad", "data", "positive"}
    | {"lift_fresh", "lift_fresh_copy", "detach_copy"}
)
"""Calls that hand on the same numbers in the same order."""

CASTS = frozenset(
    {"to", "type", "type_as", "float", "double", "half", "bfloat16", "int", "long", "bool"}
    | {"byte", "short", "char", "cpu", "cuda"}
)
"""Calls that change the type of numbers; here all are float64."""

DROPOUTS = frozenset(
    {"dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_dropout"}
    | {"feature_alpha_dropout", "native_dropout"}
)
"""Calls that drop activations in training."""

MOVES = frozenset(
    {"view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "permute", "transpose"}
    | {"t", "T", "mT", "movedim", "expand", "expand_as", "view_as", "reshape_as", "broadcast_to"}
    | {"broadcast_tensors", "repeat", "repeat_interleave", "tile", "narrow", "select"}
    | {"index_select", "getitem", "slice", "split", "split_with_sizes", "chunk", "tensor_split"}
    | {"unbind", "flip", "fliplr", "flipud", "roll", "rot90", "pad", "constant_pad_nd", "cat"}
    | {"stack", "hstack", "vstack", "dstack", "channel_shuffle", "native_channel_shuffle"}
    | {"pixel_shuffle", "pixel_unshuffle", "interpolate", "upsample_nearest2d", "unfold"}
    | {"setitem", "copy", "zero", "ravel", "slice_scatter", "select_scatter", "set_data"}
    | {"hsplit", "vsplit", "take_along_dim", "gather", "im2col", "permute_copy", "index"}
)
"""Calls that choose, order or join numbers and change none."""

LIKES = frozenset(
    {"zeros_like", "ones_like", "full_like", "empty_like", "new_zeros", "new_ones", "new_full"}
    | {"new_tensor", "new_empty", "empty_strided"}
)
"""Calls that make constants of an activation's shape, whatever its values."""

_WHOLE = {torch.int8, torch.int16, torch.int32, torch.int64, torch.uint8, torch.bool}


def map_tensors(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """Copy of nested arguments with every tensor replaced."""
    return map_aggregate(
        value, lambda leaf: change(leaf) if isinstance(leaf, torch.Tensor) else leaf
    )


def tensors_of(value: Any) -> list[torch.Tensor]:
    """All tensors in nested arguments."""
    found: list[torch.Tensor] = []
    map_tensors(value, found.append)
    return found


def moved(
    call: Call,
    function: Callable[..., Any],
    arguments: Sequence[Any],
    keywords: Mapping[str, Any],
    numbering: Callable[[torch.Tensor], torch.Tensor | None],
) -> Any:
    """Numbering of a call's result: the same call, made on the numberings of its arguments."""
    _check(call, arguments, keywords)

    def numbers(tensor: torch.Tensor) -> torch.Tensor:
        found = numbering(tensor)
        if found is not None:
            return found
        if tensor.dtype in _WHOLE:
            return tensor  # an index
        if torch.count_nonzero(tensor):
            raise call.refuse(
                "it joins activations and constants other than 0.",
                "Join activations only, or give the constants as a bias.",
            )
        return torch.zeros(tensor.shape, dtype=torch.float64)

    indices = arguments[1:2] if call.spelling.name in ("getitem", "setitem", "index") else ()
    if any(numbering(tensor) is not None for tensor in tensors_of(tuple(indices))):
        raise call.refuse(
            "the values of activations decide what it takes.",
            "Use a forward method that does not depend on the values of activations.",
        )
    return function(*map_tensors(tuple(arguments), numbers), **map_tensors(dict(keywords), numbers))


def _check(call: Call, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> None:
    name = call.spelling.name
    if name in ("pad", "constant_pad_nd"):
        place = 2 if name == "constant_pad_nd" else 3
        mode = "constant" if name == "constant_pad_nd" else _given(arguments, keywords, 2, "mode")
        value = _given(arguments, keywords, place, "value")
        if mode not in (None, "constant"):
            raise call.refuse(f"padding_mode is {mode!r}.", "Use padding_mode='zeros'.")
        if value:
            raise call.refuse(f"it pads with {value:g}.", "Pad with 0.")
    if name == "interpolate":
        mode = _given(arguments, keywords, 3, "mode") or "nearest"
        if mode not in ("nearest", "nearest-exact"):
            raise call.refuse(f"it interpolates ({mode}).", "Use mode='nearest'.")
    if name == "setitem" and isinstance(arguments[2], (int, float)) and arguments[2]:
        raise call.refuse(f"it writes {arguments[2]:g} among activations.", "Write zeros only.")


def _given(arguments: Sequence[Any], keywords: Mapping[str, Any], place: int, name: str) -> Any:
    return arguments[place] if len(arguments) > place else keywords.get(name)


def cast(call: Call, x: torch.Tensor, arguments: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """Result of a cast: the same numbers in float64, as types cost nothing here."""
    wanted: Any = {
        **{"int": torch.int32, "long": torch.int64, "bool": torch.bool, "byte": torch.uint8},
        **{"short": torch.int16, "char": torch.int8, "float": torch.float32},
    }.get(call.spelling.name)
    for given in (*arguments, *keywords.values()):
        if isinstance(given, torch.dtype):
            wanted = given
        elif isinstance(given, torch.Tensor):
            wanted = given.dtype
        elif isinstance(given, str) and "Tensor" in given:
            wanted = torch.int64 if any(t in given for t in ("Int", "Long", "Byte")) else None
    if wanted in _WHOLE and x.dtype not in _WHOLE:
        raise call.refuse(
            "it rounds activations to whole numbers.", "Leave the cast out, and train without it."
        )
    same = wanted in (None, torch.float32, torch.float64) and x.dtype == torch.float64
    return x if same else x.to(torch.float64, copy=True)
