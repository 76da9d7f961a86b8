import numpy as np
import pytest

from augend.gen.levels import weight_range
from augend.gen.quantize import (
    HANDED_ON_BITS,
    Widths,
    quantise_binary,
    quantise_readout,
    quantise_spiking,
)
from augend.gen.stage import Activation, Stage
from augend.gen.term import Term


def stage(weight, bias=None, activation=None, more=()):
    weight = np.asarray(weight, float)
    shape = (len(weight),)
    term = Term(
        source="source",
        kind="dense",
        weight=weight,
        source_shape=(weight.shape[1],),
        shape=shape,
    )
    return Stage(
        name="layer",
        layers=("layer",),
        terms=(term, *more),
        bias=np.zeros(shape) if bias is None else np.asarray(bias, float),
        shape=shape,
        activation=activation or Activation(),
    )


def spiking(layer, *, bits=8, timesteps=4, form="integer", gain=None, **changes):
    options = {
        "scale": np.ones(layer.shape[0]),
        "start": 0.5,
        "current": False,
        "waits": False,
    }
    gains = {term.source: np.ones(term.source_shape[0]) for term in layer.terms}
    if gain is not None:
        gains["source"] = gain
    widths = Widths(bits=bits, timesteps=timesteps, form=form)
    return quantise_spiking(layer, gains=gains, widths=widths, **{**options, **changes})


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_keep_their_width_and_their_proportion_to_the_threshold(bits) -> None:
    weight = np.random.default_rng(bits).normal(size=(6, 200)) / 10
    found = spiking(stage(weight), bits=bits)
    low, high = weight_range(bits)
    assert low <= found.weights[0].min()
    assert found.weights[0].max() <= high
    if bits == 1:
        assert set(np.unique(found.weights[0])) == {-1, 1}
    error = found.weights[0] / found.threshold[:, None] - weight
    allowed = {1: 0.65, 2: 0.4, 3: 0.22, 4: 0.12, 5: 0.07, 6: 0.04, 7: 0.02, 8: 0.01}[bits]
    assert np.sqrt((error**2).mean()) < allowed * weight.std()


def test_two_bits_clip_rather_than_waste_their_range() -> None:
    weight = np.random.default_rng(0).normal(size=(4, 500)) / 20
    found = spiking(stage(weight), bits=2)
    widest = 1 / np.abs(weight).max(1)  # threshold at which nothing is clipped
    clipped = ((found.weights[0] / found.threshold[:, None] - weight) ** 2).mean()
    plain = ((np.round(weight * widest[:, None]) / widest[:, None] - weight) ** 2).mean()
    assert clipped < 0.8 * plain


def test_gain_and_scale_move_into_the_weights() -> None:
    weight = np.array([[1.0, -2.0], [0.5, 0.25]])
    gain, scale = np.array([2.0, 0.5]), np.array([4.0, 1.0])
    found = spiking(stage(weight), gain=gain, scale=scale)
    ratio = found.weights[0] / found.threshold[:, None]
    np.testing.assert_allclose(ratio, weight * gain / scale[:, None], atol=0.005)
    np.testing.assert_allclose(found.unit * found.threshold, scale)


def test_bias_of_all_steps_is_exact_to_half_a_unit() -> None:
    rng = np.random.default_rng(3)
    layer = stage(rng.normal(size=(5, 40)), rng.normal(size=5))
    found = spiking(layer, bits=2, timesteps=7, waits=True)
    total = found.initial - found.threshold // 2 + 7 * found.bias
    assert np.abs(total - 7 * layer.bias / found.unit).max() <= 0.5 + 1e-9


@pytest.mark.parametrize("timesteps", [1, 8, 64])
def test_current_keeps_small_thresholds_and_starts_below_them(timesteps) -> None:
    weight = np.random.default_rng(4).normal(size=(6, 50)) * 1e-3
    found = spiking(stage(weight), current=True, timesteps=timesteps)
    least = max(64, 8 * timesteps)
    assert found.current_shift is not None
    assert np.all((found.threshold >= least) & (found.threshold < 2 * least))
    assert np.all((found.initial >= 0) & (found.initial < found.threshold))
    whole = found.threshold << found.current_shift
    np.testing.assert_allclose(found.weights[0] / whole[:, None], weight, atol=5e-5)


def test_current_is_not_shifted_below_a_coarse_threshold() -> None:
    found = spiking(stage(np.full((1, 3), 50.0)), current=True)
    assert found.current_shift == 0
    assert found.threshold == 3 or found.threshold == 2


def test_zero_start() -> None:
    assert np.all(spiking(stage([[0.5, 0.1]]), start=0.0).initial == 0)


def test_scores_of_all_classes_have_one_scale() -> None:
    weight = np.array([[1.0, 0.1], [0.01, 0.02], [0.5, -1.0]])
    found = quantise_readout(
        stage(weight, [0.3, 0, -0.2], Activation(kind="none")),
        gains={"source": np.array([1.0, 2.0])},
        widths=Widths(bits=8, timesteps=5),
        current=False,
    )
    assert np.ptp(found.unit) == 0
    np.testing.assert_allclose(found.weights[0] * found.unit[0], weight * [1, 2], atol=0.01)
    total = (found.initial + 5 * found.bias) * found.unit[0]
    np.testing.assert_allclose(total, 5 * np.array([0.3, 0, -0.2]), atol=0.01)
    assert np.all(found.threshold == 1)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("form", ["ternary", "power_of_two"])
def test_weights_of_a_form_are_of_that_form(form, bits) -> None:
    weight = np.random.default_rng(5).normal(size=(4, 60))
    found = spiking(stage(weight), bits=bits, form=form)
    (values,) = found.weights
    allowed = {-1, 0, 1}
    if form == "power_of_two":
        allowed = {0} | {sign << power for sign in (1, -1) for power in range(bits - 1)}
    assert set(np.unique(values)) <= allowed
    assert len(set(np.unique(values))) > 2
    assert np.corrcoef(values.ravel(), weight.ravel())[0, 1] > 0.85


def test_one_bit_keeps_binary_weights_exactly() -> None:
    sign = np.sign(np.random.default_rng(6).normal(size=(5, 30)))
    gain = np.array([0.3, 0.01, 2.0, 0.5, 7.0])
    found = spiking(stage(sign * gain[:, None]), bits=1)
    np.testing.assert_array_equal(found.weights[0], sign)


def shortcut(values):
    """Term that hands on a source, a weight a neuron."""
    values = np.asarray(values, float)
    return Term(
        source="before",
        kind="conv",
        weight=values.reshape(-1, 1, 1, 1),
        source_shape=(len(values), 1, 1),
        shape=(len(values),),
        groups=len(values),
        handed_on=True,
    )


def test_shortcuts_have_a_width_and_a_shift_of_their_own() -> None:
    weight = np.random.default_rng(7).normal(size=(3, 40)) / 40
    values = np.array([1.0, 100.0, -3.0])
    found = spiking(stage(weight, more=(shortcut(values),)), bits=2)
    assert found.bits == (2, HANDED_ON_BITS)
    assert found.shifts[0] == 0
    assert found.shifts[1] > 0
    alone = spiking(stage(weight), bits=2)
    np.testing.assert_array_equal(found.threshold, alone.threshold)  # they do not decide it
    kept = found.weights[1].ravel() * 2.0 ** found.shifts[1] / found.threshold
    np.testing.assert_allclose(
        kept, values, atol=0.51 * 2 ** found.shifts[1] / alone.threshold.min()
    )


def test_spikes_of_minus_one_are_due_where_they_would_not_be_undone() -> None:
    weight = np.random.default_rng(8).normal(size=(3, 40))
    slope = np.array([1.0, 0.25, 0.0])
    linear = spiking(stage(weight, activation=Activation(kind="linear")))
    np.testing.assert_array_equal(linear.negative_step, linear.threshold)
    assert np.all(linear.negative_threshold == 1)
    leaky = spiking(stage(weight, activation=Activation(kind="leaky", slope=slope)))
    ratio = leaky.negative_step / leaky.threshold
    np.testing.assert_allclose(ratio[:2], 1 / slope[:2], atol=0.01)
    assert ratio[2] > 1e5  # of slope 0 none is ever due
    # after a spike of -1 the potential is below the threshold
    assert np.all(-leaky.negative_threshold + leaky.negative_step < leaky.threshold)
    assert spiking(stage(weight)).negative_threshold is None
    assert spiking(stage(weight), takes_back=True).negative_threshold is not None


@pytest.mark.parametrize("zero", [True, False])
@pytest.mark.parametrize("kind", ["heaviside", "sign"])
def test_binary_activations_compare_exactly(kind, zero) -> None:
    rng = np.random.default_rng(9)
    weight = np.sign(rng.normal(size=(50, 9)))
    bias = rng.choice([0.0, 1.0, -1.0, 0.5, -0.5, 3.0, 0.999], 50)
    activation = Activation(kind=kind, zero=zero)
    layer = stage(weight, bias, activation)
    found = quantise_binary(
        layer,
        gains={"source": np.ones(9)},
        widths=Widths(bits=1, timesteps=1),
        current=False,
    )
    assert found.memoryless
    np.testing.assert_array_equal(found.weights[0], weight)
    x = rng.integers(0, 2, (200, 9))
    total = x @ weight.T + bias
    expected = total >= 0 if zero else total > 0
    potential = x @ found.weights[0].T + found.bias
    np.testing.assert_array_equal(potential >= found.threshold, expected)
    if kind == "sign":
        assert np.all((potential <= -found.negative_threshold) == ~expected)
    assert (total == 0).any()


def test_one_bit_has_no_0_so_that_rows_with_0_take_two() -> None:
    weight = np.array([[0.5, 0.0, -0.5], [1.0, 1.0, -1.0]])
    found = spiking(stage(weight), bits=1)
    assert found.bits == (2,)
    np.testing.assert_array_equal(found.weights[0], np.sign(weight))
    for form in ("ternary", "power_of_two"):
        found = spiking(stage(weight + 0.01), bits=1, form=form)
        assert found.bits == (2,)
        np.testing.assert_array_equal(found.weights[0], np.sign(weight))


@pytest.mark.parametrize("bias", [0.375, -0.375, 1e30, -1e30])
def test_binary_activations_of_nothing_but_a_bias(bias) -> None:
    found = quantise_binary(
        stage(np.zeros((1, 4)), [bias], Activation(kind="heaviside")),
        gains={"source": np.ones(4)},
        widths=Widths(bits=1, timesteps=1),
        current=True,
    )
    assert (found.bias[0] >= found.threshold[0]) == (bias > 0)
    assert abs(found.bias[0]) < 1 << 12


def test_scores_of_nothing_but_biases() -> None:
    found = quantise_readout(
        stage(np.zeros((2, 4)), [0.5, -2.0], Activation(kind="none")),
        gains={"source": np.ones(4)},
        widths=Widths(bits=8, timesteps=3),
        current=False,
    )
    np.testing.assert_allclose((found.initial + 3 * found.bias) * found.unit, [1.5, -6], atol=0.01)
