"""A million random or damaged packets against the RTL, behind its UART, and the host's parser.

The UART's ten bits a byte are left out for speed: bytes go into the COBS decoder, one a clock.
"""

import argparse
import time
from pathlib import Path
from random import Random

from augend.gen.datasets import load
from augend.gen.program import Program
from augend.host.frames import FrameReader
from augend.hw.fit import smallest_config
from augend.zoo import program_path
from tests.measure.table import settle
from tests.sim.byte_accelerator import BytePort
from tests.sim.wire_fuzz import burst, fuzzed

SEED = 7
BURST = 200
BURSTS_AN_INFERENCE = 10
LINK_WORDS = 64


def gateware(packets: int) -> dict:
    """Bursts, each followed by a question who is there, every tenth by an inference."""
    program = Program.load(program_path("digits"))
    placement = program.place()
    config = smallest_config(placement, link_words=LINK_WORDS)
    port = BytePort(config, quiet_clocks=3000)
    under = fuzzed(program, placement, config, load("digits", "test").images[0], port)
    rng = Random(SEED)
    began = time.monotonic()
    for number in range(packets // BURST):
        under.send(rng, BURST)
        if number % BURSTS_AN_INFERENCE == 0:
            under.infer()
        if number % 250 == 0:
            print(f"{under.packets} packets, {time.monotonic() - began:.0f} s", flush=True)
    return {
        "side": "gateware (RTL)",
        "packets": under.packets,
        "refusals": under.answers - packets // BURST,
        "questions who is there, answered": packets // BURST,
        "inferences, equal to the first": under.inferences,
        "carried out": 0,
        "reached": "yes",
    }


def host(packets: int) -> dict:
    """The same to the host's parser: whole packets are read, nothing else is."""
    rng = Random(SEED)
    reader = FrameReader()
    other = 0
    for _ in range(packets // BURST):
        wire, whole = burst(rng, BURST, rng.randrange(1 << 16), LINK_WORDS)
        came = reader.feed(b"\0" + wire)
        other += sum(packet.tobytes() not in whole for packet in came)
    return {
        "side": "host (parser)",
        "packets": packets // BURST * BURST,
        "refusals": reader.damaged,
        "questions who is there, answered": "",
        "inferences, equal to the first": "",
        "carried out": other,
        "reached": "no" if other else "yes",
    }


def main() -> None:
    """Both sides; an assertion fails at the first thing that is not as it was."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("docs/tables"))
    parser.add_argument("--packets", type=int, default=1_000_000)
    given = parser.parse_args()
    rows = [host(given.packets), gateware(given.packets)]
    caption = (
        f"Random bytes, frames of random words, packets with flipped bits, cut short, run into "
        f"each other, or whole but out of order (`tests/sim/wire_fuzz.py`, seed {SEED}), in bursts "
        f"of {BURST}. After each burst the accelerator answers `HELLO`, expects the number it "
        f"expected before, holds its program and tells of no fault. Bytes are fed behind the UART."
    )
    settle(given.output, "wire_fuzz", caption, rows)


if __name__ == "__main__":
    main()
