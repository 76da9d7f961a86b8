"""Random numbers that make the greatest potential a draw from the softmax: table, clock, draws.

For Gumbel noise g = -ln(-ln u), argmax_i(V_i + temperature * g_i) is distributed exactly as
softmax(V / temperature) (the Gumbel-max trick: Gumbel 1954; Maddison, Tarlow and Minka 2014,
section 2). So a softmax is sampled with a table, additions and comparisons.
"""

from decimal import Context, Decimal
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from augend.gen.contract import Ints
from augend.gen.lfsr import DRAW_BITS, draws
from augend.gen.softmax import FRACTION_BITS, MOST_TEMPERATURE, Softmax

__all__ = [
    "ENTRIES",
    "MANTISSA_BITS",
    "TIE_BITS",
    "gumbel_noise",
    "gumbel_table",
    "softmax_of",
    "tick_steps",
]

MANTISSA_BITS = 6
TIE_BITS = DRAW_BITS - MANTISSA_BITS
ROWS = DRAW_BITS
ENTRIES = ROWS << MANTISSA_BITS

_PRECISION_BITS = 24
_DECIMAL = Context(prec=30)


def gumbel_table(temperature: int) -> Ints:
    """Noise for every row and mantissa, in sixteenths of the potential's integers.

    Row z < 15 stands for a uniform v = 1 - u of 2**-(z+1) to 2**-z, row 15 for one below 2**-15;
    each is cut into 64 equal parts, and an entry is the Gumbel number at the middle of its part.
    So small v, of which the greatest numbers come, are told apart as finely as large ones: the
    numbers reach from -1.71 to 15.25 temperatures, and no part is likelier than 2**-7.

    Parameters
    ----------
    temperature
        In sixteenths of the potential's integers.

    Returns
    -------
    ndarray
        ``(1024,)``; entry ``z * 64 + mantissa``.
    """
    half = 1 << (_PRECISION_BITS - 1)
    return (_standard() * temperature + half) >> _PRECISION_BITS


@lru_cache(maxsize=1)
def _standard() -> Ints:
    """Gumbel numbers in 2**-24, from decimal logarithms, which are the same on every machine."""
    parts = 1 << MANTISSA_BITS
    values = []
    for row in range(ROWS):
        last = row == ROWS - 1
        for mantissa in range(parts):
            middle = Decimal(2 * mantissa + 1) / (2 * parts)  # exact: a binary fraction
            v = middle / (1 << row) if last else (1 + middle) / (1 << (row + 1))
            number = -_DECIMAL.ln(-_DECIMAL.ln(1 - v))
            values.append(int((number * (1 << _PRECISION_BITS)).to_integral_value()))
    return np.array(values, np.int64)


def tick_steps(softmax: Softmax, timesteps: int, classes: int) -> Ints:
    """Steps, counted from 0, in which the clock ticks; a Poisson clock need not.

    Parameters
    ----------
    softmax
        Clock and seed.
    timesteps
        Number of time steps T.
    classes
        How many draw in a tick.
    """
    return _draws(softmax, timesteps, classes)[0]


@lru_cache(maxsize=8)
def gumbel_noise(softmax: Softmax, timesteps: int, classes: int) -> tuple[Ints, Ints, Ints]:
    """Ticks of an image, and the noise and tie bits of all classes in each of them.

    They are the same for every image, and kept, read-only, for the next call.

    Returns
    -------
    steps
        ``(ticks,)``, counted from 0.
    noise
        ``(ticks, classes)``; to add to potentials in sixteenths.
    ties
        ``(ticks, classes)``, 10 bits; the greater wins where the sums are equal, and among equals
        there the lowest index.
    """
    steps, words = _draws(softmax, timesteps, classes)
    high, low = words[..., 0], words[..., 1]
    zeros = DRAW_BITS - np.frexp(high)[1]  # leading zeros; 16 of a 0
    entry = (np.minimum(zeros, ROWS - 1) << MANTISSA_BITS) + (low >> TIE_BITS)
    noise = gumbel_table(softmax.temperature)[entry]
    ties = low & ((1 << TIE_BITS) - 1)
    for array in (steps, noise, ties):
        array.flags.writeable = False
    return steps, noise, ties


def _draws(softmax: Softmax, timesteps: int, classes: int) -> tuple[Ints, Ints]:
    """Ticks ``(ticks,)`` and the two draws of every class in them, ``(ticks, classes, 2)``."""
    taken = 2 * classes
    if softmax.clock == "external":
        steps = np.arange(softmax.period - 1, timesteps, softmax.period)
        words = draws(softmax.seed, taken * len(steps))
    else:
        words, steps = _by_chance(softmax, timesteps, taken)
    return steps, words.astype(np.int64).reshape(len(steps), classes, 2)


def _by_chance(softmax: Softmax, timesteps: int, taken: int) -> tuple[npt.NDArray[np.uint16], Ints]:
    """Draws of the ticks, and the ticks: a draw a step, and where it ticks, as many as taken."""
    words = draws(softmax.seed, timesteps * (1 + taken))
    steps, places, place = [], [], 0
    for step in range(timesteps):
        ticks = int(words[place]) < softmax.rate
        place += 1
        if ticks:
            steps.append(step)
            places.append(place)
            place += taken
    starts = np.array(places, np.int64)[:, None]
    return words[starts + np.arange(taken)], np.array(steps, np.int64)


def softmax_of(
    unit: float,
    timesteps: int,
    *,
    classes: int,
    clock: str = "external",
    period: int = 1,
    rate: int = 1 << 16,
    seed: int = 0x9E3779B9,
) -> Softmax:
    """Softmax whose output spikes are distributed as the float network's softmax.

    After t steps a potential is about t * logit / unit, so that softmax(V / temperature) is the
    float network's where temperature is t / unit; before, it is flatter, and later sharper. The
    temperature is that of the mean t of the steps in which the clock ticks: the distribution of
    all output spikes is the float network's in the first order of the logits. With a ``period`` of
    all time steps the one spike at the end is drawn from the float network's softmax.

    Parameters
    ----------
    unit
        Logit that an integer of potential in one step stands for, above 0.
    timesteps
        Number of time steps T.
    classes
        Number of classes.
    clock, period, rate, seed
        As of a `Softmax`.

    Raises
    ------
    ValueError
        The unit is not above 0, the clock never ticks, or the temperature is out of range.
    """
    if not 0 < unit < np.inf:
        raise ValueError(f"The unit of the potential must be above 0, not {unit!r}")
    options = {"clock": clock, "period": period, "rate": rate, "seed": seed}
    steps = tick_steps(Softmax(temperature=1, **options), timesteps, classes)
    if not len(steps):
        raise ValueError(
            f"The softmax's {clock} clock never ticks in {timesteps} steps; give a shorter period, "
            f"a higher rate or another seed"
        )
    temperature = round((float(steps.mean()) + 1) / unit * (1 << FRACTION_BITS))
    if not 1 <= temperature <= MOST_TEMPERATURE:
        raise ValueError(
            f"A unit of {unit!r} gives the softmax a temperature of {temperature} sixteenths; 1 to "
            f"{MOST_TEMPERATURE} are possible"
        )
    return Softmax(temperature=temperature, **options)
