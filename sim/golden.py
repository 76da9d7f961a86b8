"""The golden model: what the hardware must do, every spike, every potential, every addition.

Undelayed projections only lead forwards and the additions of a step commute, so a population is run
through all its time steps before the next one; inside a population the order is the contract's.
Populations among which delayed spikes run backwards are stepped together.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from augend.gen.network import INPUT, Ints, SpikingNetwork
from augend.sim.chunk import Chunk, Plan
from augend.sim.decoding import exit_steps, scores_of
from augend.sim.engine import Engine
from augend.sim.gating import Gating
from augend.sim.layer import Layer
from augend.sim.result import GoldenResult, joined
from augend.sim.stages import loops, root_of, stages
from augend.sim.synapses import unflatten

__all__ = ["GoldenModel", "GoldenResult", "Record", "run"]

Record = bool | Literal["trains", "steps"]


class GoldenModel:
    """A network made ready; ``run`` may be called any number of times.

    Parameters
    ----------
    network
        What to run.
    record
        What to keep of every step: nothing, ``trains`` (spikes alone: little memory), ``steps``
        (spikes, operations and scores of each step, and no trains) or everything.
    engine
        What computes it: `augend.sim.event_walk.COMPILED`, unless another is given; Numba compiles
        it when it first runs on a machine. `augend.sim.reference.REFERENCE` is plain NumPy.
    threads
        How many images' chunks to run at once; one a processor, unless given. It changes no result.

    Raises
    ------
    ValueError
        The potentials could leave 62 bits, or what is to be recorded or the threads make no sense.
    """

    def __init__(
        self,
        network: SpikingNetwork,
        *,
        record: Record = False,
        engine: Engine | None = None,
        threads: int | None = None,
    ) -> None:
        if record not in (False, True, "trains", "steps"):
            raise ValueError(f"Record must be False, True, 'trains' or 'steps', not {record!r}")
        if threads is not None and threads < 1:
            raise ValueError(f"Threads must be at least 1, not {threads!r}")
        self.network = network
        self.record = record
        self.threads = threads or os.cpu_count() or 1
        self.engine = engine or _compiled()
        self.plan = _plan(network, record, self.engine)
        self.layers = [layer for stage in self.plan.stages for layer in stage]
        often = network.exit_margin is not None or network.softmax is not None
        self._updates = {
            p.name: (p.size, p.fires or not p.plain or often) for p in network.populations
        }
        self._updates |= {gate.name: (gate.size, True) for gate in network.gates}

    def run(self, pixels: npt.ArrayLike) -> GoldenResult:
        """Run images: integers (images, *shape), or (images, steps, *shape) for events."""
        checked = self._checked(np.asarray(pixels))
        # What one image takes in the widest layer: a spike and a sum a step, current and counts.
        widest = max(layer.neurons for layer in self.layers)
        chunk = max(1, self.engine.working_set // (widest * (3 * self.network.timesteps + 8)))
        starts = range(0, max(1, len(checked)), chunk)
        parts = (checked[start : start + chunk] for start in starts)
        threads = min(self.threads, len(starts))
        if threads == 1:
            result = joined([self._run_chunk(part) for part in parts])
        else:
            with ThreadPoolExecutor(threads) as pool:
                result = joined(list(pool.map(self._run_chunk, parts)))
        ran = result.exit_step
        updates = {
            name: updates * (ran if every_step else np.ones_like(ran))
            for name, (updates, every_step) in self._updates.items()
        }
        return replace(result, updates=updates)

    def _checked(self, pixels: npt.NDArray) -> npt.NDArray[np.uint8]:
        entry = self.network.input
        expected = entry.shape
        if entry.encoding == "events":
            expected = (self.network.timesteps, *entry.shape)
        greatest = (1 << entry.bits) - 1
        if pixels.dtype.kind not in "iub":
            raise ValueError(
                f"Pixels must be integers of 0 to {greatest}, not {pixels.dtype}; "
                f"quantise them first"
            )
        if pixels.ndim != 1 + len(expected) or pixels.shape[1:] != expected:
            raise ValueError(
                f"Pixels for input encoding {entry.encoding!r} must have shape "
                f"(images, {', '.join(map(str, expected))}), not {pixels.shape}"
            )
        if pixels.size and (pixels.min() < 0 or pixels.max() > greatest):
            raise ValueError(
                f"Pixels must be 0 to {greatest}, not {pixels.min()} to {pixels.max()}"
            )
        return pixels.astype(np.uint8, copy=False)

    def _run_chunk(self, pixels: npt.NDArray[np.uint8]) -> GoldenResult:
        network, plan = self.network, self.plan
        chunk = Chunk(plan, pixels)
        chunk.run()
        read = scores_of(network, *chunk.readout, plan.stepwise)
        shape = network.readout.shape
        read = unflatten(read, shape).reshape(*read.shape)  # (images, steps or 1, classes)
        if not plan.stepwise:
            ran = np.full(len(pixels), network.timesteps)
            return self._result(chunk, read[:, -1], ran)
        ran = exit_steps(network, read)
        after = np.arange(network.timesteps) >= ran[:, None]  # (images, steps)
        for tallies in (chunk.spikes, chunk.operations):
            for tally in tallies.values():
                tally[after] = 0
        for train in chunk.trains.values():
            train[after] = 0
        read = _stay(read, ran)
        chunk.potentials = {name: _stay(kept, ran) for name, kept in chunk.potentials.items()}
        return self._result(chunk, read[:, -1], ran, read)

    def _result(
        self, chunk: Chunk, scores: Ints, ran: Ints, read: Ints | None = None
    ) -> GoldenResult:
        """Result of a chunk, given the scores at the end, the steps run, and scores after each."""
        stepwise = read is not None
        spikes, operations = dict(chunk.spikes), dict(chunk.operations)
        steps: dict = {}
        if self.record in (True, "steps"):
            steps = {"step_spikes": dict(spikes), "step_operations": dict(operations)}
            steps["step_scores"] = read
        if stepwise:
            spikes, operations = (
                {name: tally.sum(1) for name, tally in tallies.items()}
                for tallies in (spikes, operations)
            )
        return GoldenResult(
            predictions=scores.argmax(1),
            scores=scores,
            input_spikes=spikes.pop(INPUT),
            spikes=spikes,
            operations=operations,
            updates={},
            exit_step=ran,
            trains=chunk.trains,
            potentials=chunk.potentials,
            current=chunk.current,
            **steps,
        )


def run(
    network: SpikingNetwork,
    pixels: npt.ArrayLike,
    *,
    record: Record = False,
    threads: int | None = None,
) -> GoldenResult:
    """Run images through a network.

    Parameters
    ----------
    network
        What to run; to run it often, keep a ``GoldenModel``.
    pixels
        Integers: (images, *shape) of 0 to 2**bits - 1, (images, steps, *shape) for events.
    record, threads
        As for a ``GoldenModel``.

    Raises
    ------
    ValueError
        The pixels have another type, shape or range than the network's input.
    """
    return GoldenModel(network, record=record, threads=threads).run(pixels)


def _compiled() -> Engine:
    """Return the compiled engine; Numba is imported only when there is something to run."""
    from augend.sim.event_walk import COMPILED

    return COMPILED


def _plan(network: SpikingNetwork, record: Record, engine: Engine) -> Plan:
    """Decide what to compute in which order, and what to remember on the way."""
    early = network.exit_margin is not None or network.softmax is not None
    stepwise = early or record in (True, "steps")
    keep_trains = record in (True, "trains")
    runs, number = [], {}
    for index, stage in enumerate(stages(network)):
        looped = loops(network, stage)
        sources = [p.name for p in network.populations] + [gate.name for gate in network.gates]
        together = frozenset(name for name in sources if looped and root_of(network, name) in stage)
        runs.append(
            tuple(
                Layer.of(network, network.population(name), engine, stepwise, together)
                for name in stage
            )
        )
        number |= dict.fromkeys(stage, index)
    followed = {gate.source for gate in network.gates}
    last_use: dict[str, int] = {}
    for layer in (layer for stage in runs for layer in stage):
        for synapses in layer.spiking:
            source = synapses.projection.source
            last_use[source] = max(last_use.get(source, 0), number[layer.population.name])
            if not layer.gathers:
                followed.add(source)
    if network.decode == "first_spike":
        followed.add(network.readout.name)
    if stepwise or keep_trains:
        followed |= set(number)
    sizes = {INPUT: int(np.prod(network.input.shape))}
    sizes |= {part.name: part.size for part in (*network.populations, *network.gates)}
    return Plan(
        network=network,
        engine=engine,
        stages=tuple(runs),
        gates=tuple(Gating.of(gate, network.shape_of(gate.source)) for gate in network.gates),
        stepwise=stepwise,
        keep_trains=keep_trains,
        keep_potentials=record is True,
        firing=frozenset(sizes) - {INPUT, *(p.name for p in network.populations if not p.fires)},
        followed=frozenset(followed),
        last_use=last_use,
        each={name: np.ones(size, np.int64) for name, size in sizes.items()},
    )


def _stay(values: Ints, ran: Ints) -> Ints:
    """Let values (images, steps, ...) keep, from an exit on, what they were then."""
    step = np.minimum(np.arange(values.shape[1]), ran[:, None] - 1)
    return values[np.arange(len(values))[:, None], step]
