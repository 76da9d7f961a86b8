"""Whether a mutant can be told from the design at all."""

from tests.mutation.netlist import BUILD, Mutant, yosys

__all__ = ["equivalent"]

PATIENCE = 240
"""Seconds that a proof may take."""


def equivalent(mutant: Mutant) -> bool:
    """Whether the mutated component is proved to do the same as that of the design.

    Yosys pairs the nets of both that have the same names and proves, by induction, that they stay
    the same, whatever the components around do. False where that is not so, or not found: it errs
    on the side of a difference.
    """
    module = mutant.module if mutant.module.startswith("$") else f"\\{mutant.module}"
    script = [
        "read_rtlil design.il",
        f"copy {module} gold",
        mutant.command,
        f"copy {module} gate",
        "select gold gate",
        "memory_map",
        "expose -evert",
        "select -clear",
        "equiv_make gold gate pair",
        "hierarchy -top pair",
        "opt_clean",
        "equiv_simple -undef",
        "equiv_induct -undef",
        "equiv_status -assert",
    ]
    try:
        yosys("; ".join(script), BUILD, seconds=PATIENCE)
    except RuntimeError:
        return False
    return True
