"""The networks of Rueckauer 2017: biases, batch normalisation and max pooling before spikes."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from torch import nn

from augend.gen.training.layers import checked_shape, initialise

__all__ = ["CifarCnn", "Cnn7", "Convolution", "LeNet", "MaxPoolCnn", "PrunedMlp"]


@dataclass(frozen=True, kw_only=True)
class Convolution:
    """One convolution of a `MaxPoolCnn`.

    Parameters
    ----------
    maps
        Output channels.
    kernel, stride, padding
        Height and width of the kernels, their step, and the zeros around the image.
    """

    maps: int
    kernel: int
    stride: int = 1
    padding: int = 0

    def reach(self, size: int) -> int:
        """Height or width of the output for one of the input."""
        return (size + 2 * self.padding - self.kernel) // self.stride + 1


class MaxPoolCnn(nn.Sequential):
    """Blocks of convolutions, each block ending in 2 x 2 max pooling, then full layers.

    ReLU follows every layer but the last. Every layer has a bias; where ``normalise`` is set it
    is that of the batch normalisation between layer and ReLU. Images ``(images, C, H, W)`` go in,
    scores ``(images, classes)`` come out.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    map_dropout, dropout
        Share of the flattened maps', and of each hidden layer's, units hidden in each training
        step; the network's own where None.

    Attributes
    ----------
    blocks
        The convolutions of each block.
    hidden
        Number of units of each hidden full layer.
    normalise
        Put batch normalisation behind every layer but the last.
    dropouts
        ``map_dropout`` and ``dropout`` where none are given.
    """

    blocks: ClassVar[Sequence[Sequence[Convolution]]]
    hidden: ClassVar[Sequence[int]]
    normalise: ClassVar[bool] = True
    dropouts: ClassVar[tuple[float, float]]

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        map_dropout: float | None = None,
        dropout: float | None = None,
    ) -> None:
        before, height, width = checked_shape(shape)
        shares = zip((map_dropout, dropout), self.dropouts, strict=True)
        of_maps, of_units = (own if given is None else given for given, own in shares)
        normalise, bias = self.normalise, not self.normalise
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        index = 1
        for number, block in enumerate(self.blocks, start=1):
            for layer in block:
                layers[f"conv{index}"] = nn.Conv2d(
                    before, layer.maps, layer.kernel, layer.stride, layer.padding, bias=bias
                )
                if normalise:
                    layers[f"norm{index}"] = nn.BatchNorm2d(layer.maps)
                layers[f"relu{index}"] = nn.ReLU()
                before, height, width = layer.maps, layer.reach(height), layer.reach(width)
                index += 1
            layers[f"pool{number}"] = nn.MaxPool2d(2)
            height, width = height // 2, width // 2
            if height < 1 or width < 1:
                raise ValueError(
                    f"images of shape {tuple(shape)} are used up after {number} of the "
                    f"{len(self.blocks)} blocks of {type(self).__name__}; use larger images"
                )
        layers["flatten"] = nn.Flatten()
        layers["dropout0"] = nn.Dropout(of_maps)
        inputs = before * height * width
        for units in self.hidden:
            layers[f"linear{index}"] = nn.Linear(inputs, units, bias=bias)
            if normalise:
                layers[f"norm{index}"] = nn.BatchNorm1d(units)
            layers[f"relu{index}"] = nn.ReLU()
            layers[f"dropout{index}"] = nn.Dropout(of_units)
            inputs = units
            index += 1
        layers["output"] = nn.Linear(inputs, classes)
        super().__init__(layers)
        initialise(self)


class LeNet(MaxPoolCnn):
    """LeNet-5 (LeCun 1998): 28x28-6c5-2s-16c5-2s-120-84-10 with ReLU, max pooling and biases.

    Two pixels of zeros around the image stand for LeCun's 32 x 32. Rueckauer 2017 converts a
    LeNet (3.2, Figure 5; 1.04 % error) without naming its layers; the operations, neurons and
    connections given for it (3.2, 4) are those of `Cnn7`, which has 2.8 times as many
    connections as LeNet-5.
    """

    blocks = (
        (Convolution(maps=6, kernel=5, padding=2),),
        (Convolution(maps=16, kernel=5),),
    )
    hidden = (120, 84)
    normalise = False
    dropouts = (0.0, 0.0)


class Cnn7(MaxPoolCnn):
    """The MNIST network of Rueckauer 2017, 0.56 % error: 28x28-16c5/2-32c3-2s-800-10.

    The paper states seven layers, max pooling (3.2), 8 k neurons and 1.2 M connections (Table 1
    and section 4), and 2.35 million operations by its equation 9 (3.2). The authors' snn_toolbox
    (ann_architectures/mnist/cnn_keras.py) has this network with all these numbers: 7,914 neurons,
    the 800 of the flattening among them, and 1.17 M connections. The seven are input, two
    convolutions, pooling, flattening and two full layers.
    """

    blocks = ((Convolution(maps=16, kernel=5, stride=2), Convolution(maps=32, kernel=3)),)
    hidden = (800,)
    dropouts = (0.1, 0.1)


class CifarCnn(MaxPoolCnn):
    """The CIFAR-10 network of Rueckauer 2017, 3.1: 32x32-32c3-32c3-2s-64c3-64c3-2s-512-10.

    The paper leaves the padding open. As in the authors' snn_toolbox
    (ann_architectures/cifar10/cnn_BN.py) the first two convolutions keep the image's size and the
    other two have no padding, which agrees with 0.1 M neurons and, counted by fan-out, 23 M
    connections (Table 1).
    """

    blocks = (
        (Convolution(maps=32, kernel=3, padding=1),) * 2,
        (Convolution(maps=64, kernel=3),) * 2,
    )
    hidden = (512,)
    dropouts = (0.1, 0.3)


class PrunedMlp(MaxPoolCnn):
    """784-1200-1200-10 with batch normalisation: what pruning leaves of it trains better for it."""

    blocks = ()
    hidden = (1200, 1200)
    dropouts = (0.0, 0.0)
