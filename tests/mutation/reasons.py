"""Why mutants live on that are not proved to be the same as the design."""

import re

from tests.mutation.netlist import Mutant

__all__ = ["REASONS", "reason_of"]

REASONS: tuple[tuple[str, str, str], ...] = ()
"""Component and what Yosys changed, as patterns, with the reason; the first that fits holds."""


def reason_of(mutant: Mutant) -> str:
    """Reason in words; ``unexplained`` where none is known."""
    for component, changed, reason in REASONS:
        if re.fullmatch(component, mutant.component) and re.search(changed, mutant.command):
            return reason
    return "unexplained"
