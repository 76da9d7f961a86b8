"""What a network trained on spikes says of itself, in floats, so that it can be rounded."""

import math
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from augend.gen.entry import Input
from augend.gen.graph import Floats, Shape
from augend.gen.network import Decode

__all__ = ["SpikingForm", "SpikingLayer", "SpikingModule", "takes_events"]


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingLayer:
    """Neurons and the weights into them; each layer is fed by the one before, or by the input.

    Parameters
    ----------
    name
        Unique in the network.
    shape
        ``(C, H, W)`` or ``(N,)``.
    weight
        ``(neurons, synapses)``, or ``(C, channels, rows, columns)`` of a convolution.
    threshold
        Per channel ``(C,)``; None where the neurons only add up and are read.
    stride, padding
        Of a convolution.
    leak
        Right shifts; see `augend.gen.population`.
    floor
        Lowest potential, in thresholds below 0; None for none.
    inhibition
        What a spike takes from every other neuron of the layer, in its threshold.
    single_spike
        At most one spike a neuron.
    macs
        Multiply-accumulates of the layer as an ANN has it, where what is folded into the weights
        makes them more.
    """

    name: str
    shape: Shape
    weight: Floats
    threshold: Floats | None
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    leak: tuple[int, ...] = ()
    floor: float | None = None
    inhibition: float = 0.0
    single_spike: bool = False
    macs: int | None = None

    @property
    def multiplications(self) -> int:
        """Multiply-accumulates of the layer with activations, zeros of padding included."""
        if self.macs is not None:
            return self.macs
        return self.weight.size * math.prod(self.shape[1:] if self.weight.ndim == 4 else ())


@dataclass(frozen=True, kw_only=True, eq=False)
class SpikingForm:
    """Layers, input and readout of a network of spikes.

    Parameters
    ----------
    entry
        The input.
    layers
        From the input to the readout.
    timesteps
        T.
    decode
        How the last layer is read.
    metadata
        What a program keeps of it, as ``binning`` of recordings.
    """

    entry: Input
    layers: tuple[SpikingLayer, ...]
    timesteps: int
    decode: Decode
    metadata: dict[str, Any] = field(default_factory=dict)


@runtime_checkable
class SpikingModule(Protocol):
    """A module whose forward pass is a spiking network already: it is rounded, not converted."""

    def spiking_form(self) -> SpikingForm:
        """Its layers in floats."""
        ...


def takes_events(module: object) -> bool:
    """Whether it is a network of spikes whose input is an event sensor."""
    return isinstance(module, SpikingModule) and module.spiking_form().entry.encoding == "events"
