import numpy as np
import pytest

from augend.host import connect
from augend.host.energy import ann_energy, memory_energy, snn_energy

from .small_program import small_program, some_images


def test_arithmetic_is_the_table_times_the_count():
    with connect(small_program(), "golden") as golden:
        result = golden.infer(some_images())
        energy = snn_energy(result, golden.placement, golden.config)
    assert energy.arithmetic == pytest.approx(0.1 * result.total_operations.mean())
    assert energy.with_memory > energy.arithmetic


def test_ann_has_3_2_pj_a_multiply_accumulate():
    energy = ann_energy({"a": 1000, "b": 500}, parameters=1500, lanes=16)
    assert energy.arithmetic == pytest.approx(4800)
    # 1,500 weights of 32 bits fit 8 KiB: 10 pJ for 64 bits; an activation for every 16 of them.
    assert energy.with_memory == pytest.approx(
        4800 + 1500 * 32 * 10 / 64 + 1500 / 16 * 32 * 20 / 64
    )


@pytest.mark.parametrize(
    ("kib", "pj"), [(8, 10), (9, 20), (32, 20), (33, 100), (1024, 100), (1025, 1300)]
)
def test_an_access_costs_by_size_of_memory(kib, pj):
    assert memory_energy(3, 64, kib * 1024 * 8) == pytest.approx(3 * pj)


def test_updates_are_every_neuron_every_step():
    with connect(small_program(), "golden") as golden:
        result = golden.infer(some_images())
    assert np.all(result.updates["conv"] == 3 * 144)
    assert np.all(result.updates["fc"] == 10)
