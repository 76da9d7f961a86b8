"""Wrappers of memories: what they are called, and that the right ports are in the right place."""

import pytest
from amaranth.back import rtlil
from amaranth.hdl import Module, Signal
from amaranth.lib import memory, wiring

from augend.hw.memory import NO_COLLISION, LoadedMemory, TableMemory
from augend.hw.memory_wrapper import WrappedMemories, Wrapper, wrappers_text


def kinds(part):
    platform = WrappedMemories()
    text = rtlil.convert(part, name="part", platform=platform, emit_src=False)
    assert all(name in text for name in platform.kinds)
    return list(platform.kinds)


class Rows(wiring.Component):
    """A memory of Amaranth's."""

    def __init__(self, depth, domain="sync", attrs=None):
        super().__init__({})
        self.depth, self.domain, self.attrs = depth, domain, attrs

    def elaborate(self, platform):
        m = Module()
        m.submodules.rows = rows = memory.Memory(
            shape=3, depth=self.depth, init=[], attrs=self.attrs
        )
        read, write = rows.read_port(domain=self.domain), rows.write_port()
        seen = Signal(3)
        m.d.sync += [seen.eq(read.data), write.data.eq(seen)]
        return m


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (Rows(5), "augend_ram_5x3_1r1w_old"),
        (Rows(5, attrs=NO_COLLISION), "augend_ram_5x3_1r1w"),
        (Rows(8, domain="comb"), "augend_ram_8x3_1a1w"),
        (Rows(1), "augend_ram_1x3_1r1w_old"),
        (LoadedMemory(shape=7, depth=16), "augend_ram_16x7_1r1w"),
    ],
)
def test_a_memory_is_an_instance_that_says_words_bits_and_ports(part, name):
    assert kinds(part) == [name]


def test_tables_of_the_fan_out_need_no_bypass():
    assert kinds(TableMemory(layout=9, depth=16)) == ["augend_ram_16x9_1r1w"]


def test_large_memories_have_a_place_for_a_macro_and_small_ones_none():
    small = Wrapper(words=16, bits=4, reads="any")
    large = Wrapper(words=512, bits=32, reads="any")
    text = wrappers_text([large, small, large], macro_bits=65)
    assert text.count("module augend_ram_512x32_1r1w (") == 1
    head = text.index("module augend_ram_16x4_1r1w (")
    assert "`ifdef AUGEND_MACROS" not in text[head : text.index("endmodule", head)]
    assert text.count("(* blackbox *)") == 1
    assert text.index("(* blackbox *)") > text.index("endmodule")


def test_one_row_has_an_address_all_the_same():
    text = Wrapper(words=1, bits=8, reads="old").text(macro=False)
    assert "input  wire [0:0] read_address" in text
