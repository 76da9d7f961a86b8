"""Why a line or a bit of the RTL is not covered by the random programs."""

import re

__all__ = ["REASONS", "reason_of"]

REASONS: tuple[tuple[str, str, str, str], ...] = (
    (
        r"quiet\.py",
        "line",
        r"^quiet_\d+: case of `\d+'h0:`",
        "population 0 is the input, which no core sweeps",
    ),
    (
        r"event_queue\.py",
        "line",
        r"wraps \?|write__addr == ",
        "this queue is deeper than what any inference writes; tests/hw has small ones",
    ),
    (r"window_scan\.py", "line", r"if \(1'h1\)", "a condition that is constant here"),
)
"""File, kind and what, as patterns, with the reason; the first that fits holds."""


def reason_of(file: str, kind: str, what: str) -> str:
    """Reason in words; ``unexplained`` where none is known."""
    for of_file, of_kind, pattern, reason in REASONS:
        if re.fullmatch(of_file, file) and of_kind in ("", kind) and re.search(pattern, what):
            return reason
    return "unexplained"
