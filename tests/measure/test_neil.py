"""When a curve reaches its goal, by hand."""

import numpy as np
import pytest
import torch

from augend.host.step_counts import StepCounts
from tests.measure.neil import anytime, first_at
from tests.measure.neil_figures import draw_boxes, draw_curves, draw_features

COUNTS = StepCounts(
    scores=np.array([[[1, 0], [0, 1], [0, 2]], [[3, 1], [3, 1], [1, 3]]]),
    operations=np.array([[10, 20, 30], [30, 20, 10]]),
    input_spikes=np.array([[1, 2, 3], [3, 4, 5]]),
    spikes=np.zeros((2, 3), int),
    reached=np.ones((2, 3), bool),
)
LABELS = np.array([1, 0])


def test_costs_add_up_until_the_first_step_that_is_good_enough():
    curve = anytime(COUNTS, LABELS)
    assert curve.accuracy.tolist() == [0.5, 1, 0.5]
    assert curve.operations.tolist() == [20, 40, 60]
    assert curve.input_spikes.tolist() == [2, 5, 9]
    assert first_at(curve, 0.98) == pytest.approx((40, 5))
    assert first_at(curve, 0.5) == pytest.approx((20, 2))
    assert first_at(anytime(COUNTS, 1 - LABELS), 0.98) is None


def test_pictures(tmp_path):
    curve = anytime(COUNTS, LABELS)
    curves = {("default", "normalised"): curve, ("dropout", "unnormalised"): curve}
    draw_boxes(tmp_path / "boxes.svg", curves, 0.98, 50)
    draw_curves(tmp_path / "curves.svg", curves, 0.98, 50)
    draw_features(tmp_path / "features.svg", {"default": torch.rand(12, 784)})
    names = ("boxes", "curves", "features")
    boxes, lines, features = ((tmp_path / f"{name}.svg").read_text() for name in names)
    assert "dropout, unnormalised" in boxes
    assert "until 98%" in boxes
    assert "input spikes an image" in lines
    assert features.count("<image") == 10
