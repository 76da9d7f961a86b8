"""What a lane can be told to do, slot by slot."""

from amaranth.lib import enum

__all__ = ["Augend", "Lead", "Operand", "Restart", "Scale", "Subtrahend", "Totals"]


class Augend(enum.Enum, shape=2):
    """What something is added to."""

    POTENTIAL = 0
    INITIAL = 1
    TERM = 2


class Operand(enum.Enum, shape=4):
    """What is added; a bit for each, so that nothing has to be decoded lane by lane."""

    NOTHING = 0
    WEIGHT = 1
    BIAS = 2
    SUM = 4
    """The sum of the clock before."""
    TERM = 8


class Scale(enum.Enum, shape=2):
    """What happens to the potential before the addition: wires only."""

    KEEP = 0
    HALVE = 1
    DOUBLE = 2
    HALVE_SOME = 3
    """Halve where the low five bits of the lane's threshold parameter exceed the pass number."""


class Subtrahend(enum.Enum, shape=2):
    """What the second stage compares with and takes off."""

    THRESHOLD = 0
    HALF = 1
    """Half of what it was: the threshold of the next lower spike plane."""
    FLOOR = 2
    LEAK = 3


class Restart(enum.Enum, shape=2):
    """What the potential becomes when an inference ends."""

    NO = 0
    INITIAL = 1
    ZERO = 2


class Lead(enum.Enum, shape=2):
    """What neurons lead a gate's window by."""

    NO = 0
    """No gate."""
    COUNT = 1
    """The signed sum of their spikes."""
    RATE = 2
    """An estimate of their rate, to which a spike adds 65536."""
    ANY = 3
    """Their spike of this step."""


class Totals(enum.Enum, shape=2):
    """What a sweep hands to the readout in place of potentials."""

    NO = 0
    COUNT = 1
    """The signed sum of its spikes."""
    FIRST = 2
    """Steps left when it first spiked with +1, that one included."""
