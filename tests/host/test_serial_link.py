"""The driver over frames, against a model of the accelerator's side of the wire."""

from functools import cache

import numpy as np
import pytest
import torch
from torch import nn

from augend.gen import convert
from augend.gen.datasets import load
from augend.host.driver import GoldenAccelerator, RtlAccelerator, connect
from augend.host.lying_port import Lies, LyingPort
from augend.host.model_port import ModelPort
from augend.host.packets import LinkError
from augend.host.serial_link import SerialTransport
from augend.hw.fit import smallest_config

from .small_program import small_program, some_images

KEYS = ("predictions", "scores", "cycles", "exit_step")
GROUPS = ("spikes", "operations", "words", "updates", "stalls")


@cache
def placed(link_words=512):
    program = small_program()
    placement = program.place()
    return program, placement, smallest_config(placement, link_words=link_words)


@cache
def prepared(count, link_words):
    port = ModelPort(*placed(link_words))
    port.prepare(load("digits", "test").images[:count])
    return port


def model(images, link_words=512):
    port = ModelPort(*placed(link_words))
    port.knows(prepared(len(images), link_words))
    return port


@cache
def golden(count, link_words=512):
    return GoldenAccelerator(*placed(link_words)).infer(load("digits", "test").images[:count])


def check_equal(result, expected):
    for key in KEYS:
        np.testing.assert_array_equal(getattr(result, key), getattr(expected, key), key)
    for key in GROUPS:
        for name, values in getattr(expected, key).items():
            np.testing.assert_array_equal(getattr(result, key)[name], values, f"{key} of {name}")


def driver(transport, link_words=512):
    program, placement, config = placed(link_words)
    return RtlAccelerator(program, placement, config, transport)


@pytest.mark.parametrize("link_words", [32, 512])
def test_over_a_wire_that_is_true_nothing_is_repeated(link_words):
    """The packet buffer never has too little room, or something would have been lost."""
    images = load("digits", "test").images[:100]
    port = model(images, link_words)
    transport = SerialTransport(port)
    with driver(transport, link_words) as accelerator:
        check_equal(accelerator.infer(images), golden(100, link_words))
    assert port.inferences == 100 and port.refusals == 0
    assert transport.timeouts == transport.damaged == transport.reconnections == 0


LIES = [
    Lies(loss=0.02, corruption=0.01, duplication=0.01),
    Lies(loss=0.1),
    Lies(corruption=0.1),
    Lies(duplication=0.3),
    Lies(reordering=0.1),
    Lies(delay=0.1),
    Lies(disconnection=0.02),
    Lies(
        loss=0.03,
        corruption=0.03,
        duplication=0.05,
        reordering=0.03,
        delay=0.03,
        disconnection=0.005,
    ),
]


@pytest.mark.parametrize("lies", LIES, ids=lambda lies: str(lies).replace("=0.0,", ""))
def test_a_wire_that_lies_changes_no_result(lies):
    images = load("digits", "test").images[:300]
    port = model(images)
    lying = LyingPort(port, lies, seed=3)
    with driver(SerialTransport(lying, reopen=lying.reopen)) as accelerator:
        result = accelerator.infer(images)
    check_equal(result, golden(300))
    for name, count in lying.told.items():
        assert (count > 0) == (getattr(lies, name) > 0), name


def test_an_accelerator_that_is_restarted_is_loaded_again():
    images = some_images(6)
    port = model(images)
    with driver(SerialTransport(port)) as accelerator:
        port.restart()
        check_equal(accelerator.infer(images), golden(6))


@pytest.mark.parametrize("after", range(1, 12, 2))
def test_a_restart_in_the_midst_of_loading_begins_again(after):
    """Half a program from before and half from after would give another result."""

    class Restarts(ModelPort):
        writes = 0

        def _carry_out(self, packet):
            self.writes += 1
            if self.writes == after:
                self.restart()
                return super()._carry_out(packet)
            return super()._carry_out(packet)

    images = some_images(2)
    port = Restarts(*placed(64))
    port.prepare(images)
    lying = LyingPort(port, Lies(loss=0.05), seed=after)
    with driver(SerialTransport(lying), 64) as accelerator:
        check_equal(accelerator.infer(images), golden(2, 64))


def test_another_program_is_not_run_over_a_wire():
    port = model(some_images(1))
    with driver(SerialTransport(port)) as accelerator:
        port._program = [1, 2]
        with pytest.raises(LinkError, match="holds another program"):
            accelerator.infer(some_images(1))


def test_nobody_answers():
    class Dead(ModelPort):
        def read(self, size=1):
            return b""

    with pytest.raises(LinkError, match="No accelerator answers"):
        driver(SerialTransport(Dead(*placed())))


def test_somebody_babbles():
    class Babbles(ModelPort):
        def read(self, size=1):
            return bytes(range(256)) * 16

    with pytest.raises(LinkError, match="No accelerator answers"):
        driver(SerialTransport(Babbles(*placed())))


def test_a_port_that_is_lost_for_good():
    port = model(some_images(1))
    lying = LyingPort(port, Lies(disconnection=1.0))
    with pytest.raises(LinkError, match="was lost .*the wire was pulled out"):
        driver(SerialTransport(lying))

    def absent():
        raise OSError("no such device")

    with pytest.raises(LinkError, match=r"could not be opened again for 0\.3 s"):
        driver(SerialTransport(lying, reopen=absent, reconnect_seconds=0.3))


def test_a_port_that_does_not_exist():
    with pytest.raises(LinkError, match=r"serial:/dev/nowhere@115200 cannot be opened .*plugged"):
        connect(small_program(), "serial:/dev/nowhere@115200")
    with pytest.raises(LinkError, match="socket:127.0.0.1:1 cannot be opened"):
        connect(small_program(), "socket:127.0.0.1:1")


@pytest.mark.parametrize("address", ["serial:", "serial:/dev/x@fast", "socket:host", "socket:h:x"])
def test_an_address_that_is_none(address):
    with pytest.raises(ValueError, match="serial:DEVICE@BAUD or socket:HOST:PORT, not"):
        connect(small_program(), address)


def test_lies_are_chances():
    with pytest.raises(ValueError, match="loss must be from 0 to 1, not 2"):
        Lies(loss=2)


def test_an_image_of_784_pixels_takes_at_most_a_tenth_more_on_the_wire():
    """Pixels of 8 bits, lines of whole words of lanes; everything that is sent counts."""
    torch.manual_seed(1)
    images = np.random.default_rng(2).random((60, 1, 28, 28), np.float32)
    network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    program = convert(network, images, timesteps=1, lanes=4)
    placement = program.place()
    config = smallest_config(placement)
    assert config.pixel_bits == 8
    port = ModelPort(program, placement, config)
    port.prepare(images)
    transport = SerialTransport(port)
    with RtlAccelerator(program, placement, config, transport) as accelerator:
        loaded = transport.bytes_sent
        accelerator.infer(images)
    sent = (transport.bytes_sent - loaded) / len(images)
    assert 784 < sent <= 1.1 * 784
    print(f"{sent:.1f} bytes an image, {100 * (sent / 784 - 1):.1f} % more than its pixels")


def test_the_wire_is_kept_full_as_far_as_the_buffer_reaches():
    """The next image is under way before the one before is answered."""

    class Watched(ModelPort):
        most = 0

        def write(self, data):
            written = super().write(data)
            self.most = max(self.most, sum(len(packet) - 1 for packet in self._arrived))
            return written

    images = some_images(40)
    port = Watched(*placed(64))
    port.knows(prepared(40, 64))
    with driver(SerialTransport(port), 64) as accelerator:
        port.most = 0
        accelerator.infer(images)
    assert port.refusals == 0
    image = 64 // 4 + 4 + 5  # a write of 64 pixels, and a run
    assert 2 * image <= port.most <= 64
