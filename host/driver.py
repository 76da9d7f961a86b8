"""The driver: loads a program into an accelerator and has it classify."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement, UnsupportedError
from augend.gen.program import Program
from augend.host.conversation import Conversation, Request
from augend.host.packets import LinkError, Words
from augend.host.ports import open_port
from augend.host.result import Result
from augend.host.serial_link import SerialTransport
from augend.host.transport import InProcess, Transport
from augend.hw.configuration import AcceleratorConfig
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.fit import FitError, smallest_config
from augend.hw.loading import MEMORIES
from augend.hw.memory_image import event_rows, pixel_rows, program_rows
from augend.hw.packet import Command
from augend.sim.golden import GoldenModel
from augend.sim.timing import Timing, TimingModel

__all__ = ["Accelerator", "GoldenAccelerator", "RtlAccelerator", "connect"]

_BATCH = 64


class Accelerator(Protocol):
    """Something that runs a program on images."""

    def infer(self, images: npt.ArrayLike) -> Result:
        """Classify images, given as at conversion or as uint8 intensities."""
        ...

    def __enter__(self) -> "Accelerator": ...

    def __exit__(self, *error: object) -> None: ...


def connect(
    program: Program,
    backend: str = "golden",
    *,
    config: AcceleratorConfig | None = None,
    transport: Transport | None = None,
    timeout: float = 1.0,
    progress: Callable[[str], None] | None = None,
) -> "GoldenAccelerator | RtlAccelerator":
    """Make ready to run a program.

    Parameters
    ----------
    program
        What to run.
    backend
        ``golden``: golden and timing model. ``rtl``: the hardware, by default Verilated in this
        process. ``serial:DEVICE@BAUD``, ``socket:HOST:PORT``: the hardware behind a serial device
        (a million baud where none is named), or a TCP connection that carries the same bytes.
    config
        The hardware's parameters, see ``augend.host.verilog.read_configuration``; the smallest
        that the program fits where None.
    transport
        How to reach the hardware, where it is there already.
    timeout
        For a serial device or a connection: see ``SerialTransport``.
    progress
        Called with the name of each stage of making ready.

    Raises
    ------
    PlacementError, FitError
        The hardware cannot run the program; the message says why.
    LinkError
        The hardware cannot be reached, or is other than ``config`` says.
    """
    wired = backend.startswith(("serial:", "socket:"))
    if backend not in ("golden", "rtl") and not wired:
        raise ValueError(
            f"Backend must be 'golden' or 'rtl', 'serial:DEVICE@BAUD' or 'socket:HOST:PORT', "
            f"not {backend!r}"
        )
    try:
        placement = program.place()
        config = config or smallest_config(placement)
    except (UnsupportedError, FitError):
        if backend == "golden":
            return GoldenAccelerator(program, None, None)
        raise
    if backend == "golden":
        return GoldenAccelerator(program, placement, config)
    if transport is None and wired:
        transport = SerialTransport(
            open_port(backend), timeout=timeout, reopen=lambda: open_port(backend)
        )
    transport = transport or InProcess(config, progress=progress)
    try:
        return RtlAccelerator(program, placement, config, transport)
    except BaseException:
        transport.close()
        raise


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
        self.conversation = Conversation(transport, config, self._answer_words, self._load)
        self._hash = np.frombuffer(bytes.fromhex(program.hash)[:8], "<u4").astype(np.uint32)
        self.conversation.hello()
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
            payloads += [answer.payload for answer in self.conversation.request(requests)]
        return self._result(payloads)

    def close(self) -> None:
        """Let go of the hardware."""
        self.transport.close()

    def __enter__(self) -> "RtlAccelerator":
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _load(self) -> None:
        requests = []
        for memory, core, rows in program_rows(self.config, self.placement):
            requests += self._writes(memory, core, rows)
        requests.append((Command.START, self._hash))
        self.conversation.request(requests, whole=True)

    def _writes(self, memory: str, core: int, rows: Words) -> list[Request]:
        """Write requests for rows from address 0 on, two of which the link's buffer takes."""
        most = max(1, (self.config.link_words - 12) // 2 // rows.shape[1])
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
