"""What a front end says about every operation of a network."""

from dataclasses import dataclass
from typing import Literal

from augend.gen.graph import ConversionError, Graph, Shape

__all__ = ["Reading", "Row"]


@dataclass(frozen=True, kw_only=True)
class Row:
    """Verdict on one operation of the network.

    ``shape`` is that of its output for one image; ``error`` is set where it is refused.
    """

    name: str
    kind: str
    shape: Shape | None
    verdict: Literal["converted", "passed", "refused"]
    note: str = ""
    error: ConversionError | None = None


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Every operation of the network with its verdict, and the graph if none is refused."""

    rows: tuple[Row, ...]
    graph: Graph | None

    @property
    def errors(self) -> tuple[ConversionError, ...]:
        """All refusals, in the order of the operations."""
        return tuple(row.error for row in self.rows if row.error is not None)
