"""How far a population's potentials can go, roughly: enough to choose a type for them.

`augend.gen.bounds` proves tighter intervals neuron by neuron; this costs nothing and lets a network
run whose width the hardware would refuse.
"""

from augend.gen.network import Population

__all__ = ["reach"]


def reach(population: Population, steps: int, *, current: int, gathered: int, arriving: int) -> int:
    """Bound on everything that is computed with a potential, and on its constant part.

    Parameters
    ----------
    population
        The population.
    steps
        Number of time steps.
    current, arriving
        Bounds on what the input current and spikes add in a step.
    gathered
        Bound on what spikes add before the first.
    """
    bias = int(abs(population.bias).max())
    far = int(abs(population.initial).max()) + gathered
    if population.fires and population.negative_step is not None:
        # A spike of -1 may lift a potential past 0, by less than it adds.
        far = max(far, int(population.negative_step.max()))
    most = 1 if population.single_spike else population.most_spikes
    inhibited = population.inhibition * (population.size - 1) * most if population.fires else 0
    step = current + bias + arriving + inhibited
    if not population.leak:
        # Firing, floors and holding only draw a potential towards 0, or to where it began.
        return far + steps * step
    # V - sum(V >> a) leaves at most so much of V, and what the shifts round off.
    share = sum(2.0**-shift for shift in population.leak)
    grows = int(share > 2) + int(share > 3)
    widest, past = far, 1 << 62
    for _ in range(steps):
        far = far * (1 + grows) + len(population.leak) + step
        widest = max(widest, far)
        if widest >= past:
            break
    return widest
