"""Random programs, placements, stalls and inputs on RTL, until the time is over.

``python -m tests.fuzz [--minutes 10] [--seed 1] [--shape 4x2-block]...``

A case that fails is shrunk and written into ``tests/fuzz/cases``, which ``make test`` runs again.
Exit code 1 where there is one.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, Phase, given, seed, settings

from .case import Case
from .check import SHAPES, check, hardware
from .drawn_cases import cases

FOLDER = Path(__file__).parent / "cases"
ROUND = 100
"""Cases that are drawn before the next accelerator has its turn."""


class Tally:
    """What has been run, and the case that failed last."""

    def __init__(self) -> None:
        self.cases = 0
        self.images = 0
        self.failed: Case | None = None
        self.until = 0

    def run(self, case: Case) -> None:
        """Check a case; before the first failure, count it."""
        try:
            images = check(case)
        except BaseException:
            if self.failed is None:
                self.until = self.cases + 1
            self.failed = case
            raise
        if self.failed is None:
            self.cases += 1
            self.images += images


def fuzz_round(shape: tuple[int, int, str], number: int, tally: Tally, end: float) -> None:
    """Draw cases for an accelerator until one fails, there were enough, or the time is over."""

    @seed(number)
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases(shape))
    def draw(case):
        if time.monotonic() < end or tally.failed is not None:
            tally.run(case)

    draw()


def main() -> None:
    """Fuzz, and say how much."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=None, help="drawn and printed where left out")
    names = {f"{lanes}x{cores}-{memory}": (lanes, cores, memory) for lanes, cores, memory in SHAPES}
    parser.add_argument("--shape", action="append", choices=list(names))
    options = parser.parse_args()
    first = options.seed
    if first is None:
        first = int(np.random.default_rng().integers(1 << 31))
    chosen = [names[name] for name in options.shape or names]
    print(f"SEED={first} MINUTES={options.minutes:g}", flush=True)
    for shape in chosen:
        hardware(shape)  # what has to be built is no part of the time
    tally, begun = Tally(), time.monotonic()
    end = begun + 60 * options.minutes
    rounds = 0
    while time.monotonic() < end:
        shape = chosen[rounds % len(chosen)]
        try:
            fuzz_round(shape, first + rounds, tally, end)
        except BaseException as error:
            if tally.failed is None:
                raise
            path = tally.failed.save(FOLDER)
            print(f"case {tally.until} fails: {str(error)[-2000:]}\nwrote {path}", flush=True)
            raise SystemExit(1) from error
        rounds += 1
        clocks = sum(hardware(one).clocks for one in chosen)
        minutes = (time.monotonic() - begun) / 60
        print(
            f"{minutes:.1f} minutes: {tally.cases:,} cases, {tally.images:,} images, "
            f"{clocks:,} clocks, no difference",
            flush=True,
        )


if __name__ == "__main__":
    main()
