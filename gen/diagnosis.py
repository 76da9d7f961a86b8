"""Can a module be converted? A verdict on every layer, and every obstacle, not only the first."""

from dataclasses import replace

from torch import nn

from augend.gen.fold import obstacles
from augend.gen.frontends.pytorch import Reading, Row, read
from augend.gen.graph import ConversionError, Shape

__all__ = ["check"]


def check(module: nn.Module, shape: Shape) -> tuple[Row, ...]:
    """Verdict on every operation of a module that is given images of ``shape``.

    Rows are in the order of the operations; those refused carry the error with its advice. What
    concerns the network as a whole comes last, under the name ``network``.

    Parameters
    ----------
    module
        What was trained.
    shape
        Of one image, ``(C, H, W)`` or ``(N,)``.
    """
    try:
        reading = read(module, shape)
    except ConversionError as error:
        return (_whole(error),)
    rows = list(reading.rows)
    for error in _folding(reading):
        place = next((i for i, row in enumerate(rows) if row.name == error.layer), None)
        if place is None:
            rows.append(_whole(error))
        else:
            rows[place] = replace(rows[place], verdict="refused", error=error, note="")
    return tuple(rows)


def _folding(reading: Reading) -> list[ConversionError]:
    return [] if reading.graph is None else obstacles(reading.graph)


def _whole(error: ConversionError) -> Row:
    return Row(
        name=error.layer or "network",
        kind=error.kind or "",
        shape=None,
        verdict="refused",
        error=error,
    )
