"""The event queue never loses, doubles or reorders a word, and never shows half a step."""

import pytest
from amaranth.hdl import Array, Assert, Assume, Cover, Module, Mux, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_queue import EventQueue
from augend.hw.event_word import event_word
from tests.mutant import mutant

from .formal import Obligation, check, local, opened

NARROW = {"lanes": 1, "coordinate_bits": 1, "populations": 1}


class ListedQueue(wiring.Component):
    """The queue beside a plain list of the words that it must hold.

    The writer claims only where there is room; for each claim it writes, later and whenever it
    likes, at most ``queue_words`` words and a token. The reader takes what it likes, when it likes.
    """

    def __init__(self, queue: type, *, steps: int, words: int, invariants: bool) -> None:
        self._config = AcceleratorConfig(queue_steps=steps, queue_words=words, **NARROW)
        self._queue = queue
        self._invariants = invariants
        super().__init__(
            {
                "claim": In(1),
                "write": In(1),
                "word": In(event_word(self._config)),
                "ready": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        config = self._config
        depth = config.queue_depth
        dut = self._queue(config)
        m.submodules.dut = dut
        inside = opened(dut)
        words = inside.submodules.words
        rows = [words.read_port(domain="comb") for _ in range(depth)]
        taken = Signal()
        m.d.comb += [
            dut.claim.eq(self.claim),
            dut.write.eq(self.write),
            dut.word.eq(self.word),
            dut.events.ready.eq(self.ready),
            taken.eq(dut.events.valid & self.ready),
        ]

        # The writer's side of the contract.
        owed = Signal(range(config.queue_steps + 1))
        in_step = Signal(range(config.queue_words + 1))
        ends = Signal()
        m.d.comb += [
            ends.eq(self.write & self.word.token),
            Assume(~self.claim | dut.room),
            Assume(~self.write | (owed != 0)),
            Assume(~self.write | self.word.token | (in_step != config.queue_words)),
        ]
        m.d.sync += owed.eq(owed + self.claim - ends)
        with m.If(self.write):
            m.d.sync += in_step.eq(Mux(self.word.token, 0, in_step + 1))

        # The list. One word of room too many, so that a queue which overflows does not agree.
        size = event_word(config).size
        listed = Array(Signal(size, name=f"listed_{i}") for i in range(depth + 1))
        count = Signal(range(depth + 2))
        m.d.sync += count.eq(count + self.write - taken)
        for i in range(depth + 1):
            after = listed[i + 1] if i < depth else listed[i]
            with m.If(self.write & (count - taken == i)):
                m.d.sync += listed[i].eq(self.word.as_value())
            with m.Elif(taken):
                m.d.sync += listed[i].eq(after)
        tokens = Signal(range(depth + 2))
        m.d.comb += tokens.eq(sum((count > i) & listed[i][-1] for i in range(depth + 1)))

        # What is promised.
        with m.If(dut.events.valid):
            m.d.comb += [
                Assert(dut.events.payload.as_value() == listed[0]),
                Assert(tokens != 0),
            ]
        seen = Signal()
        known = Signal()
        arrived = Signal(range(depth + 2))
        m.d.sync += [
            seen.eq(ends),
            known.eq(seen),
            arrived.eq(arrived + known - (taken & listed[0][-1])),
        ]
        m.d.comb += [
            Assert(dut.events.valid == (arrived != 0)),
            Assert(dut.room == (owed + tokens < config.queue_steps)),
            Assert((count != depth) | ~self.write),
        ]
        if self._invariants:
            self._invariant(
                m, inside, rows, listed, count, tokens, owed, in_step, arrived, seen, known
            )

        full = Signal()
        drained = Signal()
        m.d.sync += [
            full.eq(full | (count == depth)),
            drained.eq(drained | (full & (count == 0))),
        ]
        m.d.comb += [
            Cover(drained & (count == depth), "full, drained, full again"),
            Cover(taken & self.write & (count == depth - 1) & full, "in and out when near full"),
            Cover(taken & dut.events.payload.token & ends, "a token in, a token out"),
            Cover((arrived == config.queue_steps) & ~listed[0][-1], "all steps wait"),
        ]
        return m

    def _invariant(
        self, m, inside, rows, listed, count, tokens, owed, in_step, arrived, seen, known
    ) -> None:
        """What ties the queue's registers and memory to the list."""
        config = self._config
        depth = config.queue_depth
        words = inside.submodules.words
        waiting, came, went, fetched, held = (
            local(inside, name) for name in ("stored", "came", "went", "fetched", "held")
        )
        written = Signal()
        m.d.sync += written.eq(self.write)
        stored = Signal(range(depth + 2))
        m.d.comb += stored.eq(waiting + came - went)
        consume = local(inside, "read__addr")
        produce = local(inside, "write__addr")
        ends = Mux(consume + stored >= depth, consume + stored - depth, consume + stored)
        m.d.comb += [
            Assert(count == stored + fetched + held),
            Assert(stored < depth),
            Assert(came == written),
            Assert(consume < depth),
            Assert(local(inside, "wraps") == (consume == depth - 1)),
            Assert(produce == ends),
            Assert(local(inside, "claimed") == owed + tokens),
            Assert(local(inside, "complete") == arrived),
            Assert(local(inside, "some") == (arrived != 0)),
            Assert(waiting >= went),
            Assert(local(inside, "written") == seen),
            Assert(local(inside, "entering") == known),
            Assert(tokens == arrived + seen + known),
            Assert(owed + tokens <= config.queue_steps),
            Assert((in_step == 0) | (owed != 0)),
            Assert(in_step <= config.queue_words),
            Assert(count <= depth),
        ]
        with m.If(~fetched & (stored != 0)):  # nothing stays behind
            m.d.comb += Assert(written & (stored == 1))
        with m.If(seen):
            m.d.comb += [Assert(written), Assert(listed[count - 1] >> len(listed[0]) - 1)]
        with m.If(known):
            m.d.comb += [
                Assert(held | fetched),
                Assert(count > written),
                Assert(listed[count - 1 - written] >> len(listed[0]) - 1),
            ]
        with m.If(held):
            m.d.comb += Assert(local(inside, "ahead") == listed[0])
        with m.If(fetched):
            m.d.comb += Assert(words.read_ports[0].data == listed[held])
        for i, row in enumerate(rows):
            m.d.comb += row.addr.eq(Mux(consume + i >= depth, consume + i - depth, consume + i))
            with m.If(i < stored):
                m.d.comb += Assert(row.data == listed[held + fetched + i])
        # Between tokens there are no more words than a step has; after the last, those written.
        run = 0
        for i in range(depth):
            here = Signal(range(depth + 2), name=f"run_{i}")
            m.d.comb += here.eq(Mux(count <= i, run, Mux(listed[i][-1], 0, run + 1)))
            m.d.comb += Assert(here <= config.queue_words)
            run = here
        m.d.comb += Assert(run == in_step)


def spec(steps: int, words: int, *change: str) -> ListedQueue:
    queue = mutant(EventQueue, *change) if change else EventQueue
    return ListedQueue(queue, steps=steps, words=words, invariants=not change)


OBLIGATIONS = [
    Obligation(
        name=f"event queue of {steps} steps of {words}: no loss, no double, order, room",
        spec=lambda steps=steps, words=words: spec(steps, words),
        kind=kind,
        depth=depth,
    )
    for steps, words in ((2, 2), (3, 1))
    for kind, depth in (("induction", 3), ("cover", 30))
] + [
    Obligation(
        name=f"event queue: {what}",
        spec=lambda sound=sound, broken=broken: spec(2, 2, sound, broken),
        kind="mutant",
        depth=16,
    )
    for what, sound, broken in (
        ("half a step is seen", "held & some", "held"),
        ("credit for one step more", "claimed != config.queue_steps", "1"),
        (
            "any word gives its step's room back",
            "claimed + self.claim - leaving",
            "claimed + self.claim - taken",
        ),
        ("a word too small", "depth = config.queue_depth", "depth = config.queue_depth - 3"),
        (
            "a word taken unseen",
            "self.events.valid & self.events.ready)",
            "held & self.events.ready)",
        ),
        ("a word overtaken in the register", "~held | taken", "1"),
        ("a token counted late", "complete + entering", "complete + (entering & ~leaving)"),
    )
]


@pytest.mark.parametrize("obligation", OBLIGATIONS, ids=lambda o: f"{o.kind}: {o.name}")
def test_event_queue(obligation, record_property):
    check(obligation, record_property)
