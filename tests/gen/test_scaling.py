import numpy as np
import pytest

from augend.gen.network import Input
from augend.gen.scaling import InputScaling, PixelError

ENTRY = Input(shape=(3, 2, 2))
IMAGENET = InputScaling(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def test_float_and_uint8_images_give_the_same_pixels() -> None:
    raw = np.random.default_rng(0).integers(0, 256, (5, 3, 2, 2), dtype=np.uint8)
    mean, std = (np.reshape(v, (3, 1, 1)) for v in (IMAGENET.mean, IMAGENET.std))
    floats = ((raw / np.float32(255) - mean) / std).astype(np.float32)
    np.testing.assert_array_equal(IMAGENET.encode(raw, ENTRY), raw)
    np.testing.assert_array_equal(IMAGENET.encode(floats, ENTRY), raw)
    scale, shift = IMAGENET.affine(ENTRY)
    back = raw * scale.reshape(3, 1, 1) + shift.reshape(3, 1, 1)
    np.testing.assert_allclose(back, floats, atol=1e-5)


@pytest.mark.parametrize(("low", "high"), [(0, 255), (-1, 1)])
def test_other_ranges_and_fewer_bits(low, high) -> None:
    entry = Input(shape=(2,), bits=2)
    scaling = InputScaling(low=low, high=high)
    share = np.array([[0, 1 / 3], [0.6, 1]])
    assert scaling.encode(low + share * (high - low), entry).tolist() == [[0, 1], [2, 3]]
    assert scaling.encode(np.array([[0, 127], [128, 255]], np.uint8), entry).tolist() == [
        [0, 1],
        [2, 3],
    ]


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((2, 3, 2)), "Images must have shape (images, 3, 2, 2), not (2, 3, 2)."),
        (np.zeros((1, 3, 2, 2), complex), "Images must be floats or uint8, not complex128."),
        (
            np.full((1, 3, 2, 2), np.nan),
            "Images hold 12 values that are NaN or infinite; the first is in image 0.",
        ),
        (
            np.full((1, 3, 2, 2), 255.0),
            (
                "Images run from 255 to 255, and raw intensities x * std + "
                "mean from 255 to 255; the "
                "program takes 0 to 1. Set pixel_range to the range of raw intensities (e.g. (0, "
                "255)), and mean and std to what they were normalised with."
            ),
        ),
    ],
)
def test_images_that_are_refused(images, message) -> None:
    with pytest.raises(PixelError) as caught:
        InputScaling().encode(images, ENTRY)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 1, "high": 1}, "pixel_range must run from a lower to a higher value"),
        ({"std": (0.0,)}, "std must be above 0, not 0."),
        ({"mean": (0.0, 1.0)}, "mean and std need one value for each channel, not 2 and 1."),
        ({"mean": (np.nan,)}, "must be finite"),
    ],
)
def test_scalings_that_are_refused(options, message) -> None:
    with pytest.raises(PixelError) as caught:
        InputScaling(**options)
    assert message in str(caught.value)


def test_channels_must_match() -> None:
    with pytest.raises(PixelError, match="3 values for images of 1 channels"):
        IMAGENET.affine(Input(shape=(1, 2, 2)))
