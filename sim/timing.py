"""The timing model: every clock of an inference, from who spikes, without running any RTL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.schedule import Consume, End, Instruction, Sweep
from augend.sim.beats import FAN_OUT, StepBeats, step_beats

__all__ = ["Emission", "Timing", "TimingModel"]

Ints = npt.NDArray[np.int64]

# Fixed clocks of the hardware (docs/architecture.md, "Clocks").
_BEGIN = 2  # from start until a core executes its first instruction
_NEXT = 2  # from an instruction's end until the next executes
_SWEEP_END = 2  # from a sweep's last word until its end
_EMIT = 4  # from a word's visit until its event word is queued
_VISIBLE = 3  # from queueing a token until its step can be taken
_SCAN = 3  # from reading an input row until its event word is queued
_COUNT = 2  # reading how many events a step has
_READOUT = 6  # from the last word of a readout sweep until the prediction, beside the classes


@dataclass(frozen=True, kw_only=True, eq=False)
class Emission:
    """A step of a population (or plane or step of the input) on its way.

    Parameters
    ----------
    source, step
        Population, or ``input``, and number of its step.
    port
        Core that emits it; the number of cores for the input.
    first, stride
        Clocks, ``(images,)``, in which word 0 is queued if it is not empty, and from word to word.
    token
        Clocks ``(images,)`` in which the step token is queued.
    left
        Clocks ``(images,)`` in which the token leaves the queue.
    compact
        Words follow each other without gaps for empty ones (events from the host).
    """

    source: str
    step: int
    port: int
    first: Ints
    stride: int
    token: Ints
    left: Ints
    compact: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """Clocks, counted from the start of each inference.

    Parameters
    ----------
    cycles
        ``(images,)``: until the prediction stands.
    stalls
        ``{held, starved, blocked: (images, cores)}``.
    words
        ``{population: (images,)}``: potential words that weights were added to.
    clocks
        ``{population: (images,)}``: clocks spent on taking its events and sweeping it, waiting for
        events or room left out.
    emissions
        All steps, in the order in which each port emits them.
    """

    cycles: Ints
    stalls: Mapping[str, Ints]
    words: Mapping[str, Ints]
    clocks: Mapping[str, Ints]
    emissions: tuple[Emission, ...]


@dataclass(eq=False)
class _Port:
    """What one emitter has sent: when steps became visible, and when they left."""

    pending: list[tuple[str, int, Ints, int, Ints]] = field(default_factory=list)
    emissions: list[Emission] = field(default_factory=list)
    emitted: int = 0
    left: list[Ints] = field(default_factory=list)


class TimingModel:
    """Clocks of a placed network.

    A step of events is taken as a whole, in an order that the schedules fix; so every clock is a
    maximum of sums of counts (max-plus), for all images at once.

    Parameters
    ----------
    placement
        The placed network.
    queue_steps
        Time steps that a queue holds.
    potential_memory
        ``block`` or ``distributed``.
    """

    def __init__(
        self,
        placement: Placement,
        *,
        queue_steps: int = 2,
        potential_memory: Literal["block", "distributed"] = "block",
    ) -> None:
        self._placement = placement
        self._queue_steps = queue_steps
        self._block = potential_memory == "block"

    def run(self, pixels: npt.NDArray, trains: Mapping[str, npt.NDArray[np.bool_]]) -> Timing:
        """Clocks of inferences.

        Parameters
        ----------
        pixels
            The input, as for the golden model: ``(images, *shape)``, or
            ``(images, T, *shape)`` for events.
        trains
            Spikes of every population that fires, ``(images, T, *shape)``.
        """
        return _Run(self._placement, self._queue_steps, self._block, pixels, trains).run()


class _Run:
    """One evaluation: the cores' schedules, carried out as far as what they wait for is known."""

    def __init__(
        self,
        placement: Placement,
        queue_steps: int,
        block: bool,
        pixels: npt.NDArray,
        trains: Mapping[str, npt.NDArray[np.bool_]],
    ) -> None:
        self.placement = placement
        self.queue_steps = queue_steps
        self.block = block
        self.images = len(pixels)
        cores = len(placement.cores)
        self.ports = [_Port() for _ in range(cores + 1)]
        self.clock = [np.full(self.images, _BEGIN, np.int64) for _ in range(cores)]
        self.work = [_unroll(core.instructions) for core in placement.cores]
        self.steps_taken: dict[str, int] = {}
        self.stalls = {
            reason: np.zeros((self.images, cores), np.int64)
            for reason in ("held", "starved", "blocked")
        }
        self.cycles = np.zeros(self.images, np.int64)
        names = [p.name for p in placement.network.populations]
        self.words = {name: np.zeros(self.images, np.int64) for name in names}
        self.clocks = {name: np.zeros(self.images, np.int64) for name in names}
        self.masks = {INPUT: self._input_masks(pixels)}
        self.trains = trains
        self.encoder_clock = np.ones(self.images, np.int64)

    def run(self) -> Timing:
        at = [0] * len(self.work)
        encoding = 0
        passes = self.masks[INPUT].shape[1]
        progress = True
        while progress:
            progress = False
            while encoding < passes and self._encode(encoding):
                encoding += 1
                progress = True
            for core, instructions in enumerate(self.work):
                while at[core] < len(instructions) and self._execute(core, instructions[at[core]]):
                    at[core] += 1
                    progress = True
        if encoding < passes or any(a < len(w) for a, w in zip(at, self.work, strict=True)):
            raise RuntimeError("The schedules wait for each other: this placement cannot run")
        return Timing(
            cycles=self.cycles,
            stalls=self.stalls,
            words=self.words,
            clocks=self.clocks,
            emissions=tuple(e for port in self.ports for e in port.emissions),
        )

    def _input_masks(self, pixels: npt.NDArray) -> npt.NDArray[np.bool_]:
        """Input spikes, ``(images, passes, words, lanes)``."""
        network = self.placement.network
        layout = self.placement.layouts[INPUT]
        packed = layout.pack(pixels)
        if network.input.encoding == "events":
            return packed.astype(bool)
        planes = np.arange(network.input.bits)
        if not self.placement.lsb_first:
            planes = planes[::-1]
        return (packed[:, None] >> planes[:, None, None] & 1).astype(bool)

    def _masks(self, source: str, step: int) -> npt.NDArray[np.bool_]:
        """Spikes of a step, ``(images, words, lanes)``."""
        if source == INPUT:
            return self.masks[INPUT][:, step]
        return self.placement.layouts[source].pack(self.trains[source][:, step]).astype(bool)

    def _room(self, port: _Port) -> Ints | None:
        """From when on the port's next step has room; None where that is not known yet."""
        earlier = port.emitted - self.queue_steps
        if earlier < 0:
            return np.zeros(self.images, np.int64)
        return port.left[earlier] + 1 if earlier < len(port.left) else None

    def _encode(self, step: int) -> bool:
        """Pass of the encoder over the input; whether it could be timed."""
        port = self.ports[-1]
        room = self._room(port)
        if room is None:
            return False
        claim = np.maximum(self.encoder_clock, room)
        if self.placement.network.input.encoding == "events":
            rows = self.masks[INPUT][:, step].any(2).sum(1)
            begin = claim + 1 + _COUNT
            last = begin + rows  # the count itself, where there are no events
            first = begin + 1 + _SCAN
        else:
            rows = np.full(self.images, self.placement.layouts[INPUT].words)
            last = claim + rows
            first = claim + 1 + _SCAN
        self.encoder_clock = last + 2
        compact = self.placement.network.input.encoding == "events"
        self._emit(port, len(self.ports) - 1, INPUT, step, first, 1, last + _SCAN + 1, compact)
        return True

    def _emit(
        self,
        port: _Port,
        number: int,
        source: str,
        step: int,
        first: Ints,
        stride: int,
        token: Ints,
        compact: bool = False,
    ) -> None:
        left = np.zeros(self.images, np.int64)  # filled in when it is taken
        port.emitted += 1
        port.pending.append((source, step, token, number, left))
        port.emissions.append(
            Emission(
                source=source,
                step=step,
                port=number,
                first=first,
                stride=stride,
                token=token,
                left=left,
                compact=compact,
            )
        )

    def _execute(self, core: int, one: Instruction) -> bool:
        """Carry an instruction out; whether what it waits for was known."""
        if isinstance(one, Consume):
            return self._consume(core, one)
        if isinstance(one, Sweep):
            return self._sweep(core, one)
        return True

    def _consume(self, core: int, one: Consume) -> bool:
        port = self.ports[one.port]
        if not port.pending or port.pending[0][0] != one.source:
            return False
        source, step, token, _, left = port.pending.pop(0)
        clock = self.clock[core]
        begin = np.maximum(clock, token + _VISIBLE)
        if port.left:
            begin = np.maximum(begin, port.left[-1] + 1)
        beats = self._beats(one, source, step)
        left[:] = begin + FAN_OUT + beats.until_token
        port.left.append(left)
        self.stalls["starved"][:, core] += begin - clock
        self.stalls["held"][:, core] += beats.held
        self.words[one.population] += beats.words
        self.clock[core] = begin + FAN_OUT + beats.beats + beats.held + _NEXT
        self.clocks[one.population] += self.clock[core] - begin
        return True

    def _beats(self, one: Consume, source: str, step: int) -> StepBeats:
        layout = self.placement.layouts[source]
        return step_beats(self._masks(source, step), layout, one.tables, block=self.block)

    def _sweep(self, core: int, one: Sweep) -> bool:
        clock = self.clock[core]
        port = self.ports[core]
        slots = one.words * (2 if one.current else 1)
        if one.fire:
            room = self._room(port)
            if room is None:
                return False
            begin = np.maximum(clock, room)
            self.stalls["blocked"][:, core] += begin - clock
            clock = begin
            step = self.steps_taken.get(one.population, 0)
            self.steps_taken[one.population] = step + 1
            stride = 2 if one.current else 1
            first = clock + stride + _EMIT
            last = clock + slots
            self._emit(port, core, one.population, step, first, stride, last + _EMIT + 1)
        if one.read:
            classes = self.placement.network.readout.channels
            self.cycles = clock + slots + classes + _READOUT
        self.clock[core] = clock + slots + _SWEEP_END + _NEXT
        self.clocks[one.population] += slots + _SWEEP_END + _NEXT
        return True


def _unroll(instructions: list[Instruction]) -> list[Instruction]:
    """Instructions of an inference, loops written out."""
    begin = next(i for i, one in enumerate(instructions) if isinstance(one, End)) + 1
    result: list[Instruction] = []
    at = begin
    while at < len(instructions):
        first = at
        times = instructions[at].times
        if times > 1:
            while not instructions[at].closes:
                at += 1
        body = instructions[first : at + 1]
        result += body * times
        at += 1
    return result
