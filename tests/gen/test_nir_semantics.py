from pathlib import Path

import numpy as np
import pytest

from augend.gen.frontends.nir_neurons import leak_shifts
from augend.gen.frontends.nir_semantics import PRESETS, Rules, Semantics, semantics_of
from augend.gen.graph import ConversionError


def test_nothing_is_guessed():
    for given in ({}, {"producer": "norse", "semantics": PRESETS["norse"]}):
        with pytest.raises(ConversionError) as caught:
            semantics_of(**given)
        assert all(name in str(caught.value) for name in PRESETS)
    with pytest.raises(ConversionError, match="no preset 'brian'; there are exact, norse"):
        semantics_of("brian")


def test_rules_can_be_changed():
    changed = semantics_of("norse", reset="subtract", latency=1)
    assert changed.integrator.reset == changed.leaky.reset == "subtract"
    assert changed.latency == 1 and changed.start == "v_leak"
    assert PRESETS["norse"].leaky.reset == "zero"
    kept = semantics_of("snntorch", kept=0.9)
    assert kept == PRESETS["snntorch-1.0"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"rest": 1}, "no neuron rule 'rest'"),
        ({"reset": "none"}, "reset must be one of 'subtract', 'zero', not 'none'"),
        ({"compare": ">>"}, "compare must be one of"),
        ({"most_spikes": 0}, "1 to 255, not 0"),
        ({"floor": 0.5}, "at most 0 thresholds"),
        ({"latency": 2}, "latency must be one of 0, 1"),
    ],
)
def test_rules_that_cannot_be_are_refused(options, text):
    with pytest.raises(ConversionError, match=text):
        semantics_of("norse", **options)


def test_decay_and_gain_follow_their_equations():
    tau, dt = np.array([2.5e-3]), 1e-4
    euler, exact = 1 - dt / tau, np.exp(-dt / tau)
    for preset, kept, gain in (
        ("norse", euler, dt / tau),
        ("sinabs", exact, dt / tau),
        ("nengo", exact, 1 - exact),
        ("rockpool", exact, dt / tau / exact),
    ):
        rules = PRESETS[preset].leaky
        np.testing.assert_allclose(rules.kept_share(tau, dt), kept)
        np.testing.assert_allclose(rules.input_gain(np.array([2.0]), tau, dt), 2 * gain)
    with pytest.raises(ConversionError, match="longer than the time constant"):
        PRESETS["norse"].leaky.kept_share(tau, 3e-3)


def test_own_semantics():
    rules = Rules(decay="none", gain="r", reset="zero", compare=">=")
    own = Semantics(integrator=rules, leaky=rules)
    assert semantics_of(semantics=own) is own


@pytest.mark.parametrize(
    ("kept", "shifts"),
    [
        (0.75, (2,)),
        (1 - 2**-5 - 2**-7 - 2**-13, (5, 7, 13)),
        (0.96, (5, 7, 10)),
        (1.0, ()),
        (0.5, (1,)),
        (0.3, None),
    ],
)
def test_leaks_are_the_nearest_four_shifts(kept, shifts):
    found = leak_shifts(kept)
    if shifts is not None:
        assert found == shifts
    assert len(found) <= 4
    assert abs(sum(2.0**-a for a in found) - (1 - kept)) <= 0.01 * (1 - kept)


def test_the_guide_has_every_preset():
    guide = (Path(__file__).resolve().parents[2] / "docs" / "nir.md").read_text()
    assert all(f"| `{name}` |" in guide for name in PRESETS)
