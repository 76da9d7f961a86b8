"""The timing model: every clock of an inference, from who spikes, without running any RTL."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT
from augend.gen.place import Placement
from augend.gen.schedule import Consume, Decide, End, Instruction, Select, Sweep, Take, holds
from augend.hw.configuration import AcceleratorConfig
from augend.sim.beats import FAN_OUT, TARGETS, StepBeats, spike_planes, step_beats
from augend.sim.input_passes import input_passes

__all__ = ["Emission", "Span", "Timing", "TimingModel", "initialisation_clocks"]

Ints = npt.NDArray[np.int64]

# Fixed clocks of the hardware (docs/architecture.md, "Clocks").
_BEGIN = 2  # from start until a core executes its first instruction
_NEXT = 2  # from an instruction's end until the next executes
_PRODUCT = 4  # beside the bits of an inhibition, until a sweep that inhibits can begin
_FRESH = 1  # from an instruction's execution until it can begin
_SWEEP_END = 2  # from a sweep's last word until its end
_EMIT = 4  # from a word's visit until its event word is queued
_TOKEN = 2  # from the next instruction's execution until a sweep's token is queued
_VISIBLE = 3  # from queueing a token until its step can be taken
_SCAN = 3  # from reading an input row until its event word is queued
_INTERVAL = 1  # further, where intensities are compared with an interval
_DRAW = 4  # further, from a word's last pixel on, where each is compared with a draw
_COUNT = 2  # reading how many events a step has
_READOUT = 6  # from the last word of a readout sweep until the prediction, beside the classes
_MARGIN = 2  # from then until it is known whether to end, where there are further steps
_FREE = 5  # from then, in a softmax, until the readout takes the next step's words
_COUNTED = 7  # and in its last step until the prediction stands, beside the classes once more
_DECIDED = 1  # from when a decision is known and every core waits until it is told


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
    planes
        Spike planes of a word, the highest first, a clock apart.
    offsets
        ``(words,)``: clocks from the first word to each, where they are not ``stride`` apart.
    """

    source: str
    step: int
    port: int
    first: Ints
    stride: int
    token: Ints
    left: Ints
    compact: bool = False
    planes: int = 1
    offsets: Ints | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Span:
    """An instruction of a core on its way: the wait, then the work.

    Parameters
    ----------
    core
        Which.
    kind
        ``take`` events or ``sweep``.
    population
        The one that is swept, or that the events go to.
    source
        Where the events come from; the population itself of a sweep.
    begin, work, end
        Clocks ``(images,)``: from when on it waits for events or room, works, and is over.
    """

    core: int
    kind: Literal["take", "sweep"]
    population: str
    source: str
    begin: Ints
    work: Ints
    end: Ints


@dataclass(frozen=True, kw_only=True, eq=False)
class Timing:
    """Clocks, counted from the start of each inference.

    Parameters
    ----------
    cycles
        ``(images,)``: until the prediction stands.
    idle
        ``(images,)``: until every core is idle; after an early exit they first initialise.
    stalls
        ``{held, starved, blocked: (images, cores)}``.
    words
        ``{population: (images,)}``: potential words that weights were added to.
    updates
        ``{population: (images,)}``: neuron updates; none in a sweep that is skipped.
    clocks
        ``{population: (images,)}``: clocks spent on taking its events and sweeping it, waiting for
        events or room left out.
    emissions
        All steps, in the order in which each port emits them.
    spans
        What every core did when, in its order; empty unless asked for.
    """

    cycles: Ints
    idle: Ints
    stalls: Mapping[str, Ints]
    words: Mapping[str, Ints]
    updates: Mapping[str, Ints]
    clocks: Mapping[str, Ints]
    emissions: tuple[Emission, ...]
    spans: tuple[Span, ...] = ()


@dataclass(eq=False)
class _Port:
    """What one emitter has sent: when steps became visible, and when they left.

    ``waiting`` are cores that take its next step, with the clock from which on they wait for it.
    """

    pending: list[tuple[str, int, Ints, int, Ints]] = field(default_factory=list)
    waiting: dict[int, tuple[Take, Ints]] = field(default_factory=dict)
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
    targets
        Whether the hardware looks up words of pruned projections; None: where the network has any.
    skips
        Whether it leaves out sweeps that change nothing, and takes empty steps at once; None: where
        the schedule has such sweeps.
    """

    def __init__(
        self,
        placement: Placement,
        *,
        queue_steps: int = 2,
        potential_memory: Literal["block", "distributed"] = "block",
        targets: bool | None = None,
        skips: bool | None = None,
    ) -> None:
        self._placement = placement
        sparse = any(tables.sparse for tables in placement.tables)
        self._targets = sparse if targets is None else targets
        self._skips = placement.skips if skips is None else skips
        self._queue_steps = queue_steps
        self._block = potential_memory == "block"

    @classmethod
    def of_hardware(cls, placement: Placement, config: AcceleratorConfig) -> "TimingModel":
        """The model of a network placed on an accelerator, by what that has."""
        return cls(
            placement,
            queue_steps=config.queue_steps,
            potential_memory=config.potential_memory,
            targets=config.target_entries > 0,
            skips=config.skips > 0,
        )

    def run(
        self,
        pixels: npt.NDArray,
        trains: Mapping[str, npt.NDArray[np.bool_]],
        exit_step: Ints | None = None,
        *,
        spans: bool = False,
    ) -> Timing:
        """Clocks of inferences.

        Parameters
        ----------
        pixels
            The input, as for the golden model: ``(images, *shape)``, or
            ``(images, T, *shape)`` for events.
        trains
            Spikes of every population that fires, ``(images, T, *shape)``.
        exit_step
            ``(images,)``: number of steps run, for a network with an exit margin.
        spans
            Whether to tell what every core did when.
        """
        run = _Run(
            self._placement,
            self._queue_steps,
            self._block,
            self._targets,
            self._skips,
            pixels,
            trains,
            exit_step,
        )
        if not spans:
            run.spans = None
        return run.run()


class _Run:
    """One evaluation: the cores' schedules, carried out as far as what they wait for is known."""

    def __init__(
        self,
        placement: Placement,
        queue_steps: int,
        block: bool,
        targets: bool,
        skips: bool,
        pixels: npt.NDArray,
        trains: Mapping[str, npt.NDArray[np.bool_]],
        exit_step: Ints | None,
    ) -> None:
        self.placement = placement
        self.queue_steps = queue_steps
        self.block = block
        self.targets = targets
        self.skips = skips
        self.images = len(pixels)
        cores = len(placement.cores)
        self.ports = [_Port() for _ in range(cores + 1)]
        self.clock = [np.full(self.images, _BEGIN, np.int64) for _ in range(cores)]
        self.work = [_unroll(core.instructions) for core in placement.cores]
        self.steps_taken: dict[str, int] = {}
        self.kept: dict[int, tuple[str, int]] = {}  # of each core: the step that it keeps
        self.took: dict[int, tuple[Ints, Ints]] = {}  # by cores whose take another's has timed:
        # from when on they took, and what they had waited until then
        self.stalls = {
            reason: np.zeros((self.images, cores), np.int64)
            for reason in ("held", "starved", "blocked")
        }
        self.cycles = np.zeros(self.images, np.int64)
        self.idle = np.zeros(self.images, np.int64)
        self.free = np.zeros(self.images, np.int64)  # from when on the readout takes more words
        self.exit_step = exit_step
        self.live = np.ones(self.images, bool)  # images whose inference goes on
        self.deciding = [any(isinstance(one, Decide) for one, _ in work) for work in self.work]
        self.decisions = [0] * cores  # that each core has left behind
        self.told: list[Ints] = []  # clocks of the decisions
        self.arrived: set[int] = set()
        names = [name for name in placement.numbers if name != INPUT]
        self.words = {name: np.zeros(self.images, np.int64) for name in names}
        self.updates = {name: np.zeros(self.images, np.int64) for name in names}
        self.clocks = {name: np.zeros(self.images, np.int64) for name in names}
        # Populations whose last sweep emitted no spike, and got nothing since; and from when on the
        # tokens of each core's sweeps are all queued.
        self.quiet = {name: np.zeros(self.images, bool) for name in names}
        self.queued = [np.zeros(self.images, np.int64) for _ in range(cores)]
        self.input = input_passes(placement, pixels)
        self.trains = trains
        self.encoder_clock = np.ones(self.images, np.int64)
        self.spans: list[Span] | None = []

    def run(self) -> Timing:
        at = [0] * len(self.work)
        encoding = 0
        passes = self.input.shape[1]
        progress = True
        while progress:
            progress = False
            while encoding < passes and self._encode(encoding):
                encoding += 1
                progress = True
            for core, instructions in enumerate(self.work):
                while at[core] < len(instructions) and self._execute(core, *instructions[at[core]]):
                    at[core] += 1
                    progress = True
        if encoding < passes or any(a < len(w) for a, w in zip(at, self.work, strict=True)):
            raise RuntimeError("The schedules wait for each other: this placement cannot run")
        for clock in self.clock:
            self.idle = np.where(self.live, np.maximum(self.idle, clock + 1), self.idle)
        return Timing(
            cycles=self.cycles,
            idle=self.idle,
            stalls=self.stalls,
            words=self.words,
            updates=self.updates,
            clocks=self.clocks,
            emissions=tuple(e for port in self.ports for e in port.emissions),
            spans=tuple(self.spans or ()),
        )

    def _spikes(self, source: str, step: int) -> npt.NDArray:
        """Numbers of spikes of a step, signed, ``(images, words, lanes)``."""
        if source == INPUT:
            return self.input[:, step]
        return self.placement.layouts[source].pack(self.trains[source][:, step])

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
        entry = self.placement.network.input
        layout = self.placement.layouts[INPUT]
        first = claim + 1
        late = _SCAN
        planes, offsets = 1, None
        if entry.encoding == "events":
            planes = entry.bits
            used = np.bitwise_or.reduce(self.input[:, step], axis=2)  # planes of words
            begin = claim + 1 + _COUNT
            first = begin + 1
            last = begin + np.bitwise_count(used).sum(1, dtype=np.int64)  # the count, without any
        elif entry.encoding == "rate":
            late += _DRAW
            pixels = layout.pack(np.ones(entry.shape, np.int64)).sum(1)  # of each word
            last = claim + pixels.sum()
            first = claim + pixels[0]
            offsets = pixels.cumsum() - pixels[0]
        else:
            late += _INTERVAL * (step >= (entry.bits if entry.is_current else 0))
            last = claim + layout.words
        self.encoder_clock = last + 2
        self._emit(
            port,
            len(self.ports) - 1,
            INPUT,
            step,
            first + late,
            1,
            last + late + 1,
            compact=entry.encoding == "events",
            planes=planes,
            offsets=offsets,
        )
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
        planes: int = 1,
        offsets: Ints | None = None,
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
                planes=planes,
                offsets=offsets,
            )
        )

    def _execute(self, core: int, one: Instruction, iteration: int) -> bool:
        """Carry an instruction out; whether what it waits for was known."""
        begin, waited = self.clock[core], self._waited(core)
        if isinstance(one, Consume):
            done = self._consume(core, one, iteration)
        elif isinstance(one, Take):
            if core in self.took:  # timed already, with that of another core
                begin, waited = self.took.pop(core)
                done = True
            else:
                done = self._take(core, one)
        elif isinstance(one, Sweep):
            done = self._sweep(core, one, iteration)
        elif isinstance(one, Select):
            done = self._select(core, one)
        else:
            return self._decide(core) if isinstance(one, Decide) else True
        if done and self.spans is not None:
            self.spans.append(
                Span(
                    core=core,
                    kind="take" if isinstance(one, Consume | Take) else "sweep",
                    population=one.population,
                    source=one.source if isinstance(one, Consume | Take) else one.population,
                    begin=begin,
                    work=begin + self._waited(core) - waited,
                    end=self.clock[core],
                )
            )
        return done

    def _waited(self, core: int) -> Ints:
        """Clocks in which a core has waited for events or room so far."""
        return self.stalls["starved"][:, core] + self.stalls["blocked"][:, core]

    def _take(self, core: int, one: Take) -> bool:
        """Take a step with all who listen; the last to come to it times it for everyone."""
        port = self.ports[one.port]
        if not port.pending or port.pending[0][0] != one.source:
            return False
        port.waiting[core] = one, self.clock[core] + _FRESH
        if len(port.waiting) < len(self.placement.listeners(one.source)):
            return False
        source, step, visible, left = self._next(port)
        words = spike_planes(self._spikes(source, step)).any(2).sum(1)
        latest = np.max([clock for _, clock in port.waiting.values()], axis=0)
        left[:] = np.maximum(visible, latest) + words
        for each, (take, clock) in port.waiting.items():
            # The first word waits for everyone; a token alone is taken by each as it comes.
            taken = np.where(words > 0, left, np.maximum(visible, clock))
            self.took[each] = clock - _FRESH, self._waited(each)
            self.stalls["starved"][:, each] += self.live * (taken - words - clock)
            self.clock[each] = taken + _NEXT
            self.clocks[take.population] += self.live * (_FRESH + words + _NEXT)
            self.kept[each] = source, step
        del self.took[core]
        port.waiting.clear()
        return True

    def _next(self, port: _Port) -> tuple[str, int, Ints, Ints]:
        """Source and number of a port's next step, from when on it can be taken, and its leaving.

        The last of these is to be filled in.
        """
        source, step, token, _, left = port.pending.pop(0)
        visible = token + _VISIBLE
        if port.left:
            visible = np.maximum(visible, port.left[-1] + 1)
        port.left.append(left)
        return source, step, visible, left

    def _consume(self, core: int, one: Consume, iteration: int) -> bool:
        clock = self.clock[core] + _FRESH
        discards = one.discards_last and iteration == one.times - 1
        if discards and one.replays:
            self.clock[core] = clock + _NEXT
            self.clocks[one.population] += _FRESH + _NEXT
            return True
        if one.replays:
            source, step = self.kept[core]
            begin, beats = clock, self._beats(one, source, step)
        else:
            port = self.ports[one.port]
            if not port.pending or port.pending[0][0] != one.source:
                return False
            source, step, visible, left = self._next(port)
            begin, beats = np.maximum(clock, visible), self._beats(one, source, step)
            left[:] = begin + FAN_OUT + beats.until_token
            self.kept[core] = source, step
            if discards:
                left[:] = begin + spike_planes(self._spikes(source, step)).any(2).sum(1)
                self.stalls["starved"][:, core] += self.live * (begin - clock)
                self.clock[core] = left + _NEXT
                self.clocks[one.population] += self.live * (self.clock[core] - begin + _FRESH)
                return True
        self.stalls["starved"][:, core] += self.live * (begin - clock)
        self.stalls["held"][:, core] += self.live * beats.held
        self.words[one.population] += self.live * beats.words
        self.quiet[one.population] &= beats.words == 0
        late = FAN_OUT + TARGETS * self.targets
        passes = late + beats.beats + beats.held
        if self.skips:  # an empty step goes past the fan-out unit
            passes = np.where(beats.items == 0, 0, passes)
        self.clock[core] = begin + passes + _NEXT
        self.clocks[one.population] += self.live * (_FRESH + self.clock[core] - begin)
        return True

    def _beats(self, one: Consume, source: str, step: int) -> StepBeats:
        layout = self.placement.layouts[source]
        return step_beats(
            self._spikes(source, step),
            layout,
            one.tables,
            block=self.block,
            targets=self.targets,
        )

    def _sweep(self, core: int, one: Sweep, iteration: int) -> bool:
        executes = self.clock[core]
        port = self.ports[core]
        network = self.placement.network
        product = _PRODUCT + one.inhibition.bit_length() if one.inhibition else _FRESH
        stride = one.slots(iteration)
        begin = executes + product
        if one.read == "always":
            begin = np.maximum(begin, self.free)
        if one.emits:
            room = self._room(port)
            if room is None:
                return False
            begin = np.maximum(begin, room)
        blocked = begin - executes - product
        visits = begin + 1
        latest = visits + (one.words - 1) * stride
        end = begin + one.words * stride + _SWEEP_END
        skipped = np.zeros(self.images, bool)
        if one.emits:
            step = self.steps_taken.get(one.population, 0)
            self.steps_taken[one.population] = step + 1
            plane = one.whole_slot(iteration) + _EMIT
            token = latest + plane + one.planes
            if self.skips and one.skips and 0 < iteration < one.times - 1:
                skipped = self.quiet[one.population].copy()
                # At once, or a clock later where the loop closes; behind a sweep's token before.
                earliest = np.maximum(executes + _FRESH * one.closes, self.queued[core])
                token = np.where(skipped, np.maximum(earliest, room), token)
                end = np.where(skipped, token, end)
            self._emit(
                port, core, one.population, step, visits + plane, stride, token, planes=one.planes
            )
            spikes = self._spikes(one.population, step).reshape(self.images, -1)
            self.quiet[one.population] = np.asarray(~spikes.any(axis=1))
        if holds(one.read, iteration, one.times):
            classes = network.readout.size
            found = latest + one.read_slot(iteration) + one.settles + classes + _READOUT
            if network.softmax is not None:
                self.free = found + _FREE
                found = found + _COUNTED + classes
            self.cycles = np.where(self.live, found, self.cycles)
        self.stalls["blocked"][:, core] += self.live * blocked
        self.updates[one.population] += self.live * np.where(skipped, 0, one.updates)
        self.clock[core] = end + _NEXT
        self.clocks[one.population] += self.live * (self.clock[core] - executes - blocked)
        self.queued[core] = np.where(skipped, self.queued[core], self.clock[core] + _TOKEN)
        return True

    def _select(self, core: int, one: Select) -> bool:
        """Pass a gate's spikes: as a sweep, with a slot for each place of a window."""
        clock = begin = self.clock[core] + _FRESH
        port = self.ports[core]
        slots = one.words * one.slots
        if one.emits:
            room = self._room(port)
            if room is None:
                return False
            begin = np.maximum(clock, room)
            self.stalls["blocked"][:, core] += self.live * (begin - clock)
            step = self.steps_taken.get(one.population, 0)
            self.steps_taken[one.population] = step + 1
            first, token = begin + one.slots + _EMIT, begin + slots + _EMIT + 1
            self._emit(port, core, one.population, step, first, one.slots, token)
        self.clock[core] = begin + slots + _SWEEP_END + _NEXT
        self.clocks[one.population] += self.live * (_FRESH + slots + _SWEEP_END + _NEXT)
        self.updates[one.population] += self.live * one.gate.size
        self.queued[core] = self.clock[core] + _TOKEN
        return True

    def _decide(self, core: int) -> bool:
        """Wait until all cores do; what ends then stays as it is in all counts."""
        step = self.decisions[core]
        if step == self.placement.network.timesteps - 1:
            self.clock[core] = self.clock[core] + _FRESH + _NEXT
            return True
        if step == len(self.told):
            self.arrived.add(core)
            if len(self.arrived) < sum(self.deciding):
                return False
            self._tell()
        self.clock[core] = self.told[step] + _NEXT
        self.decisions[core] += 1
        return True

    def _tell(self) -> None:
        """Make the decision of a step known; images that end initialise their potentials."""
        assert self.exit_step is not None
        waits = [self.clock[core] + 1 for core in self.arrived]
        told = np.maximum.reduce([self.cycles + _MARGIN, *waits]) + _DECIDED
        self.told.append(told)
        self.arrived.clear()
        ends = self.live & (self.exit_step == len(self.told))
        initialisation = [
            _NEXT + initialisation_clocks(core.instructions)
            for core, deciding in zip(self.placement.cores, self.deciding, strict=True)
            if deciding
        ]
        self.cycles = np.where(ends, told, self.cycles)
        self.idle = np.where(ends, told + max(initialisation), self.idle)
        self.live &= ~ends


def initialisation_clocks(instructions: list[Instruction]) -> int:
    """Clocks from a core's first instruction until it is idle again: sweeps, then the end."""
    clocks = 1
    for one in instructions:
        if isinstance(one, End):
            break
        assert isinstance(one, Sweep)
        clocks += _FRESH + one.words * one.slots(0) + _SWEEP_END + _NEXT
    return clocks


def _unroll(instructions: list[Instruction]) -> list[tuple[Instruction, int]]:
    """Instructions of an inference, loops written out, each with its iteration."""
    begin = next(i for i, one in enumerate(instructions) if isinstance(one, End)) + 1
    result: list[tuple[Instruction, int]] = []
    at = begin
    while at < len(instructions):
        first = at
        times = instructions[at].times
        if times > 1:
            while not instructions[at].closes:
                at += 1
        body = instructions[first : at + 1]
        result += [(one, iteration) for iteration in range(times) for one in body]
        at += 1
    return result
