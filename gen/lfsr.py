"""The shift register that all random input spikes come from, bit for bit as hardware repeats it."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy.signal import max_len_seq

__all__ = ["DRAW_BITS", "REGISTER_BITS", "TAPS", "draws", "draws_by_step", "seed_of_run"]

REGISTER_BITS = 32
DRAW_BITS = 16

TAPS = (32, 27, 25, 17)
"""A new bit is the exclusive or of the bits that came so many places before it.

The feedback polynomial x^32 + x^15 + x^7 + x^5 + 1 is primitive: the period is 2**32 - 1. No tap is
nearer than a draw is wide, so the 16 bits of a draw are 16 exclusive ors of four register bits
each, all at once. Of the 22 such sets of four taps it was chosen for how little its draws are
related: the leading 11 bits of any two draws within 800, and the leading 7 of any three within 64,
are independent, exactly, over the period.
"""

_AT_ONCE = 1 << 20
"""Words made at once; a bit takes a byte while they are made."""


def draws(seed: int, count: int) -> npt.NDArray[np.uint16]:
    """Random words of 16 bits, in their order.

    The register s, 32 bits, starts with ``seed``. A draw is 16 steps of one bit: the new bit,
    ``s[31] ^ s[26] ^ s[24] ^ s[16]``, is shifted in at the right. The word is then s[15:0], the
    first new bit leading. In one step: ``r = (s>>16 ^ s>>11 ^ s>>9 ^ s>>1) & 0xFFFF``, then
    ``s = (s<<16 | r) & 0xFFFFFFFF``.

    Parameters
    ----------
    seed
        1 to 2**32 - 1.
    count
        Number of words.

    Returns
    -------
    ndarray
        ``(count,)``.
    """
    if not 1 <= seed < 1 << REGISTER_BITS:
        raise ValueError(f"A seed must be 1 to {(1 << REGISTER_BITS) - 1}, not {seed!r}")
    words = np.empty(count, np.uint16)
    register = np.array([seed], ">u4").view(np.uint8)
    for start in range(0, count, _AT_ONCE):
        part = words[start : start + _AT_ONCE]
        bits, _ = max_len_seq(
            REGISTER_BITS,
            state=np.unpackbits(register),
            length=REGISTER_BITS + DRAW_BITS * len(part),
            taps=[REGISTER_BITS - tap for tap in TAPS[1:]],
        )
        # The sequence begins with the bits of the register itself, which are no draw.
        packed = np.packbits(bits)
        part[:] = packed[REGISTER_BITS // 8 :].view(">u2")
        register = packed[-REGISTER_BITS // 8 :]
    return words


@lru_cache(maxsize=8)
def draws_by_step(seed: int, timesteps: int, neurons: int) -> npt.NDArray[np.uint16]:
    """The draws of one image, ``(steps, neurons)``: all neurons of a step, then the next step.

    They are the same for every image, and kept, read-only, for the next call.
    """
    words = draws(seed, timesteps * neurons).reshape(timesteps, neurons)
    words.flags.writeable = False
    return words


def seed_of_run(run: int) -> int:
    """Seed for one of several runs that are to differ as if by chance.

    Neighbouring seeds, 1 and 2 say, start the register one place apart, and their draws resemble
    one another; this spreads the numbers 0, 1, 2, ... over the whole period.
    """
    word = int(np.random.SeedSequence(run).generate_state(1, np.uint32)[0])
    return word or 1
