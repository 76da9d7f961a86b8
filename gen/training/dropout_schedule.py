"""Neil 2016, 2.5.2: dropout that grows while a trained network goes on learning."""

from dataclasses import dataclass

from torch import nn

from augend.gen.training.piece import Options, Piece, Run

__all__ = ["DropoutSchedule", "RisingDropout"]


@dataclass(frozen=True, kw_only=True)
class DropoutSchedule(Options):
    """The dropout learning schedule.

    All dropout layers, that of the input too, have the same rate: their own for some epochs, and
    then one that rises linearly to ``last`` in the last epoch (Neil 2016, Figure 1).

    Parameters
    ----------
    epochs
        Before the rate rises.
    first, last
        Rate before it rises, and the one it rises to: ``p_final``.
    """

    epochs: int
    first: float = 0.0
    last: float

    def __post_init__(self) -> None:
        if self.epochs < 0 or not 0 <= self.first <= self.last < 1:
            raise ValueError(
                f"epochs is {self.epochs}, first {self.first}, last {self.last}; epochs must not "
                f"be below 0, and the rates must rise, from 0 to below 1"
            )

    def rate(self, epoch: int, epochs: int) -> float:
        """The rate in an epoch, counted from 1, of so many."""
        if epoch <= self.epochs:
            return self.first
        share = (epoch - self.epochs) / (epochs - self.epochs)
        return self.first + share * (self.last - self.first)

    def start(self, network: nn.Module, run: Run) -> "RisingDropout":
        """See `augend.gen.training.piece.Options`."""
        return RisingDropout(network, self, run.epochs)


class RisingDropout(Piece):
    """Sets the rate of every dropout layer before each epoch, and gives them back their own."""

    def __init__(self, network: nn.Module, options: DropoutSchedule, epochs: int) -> None:
        self._options = options
        self._epochs = epochs
        self._layers = [layer for layer in network.modules() if isinstance(layer, nn.Dropout)]
        self._rates = [layer.p for layer in self._layers]
        self._rising = False
        if not self._layers:
            raise ValueError("a dropout schedule needs a network with dropout layers")

    def begin_epoch(self, epoch: int) -> None:
        """Set the rate of this epoch."""
        self._rising = epoch > self._options.epochs
        for layer in self._layers:
            layer.p = self._options.rate(epoch, self._epochs)

    def settled(self) -> bool:
        """Whether the rate rises already."""
        return self._rising

    def remove(self) -> None:
        """Give the layers their own rates."""
        for layer, rate in zip(self._layers, self._rates, strict=True):
            layer.p = rate
