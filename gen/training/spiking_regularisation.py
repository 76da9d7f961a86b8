"""Terms that keep weights and thresholds of spiking layers in balance: Lee 2016, section 5."""

import torch

__all__ = ["balance_thresholds", "exponential_cost"]


def exponential_cost(weight: torch.Tensor, strength: float, steepness: float) -> torch.Tensor:
    """Exponential regularisation of a layer (Lee 2016, eq. 13), summed over its neurons.

    The squared weights of each neuron are held near a sum of 1, which eq. 9 starts them with.

    Parameters
    ----------
    weight
        ``(neurons, synapses)``.
    strength, steepness
        lambda and beta of the paper.
    """
    excess = weight.square().sum(1) - 1
    return 0.5 * strength * (steepness * excess).exp().sum()


@torch.no_grad()
def balance_thresholds(
    threshold: torch.Tensor,
    weight: torch.Tensor,
    counts: torch.Tensor,
    strength: float,
    lowest: float,
) -> None:
    """Threshold regularisation (Lee 2016, section 5.2) for the spikes of a batch, in place.

    A spike raises its neuron's threshold by ``strength`` times the number N of neurons, and lowers
    all N by ``strength``, so that their sum stays. What would lower a threshold below ``lowest``
    raises all of the neuron's weights by as much instead.

    Parameters
    ----------
    threshold, weight
        ``(neurons,)`` and ``(neurons, synapses)``.
    counts
        Spikes of each neuron an image, ``(images, neurons)``; their mean is taken.
    strength
        rho.
    lowest
        Above 0.
    """
    fired = counts.mean(0)
    threshold.add_(strength * (len(fired) * fired - fired.sum()))
    missing = (lowest - threshold).clamp(min=0)
    weight.add_(missing[:, None])
    threshold.clamp_(min=lowest)
