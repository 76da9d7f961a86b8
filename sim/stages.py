"""Which populations must be stepped together, because spikes run backwards among them."""

from augend.gen.network import INPUT, SpikingNetwork

__all__ = ["loops", "root_of", "stages"]


def root_of(network: SpikingNetwork, name: str) -> str:
    """Population whose spikes a gate, or a chain of gates, passes; any other name as it is."""
    return network.root_of(name)


def stages(network: SpikingNetwork) -> tuple[tuple[str, ...], ...]:
    """Split the populations, in order, into runs that are stepped together.

    All but those around a backward (delayed) projection stand alone: all their steps can be
    computed before the next population's first.
    """
    names = [population.name for population in network.populations]
    place = {name: index for index, name in enumerate(names)}
    glued = [False] * len(names)  # to the one before
    for projection in network.projections:
        if projection.source == INPUT:
            continue
        first = place[projection.target]
        last = place[root_of(network, projection.source)]
        if first <= last:
            glued[first + 1 : last + 1] = [True] * (last - first)
    runs: list[list[str]] = []
    for index, name in enumerate(names):
        if glued[index]:
            runs[-1].append(name)
        else:
            runs.append([name])
    return tuple(tuple(run) for run in runs)


def loops(network: SpikingNetwork, stage: tuple[str, ...]) -> bool:
    """Whether spikes run backwards within a stage, or from a population to itself."""
    return len(stage) > 1 or any(
        root_of(network, projection.source) == name
        for name in stage
        for projection in network.into(name)
    )
