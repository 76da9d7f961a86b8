"""What pruning made 0 is left out: whole words of weights, as hardware stores and visits them."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from augend.gen.contract import Ints, Shape
from augend.gen.lane_layout import LaneLayout
from augend.gen.network import INPUT, SpikingNetwork
from augend.gen.projection import Projection

__all__ = ["can_be_sparse", "kept_words", "without_pruned", "word_of"]


def without_pruned(network: SpikingNetwork, lanes: int) -> SpikingNetwork:
    """Leave out every word of weights that is all 0, where this makes a projection smaller.

    A projection without its words of 0 needs memory for the place of each word that is left and,
    for each source neuron, for where its words begin and how many they are. It is taken where all
    of this is less than what the words of 0 would take, and where hardware runs it: between all
    channels, out of a population of shape (N,) or out of an input that no convolution takes.

    Parameters
    ----------
    network
        Any.
    lanes
        Neurons in a word.
    """
    return replace(
        network,
        projections=tuple(
            _sparse(p, network.shape_of(p.target), lanes, network.bits_of(p))
            if can_be_sparse(network, p)
            else p
            for p in network.projections
        ),
    )


def can_be_sparse(network: SpikingNetwork, projection: Projection) -> bool:
    """Whether hardware could leave synapses out of a projection that has all of them."""
    if projection.kind != "dense" or projection.kept is not None:
        return False
    if projection.source_channels is not None or projection.target_channels is not None:
        return False
    if projection.source == INPUT:
        return all(p.kind == "dense" for p in network.out_of(INPUT))
    return len(network.shape_of(projection.source)) == 1


def _sparse(projection: Projection, target: Shape, lanes: int, bits: int) -> Projection:
    words = kept_words(projection.weight != 0, projection, target, lanes)  # (words, sources)
    entries = int(np.count_nonzero(words))
    reached = len(words)
    place = max(1, (reached - 1).bit_length())
    row = max(1, entries.bit_length()) + reached.bit_length()
    size = entries * (lanes * bits + place) + words.shape[1] * row
    if size >= words.size * lanes * bits:
        return projection
    at = word_of(projection, target, lanes)
    return replace(projection, kept=words[np.searchsorted(np.unique(at), at)])


def word_of(projection: Projection, target: Shape, lanes: int) -> Ints:
    """Word of the target's potentials in which each neuron lies that a projection reaches."""
    layout = LaneLayout(shape=target, lanes=lanes)
    size = int(np.prod(target))
    neurons = layout.pack(np.arange(size).reshape(target), fill=size)  # (words, lanes)
    words = np.zeros(size + 1, np.int64)
    words[neurons] = np.arange(layout.words)[:, None]
    reached = slice(*(projection.target_channels or (0, target[0])))
    return words[:size].reshape(target)[reached].ravel()


def kept_words(
    kept: npt.NDArray[np.bool_], projection: Projection, target: Shape, lanes: int
) -> npt.NDArray[np.bool_]:
    """Which words of the target each source neuron reaches: ``(words reached, sources)``.

    Parameters
    ----------
    kept
        Which synapses there are, ``(targets, sources)``.
    projection, target, lanes
        The projection, and the shape of its target.
    """
    at = word_of(projection, target, lanes)
    number, place = np.unique(at, return_inverse=True)
    words = np.zeros((len(number), kept.shape[1]), bool)
    np.logical_or.at(words, place, kept)
    return words
