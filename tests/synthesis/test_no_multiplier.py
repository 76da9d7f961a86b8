"""No design has a multiplier: none written, none made by synthesis; and one would be noticed."""

import pytest

from augend.hw import lanes
from augend.hw.neuron import Neuron
from tests.mutant import mutant

from .no_multiplier import DESIGNS, FORBIDDEN, SYNTHESISED, cells, design_name, resources

SMALLEST = SYNTHESISED[0]
MULTIPLIERS = {
    "weight times bias": (
        "Operand.WEIGHT: weight.value,",
        "Operand.WEIGHT: weight.value * self.parameters.bias,",
    ),
    "potential times 75": ("scaled.eq(self.potential << 1)", "scaled.eq(self.potential * 75)"),
    "potential by threshold": (
        "scaled.eq(self.potential >> 1)",
        "scaled.eq(self.potential // self.parameters.threshold)",
    ),
    "remainder": (
        "scaled.eq(self.potential >> 1)",
        "scaled.eq(self.potential % self.parameters.threshold)",
    ),
}


def forbidden(found, flow):
    return {cell: found[cell] for cell in sorted(FORBIDDEN[flow]) if found[cell]}


@pytest.mark.parametrize("config", DESIGNS, ids=design_name)
def test_no_operator_multiplies(config, record_property):
    found = cells(config, "operators")
    record_property("design", design_name(config))
    record_property("flow", "operators")
    record_property("forbidden", sum(forbidden(found, "operators").values()))
    record_property("cells", {"$add": found["$add"], "$sub": found["$sub"]})
    assert found["$add"] > 0
    assert not forbidden(found, "operators")


@pytest.mark.parametrize("flow", ["ecp5", "ice40"])
@pytest.mark.parametrize("config", SYNTHESISED, ids=design_name)
def test_no_cell_multiplies(config, flow, record_property):
    found = cells(config, flow)
    record_property("design", design_name(config))
    record_property("flow", flow)
    record_property("forbidden", sum(forbidden(found, flow).values()))
    record_property("cells", resources(found))
    assert resources(found)["LUT"] > 0
    assert resources(found)["block RAM"] > 0
    assert not forbidden(found, flow)


@pytest.mark.parametrize("change", MULTIPLIERS.values(), ids=MULTIPLIERS)
def test_an_operator_that_multiplies_is_noticed(change, monkeypatch):
    monkeypatch.setattr(lanes, "Neuron", mutant(Neuron, *change))
    found = cells(SMALLEST, "operators", variant=change[1])
    assert forbidden(found, "operators")


@pytest.mark.parametrize("flow", ["ecp5", "ice40"])
def test_a_cell_that_multiplies_is_noticed(flow, monkeypatch):
    change = MULTIPLIERS["potential times 75"]
    monkeypatch.setattr(lanes, "Neuron", mutant(Neuron, *change))
    inferred = "-run begin:map_gates"  # multiplier cells come before gates
    assert forbidden(cells(SMALLEST, flow, "times 75 ", inferred), flow)
    monkeypatch.undo()
    assert not forbidden(cells(SMALLEST, flow, "as it is ", inferred), flow)
