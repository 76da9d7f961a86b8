"""Crops of the photographs at hand."""

import numpy as np

from tests.measure.photographs import centre, corners, photographs


def test_there_are_three_photographs():
    photos = photographs()
    assert list(photos) == ["china", "flower", "grace_hopper"]
    assert all(photo.mode == "RGB" and min(photo.size) > 224 for photo in photos.values())


def test_crops_are_whole_squares_in_their_places():
    photo = next(iter(photographs().values()))
    whole = np.asarray(photo).transpose(2, 0, 1)
    side = min(photo.size)
    left = (photo.width - side) // 2
    np.testing.assert_array_equal(centre(photo, side), whole[:, :side, left : left + side])
    small = round(0.75 * side)
    found = corners(photo, small)
    assert found.shape == (4, 3, small, small)
    np.testing.assert_array_equal(found[0], whole[:, :small, :small])
    np.testing.assert_array_equal(found[3], whole[:, -small:, -small:])


def test_what_is_measured_is_no_crop_that_calibrates():
    for photo in photographs().values():
        apart = np.abs(corners(photo, 224).astype(int) - centre(photo, 224)).mean((1, 2, 3))
        assert (apart > 10).all()
