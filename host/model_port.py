"""The accelerator's side of the wire without hardware: its packet layer before the golden model."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.program import Program
from augend.host.driver import GoldenAccelerator
from augend.host.frames import frame_of, unframed
from augend.host.packets import Words, make_packet, parse_answers
from augend.host.result import Result
from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.identity import identity_words
from augend.hw.loading import MEMORIES, words
from augend.hw.memory_image import pixel_rows, program_rows
from augend.hw.packet import MAGIC, Command, Fault

__all__ = ["ModelPort"]

_INPUT = MEMORIES.index("input")


class ModelPort:
    """A port to a modelled accelerator that holds what it is sent, and answers as the RTL does.

    Everything happens when it is read from; until then packets lie in the packet buffer, and what
    it has no room for is lost. Programs with images of intensities; no inference is ever given up.

    Parameters
    ----------
    program
        The one that it runs; others it takes and does not.
    placement, config
        Of the accelerator.
    """

    def __init__(self, program: Program, placement: Placement, config: AcceleratorConfig) -> None:
        self._golden = GoldenAccelerator(program, placement, config)
        self._placement = placement
        self._config = config
        self._image = {
            (MEMORIES.index(name), core): rows
            for name, core, rows in program_rows(config, placement)
        }
        number = bytes.fromhex(program.hash)[:8]
        self._runs = np.frombuffer(number, "<u4").tolist()
        self._results: dict[bytes, Words] = {}
        self.inferences = 0
        """Run so far."""
        self.refusals = 0
        """Packets refused so far."""
        self._wire = bytearray()
        self._arrived: list[Words] = []
        self._answers = bytearray()
        self.restart()

    def restart(self) -> None:
        """Forget the program, every memory and the sequence number, as after a reset."""
        self._memory: dict[tuple[int, int], dict[int, tuple[int, ...]]] = {}
        self._program: list[int] | None = None
        self._expected = 0
        self._sound = False

    def prepare(self, images: npt.ArrayLike) -> Result:
        """Run images at once, whose results are then looked up when they come over the wire."""
        pixels = self._golden.program.encode(images)
        result = self._golden.infer(images)
        for i, image in enumerate(pixels):
            rows = pixel_rows(self._config, self._placement, image)
            self._results[rows.tobytes()] = self._payload(result, i)
        return result

    def knows(self, other: "ModelPort") -> None:
        """Take over what another one of the same accelerator was prepared for."""
        self._results |= other._results

    def write(self, data: bytes) -> int:
        """Take bytes off the wire into the packet buffer."""
        *ended, rest = data.split(b"\0")
        for part in ended:
            self._arrive(bytes(self._wire) + part)
            self._wire.clear()
        self._wire += rest
        return len(data)

    def read(self, size: int = 1) -> bytes:
        """Carry out what came, and give the answers."""
        for packet in self._arrived:
            command, sequence, payload = self._carry_out(packet)
            self._answers += frame_of(make_packet(command, sequence, payload))
        self._arrived.clear()
        came = bytes(self._answers[: max(size, 4096)])
        del self._answers[: len(came)]
        return came

    def close(self) -> None:
        """Nothing to let go of."""

    def _arrive(self, frame: bytes) -> None:
        """Receive the packets of a frame; a damaged one leaves one that says so."""
        content = unframed(frame)
        came = np.frombuffer(content[: len(content) // 4 * 4], "<u4").astype(np.uint32)
        at = 0
        room = self._config.link_words - sum(len(packet) - 1 for packet in self._arrived)
        while at < len(came):
            if int(came[at]) & 0xFF != MAGIC:
                at += 1
                continue
            length = int(came[at + 1]) & 0xFFFF if at + 1 < len(came) else 0
            end = at + 3 + length
            packet = came[at:end]
            if len(packet) < 2:
                return
            fits = 2 + length <= min(room, self._config.link_words)
            if int(packet[1]) >> 16 == ~length & 0xFFFF and fits and _is_whole(packet, length):
                self._arrived.append(packet)
                room -= len(packet) - 1
            else:
                self._arrived.append(make_packet(Command.DAMAGED, 0))
                room -= 2
            at = end

    def _carry_out(self, packet: Words) -> tuple[Command, int, Sequence[int] | Words]:
        """The controller: see ``augend.hw.controller``."""
        command, sequence = int(packet[0]) >> 8 & 0xFF, int(packet[0]) >> 16
        payload = packet[2:-1]
        if command == Command.DAMAGED.value:
            return self._refuse(sequence, Fault.DAMAGED)
        if command == Command.HELLO.value:
            who, sizes, check = identity_words(self._config)
            before = 0 if len(payload) else self._expected
            self._expected = sequence + 1 & 0xFFFF
            program = self._program or [0, 0]
            return Command.IDENTITY, sequence, [who, sizes | before << 16, *program, 0, check]
        if sequence not in (self._expected, self._expected - 1 & 0xFFFF):
            return self._refuse(sequence, Fault.SEQUENCE)
        if command == Command.WRITE.value and len(payload) > 1:
            self._expected = sequence + 1 & 0xFFFF
            self._write(int(payload[0]), int(payload[1]), payload[2:])
            return Command.DONE, sequence, []
        if command == Command.START.value and len(payload) == 2:
            self._expected = sequence + 1 & 0xFFFF
            self._program = payload.tolist()
            return Command.DONE, sequence, []
        if command == Command.RUN.value and len(payload) == 3:
            self._expected = sequence + 1 & 0xFFFF
            if payload[1:].tolist() != self._program:
                return self._refuse(sequence, Fault.PROGRAM)
            return Command.RESULT, sequence, self._run(int(payload[0]) & 1)
        return self._refuse(sequence, Fault.COMMAND)

    def _refuse(self, sequence: int, fault: Fault) -> tuple[Command, int, list[int]]:
        self.refusals += 1
        return Command.REFUSED, sequence, [fault.value, self._expected, 0]

    def _write(self, which: int, first: int, content: Words) -> None:
        memory, core = which & 0xFF, which >> 8 & 0xFF
        if memory != _INPUT:
            self._program = None
            self._sound = False
        size = words(self._config, MEMORIES[memory])
        rows = content[: len(content) // size * size].reshape(-1, size)
        held = self._memory.setdefault((memory, core), {})
        held.update((first + i, tuple(row)) for i, row in enumerate(rows.tolist()))

    def _run(self, bank: int) -> Words:
        """Result of what the memories hold, which has to be the program."""
        self.inferences += 1
        if not self._sound:
            self._check_memories()
        held = self._memory[_INPUT, bank]
        count = self._placement.layouts[INPUT].words
        rows = np.array([held[i] for i in range(count)], np.uint32)
        key = rows.tobytes()
        if key not in self._results:
            raise RuntimeError("The input memory holds none of the prepared images")
        return self._results[key]

    def _check_memories(self) -> None:
        if self._program != self._runs:
            raise RuntimeError("This model runs one program, and another was started")
        for place, rows in self._image.items():
            held = self._memory.get(place, {})
            if any(held.get(i) != tuple(row) for i, row in enumerate(rows.tolist())):
                raise RuntimeError(f"Memory {MEMORIES[place[0]]} does not hold the program")
        self._sound = True

    def _payload(self, result: Result, i: int) -> Words:
        """Words of a result: see ``augend.hw.packet.Command.RESULT``."""
        config, placement = self._config, self._placement
        assert result.cycles is not None
        steps = int(result.exit_step[i]) % placement.network.timesteps  # 0 stands for all
        head = [len(result.scores[i]), *result.scores[i], result.predictions[i]]
        head += [result.cycles[i], steps]
        counted = dict(
            zip(
                QUANTITIES,
                (result.operations, result.words, result.updates, result.spikes),
                strict=True,
            )
        )
        for core in range(config.cores):
            head += [result.stalls[reason][i, core] for reason in STALLS]
            for population in range(config.populations):
                names = [n for n, p in placement.numbers.items() if p == population]
                here = [n for n in names if n != INPUT and placement.core_of[n] == core]
                for quantity in QUANTITIES:
                    values = counted[quantity]
                    head.append(int(values[here[0]][i]) if here and here[0] in values else 0)
        return np.array([int(value) & 0xFFFFFFFF for value in head], np.uint32)


def _is_whole(packet: Words, length: int) -> bool:
    return len(packet) == length + 3 and bool(len(parse_answers(packet)))
