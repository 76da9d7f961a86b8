"""Operations of PyTorch by name, and what reads each of them as a float layer."""

from collections.abc import Callable
from typing import Any

from augend.gen.frontends.operations_activations import ACTIVATIONS
from augend.gen.frontends.operations_arithmetic import ARITHMETIC
from augend.gen.frontends.operations_pools import POOLS
from augend.gen.frontends.operations_weights import WEIGHTED
from augend.gen.frontends.torch_call import Call, Passed
from augend.gen.frontends.torch_moves import DROPOUTS

__all__ = ["DRAWS", "READERS", "TELLS"]

TELLS = frozenset(
    {"item", "tolist", "numpy", "__bool__", "__int__", "__float__", "__index__", "__complex__"}
    | {"__contains__", "__array__", "equal", "allclose", "is_nonzero", "nonzero", "unique"}
    | {"_local_scalar_dense", "masked_select", "argwhere", "is_same_size_as_values"}
)
"""Calls that hand values of activations to Python, which may then decide anything."""

DRAWS = frozenset(
    {"rand", "randn", "randint", "rand_like", "randn_like", "randint_like", "bernoulli"}
    | {"multinomial", "normal", "poisson", "randperm", "uniform", "exponential"}
)
"""Calls that draw random numbers."""


def dropout(call: Call, input: Any, p: float = 0.5, training: bool = True, *rest: Any) -> Passed:
    """Every dropout; that of functions is on unless told otherwise."""
    del input, p, rest
    if training:
        raise call.refuse(
            "it drops activations even when the network is used.",
            "Call it with training=self.training, or use nn.Dropout.",
        )
    return Passed("changes nothing outside training")


def _dropout(call: Call, *arguments: Any, **named: Any) -> Passed:
    named.pop("inplace", None)
    training = named.pop("train", named.pop("training", None))
    return dropout(
        call, *arguments, **named, **({} if training is None else {"training": training})
    )


READERS: dict[str, Callable[..., Any]] = {
    **WEIGHTED,
    **POOLS,
    **ACTIVATIONS,
    **ARITHMETIC,
    **dict.fromkeys(DROPOUTS, _dropout),
}
"""Names of operations, as `torch_names.spelling_of` gives them, and what reads them."""
