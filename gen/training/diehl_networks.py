"""The networks of Diehl 2015: bias-free layers of ReLU, made for conversion to spikes."""

import math
from collections import OrderedDict
from collections.abc import Sequence

from torch import nn

from augend.gen.training.layers import checked_shape, initialise

__all__ = ["Cnn", "Mlp"]


class Mlp(nn.Sequential):
    """A multi-layer perceptron without biases (Diehl 2015, IV-A: 784-1200-1200-10).

    Images ``(images, C, H, W)`` go in, scores ``(images, classes)`` come out.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    hidden
        Number of units of each hidden layer.
    input_dropout
        Share of the pixels hidden in each training step.
    dropout
        Share of each hidden layer's units hidden in each training step.
    uniform
        The first weights are drawn from -uniform to uniform (Neil 2016, 2.1), instead of from
        normal distributions that keep the variance.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        hidden: Sequence[int] = (1200, 1200),
        input_dropout: float = 0.0,
        dropout: float = 0.5,
        uniform: float | None = None,
    ) -> None:
        layers: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
        layers["dropout0"] = nn.Dropout(input_dropout)
        width = math.prod(checked_shape(shape))
        for index, units in enumerate(hidden, start=1):
            layers[f"linear{index}"] = nn.Linear(width, units, bias=False)
            layers[f"relu{index}"] = nn.ReLU()
            layers[f"dropout{index}"] = nn.Dropout(dropout)
            width = units
        layers["output"] = nn.Linear(width, classes, bias=False)
        super().__init__(layers)
        if uniform is None:
            initialise(self)
        else:
            for parameter in self.parameters():
                nn.init.uniform_(parameter, -uniform, uniform)


class Cnn(nn.Sequential):
    """A convolutional network without biases (Diehl 2015, IV-B: 28x28-12c5-2s-64c5-2s-10o).

    Every stage is a convolution without padding, ReLU, and the mean over windows of
    ``pool`` x ``pool``. Images ``(images, C, H, W)`` go in, scores ``(images, classes)`` come out.

    Parameters
    ----------
    shape
        Shape of one image, ``(C, H, W)``.
    classes
        Number of outputs.
    channels
        Number of maps of each convolution.
    kernels
        Height and width of each convolution's kernels.
    pool
        Height and width of each stage's averaged windows; 1 leaves the averaging out.
    dropout
        Share of the last stage's units hidden in each training step.
    """

    def __init__(
        self,
        *,
        shape: Sequence[int],
        classes: int,
        channels: Sequence[int] = (12, 64),
        kernels: Sequence[int] = (5, 5),
        pool: Sequence[int] = (2, 2),
        dropout: float = 0.5,
    ) -> None:
        before, height, width = checked_shape(shape)
        layers: OrderedDict[str, nn.Module] = OrderedDict()
        stages = zip(channels, kernels, pool, strict=True)
        for index, (maps, kernel, window) in enumerate(stages, start=1):
            layers[f"conv{index}"] = nn.Conv2d(before, maps, kernel, bias=False)
            layers[f"relu{index}"] = nn.ReLU()
            height, width = height - kernel + 1, width - kernel + 1
            if window > 1:
                layers[f"pool{index}"] = nn.AvgPool2d(window)
                height, width = height // window, width // window
            before = maps
            if height < 1 or width < 1:
                raise ValueError(
                    f"images of shape {tuple(shape)} are used up after {index} of the stages with "
                    f"kernels {tuple(kernels)} and windows {tuple(pool)}; use smaller ones"
                )
        layers["flatten"] = nn.Flatten()
        layers["dropout"] = nn.Dropout(dropout)
        layers["output"] = nn.Linear(before * height * width, classes, bias=False)
        super().__init__(layers)
        initialise(self)
