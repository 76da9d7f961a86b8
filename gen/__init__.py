"""From a trained network to a program: front ends, conversion, the integer contract, data sets."""

from typing import TYPE_CHECKING, Any

from augend.gen.graph import ConversionError
from augend.gen.network import ContractError
from augend.gen.program import Program, ProgramError
from augend.gen.scaling import PixelError

if TYPE_CHECKING:
    from augend.gen.conversion import convert
    from augend.gen.diagnosis import check

__all__ = [
    "ContractError",
    "ConversionError",
    "PixelError",
    "Program",
    "ProgramError",
    "check",
    "convert",
]


def __getattr__(name: str) -> Any:
    """Import what needs PyTorch only when it is asked for: running a program does not."""
    if name == "convert":
        from augend.gen.conversion import convert

        return convert
    if name == "check":
        from augend.gen.diagnosis import check

        return check
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
