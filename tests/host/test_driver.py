from dataclasses import replace

import numpy as np
import pytest

from augend.gen.place import place
from augend.host import connect
from augend.host.packets import LinkError, make_packet, missing_words, parse_answers
from augend.host.transport import InProcess
from augend.hw.fit import smallest_config
from augend.hw.memory_image import pixel_rows
from augend.hw.packet import MAGIC, Command

from .small_program import small_program, some_images


class Lossy(InProcess):
    """Damages or drops words on the way, either way."""

    def __init__(self, config, rate, seed=0):
        super().__init__(config)
        self.rate = rate
        self.rng = np.random.default_rng(seed)
        self.damaged = 0

    def exchange(self, words, expect):
        words = self._spoil(words)
        observation = self.model.run(words, expect, quiet_clocks=50_000)
        self.clocks += observation.elapsed
        return self._spoil(observation.words)

    def _spoil(self, words):
        hit = self.rng.random(len(words)) < self.rate
        self.damaged += int(hit.sum())
        words = words ^ (hit * self.rng.integers(1, 1 << 32, len(words))).astype(np.uint32)
        keep = self.rng.random(len(words)) >= self.rate / 4
        return words[keep]


def config():
    return smallest_config(place(small_program().network, lanes=4))


def test_rtl_gives_what_golden_gives():
    images = some_images()
    with connect(small_program(), "golden") as golden, connect(small_program(), "rtl") as rtl:
        expected, result = golden.infer(images), rtl.infer(images)
    np.testing.assert_array_equal(result.scores, expected.scores)
    np.testing.assert_array_equal(result.cycles, expected.cycles)
    assert result.predictions.dtype == result.scores.dtype == np.int64
    assert set(result.operations) == {"conv", "fc"}
    assert result.total_operations.min() > 0


def test_the_next_image_is_written_while_one_is_classified():
    """Into one bank alone, each waits: the same results take the clocks of the writes more."""
    images = some_images()
    elapsed, results = [], []
    for banks in (2, 1):
        transport = InProcess(config())
        told = replace(config(), input_banks=banks)
        with connect(small_program(), "rtl", config=config(), transport=transport) as rtl:
            rtl.config = told
            before = transport.clocks
            results.append(rtl.infer(images))
            elapsed.append(transport.clocks - before)
    np.testing.assert_array_equal(results[0].scores, results[1].scores)
    np.testing.assert_array_equal(results[0].cycles, results[1].cycles)
    rows = pixel_rows(config(), small_program().place(), small_program().encode(images[:1])[0])
    assert config().input_banks == 2
    assert elapsed[1] - elapsed[0] >= (len(images) - 1) * rows.size


def test_uint8_images_are_raw_intensities():
    images = some_images()
    raw = np.rint(images * 255).astype(np.uint8)
    with connect(small_program(), "rtl") as rtl:
        one, other = rtl.infer(images), rtl.infer(raw)
    np.testing.assert_array_equal(one.scores, other.scores)


def test_a_link_that_damages_and_loses_words_changes_no_result():
    images = some_images()
    with connect(small_program(), "golden") as golden:
        expected = golden.infer(images)
    transport = Lossy(config(), 2e-3, seed=3)
    with connect(small_program(), "rtl", config=config(), transport=transport) as rtl:
        for _ in range(8):
            result = rtl.infer(images)
            np.testing.assert_array_equal(result.scores, expected.scores)
            np.testing.assert_array_equal(result.cycles, expected.cycles)
            for name, values in expected.operations.items():
                np.testing.assert_array_equal(result.operations[name], values)
    assert transport.damaged > 3


def test_a_dead_link_is_given_up():
    with pytest.raises(LinkError, match="No accelerator answers on this link"):
        connect(small_program(), "rtl", config=config(), transport=Lossy(config(), 1.0))


def test_another_program_is_not_run_by_mistake():
    with connect(small_program(), "rtl") as rtl:
        rtl._hash = rtl._hash ^ np.uint32(1)
        with pytest.raises(LinkError, match="holds another program"):
            rtl.infer(some_images(1))


def test_half_a_program_is_not_run_but_loaded_again():
    images = some_images(2)
    with connect(small_program(), "golden") as golden, connect(small_program(), "rtl") as rtl:
        expected = golden.infer(images)
        weight = np.array([0, 0, 0x7F7F7F7F], np.uint32)
        rtl.conversation.request([(Command.WRITE, weight)])
        np.testing.assert_array_equal(rtl.infer(images).scores, expected.scores)


def test_an_accelerator_of_another_configuration_is_not_taken():
    other = replace(config(), queue_steps=4)
    with pytest.raises(LinkError, match=r"another configuration .* configuration\.json"):
        connect(small_program(), "rtl", config=other, transport=InProcess(config()))


def test_backend_is_named():
    with pytest.raises(ValueError, match="'golden' or 'rtl', 'serial:.*, not 'fpga'"):
        connect(small_program(), "fpga")


def test_packets_survive_garbage_around_them():
    good = make_packet(Command.RUN, 7, [1, 2])
    answers = parse_answers(np.concatenate([np.array([5, 0xA6], np.uint32), good, good[:3]]))
    assert [(a.command, a.sequence, a.payload.tolist()) for a in answers] == [
        (Command.RUN, 7, [1, 2])
    ]


def test_what_a_broken_off_packet_lacks():
    good = make_packet(Command.RUN, 7, [1, 2])
    assert [missing_words(good[:n]) for n in range(6)] == [0, 2, 3, 2, 1, 0]
    assert missing_words(np.concatenate([good, good[:2]])) == 3
    assert missing_words(np.array([5, 6], np.uint32)) == 0


def test_a_whole_packet_lacks_nothing_whatever_it_looks_like():
    likely = [n for n in range(3000) if make_packet(Command.RUN, 7, [n])[-1] & 0xFF == MAGIC]
    assert len(likely) > 3
    for n in likely:
        assert missing_words(make_packet(Command.RUN, 7, [n])) == 0
    assert missing_words(make_packet(Command.RUN, 7, [MAGIC, 0xFFFF0000])) == 0
