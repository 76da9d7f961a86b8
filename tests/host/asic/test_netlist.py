"""Who drives a net, and what is on it, across blocks."""

import pytest

from augend.host.asic.liberty import Cell, Library
from augend.host.asic.netlist import drivers
from augend.hw.verilog import TOP


def cell(kind, **pins):
    return {"type": kind, "connections": pins}


def module(ports, cells, **names):
    return {
        "attributes": {},
        "ports": {name: {"bits": names[name]} for name in ports},
        "netnames": {name: {"bits": bits} for name, bits in names.items()},
        "cells": cells,
    }


LIBRARY = Library(
    file=None,
    name="l",
    volts=1.0,
    cells={
        "INV": Cell(area=1, flip_flop=False, capacitance={"A": 2e-15}, outputs=("Y",)),
        "DFF": Cell(area=4, flip_flop=True, capacitance={"D": 1e-15, "C": 1e-15}, outputs=("Q",)),
    },
)

# The top's inverter drives a word's bit that goes through "pass" unchanged into "sink".
NETLIST = {
    "modules": {
        TOP: module(
            ["clk"],
            {
                "inv": cell("INV", A=[4], Y=[3]),
                "pass": cell("pass", a=[3], y=[5]),
                "sink": cell("sink", d=[5], clk=[2]),
                "rows": cell("augend_ram_4x1_1r1w", read=["1"], read_address=[4, 3], read_data=[4]),
            },
            clk=[2],
            word=[6, 3],
            through=[5],
            back=[4],
        ),
        "pass": module(["a", "y"], {}, a=[2], y=[2]),
        "sink": module(
            ["d", "clk"], {"ff": cell("DFF", D=[2], C=[3], Q=[4])}, d=[2], clk=[3], q=[4]
        ),
        "augend_ram_4x1_1r1w": {"attributes": {"blackbox": "1"}},
    }
}


def test_a_net_is_counted_once_where_it_is_driven():
    walked = drivers(NETLIST, LIBRARY)
    nets, macros = walked.driven, walked.macros
    found = {(net.path, net.net, net.index): net for net in nets}
    assert set(found) == {
        ((TOP,), "word", 1),
        ((TOP, "sink"), "q", 0),
        ((TOP,), "back", 0),
    }
    assert [net.kind for net in nets] == ["gate", "flip-flop", "memory"]
    assert found[(TOP,), "word", 1].farads == pytest.approx(1e-15)  # the flip-flop's, two blocks on
    assert found[(TOP,), "back", 0].farads == pytest.approx(2e-15)
    assert walked.cells == {(TOP,): {"INV": 1}, (TOP, "sink"): {"DFF": 1}}
    (rows,) = macros
    assert rows.path == (TOP, "rows")
    assert rows.ports["read"] == ["1"]
    assert rows.ports["read_address"] == [("back", 0), ("word", 1)]
