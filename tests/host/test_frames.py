import zlib
from random import Random

import numpy as np
from cobs import cobs
from hypothesis import given
from hypothesis import strategies as st

from augend.host.frames import FrameReader, frame_of, packets_in, unframed
from augend.host.packets import make_packet, parse_answers
from augend.hw.packet import Command, Fault
from tests.sim.wire_fuzz import burst

PAYLOADS = st.lists(st.integers(0, 2**32 - 1), max_size=300)
PACKETS = st.builds(
    make_packet,
    st.sampled_from([Command.DONE, Command.RESULT, Command.IDENTITY]),
    st.integers(0, 0xFFFF),
    PAYLOADS,
)


def fed(reader, wire, cuts):
    """Feed in pieces."""
    packets = []
    places = [0, *sorted(cut % (len(wire) + 1) for cut in cuts), len(wire)]
    for begin, end in zip(places, places[1:], strict=False):
        packets += reader.feed(wire[begin:end])
    return packets


@given(st.lists(PACKETS, max_size=4), st.lists(st.integers(0, 5000), max_size=5))
def test_whole_frames_are_read_however_they_are_cut(packets, cuts):
    reader = FrameReader()
    came = fed(reader, b"".join(frame_of(packet) for packet in packets), cuts)
    assert [one.tolist() for one in came] == [one.tolist() for one in packets]
    assert reader.damaged == 0
    if packets:
        words = np.concatenate(packets)
        assert [one.tolist() for one in packets_in(words)] == [one.tolist() for one in packets]


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=5), PACKETS)
def test_after_any_bytes_a_zero_brings_the_reader_back(garbage, cuts, packet):
    reader = FrameReader()
    for one in fed(reader, garbage, cuts):
        assert len(parse_answers(one)) == 1
    came = reader.feed(b"\0" + frame_of(packet))
    assert came and came[-1].tolist() == packet.tolist()


@given(PACKETS, st.integers(0), st.integers(0, 7))
def test_a_flipped_bit_is_never_another_packet(packet, place, bit):
    frame = bytearray(frame_of(packet))
    frame[place % (len(frame) - 1)] ^= 1 << bit
    assert all(one.tolist() == packet.tolist() for one in FrameReader().feed(bytes(frame)))


def test_what_never_ends_is_not_kept():
    reader = FrameReader()
    for _ in range(100):
        assert reader.feed(b"\x01" * 100_000) == []
    assert len(reader._begun) < 600_000
    good = make_packet(Command.DONE, 3)
    assert len(reader.feed(b"\0" + frame_of(good))) == 1


def test_what_is_no_packet_of_this_protocol_is_passed_over():
    unknown = make_packet(Command.DONE, 1)
    unknown[0] |= 0x40 << 8
    body = unknown[:-1]
    for words in (
        [*body.tolist(), zlib.crc32(body.tobytes())],
        make_packet(Command.REFUSED, 1, [99, 0, 0]).tolist(),
        make_packet(Command.REFUSED, 1, [Fault.DAMAGED.value]).tolist(),
    ):
        assert FrameReader().feed(frame_of(np.array(words, np.uint32))) == []


def test_unframed_is_what_the_library_decodes():
    rng = Random(1)
    for size in (0, 1, 5, 253, 254, 255, 256, 508, 600):
        for zeros in (0.0, 0.1, 1.0):
            content = bytes(
                0 if rng.random() < zeros else rng.randrange(1, 256) for _ in range(size)
            )
            assert unframed(cobs.encode(content)) == content


def test_of_random_and_damaged_packets_only_the_whole_are_read():
    rng = Random(3)
    reader = FrameReader()
    read = 0
    for _ in range(50):
        wire, whole = burst(rng, 40, rng.randrange(1 << 16), 64)
        came = reader.feed(b"\0" + wire)
        assert {packet.tobytes() for packet in came} <= whole
        read += len(came)
    assert read > 100 and reader.damaged > 500
