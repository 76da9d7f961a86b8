from pathlib import Path

import pytest

from augend.host.errors import UsageError
from augend.host.sweep_spec import read_spec

GRID = """
data = "digits"
reach = 0.9

[train]
recipe = ["mlp", "cnn"]
seed = [1, 2, 3]
optimizer.learning_rate = 1e-3

[convert]
timesteps = [1, 4]
"""


def spec_of(tmp_path: Path, text: str):
    path = tmp_path / "sweep.toml"
    path.write_text(text)
    return read_spec(path)


def test_a_grid_is_the_product_of_its_axes_and_trainings_stay_together(tmp_path):
    spec = spec_of(tmp_path, GRID)
    points = list(spec.grid())
    assert spec.size == len(points) == 2 * 3 * 2
    assert len({point.name for point in points}) == 12
    networks = [point.network for point in points]
    assert len(set(networks)) == 6 and networks == sorted(networks, key=networks.index)
    assert points[0].train == {"recipe": "mlp", "seed": 1, "optimizer.learning_rate": 1e-3}


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('recipe = ["mlp", "cnn"]', "", "names no recipe"),
        ("seed = [1, 2, 3]", "seed = []", "train.seed"),
        ("timesteps = [1, 4]", "timesteps = {low = 1, high = 4}", "give a list, or a .search."),
        ("timesteps = [1, 4]", "seed = [1]", "either of"),
        ("timesteps = [1, 4]", "[search]\ntrials = 0", "search.trials"),
        ("reach = 0.9", "reach = 2", "reach"),
        ("reach = 0.9", "rech = 0.9", "rech"),
        ('data = "digits"', 'data = "digits', "is not TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(tmp_path, old, new, told):
    assert old in GRID
    with pytest.raises(UsageError, match=told):
        spec_of(tmp_path, GRID.replace(old, new))


def test_a_range_is_for_a_search(tmp_path):
    text = GRID.replace("1e-3", "{low = 1e-4, high = 1e-2, log = true}")
    spec = spec_of(tmp_path, text + "\n[search]\ntrials = 7")
    assert spec.size == 7
