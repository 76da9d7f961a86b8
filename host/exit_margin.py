"""Early exit: what each margin of the best score over the second costs and reaches, exactly."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from augend.gen.network import Ints
from augend.host.errors import UsageError

__all__ = ["Exit", "MarginError", "choose_margin", "early_exit", "leads", "spread_margins"]


class MarginError(UsageError):
    """No margin does what is asked for; the message says what the best one does."""


@dataclass(frozen=True, kw_only=True)
class Exit:
    """What an exit margin does to a set of images.

    Parameters
    ----------
    margin
        An image ends after the first step in which its best score leads the second by so much, or
        after the last.
    correct
        Images that are then classified as labelled.
    operations, steps
        Additions an image, of the input too, and time steps an image: means.
    """

    margin: int
    correct: int
    operations: float
    steps: float


def leads(scores: Ints) -> Ints:
    """Lead of the best score over the second: (images, steps) of (images, steps, classes).

    With one class alone there is no second, and 0 is what it is compared with.
    """
    if scores.shape[2] == 1:
        return scores[:, :, 0]
    best = np.partition(scores, -2, axis=2)
    return best[:, :, -1] - best[:, :, -2]


def early_exit(
    scores: Ints, operations: Ints, labels: npt.NDArray[np.integer], margins: Iterable[int]
) -> list[Exit]:
    """What each of some margins does.

    Parameters
    ----------
    scores
        (images, steps, classes), after each step.
    operations
        (images, steps): additions in each step; those of the input in the first.
    labels
        (images,)
    margins
        Each at least 1.
    """
    lead, right = leads(scores), scores.argmax(2) == np.asarray(labels)[:, None]
    spent = operations.cumsum(1)
    images = np.arange(len(lead))
    found = []
    for margin in margins:
        reached = lead >= margin
        last = np.where(reached.any(1), reached.argmax(1), lead.shape[1] - 1)
        found.append(
            Exit(
                margin=margin,
                correct=int(right[images, last].sum()),
                operations=float(spent[images, last].mean()),
                steps=float(last.mean() + 1),
            )
        )
    return found


def spread_margins(scores: Ints, count: int) -> list[int]:
    """At most ``count`` margins: the first ends nearly all images at once, the last none.

    They lie closest where few images go on, which is where accuracy changes.
    """
    before_last = leads(scores)[:, :-1]
    if not before_last.size:
        return []
    shares = np.concatenate([[0], np.geomspace(0.001, 1, count - 2)])
    quantiles = np.quantile(before_last, shares, method="lower").astype(np.int64)
    return np.unique(np.maximum([*quantiles, before_last.max() + 1], 1)).tolist()


def choose_margin(
    scores: Ints, operations: Ints, labels: npt.NDArray[np.integer], target: float
) -> Exit:
    """The margin of fewest additions that reaches an accuracy, out of all there are.

    To be used on images of the training split, so that the test set decides nothing. Additions only
    grow with the margin; accuracy need not. So this is the least margin that reaches the target,
    found without trying each: an image ends in step t for the margins past the greatest lead of all
    steps before and up to that of step t.

    Parameters
    ----------
    scores, operations, labels
        As for `early_exit`.
    target
        Share of images to be classified as labelled, 0 to 1.

    Raises
    ------
    MarginError
        No margin reaches the target.
    """
    lead = leads(scores)
    images, steps = lead.shape
    right = (scores.argmax(2) == np.asarray(labels)[:, None]).astype(np.int64)
    greatest = np.maximum(np.maximum.accumulate(lead[:, :-1], axis=1), 0)
    # Past this margin an image goes on to the next step: its correctness may change there.
    changes = np.diff(right, axis=1).ravel()
    at = greatest.ravel() + 1
    order = np.argsort(at, kind="stable")
    margins, first = np.unique(at[order], return_index=True)
    gained = np.add.reduceat(changes[order], first) if len(first) else np.zeros(0, np.int64)
    margins = np.concatenate([[1], margins])
    correct = right[:, 0].sum() + np.concatenate([[0], np.cumsum(gained)])
    # A margin that occurs twice (1, where some image leads by nothing) counts with all its changes.
    last_of_equal = np.append(margins[1:] != margins[:-1], True)
    margins, correct = margins[last_of_equal], correct[last_of_equal]
    reached = np.flatnonzero(correct >= target * images - 1e-9)
    if not len(reached):
        best = int(correct.argmax())
        raise MarginError(
            f"No exit margin reaches an accuracy of {100 * target:.2f} % on these {images:,} "
            f"images: the best of all, {margins[best]}, reaches "
            f"{100 * correct[best] / images:.2f} % in {steps} time steps. Ask for less, or convert "
            f"with more time steps."
        )
    return early_exit(scores, operations, labels, [int(margins[reached[0]])])[0]
