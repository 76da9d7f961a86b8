"""Augmentation: what each kind does to an image, and that the seed repeats it."""

import pytest
import torch

from augend.gen.training import Augmentation
from augend.gen.training.augmentation import mirrored, shifted, turned

EVERYTHING = Augmentation(shift=2, rotation=15, scaling=0.2, mirror=True)
ALL = torch.arange(40)


@pytest.fixture
def images():
    return torch.rand(40, 3, 9, 11, generator=torch.Generator().manual_seed(7))


def test_shift_moves_by_whole_pixels_and_pads_with_black():
    torch.manual_seed(0)
    image = torch.arange(1.0, 10.0).reshape(1, 1, 3, 3)
    padded = Augmentation(shift=1).pad(image)
    seen = {
        tuple(cut.flatten().int().tolist())
        for cut in shifted(padded, torch.zeros(500, dtype=torch.int64), 1)
    }
    assert len(seen) == 9
    assert (1, 2, 3, 4, 5, 6, 7, 8, 9) in seen
    assert (0, 0, 0, 0, 1, 2, 0, 4, 5) in seen
    assert (5, 6, 0, 8, 9, 0, 0, 0, 0) in seen


def test_mirror_turns_about_half_of_the_images_round(images):
    torch.manual_seed(0)
    seen = mirrored(images)
    same = (seen == images).flatten(1).all(1)
    turned_round = (seen == images.flip(3)).flatten(1).all(1)
    assert torch.equal(same, ~turned_round)
    assert 10 < same.sum() < 30


def test_rotation_turns_about_the_centre(monkeypatch, images):
    square = images[..., :9]
    monkeypatch.setattr(torch, "rand", lambda *shape: torch.ones(shape))
    quarter = turned(square, 90, 0)
    assert torch.allclose(quarter, square.rot90(1, (2, 3)), atol=1e-4)


def test_rotation_is_limited_and_goes_either_way():
    torch.manual_seed(0)
    image = torch.zeros(500, 1, 41, 41)
    image[:, :, 20, 38] = 1
    rows = turned(image, 10, 0).sum(3)[:, 0]
    heights = (rows * torch.arange(41.0)).sum(1) / rows.sum(1) - 20
    limit = 18 * torch.pi / 18 + 0.5
    assert heights.abs().max() <= limit
    assert heights.max() > 2
    assert heights.min() < -2


def test_scaling_stretches_and_shrinks_each_side():
    torch.manual_seed(0)
    square = torch.zeros(500, 1, 40, 40)
    square[:, :, 10:30, 10:30] = 1
    seen = turned(square, 0, 0.2)
    for side in (seen.amax(2), seen.amax(3)):
        lengths = side[:, 0].sum(1)
        assert 15.5 <= lengths.min() < 17.5
        assert 22.5 < lengths.max() <= 24.5
    assert (seen.amax(2)[:, 0].sum(1) - seen.amax(3)[:, 0].sum(1)).abs().max() > 4


def test_shape_and_range_are_kept(images):
    torch.manual_seed(0)
    seen = EVERYTHING.view(EVERYTHING.pad(images), ALL)
    assert seen.shape == images.shape
    assert seen.min() >= 0
    assert seen.max() <= 1
    assert not torch.equal(seen, images)


def test_the_seed_repeats_the_views(images):
    padded = EVERYTHING.pad(images)
    first, again, other = (
        (torch.manual_seed(seed), EVERYTHING.view(padded, ALL))[1] for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_asked_for_draws_nothing(images):
    before = torch.get_rng_state()
    none = Augmentation()
    assert torch.equal(none.view(none.pad(images), ALL.flip(0)), images.flip(0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [("shift", -1, "inf"), ("rotation", 181, "180"), ("scaling", 1.0, "0.9")],
)
def test_refusals(field, value, limit):
    with pytest.raises(ValueError, match=f"^{field} is {value}; it must be from 0 to {limit}$"):
        Augmentation(**{field: value})
