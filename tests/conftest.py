"""Settings for all tests: random examples follow from a fixed seed, so that a run can be repeated.

``HYPOTHESIS_PROFILE=explore make test`` draws others.
"""

import os

from hypothesis import settings

# Before torch is imported: with two workers on two cores, more threads only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
