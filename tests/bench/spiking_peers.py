"""The same spiking network as sinabs and SpikingJelly run it, in floats, at their best."""

from collections.abc import Callable
from dataclasses import dataclass

import sinabs
import sinabs.activation
import sinabs.from_torch
import spikingjelly
import torch
from spikingjelly.activation_based import functional, neuron
from torch import nn

from augend.gen import Program
from augend.gen.network import INPUT

__all__ = ["PEERS", "Peer", "float_network"]

Run = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A peer in one of its modes; ``prepare(network, steps)`` gives what runs a batch."""

    name: str
    mode: str
    version: str
    prepare: Callable[[nn.Sequential, int], Run]


def float_network(module: nn.Sequential, program: Program) -> nn.Sequential:
    """The module with a program's integers divided by its thresholds: threshold 1 throughout.

    Average pooling stays a layer of its own, as peers want it; their pixels are integers too.
    """
    network = program.network
    layers: list[nn.Module] = []
    pending = iter(network.projections)
    pool, source = 1, INPUT
    for layer in module:
        if isinstance(layer, nn.Dropout):
            continue
        if isinstance(layer, nn.AvgPool2d):
            pool = int(layer.kernel_size)
        if isinstance(layer, nn.Linear | nn.Conv2d):
            projection = next(pending)
            population = network.population(projection.target)
            weight = torch.tensor(projection.weight, dtype=torch.float64)
            if isinstance(layer, nn.Linear):
                weight = weight.reshape(len(weight), *network.shape_of(source))
            if pool > 1:
                weight = weight[:, :, ::pool, ::pool] * pool**2
            # Integers are divided by the threshold, those of the input by its shift before that.
            scale = torch.ones(population.channels, dtype=torch.float64)
            if population is not network.readout:
                scale /= torch.tensor(population.threshold)
            bias = torch.tensor(population.bias) * scale
            if population.current_shift is not None:
                scale /= 2.0 ** torch.tensor(population.current_shift)
            weight = weight * scale.reshape(-1, *[1] * (weight.ndim - 1))
            layer = _like(layer, weight, bias)
            pool, source = 1, projection.target
        layers.append(layer)
    return nn.Sequential(*layers).eval()


def _like(layer: nn.Module, weight: torch.Tensor, bias: torch.Tensor) -> nn.Module:
    some = bool(bias.any())
    if isinstance(layer, nn.Linear):
        copy: nn.Module = nn.Linear(layer.in_features, layer.out_features, bias=some)
    else:
        copy = nn.Conv2d(layer.in_channels, layer.out_channels, layer.kernel_size, bias=some)
    copy.weight = nn.Parameter(weight.reshape(layer.weight.shape).float(), False)
    if some:
        copy.bias = nn.Parameter(bias.float(), False)
    return copy


def prepare_sinabs(network: nn.Sequential, steps: int) -> Run:
    """sinabs.from_torch: all steps of a batch at once through each layer."""
    converted = sinabs.from_torch.from_model(
        network,
        num_timesteps=steps,
        spike_fn=sinabs.activation.SingleSpike,
        reset_fn=sinabs.activation.MembraneSubtract(),
        min_v_mem=None,
    ).spiking_model.eval()
    spiking = [layer for layer in converted.modules() if isinstance(layer, sinabs.layers.IAF)]

    def run(images: torch.Tensor) -> torch.Tensor:
        if any(not s.is_state_initialised() or len(s.v_mem) != len(images) for s in spiking):
            converted(images.repeat_interleave(steps, 0))  # makes states of the right shape
        for layer in spiking:
            layer.v_mem = torch.full_like(layer.v_mem, 0.5)
        outputs = converted(images.repeat_interleave(steps, 0))
        return outputs.unflatten(0, (-1, steps)).sum(1)

    return run


def prepare_spikingjelly(network: nn.Sequential, steps: int, *, once: bool) -> Run:
    """Multi-step IF nodes; ``once`` runs the first layer once an image, as its tutorials do."""
    layers = [
        neuron.IFNode(v_threshold=1.0, v_reset=None, step_mode="m")
        if isinstance(layer, nn.ReLU)
        else layer
        for layer in network
    ]
    nodes = [layer for layer in layers if isinstance(layer, neuron.IFNode)]
    first = layers.index(nodes[0])

    def run(images: torch.Tensor) -> torch.Tensor:
        for node in nodes:
            functional.reset_net(node)
            node.v = 0.5
        if once:
            for layer in layers[:first]:
                images = layer(images)
        values = images.expand(steps, *images.shape)
        for layer in layers[first if once else 0 :]:
            if isinstance(layer, neuron.IFNode):
                values = layer(values)
            else:
                values = layer(values.flatten(0, 1)).unflatten(0, (steps, -1))
        return values.sum(0)

    return run


PEERS = (
    Peer(
        name="sinabs",
        mode="from_model, IAFSqueeze, SingleSpike",
        version=sinabs.__version__,
        prepare=prepare_sinabs,
    ),
    Peer(
        name="SpikingJelly",
        mode="multi-step IFNode",
        version=spikingjelly.__version__ if hasattr(spikingjelly, "__version__") else "",
        prepare=lambda network, steps: prepare_spikingjelly(network, steps, once=False),
    ),
    Peer(
        name="SpikingJelly",
        mode="multi-step IFNode, first layer once an image",
        version=spikingjelly.__version__ if hasattr(spikingjelly, "__version__") else "",
        prepare=lambda network, steps: prepare_spikingjelly(network, steps, once=True),
    ),
)
