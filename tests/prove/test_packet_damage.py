"""Every damage of up to three bits, and every burst of up to 32, is noticed: all of them are tried.

The CRC is linear: what a packet's CRC comes out wrong by follows from the damaged bits alone, not
from what the packet says. So all damages of a length are tried at once, whatever the payload. Where
the length itself is damaged and looks sound, the reader takes another word for the CRC: there the
packet is read to its end, and the next packet's words behind it.
"""

import itertools
import zlib

import numpy as np
import pytest
from amaranth.lib.crc.catalog import CRC32_ISO_HDLC
from amaranth.sim import Simulator

from augend.host.packets import make_packet
from augend.hw.packet import MAGIC, Command

MOST = 8
"""Payload words of the longest packet whose damages of three bits are all tried."""

LONGEST = 510
"""Payload words of the longest packet of a buffer of 512."""


def syndromes(words: int) -> np.ndarray:
    """What the damage of each bit of a packet changes the difference of both CRCs by.

    Shape (32 words,): bits of the first word first, least significant first; the last word is the
    CRC itself.
    """
    state = 1 << np.arange(32, dtype=np.uint32)
    blocks = [state]
    for _ in range(words - 1):
        state = after_word(state)
        blocks.append(state)
    return np.concatenate(blocks[::-1])


def after_word(state: np.ndarray) -> np.ndarray:
    """The CRC's register 32 steps of one bit later, without a new word."""
    for _ in range(32):
        state = (state >> 1) ^ np.where(state & 1, np.uint32(0xEDB88320), np.uint32(0))
    return state


def test_the_hardware_adds_a_word_as_the_syndromes_do():
    dut = CRC32_ISO_HDLC(data_width=32).create()
    rng = np.random.default_rng(1)
    basis = [0, *(1 << bit for bit in range(32)), *rng.integers(0, 1 << 32, 40).tolist()]

    async def bench(ctx):
        register = 0xFFFFFFFF
        for word in basis:
            ctx.set(dut.data, word)
            ctx.set(dut.valid, 1)
            await ctx.tick()
            register = int(after_word(np.array([register ^ word], np.uint32))[0])
            assert ctx.get(dut.crc) == register ^ 0xFFFFFFFF

    simulator = Simulator(dut)
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    simulator.run()


@pytest.mark.parametrize("length", range(MOST + 1))
def test_no_damage_of_up_to_three_bits_fits_the_crc(length):
    changes = syndromes(length + 3)
    assert (changes != 0).all()
    ordered = np.sort(changes)
    assert (ordered[1:] != ordered[:-1]).all()
    pairs = changes[:, None] ^ changes[None, :]
    upper = np.triu_indices(len(changes), 1)
    assert not np.isin(pairs[upper], changes).any()


def test_no_damage_of_up_to_two_bits_fits_the_crc_of_the_longest_packet():
    ordered = np.sort(syndromes(LONGEST + 3))
    assert ordered[0] != 0
    assert (ordered[1:] != ordered[:-1]).all()


@pytest.mark.parametrize("length", [0, 1, 2, MOST, LONGEST])
def test_no_burst_of_up_to_32_bits_fits_the_crc(length):
    changes = syndromes(length + 3)
    for first in range(len(changes) - 31):
        assert rank(changes[first : first + 32].tolist()) == 32


def rank(rows: list[int]) -> int:
    """Of a matrix over two elements."""
    leading: dict[int, int] = {}
    for row in rows:
        while row and (top := row.bit_length()) in leading:
            row ^= leading[top]
        if row:
            leading[top] = row
    return len(leading)


def delivered(words: np.ndarray, depth: int = 512) -> list[tuple[int, ...]]:
    """What a receiver hands on: whole packets; ``test_packet_receiver`` proves that it is so."""
    found = []
    at = 0
    while at < len(words):
        if words[at] & 0xFF != MAGIC:
            at += 1
            continue
        if at + 1 == len(words):
            break
        length, complement = int(words[at + 1]) & 0xFFFF, int(words[at + 1]) >> 16
        if length ^ complement != 0xFFFF or length > depth - 2:
            at += 2
            continue
        end = at + 2 + length
        if end >= len(words):
            break
        if zlib.crc32(words[at:end].astype("<u4").tobytes()) == words[end]:
            found.append(tuple(words[at:end].tolist()))
        at = end + 1
    return found


def stream(length: int, seed: int) -> list[np.ndarray]:
    """Three packets in a row, of which no word but the heads begins like a packet.

    A payload that held a whole packet would have that one delivered where the head around it is
    damaged: only its number then tells that it was not sent.
    """
    rng = np.random.default_rng(seed)
    while True:
        packets = [
            make_packet(command, int(rng.integers(1 << 16)), rng.integers(0, 1 << 32, length))
            for command in (Command.WRITE, Command.RUN, Command.START)
        ]
        if all((packet[1:] & 0xFF != MAGIC).all() for packet in packets):
            return packets


def bits(*places: int, of: int) -> np.ndarray:
    """Words with only these bits set."""
    flips = np.zeros(of, np.uint32)
    for place in places:
        flips[place // 32] ^= np.uint32(1 << place % 32)
    return flips


@pytest.mark.parametrize("length", range(4))
def test_of_a_damaged_stream_only_what_was_sent_is_delivered(length):
    packets = stream(length, seed=length)
    words = np.concatenate(packets)
    sent = {tuple(packet[:-1].tolist()) for packet in packets}
    first = 32 * len(packets[0])
    damages = itertools.combinations(range(first), 2)
    for places in itertools.chain(((place,) for place in range(first)), damages):
        assert sent.issuperset(delivered(words ^ bits(*places, of=len(words)))), places


@pytest.mark.parametrize("length", range(MOST + 1))
def test_a_damaged_length_that_looks_sound_delivers_nothing_either(length):
    packets = stream(length, seed=length)
    words = np.concatenate(packets)
    sent = {tuple(packet[:-1].tolist()) for packet in packets}
    for bit in range(16):
        for third in range(32 * len(words)):
            damage = bits(32 + bit, 48 + bit, third, of=len(words))
            assert sent.issuperset(delivered(words ^ damage)), (bit, third)


def test_the_reader_here_delivers_what_it_should():
    packets = stream(3, seed=0)
    words = np.concatenate(packets)
    sent = [tuple(packet[:-1].tolist()) for packet in packets]
    assert delivered(words) == sent
    assert delivered(words ^ bits(100, of=len(words))) == sent[1:]
