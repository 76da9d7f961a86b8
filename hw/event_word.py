"""The event word: what a population emits, ``lanes`` neurons at a time."""

from amaranth.lib import data

from augend.hw.configuration import AcceleratorConfig

__all__ = ["event_word"]


def event_word(config: AcceleratorConfig) -> data.StructLayout:
    """Layout of an event word or a step token.

    ``mask`` has a bit set for each lane that spikes and is never all zero, except in a token. The
    coordinates of a (C, H, W) population are ``a`` = y, ``b`` = x and ``g`` = the word of channels;
    an image whose rows lie along the lanes has ``a`` = y, ``b`` = channel and ``g`` = the word of
    columns; a population without rows and columns has only ``g``. ``token`` says that
    ``population`` has finished its step. ``signs`` has a bit set for each lane whose spike is one
    of -1; every spike of the word stands for 2**``plane`` spikes. Both have no bits where the
    configuration leaves them out.
    """
    return data.StructLayout(
        {
            "mask": config.lanes,
            "a": config.coordinate_bits,
            "b": config.coordinate_bits,
            "g": config.coordinate_bits,
            "population": config.population_bits,
            "token": 1,
            "signs": config.lanes * config.signed_events,
            "plane": config.plane_bits,
        }
    )
