"""Why mutants live on that are not proved to be the same as the design."""

import re

from tests.mutation.netlist import Mutant

__all__ = ["REASONS", "reason_of"]

REASONS: tuple[tuple[str, str, str], ...] = (
    (
        r"receiver",
        r"-wire receiver\.space|\$sub\$.* -port A -portbit 8",
        "seen only where so many requests wait that the packet buffer is full",
    ),
    (
        r"core_\d\.lanes\.history_\d",
        r"-wire \S+\.history_\d\.\$(9|10) ",
        "seen only where a neuron of this lane takes back fewer spikes than it had emitted",
    ),
    (
        r"core_\d\.fan_out\.lane",
        r"cnot1 .* -portbit 22 -ctrlbit 15",
        "changes a count of columns only where the same entry's weight address is 128 and more",
    ),
    (
        r"core_\d\.lanes\.past\.memory",
        r"cnot1 .* -portbit 37 -ctrlbit 52",
        "changes a total of spikes only of neurons that rest after a spike, too: few do both",
    ),
    (
        r"core_\d\.lanes\.scan",
        r"cnot1 .* -portbit 1 -ctrlbit 3 .*scan\.g ",
        "seen only in a gate of more than eight words of channels",
    ),
    (
        r"core_\d\..*",
        r"cnot1 .*\$(reduce_or|logic_not)\$.* -port A ",
        "not to be seen: changes one bit of an or where another is 1",
    ),
    (
        r"core_\d\.lanes\.history_\d",
        r"-port Q -portbit [0-8] -wire \S+\.past ",
        "not to be seen: of this register nobody reads what was emitted",
    ),
    (
        r"core_\d",
        r"cnot1 .* -portbit 283 -ctrlbit 220",
        "changes one field of an instruction only where a bit of another one is set",
    ),
)
"""Component and what Yosys changed, as patterns, with the reason; the first that fits holds."""


def reason_of(mutant: Mutant) -> str:
    """Reason in words; ``unexplained`` where none is known."""
    for component, changed, reason in REASONS:
        if re.fullmatch(component, mutant.component) and re.search(changed, mutant.command):
            return reason
    return "unexplained"
