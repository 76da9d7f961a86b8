from random import Random

import numpy as np

from augend.gen.datasets import load
from augend.host.driver import GoldenAccelerator
from augend.hw.fit import smallest_config
from tests.host.small_program import small_program

from .byte_accelerator import BytePort
from .wire_fuzz import fuzzed


def test_random_bytes_and_damaged_packets_are_not_acted_on():
    program = small_program()
    placement = program.place()
    config = smallest_config(placement, link_words=64)
    image = load("digits", "test").images[0]
    under = fuzzed(program, placement, config, image, BytePort(config, quiet_clocks=3000))
    expected = GoldenAccelerator(program, placement, config).infer(image[None])
    np.testing.assert_array_equal(under._expected.scores, expected.scores)
    rng = Random(11)
    for _ in range(20):
        for _ in range(5):
            under.send(rng, 20)
        under.infer()
    assert under.packets == 2000 and under.answers > 800
