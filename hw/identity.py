"""What an accelerator tells of itself in its answer to ``HELLO``."""

import json
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import NamedTuple

from amaranth.utils import exact_log2

from augend.hw.configuration import AcceleratorConfig

__all__ = ["IDENTITY_LENGTH", "VERSION", "Identity", "configuration_check", "identity_words"]

VERSION = 4
"""Of the protocol."""

IDENTITY_LENGTH = 6
"""Words of payload."""

_POPULATION_BITS = 11


class Identity(NamedTuple):
    """The answer, as a host reads it.

    Parameters
    ----------
    version, lanes, cores, populations, link_words
        Of the accelerator.
    before
        Sequence number that it expected before the ``HELLO``: 0 since its reset.
    program
        First 64 bits of the hash of the program that is loaded; 0 where none is.
    status
        Of the last inference that was given up, see ``augend.hw.packet.Command.REFUSED``.
    check
        Of its configuration.
    """

    version: int
    lanes: int
    cores: int
    populations: int
    link_words: int
    before: int
    program: int
    status: int
    check: int

    @classmethod
    def read(cls, words: Sequence[int]) -> "Identity":
        """Take the payload apart."""
        who, sizes, low, high, status, check = (int(word) for word in words)
        return cls(
            version=who & 0xFF,
            lanes=who >> 8 & 0xFFFF,
            cores=who >> 24,
            populations=sizes & (1 << _POPULATION_BITS) - 1,
            link_words=1 << (sizes >> _POPULATION_BITS & 0x1F),
            before=sizes >> 16,
            program=low | high << 32,
            status=status,
            check=check,
        )


def identity_words(config: AcceleratorConfig) -> tuple[int, int, int]:
    """Constants of words 0, 1 (its lower half) and 5.

    Version, lanes << 8, cores << 24; populations, logarithm of ``link_words`` << 11; check of
    the configuration.
    """
    return (
        VERSION | config.lanes << 8 | config.cores << 24,
        config.populations | exact_log2(config.link_words) << _POPULATION_BITS,
        configuration_check(config),
    )


def configuration_check(config: AcceleratorConfig) -> int:
    """CRC-32 of all parameters: two accelerators that differ in one differ in this."""
    return zlib.crc32(json.dumps(asdict(config), sort_keys=True).encode())
