"""Settings for all tests: random examples follow from a fixed seed, so that a run can be repeated.

``HYPOTHESIS_PROFILE=explore make test`` draws others.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))
