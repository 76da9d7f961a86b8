"""The driver: loads a program into an accelerator and has it classify."""

from collections.abc import Callable
from dataclasses import replace
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement, UnsupportedError
from augend.gen.program import Program
from augend.host.packets import (
    Answer,
    FaultError,
    LinkError,
    Words,
    make_packet,
    missing_words,
    parse_answers,
)
from augend.host.result import Result
from augend.host.transport import InProcess, Transport
from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.fit import FitError, smallest_config
from augend.hw.loading import MEMORIES
from augend.hw.memory_image import event_rows, pixel_rows, program_rows
from augend.hw.packet import Command, Fault
from augend.sim.golden import GoldenModel
from augend.sim.timing import Timing, TimingModel

__all__ = ["Accelerator", "GoldenAccelerator", "RtlAccelerator", "connect"]

_ATTEMPTS = 8
_BATCH = 64
_IDENTITY_WORDS = 8

_GIVEN_UP = {
    Fault.STALLED: "nothing moved any more",
    Fault.TOKEN: "a core got a step of another population than it waited for",
    Fault.QUEUE: "a step had more event words than its queue was made for",
}


class Accelerator(Protocol):
    """Something that runs a program on images."""

    def infer(self, images: npt.ArrayLike) -> Result:
        """Classify images, given as at conversion or as uint8 intensities."""
        ...

    def __enter__(self) -> "Accelerator": ...

    def __exit__(self, *error: object) -> None: ...


def connect(
    program: Program,
    backend: Literal["golden", "rtl"] = "golden",
    *,
    config: AcceleratorConfig | None = None,
    transport: Transport | None = None,
    progress: Callable[[str], None] | None = None,
) -> "GoldenAccelerator | RtlAccelerator":
    """Make ready to run a program.

    Parameters
    ----------
    program
        What to run.
    backend
        ``golden``: golden and timing model. ``rtl``: the hardware, by default Verilated in this
        process.
    config
        The hardware's parameters; the smallest that the program fits where None.
    transport
        How to reach the hardware, where it is there already.
    progress
        Called with the name of each stage of making ready.

    Raises
    ------
    PlacementError, FitError
        The hardware cannot run the program; the message says why.
    """
    if backend not in ("golden", "rtl"):
        raise ValueError(f"Backend must be 'golden' or 'rtl', not {backend!r}")
    try:
        placement = program.place()
        config = config or smallest_config(placement)
    except (UnsupportedError, FitError):
        if backend == "golden":
            return GoldenAccelerator(program, None, None)
        raise
    if backend == "golden":
        return GoldenAccelerator(program, placement, config)
    transport = transport or InProcess(config, progress=progress)
    return RtlAccelerator(program, placement, config, transport)


class GoldenAccelerator:
    """Golden and timing model in the place of the hardware.

    Without a placement the network is one that the hardware does not run: there are no clocks.
    """

    def __init__(
        self, program: Program, placement: Placement | None, config: AcceleratorConfig | None
    ) -> None:
        self.program = program
        self.placement = placement
        self.config = config
        self._timing: TimingModel | None = None
        if placement is not None and config is not None:
            self._timing = TimingModel.of_hardware(placement, config)
        self._golden = GoldenModel(program.network, record="trains" if self._timing else False)

    def infer(self, images: npt.ArrayLike) -> Result:
        """Classify images, given as at conversion or as uint8 intensities."""
        return self.timed(images)[0]

    def timed(self, images: npt.ArrayLike, *, spans: bool = False) -> tuple[Result, Timing | None]:
        """Classify images, and tell every clock; None where the network has no placement.

        Parameters
        ----------
        images
            Given as at conversion or as uint8 intensities.
        spans
            Whether to tell what every core did when.
        """
        pixels = self.program.encode(images)
        golden = self._golden.run(pixels)
        result = Result(
            predictions=golden.predictions,
            scores=golden.scores,
            spikes=golden.spikes,
            operations=golden.operations,
            updates=golden.updates,
            exit_step=golden.exit_step,
        )
        if self._timing is None:
            return result, None
        timing = self._timing.run(pixels, golden.trains, golden.exit_step, spans=spans)
        result = replace(
            result,
            words=timing.words,
            updates=timing.updates,
            cycles=timing.cycles,
            stalls=timing.stalls,
        )
        return result, timing

    def __enter__(self) -> "GoldenAccelerator":
        return self

    def __exit__(self, *error: object) -> None:
        return None


class RtlAccelerator:
    """Hardware behind a transport; loads the program when made."""

    def __init__(
        self,
        program: Program,
        placement: Placement,
        config: AcceleratorConfig,
        transport: Transport,
    ) -> None:
        self.program = program
        self.placement = placement
        self.config = config
        self.transport = transport
        self._sequence = 0
        self._hash = np.frombuffer(bytes.fromhex(program.hash)[:8], "<u4").astype(np.uint32)
        self._hello()
        self._load()

    def infer(self, images: npt.ArrayLike) -> Result:
        """Classify images, given as at conversion or as uint8 intensities."""
        pixels = self.program.encode(images)
        rows = event_rows if self.program.network.input.encoding == "events" else pixel_rows
        payloads = []
        for first in range(0, len(pixels), _BATCH):
            requests = []
            for i, image in enumerate(pixels[first : first + _BATCH]):
                bank = i % self.config.input_banks
                requests += self._writes("input", bank, rows(self.config, self.placement, image))
                run = np.concatenate([np.array([bank], np.uint32), self._hash])
                requests.append((Command.RUN, run))
            answers = self._request(requests)
            payloads += [a.payload for a in answers if a.command == Command.RESULT]
        return self._result(payloads)

    def close(self) -> None:
        """Let go of the hardware."""
        self.transport.close()

    def __enter__(self) -> "RtlAccelerator":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _hello(self) -> None:
        """Find out whom we speak to, and agree on the next sequence number."""
        for _ in range(_ATTEMPTS):
            identity = self._identity()
            self._sequence = (self._sequence + 1) & 0xFFFF
            if identity is not None:
                found = int(identity.payload[0])
                lanes, cores = found >> 8 & 0xFFFF, found >> 24
                if (lanes, cores) != (self.config.lanes, self.config.cores):
                    raise LinkError(
                        f"The accelerator has {lanes} lanes and {cores} cores; this program was "
                        f"placed for {self.config.lanes} and {self.config.cores}"
                    )
                return
        raise LinkError("No accelerator answers on this link: check that it is on and configured")

    def _identity(self) -> Answer | None:
        """Ask who is there; what is still on its way from before is passed over."""
        asked = _IDENTITY_WORDS
        came = self.transport.exchange(make_packet(Command.HELLO, self._sequence), asked)
        heard = came
        while True:
            for answer in parse_answers(heard):
                if answer.command == Command.IDENTITY and answer.sequence == self._sequence:
                    return answer
            if len(came) < asked:  # nothing more comes
                return None
            asked = missing_words(heard) or _IDENTITY_WORDS
            came = self.transport.exchange(np.zeros(0, np.uint32), asked)
            heard = np.concatenate([heard, came])

    def _load(self) -> None:
        requests = []
        for memory, core, rows in program_rows(self.config, self.placement):
            requests += self._writes(memory, core, rows)
        requests.append((Command.START, self._hash))
        self._request(requests)

    def _writes(self, memory: str, core: int, rows: Words) -> list[tuple[Command, Words]]:
        """Write requests for rows from address 0 on, each as large as the link's buffer takes."""
        most = max(1, (self.config.link_words - 8) // 2 // rows.shape[1])
        if rows.shape[1] + 4 > self.config.link_words:
            raise LinkError(
                f"A row of the {memory} memory takes {rows.shape[1]} words, more than the packet "
                f"buffer of {self.config.link_words}: raise link_words"
            )
        where = MEMORIES.index(memory) | core << 8
        return [
            (
                Command.WRITE,
                np.concatenate(
                    [np.array([where, first], np.uint32), rows[first : first + most].reshape(-1)]
                ),
            )
            for first in range(0, len(rows), most)
        ]

    def _request(self, requests: list[tuple[Command, Words]]) -> list[Answer]:
        """Have every request carried out; what is lost or damaged on the way is repeated."""
        answers: list[Answer] = []
        vain = 0
        while vain < _ATTEMPTS:
            before = len(answers)
            left = requests[before:]
            first = self._sequence
            packets = [
                make_packet(command, first + i, payload)
                for i, (command, payload) in enumerate(left)
            ]
            expect = sum(3 + self._answer_words(command) for command, _ in left)
            words = self.transport.exchange(np.concatenate(packets), expect)
            if missing := missing_words(words):  # a refusal is longer than what was expected
                rest = self.transport.exchange(np.zeros(0, np.uint32), missing)
                words = np.concatenate([words, rest])
            came = parse_answers(words)
            for answer in came:
                if answer.command == Command.REFUSED:
                    self._raise(answer)
                if answer.command != Command.REFUSED and answer.sequence == self._sequence:
                    answers.append(answer)
                    self._sequence = (self._sequence + 1) & 0xFFFF
                else:
                    break
            if len(answers) == len(requests):
                return answers
            # Later images have overwritten the input memory: begin again with this one's.
            while answers and _writes_input(requests[len(answers) - 1]):
                answers.pop()
            vain = 0 if len(answers) > before else vain + 1
            self._hello()
        raise LinkError(
            f"Only {len(answers)} of {len(requests)} packets got through, then none in {_ATTEMPTS} "
            f"attempts: the link loses or damages too much"
        )

    def _raise(self, answer: Answer) -> None:
        """Raise what a refusal means, where sending again does not help."""
        error, fault = None, answer.fault
        if fault == Fault.PROGRAM and answer.cause == Fault.PARITY.value:
            fault = Fault.PARITY  # of the inference before, whose answer did not arrive whole
        if fault == Fault.PROGRAM:
            error = LinkError("The accelerator holds another program: load this one first")
        elif fault == Fault.COMMAND:
            error = LinkError("The accelerator does not know a command: versions differ")
        elif fault == Fault.PARITY:
            cores = ", ".join(map(str, answer.waiting))
            error = FaultError(
                f"The accelerator gave an inference up: a row of the {answer.damaged} memory"
                f"{f' of core {cores}' if cores else ''} is not as it was written (parity). Load "
                f"the program again, which writes every memory, and repeat the inference"
            )
        elif fault in _GIVEN_UP:
            waits = ", ".join(map(str, answer.waiting))
            where = f" (cores that wait: {waits})" if waits else ""
            error = FaultError(
                f"The accelerator gave an inference up: {_GIVEN_UP[fault]}{where}. What is "
                f"loaded is not what was placed for this accelerator; load the program again"
            )
        if error is not None:
            self._hello()  # what else was sent has been refused too
            raise error

    def _answer_words(self, command: Command) -> int:
        if command != Command.RUN:
            return 0
        config = self.config
        classes = self.program.network.readout.size
        return classes + 4 + config.cores * (len(STALLS) + len(QUANTITIES) * config.populations)

    def _result(self, payloads: list[Words]) -> Result:
        config = self.config
        network = self.program.network
        classes = network.readout.size
        answer = np.stack(payloads).astype(np.int64)  # (images, words)
        head, tail = np.split(answer, [classes + 4], axis=1)
        per_core = tail.reshape(len(answer), config.cores, -1)
        stalls, counters = np.split(per_core, [len(STALLS)], axis=2)
        # Each population is counted on its own core only.
        counters = counters.sum(1).reshape(len(answer), config.populations, len(QUANTITIES))
        numbers = self.placement.numbers
        names = [name for name in numbers if name != INPUT]
        steps = head[:, classes + 3]
        counted = {
            quantity: {name: counters[:, numbers[name], q] for name in names}
            for q, quantity in enumerate(QUANTITIES)
        }
        return Result(
            predictions=head[:, classes + 1],
            scores=head[:, 1 : classes + 1].astype(np.int32).astype(np.int64),
            spikes=counted["spikes"],
            operations=counted["additions"],
            words=counted["words"],
            updates=counted["updates"],
            cycles=head[:, classes + 2],
            exit_step=np.where(steps == 0, network.timesteps, steps),
            stalls={reason: stalls[:, :, i] for i, reason in enumerate(STALLS)},
        )


def _writes_input(request: tuple[Command, Words]) -> bool:
    command, payload = request
    return command == Command.WRITE and int(payload[0]) & 0xFF == MEMORIES.index("input")
