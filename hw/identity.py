"""What an accelerator tells of itself: constants in its answer to ``HELLO``."""

import json
import zlib
from dataclasses import asdict
from typing import NamedTuple

from amaranth.utils import exact_log2

from augend.hw.configuration import AcceleratorConfig

__all__ = ["IDENTITY_LENGTH", "VERSION", "Identity", "configuration_check", "identity_words"]

VERSION = 4
"""Of the protocol."""

IDENTITY_LENGTH = 6
"""Words of payload: two of these constants, program hash, status, and the third constant."""


class Identity(NamedTuple):
    """The constants, as a host reads them."""

    version: int
    lanes: int
    cores: int
    populations: int
    link_words: int
    check: int

    @classmethod
    def read(cls, words: tuple[int, int, int]) -> "Identity":
        """Take the three words apart."""
        who, sizes, check = words
        return cls(
            version=who & 0xFF,
            lanes=who >> 8 & 0xFFFF,
            cores=who >> 24,
            populations=sizes & 0xFFFF,
            link_words=1 << (sizes >> 16 & 0x1F),
            check=check,
        )


def identity_words(config: AcceleratorConfig) -> tuple[int, int, int]:
    """The constants in three words.

    Version, lanes << 8, cores << 24; populations, logarithm of ``link_words`` << 16; check of
    the configuration.
    """
    return (
        VERSION | config.lanes << 8 | config.cores << 24,
        config.populations | exact_log2(config.link_words) << 16,
        configuration_check(config),
    )


def configuration_check(config: AcceleratorConfig) -> int:
    """CRC-32 of all parameters: two accelerators that differ in one differ in this."""
    return zlib.crc32(json.dumps(asdict(config), sort_keys=True).encode())
