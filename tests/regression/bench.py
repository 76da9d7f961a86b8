"""cocotb bench: every event word, start and end in the clock that golden and timing model say."""

import cocotb
import numpy as np
from cases import Case
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, ReadOnly

from augend.gen.place import place
from augend.host.packets import make_packet, parse_answers
from augend.hw.core import STALLS
from augend.hw.counters import QUANTITIES
from augend.hw.event_word import event_word
from augend.hw.loading import MEMORIES
from augend.hw.memory_image import event_rows, pixel_rows, program_rows
from augend.hw.packet import Command
from augend.sim.event_trace import observed_events, predicted_events
from augend.sim.golden import GoldenModel
from augend.sim.link import LinkModel, Request
from augend.sim.timing import TimingModel, initialisation_clocks

HASH = np.array([0x12345678, 0x9ABCDEF0], np.uint32)
KINDS = {Command.WRITE: "write", Command.START: "start", Command.RUN: "run"}


def requests(case, config, placement, pixels):
    """All packets of a session: load, start, then image by image."""
    result = []

    def write(memory, core, rows):
        most = (config.link_words - 8) // 2 // rows.shape[1]
        for first in range(0, len(rows), most):
            where = MEMORIES.index(memory) | core << 8
            payload = [[where, first], rows[first : first + most].reshape(-1)]
            result.append((Command.WRITE, np.concatenate(payload).astype(np.uint32)))

    for memory, core, rows in program_rows(config, placement):
        write(memory, core, rows)
    result.append((Command.START, HASH))
    to_rows = event_rows if placement.network.input.encoding == "events" else pixel_rows
    for i, image in enumerate(pixels):
        bank = i % config.input_banks
        write("input", bank, to_rows(config, placement, image))
        result.append((Command.RUN, np.array([bank, *HASH], np.uint32)))
    return result


def bank_of(command, payload):
    """Bank of the input memory that a packet is about, if any."""
    if command == Command.WRITE and payload[0] & 0xFF != MEMORIES.index("input"):
        return None
    return int(payload[0] >> 8 if command == Command.WRITE else payload[0])


@cocotb.test()
async def every_event_in_its_clock(dut):
    case = Case.from_environment()
    config = case.config()
    network, pixels = case.build()
    placement = place(network, lanes=case.lanes, cores=case.cores)
    golden = GoldenModel(network, record="trains").run(pixels)
    timing = TimingModel.of_hardware(placement, config)
    timing = timing.run(pixels, golden.trains, golden.exit_step)
    packets = requests(case, config, placement, pixels)
    words = np.concatenate([make_packet(c, i, p) for i, (c, p) in enumerate(packets)]).tolist()

    rng = np.random.default_rng(case.seed)
    seen = await session(dut, config, words, rng, case.stalls, len(pixels))

    # Starts follow from the clocks in which the host's words arrived.
    ends = np.cumsum([len(payload) + 3 for _, payload in packets]) - 1
    first = max(initialisation_clocks(core.instructions) for core in placement.cores) + 2
    busy = iter([first, *timing.cycles.tolist()])
    idle = iter([first, *timing.idle.tolist()])
    link = LinkModel(
        classes=network.readout.size,
        counters=config.cores * (len(STALLS) + len(QUANTITIES) * config.populations),
        banks=config.input_banks,
    )
    expected_starts = link.starts(
        [
            Request(
                kind=KINDS[command],
                length=len(payload),
                arrived=seen["taken"][end],
                busy=0 if command == Command.WRITE else next(busy),
                idle=0 if command == Command.WRITE else next(idle),
                bank=bank_of(command, payload),
            )
            for (command, payload), end in zip(packets, ends, strict=True)
        ]
    )[1:]
    assert seen["starts"] == expected_starts
    assert [e - s for s, e in zip(seen["starts"], seen["ends"], strict=True)] == (
        timing.cycles.tolist()
    )
    compared = 0
    for image, start in enumerate(seen["starts"]):
        end = seen["ends"][image]
        rows = [row for row in seen["events"] if start <= row[0] <= end]
        observed = observed_events(config, np.array(rows, np.uint64), start)
        predicted = predicted_events(placement, timing, pixels, golden.trains, image)
        for one, other in zip(predicted, observed, strict=False):
            assert one == other, f"image {image}: expected {one}, the RTL has {other}"
        assert len(predicted) == len(observed)
        compared += len(predicted)
    answers = parse_answers(np.array(seen["answers"], np.uint32))
    results = [a.payload for a in answers if a.command == Command.RESULT]
    classes = network.readout.size
    for image, payload in enumerate(results):
        np.testing.assert_array_equal(payload[1 : classes + 1].view(np.int32), golden.scores[image])
        assert payload[classes + 1] == golden.predictions[image]
    assert len(results) == len(pixels)
    dut._log.info(f"{case.name}: {compared} event words, {seen['clocks']} clocks")


async def session(dut, config, words, rng, stalls, images):
    """Send words with random pauses; record every clock until all answers have come."""
    layout = event_word(config)
    seen = {"taken": [], "starts": [], "ends": [], "events": [], "answers": []}
    pieces = -(-layout.size // 32)
    sources = [getattr(dut, f"words__{i}") for i in range(config.cores + 1)]
    cocotb.start_soon(Clock(dut.clk, 10, "ns").start())
    dut.rst.value = 1
    dut.host__valid.value = 0
    dut.host__payload.value = 0
    dut.answers__ready.value = 1
    for _ in range(4):
        await FallingEdge(dut.clk)
    dut.rst.value = 0
    clock, was_done, quiet = 0, False, 0
    while quiet < 20_000 and (len(seen["ends"]) < images or quiet < 1000):
        await FallingEdge(dut.clk)
        offer = len(seen["taken"]) < len(words) and rng.random() >= stalls
        dut.host__valid.value = int(offer)
        dut.host__payload.value = words[len(seen["taken"])] if offer else 0
        await ReadOnly()
        quiet += 1
        if offer and dut.host__ready.value:
            seen["taken"].append(clock)
            quiet = 0
        if dut.answers__valid.value:
            seen["answers"].append(int(dut.answers__payload.value))
            quiet = 0
        if dut.start.value:
            seen["starts"].append(clock)
        done = bool(dut.done.value)
        if done and not was_done:
            seen["ends"].append(clock)
            quiet = 0
        was_done = done
        wrote = int(dut.wrote.value)
        for i, source in enumerate(sources):
            if wrote >> i & 1:
                word = int(source.value)
                row = [word >> 32 * k & 0xFFFFFFFF for k in range(pieces)]
                seen["events"].append([clock, i, *row])
        clock += 1
    seen["clocks"] = clock
    return seen
