"""What never comes from a host: random bytes and damaged packets, in bursts, and what they do.

Nothing of it may be acted on. So after each burst the accelerator has to answer, to expect the
number that it expected before, to hold its program, and to tell of no fault; and from time to time
an inference on the image that was written before the first burst has to give what golden gives.
"""

from random import Random

import numpy as np
from cobs import cobs

from augend.host.conversation import Conversation
from augend.host.driver import RtlAccelerator
from augend.host.frames import FrameReader, frame_of, unframed
from augend.host.packets import make_packet, parse_answers
from augend.host.serial_link import SerialTransport
from augend.hw.identity import Identity
from augend.hw.packet import Command

__all__ = ["Fuzzed", "burst", "fuzzed"]

_COMMANDS = [Command.WRITE, Command.WRITE, Command.RUN, Command.START, Command.HELLO]


def burst(rng: Random, packets: int, expected: int, link_words: int) -> tuple[bytes, set[bytes]]:
    """Bytes of so many packets, none of which may be carried out where ``expected`` is next.

    With them those packets that are whole, and only out of order.
    """
    whole: set[bytes] = set()
    return b"".join(_one(rng, expected, link_words, whole) for _ in range(packets)), whole


def _one(rng: Random, expected: int, link_words: int, whole: set[bytes]) -> bytes:
    kind = rng.choice(["bytes", "words", "flip", "flip", "cut", "cut", "joined", "number"])
    if kind == "bytes":
        return rng.randbytes(rng.randrange(1, 40)) + b"\0" * rng.randrange(2)
    if kind == "words":  # frames of anything, often with a packet's head
        content = rng.randbytes(4 * rng.randrange(12))
        head = bytes([0xA6, rng.choice(_COMMANDS).value, expected & 0xFF, expected >> 8])
        return cobs.encode((head if rng.random() < 0.7 else b"") + content) + b"\0"
    command = rng.choice(_COMMANDS)
    number = expected
    if kind == "number":  # whole, but out of order: to be refused
        number = (expected + rng.randrange(1, 0xFFFE)) & 0xFFFF
        command = rng.choice(_COMMANDS[:4])
    size = rng.choice([0, 2, 3, 3, rng.randrange(12), link_words - 1])
    payload = [rng.choice([0, 1, rng.randrange(1 << 32)]) for _ in range(size)]
    packet = make_packet(command, number, payload)
    frame = bytearray(frame_of(packet))
    if kind == "number":
        whole.add(packet.tobytes())
    if kind == "flip":  # a longer last block that the frame's end cuts short would be no damage
        while unframed(bytes(frame).partition(b"\0")[0]) == packet.tobytes():
            frame[rng.randrange(len(frame) - 1)] ^= 1 << rng.randrange(8)
    if kind == "cut":
        frame = frame[: rng.randrange(len(frame) - 1)] + b"\0" * rng.randrange(2)
    if kind == "joined":
        return bytes(frame[: rng.randrange(len(frame) - 1)]) + _one(
            rng, expected, link_words, whole
        )
    return bytes(frame)


class Fuzzed:
    """An accelerator that bursts are sent to; loaded with a program and an image.

    Parameters
    ----------
    accelerator
        Over a port in this process.
    port
        That port.
    image
        Given as at conversion.
    """

    def __init__(self, accelerator: RtlAccelerator, port, image) -> None:
        self.accelerator = accelerator
        self._port = port
        self._reader = FrameReader()
        self._expected = accelerator.infer(image[None])
        self._talk: Conversation = accelerator.conversation
        self._number = self._talk.sequence
        self.packets = self.answers = self.inferences = 0

    def send(self, rng: Random, packets: int) -> None:
        """A burst, and a look whether all is as it was."""
        link_words = self.accelerator.config.link_words
        self._port.write(burst(rng, packets, self._number, link_words)[0])
        self.packets += packets
        asked = self._number + rng.randrange(1, 1 << 14) & 0xFFFF
        self._port.write(b"\0" + frame_of(make_packet(Command.HELLO, asked)))
        came = [parse_answers(p)[0] for p in self._reader.feed(self._port.read())]
        self.answers += len(came)
        assert came and came[-1].command == Command.IDENTITY, "no answer to HELLO"
        assert {one.command for one in came[:-1]} <= {Command.REFUSED}, "something was carried out"
        told = Identity.read(came[-1].payload.tolist())
        assert came[-1].sequence == asked
        assert told.before == self._number, "something was taken"
        assert told.program and not told.status
        self._number = asked + 1 & 0xFFFF

    def infer(self) -> None:
        """The image that was written before all bursts, once more."""
        run = np.concatenate([np.zeros(1, np.uint32), self.accelerator._hash])
        self._talk.sequence = self._number
        (answer,) = self._talk.request([(Command.RUN, run)])
        self._number = self._talk.sequence
        result = self.accelerator._result([answer.payload])
        np.testing.assert_array_equal(result.scores, self._expected.scores)
        np.testing.assert_array_equal(result.cycles, self._expected.cycles)
        self.inferences += 1


def fuzzed(program, placement, config, image, port) -> Fuzzed:
    """Load a program over a port in this process."""
    accelerator = RtlAccelerator(program, placement, config, SerialTransport(port))
    return Fuzzed(accelerator, port, image)
