"""How sure a share is that was counted on so many images."""

from scipy.stats import binomtest

__all__ = ["CONFIDENCE", "wilson"]

CONFIDENCE = 0.95
"""Level of every confidence interval."""


def wilson(correct: int, images: int) -> tuple[float, float]:
    """Wilson score interval of a share, which stays inside 0 to 1 where nearly all is correct.

    Parameters
    ----------
    correct, images
        Of so many images so many are correct.
    """
    interval = binomtest(correct, images).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)
