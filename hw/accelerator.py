"""The accelerator: link, encoder, router, cores and readout, connected."""

from functools import reduce
from operator import or_

from amaranth.hdl import Cat, Module, ResetInserter, Signal
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.controller import Controller
from augend.hw.core import FAULTS, Core
from augend.hw.encoder import Encoder
from augend.hw.event_word import event_word
from augend.hw.loading import MEMORIES, row_bits
from augend.hw.packet import PacketReceiver, PacketSender
from augend.hw.parity import DamageRecord
from augend.hw.readout import Readout
from augend.hw.spike_router import SpikeRouter

__all__ = ["Accelerator"]


class Accelerator(wiring.Component):
    """The whole: a stream of words in, a stream of words out.

    Members
    -------
    host : In
        Stream of packets from the host.
    answers : Out
        Stream of packets to the host.
    start, done : Out
        An inference begins; its prediction stands. For observers, like the following.
    wrote, words : Out
        For each core, then the encoder: what entered its queue in this clock.
    end, last : In, Out
        Of frames: see ``PacketReceiver`` and ``PacketSender``.

    Parameters
    ----------
    config
        All sizes.
    framed
        Whether packets come and go in frames, so that there are ``end`` and ``last``.
    """

    def __init__(self, config: AcceleratorConfig, *, framed: bool = False) -> None:
        self._config = config
        self._framed = framed
        super().__init__(
            {
                "host": In(stream.Signature(32)),
                "answers": Out(stream.Signature(32)),
                "start": Out(1),
                "done": Out(1),
                "wrote": Out(config.cores + 1),
                "words": Out(event_word(config)).array(config.cores + 1),
                **({"end": In(1), "last": Out(1)} if framed else {}),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Connect the components."""
        m = Module()
        config = self._config
        m.submodules.receiver = receiver = PacketReceiver(config, framed=self._framed)
        sender = PacketSender(spoils=config.parity, framed=self._framed)
        m.submodules.sender = sender
        m.submodules.controller = controller = Controller(config)
        encoder = Encoder(config)
        m.submodules.router = router = SpikeRouter(config)
        m.submodules.readout = readout = Readout(config)
        cores = [Core(config) for _ in range(config.cores)]
        # An inference that ends early leaves the encoder with steps that nobody takes.
        stop = (readout.decided & readout.exits) | controller.abort
        may_stop = config.early_exit or config.watchdog_bits
        m.submodules.encoder = ResetInserter(stop)(encoder) if may_stop else encoder
        faults = reduce(or_, (core.faults for core in cores))
        stirs = Cat(core.stirs for core in cores).any()
        if config.watchdog_bits:
            lost = Signal()
            wrote = Signal()
            m.d.sync += wrote.eq(encoder.wrote)
            stirs = stirs | wrote
            with m.If(controller.start):
                m.d.sync += lost.eq(0)
            with m.Elif(encoder.lost):
                m.d.sync += lost.eq(1)
            faults = faults | lost << FAULTS.index("queue")
        wiring.connect(m, wiring.flipped(self.host), receiver.link)
        wiring.connect(m, receiver.words, controller.words)
        wiring.connect(m, controller.reply, sender.words)
        wiring.connect(m, sender.link, wiring.flipped(self.answers))
        if self._framed:
            m.d.comb += [receiver.end.eq(self.end), self.last.eq(sender.last)]
        load = controller.load
        strobe = {name: load.strobe[i] for i, name in enumerate(MEMORIES)}
        constants = readout.constants
        m.d.comb += [
            sender.begin.eq(controller.begin),
            sender.command.eq(controller.command),
            sender.sequence.eq(controller.sequence),
            sender.length.eq(controller.length),
            controller.sender_idle.eq(sender.idle),
            encoder.start.eq(controller.start & ~controller.restart),
            encoder.bank.eq(controller.bank),
            encoder.load_row.eq(strobe["input"]),
            encoder.load_constants.eq(strobe["encoder"]),
            encoder.load_threshold.eq(strobe["rate"]),
            encoder.load_interval.eq(strobe["interval"]),
            encoder.load_bank.eq(load.core),
            encoder.load_address.eq(load.address),
            encoder.load_data.eq(load.row),
            router.load.eq(strobe["route"]),
            router.load_population.eq(load.address),
            router.load_cores.eq(load.row),
            controller.idle.eq(Cat(core.idle for core in cores)),
            controller.stirs.eq(stirs),
            controller.faults.eq(faults),
            readout.waiting.eq(Cat(core.idle | core.waits for core in cores).all()),
            controller.done.eq(readout.done),
            controller.prediction.eq(readout.prediction),
            controller.classes_last.eq(constants.classes_last),
            controller.score.eq(readout.score),
            readout.following.eq(controller.score_following),
            controller.steps.eq(readout.steps),
            readout.clear.eq(controller.start),
            readout.load_noise.eq(strobe["noise"]),
            readout.load_address.eq(load.address),
            readout.load_data.eq(load.row),
            self.start.eq(controller.start & ~controller.restart),
            self.done.eq(readout.done),
        ]
        with m.If(strobe["readout"]):
            m.d.sync += readout.constants.eq(load.row[: row_bits(config, "readout")])

        for i, core in enumerate(cores):
            m.submodules[f"core_{i}"] = core
            wiring.connect(m, core.emitted, router.sources[i])
            wiring.connect(m, router.sinks[i], core.events)
            m.d.comb += [
                core.start.eq(controller.start),
                core.restart.eq(controller.restart),
                core.decided.eq(readout.decided),
                core.exits.eq(readout.exits),
                core.free.eq(readout.free),
                core.abort.eq(controller.abort),
                router.ports[i].eq(core.port),
                core.load.eq(load),
                core.counter_read.eq(controller.counter_read[i]),
                core.counter_population.eq(controller.counter_population),
                self.wrote[i].eq(core.wrote),
                self.words[i].eq(core.wrote_word),
            ]
            m.d.comb += [controller.counters[i][q].eq(v) for q, v in enumerate(core.counters)]
            m.d.comb += [controller.stalls[i][q].eq(v) for q, v in enumerate(core.stalls)]
            with m.If(load.core != i):
                m.d.comb += core.load.strobe.eq(0)
            with m.If(core.read):
                m.d.comb += [
                    readout.word.eq(1),
                    readout.word_last.eq(core.read_last),
                    readout.word_final.eq(core.read_final),
                    readout.values.eq(core.sums),
                ]
        if config.parity:
            m.submodules.record = record = DamageRecord(config)
            m.d.comb += [
                record.forget.eq(controller.start & controller.restart),
                *(record.damaged[i].eq(core.damaged) for i, core in enumerate(cores)),
                record.damaged[config.cores].eq(encoder.damaged | readout.damaged),
                controller.damage.eq(record.damage),
                sender.spoil.eq(record.damage.kind != 0),
            ]
        wiring.connect(m, encoder.events, router.sources[config.cores])
        m.d.comb += [
            self.wrote[config.cores].eq(encoder.wrote),
            self.words[config.cores].eq(encoder.wrote_word),
        ]
        return m
