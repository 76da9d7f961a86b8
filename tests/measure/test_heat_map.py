"""Heat maps: every figure in its square, the same bytes in every run."""

import re

import numpy as np
import pytest

from tests.measure.heat_map import draw_heat_map

LABELS = {"row_label": "threshold", "column_label": "rate", "title": "Accuracy"}


def drawn(path, values=((12.34, 99.0, 50.0), (1.25, 7.0, 8.0))):
    draw_heat_map(path, np.array(values), rows=["1", "2"], columns=["a", "b", "c"], **LABELS)
    return path.read_text()


def test_figures_stand_in_their_squares(tmp_path):
    text = drawn(tmp_path / "map.svg")
    places = {
        value: (float(x), float(y))
        for x, y, value in re.findall(r'x="([\d.]+)" y="([\d.]+)"[^>]*>(\d+\.\d)<', text)
    }
    assert set(places) == {"12.3", "99.0", "50.0", "1.2", "7.0", "8.0"}
    assert places["12.3"][0] < places["99.0"][0] < places["50.0"][0]
    assert places["1.2"][1] < places["12.3"][1]  # the first row is the lowest
    assert all(label in text for label in LABELS.values())


def test_it_is_the_same_in_every_run(tmp_path):
    assert drawn(tmp_path / "one.svg") == drawn(tmp_path / "two.svg")


def test_labels_must_fit(tmp_path):
    with pytest.raises(ValueError, match=r"shape \(1, 2\) do not fit 2 rows and 3 columns"):
        drawn(tmp_path / "map.svg", [[1.0, 2.0]])
