import numpy as np
import pytest

from augend.gen.quantize import quantise_readout, quantise_spiking, weight_range
from augend.gen.stage import Stage


def stage(weight, bias=None, spiking=True):
    weight = np.asarray(weight, float)
    return Stage(
        name="layer",
        layers=("layer",),
        kind="dense",
        weight=weight,
        bias=np.zeros(len(weight)) if bias is None else np.asarray(bias, float),
        source_shape=(weight.shape[1],),
        shape=(len(weight),),
        spiking=spiking,
    )


def spiking(layer, **changes):
    options = {
        "gain": np.ones(layer.source_shape[0]),
        "scale": np.ones(layer.shape[0]),
        "weight_bits": 8,
        "timesteps": 4,
        "initial": "half",
        "current": False,
        "phased": False,
    }
    return quantise_spiking(layer, **{**options, **changes})


@pytest.mark.parametrize("bits", range(1, 9))
def test_weights_keep_their_width_and_their_proportion_to_the_threshold(bits) -> None:
    weight = np.random.default_rng(bits).normal(size=(6, 200)) / 10
    found = spiking(stage(weight), weight_bits=bits)
    low, high = weight_range(bits)
    assert low <= found.weight.min()
    assert found.weight.max() <= high
    if bits == 1:
        assert set(np.unique(found.weight)) == {-1, 1}
    error = found.weight / found.threshold[:, None] - weight
    allowed = {1: 0.65, 2: 0.4, 3: 0.22, 4: 0.12, 5: 0.07, 6: 0.04, 7: 0.02, 8: 0.01}[bits]
    assert np.sqrt((error**2).mean()) < allowed * weight.std()


def test_two_bits_clip_rather_than_waste_their_range() -> None:
    weight = np.random.default_rng(0).normal(size=(4, 500)) / 20
    found = spiking(stage(weight), weight_bits=2)
    widest = 1 / np.abs(weight).max(1)  # threshold at which nothing is clipped
    clipped = ((found.weight / found.threshold[:, None] - weight) ** 2).mean()
    plain = ((np.round(weight * widest[:, None]) / widest[:, None] - weight) ** 2).mean()
    assert clipped < 0.8 * plain


def test_gain_and_scale_move_into_the_weights() -> None:
    weight = np.array([[1.0, -2.0], [0.5, 0.25]])
    gain, scale = np.array([2.0, 0.5]), np.array([4.0, 1.0])
    found = spiking(stage(weight), gain=gain, scale=scale)
    ratio = found.weight / found.threshold[:, None]
    np.testing.assert_allclose(ratio, weight * gain / scale[:, None], atol=0.005)
    np.testing.assert_allclose(found.unit * found.threshold, scale)


def test_bias_of_all_steps_is_exact_to_half_a_unit() -> None:
    rng = np.random.default_rng(3)
    layer = stage(rng.normal(size=(5, 40)), rng.normal(size=5))
    found = spiking(layer, weight_bits=2, timesteps=7, phased=True)
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
    np.testing.assert_allclose(found.weight / whole[:, None], weight, atol=5e-5)


def test_current_is_not_shifted_below_a_coarse_threshold() -> None:
    found = spiking(stage(np.full((1, 3), 50.0)), current=True)
    assert found.current_shift == 0
    assert found.threshold == 3 or found.threshold == 2


def test_zero_start() -> None:
    assert np.all(spiking(stage([[0.5, 0.1]]), initial="zero").initial == 0)


def test_scores_of_all_classes_have_one_scale() -> None:
    weight = np.array([[1.0, 0.1], [0.01, 0.02], [0.5, -1.0]])
    found = quantise_readout(
        stage(weight, [0.3, 0, -0.2], spiking=False),
        gain=np.array([1.0, 2.0]),
        weight_bits=8,
        timesteps=5,
        current=False,
    )
    assert np.ptp(found.unit) == 0
    np.testing.assert_allclose(found.weight * found.unit[0], weight * [1, 2], atol=0.01)
    total = (found.initial + 5 * found.bias) * found.unit[0]
    np.testing.assert_allclose(total, 5 * np.array([0.3, 0, -0.2]), atol=0.01)
    assert np.all(found.threshold == 1)
