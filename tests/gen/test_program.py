import dataclasses
import json

import numpy as np
import pytest
import safetensors.numpy

from augend.gen.network import Gate, Input, Population, Projection, SpikingNetwork
from augend.gen.program import Program, ProgramError
from augend.gen.program_file import pack_network, unpack_network
from augend.gen.scaling import InputScaling, PixelError


def network(**changes):
    rng = np.random.default_rng(0)
    first = Population(
        name="conv",
        shape=(2, 3, 3),
        threshold=np.array([70, 90]),
        bias=rng.integers(-9, 9, (2, 3, 3)),
        initial=np.array([35, 45]),
        current_shift=np.array([7, 9]),
    )
    last = Population(
        name="scores",
        shape=(4,),
        threshold=np.ones(4, int),
        bias=np.arange(4),
        initial=np.zeros(4, int),
        reset="none",
    )
    options = {
        "input": Input(shape=(1, 3, 3)),
        "populations": (first, last),
        "projections": (
            Projection(
                source="input",
                target="conv",
                kind="conv",
                weight=rng.integers(-128, 128, (2, 1, 3, 2)),
                padding=(1, 0),
            ),
            Projection(
                source="conv", target="scores", kind="dense", weight=rng.integers(-9, 9, (4, 18))
            ),
        ),
        "timesteps": 3,
        "schedule": "phased",
    }
    return SpikingNetwork(**{**options, **changes})


@pytest.fixture
def program():
    return Program(
        network=network(),
        scaling=InputScaling(low=-1, high=1, mean=(0.5,), std=(0.25,)),
        lanes=4,
        cores=2,
        ann_macs={"conv": 54},
        metadata={"seed": 3, "norm": "mse"},
    )


@pytest.fixture
def saved(program, tmp_path):
    path = tmp_path / "net.augend"
    program.save(path)
    return path


def test_round_trip(program, saved) -> None:
    again = Program.load(saved)
    assert again.hash == program.hash
    assert (again.lanes, again.cores, again.classes) == (4, 2, 4)
    assert (again.scaling, again.ann_macs) == (program.scaling, program.ann_macs)
    assert again.metadata == program.metadata
    for one, other in zip(again.network.populations, program.network.populations, strict=True):
        for field in dataclasses.fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    for one, other in zip(again.network.projections, program.network.projections, strict=True):
        for field in dataclasses.fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name))
    assert again.network.schedule == "phased"
    again.save(saved.with_name("again"))
    assert saved.with_name("again").read_bytes() == saved.read_bytes()
    assert sorted(p.name for p in saved.parent.iterdir()) == ["again", "net.augend"]


def everything():
    """A network that uses every field of the contract."""
    rng = np.random.default_rng(1)
    first = Population(
        name="conv",
        shape=(2, 3, 3),
        threshold=np.array([70, 90]),
        bias=rng.integers(-9, 9, (2, 3, 3)),
        initial=np.array([35, 45]),
        reset="zero",
        current_shift=np.array([7, 9]),
        negative_threshold=np.array([60, 50]),
        negative_step=np.array([1, 2]),
        takes_back=True,
        leak=(4, 6),
        floor=np.array([-900, -800]),
        single_spike=True,
        clamp_steps=np.int64(1),
        refractory=2,
        inhibition=3,
        most_spikes=4,
    )
    last = dataclasses.replace(
        network().populations[1], reset="subtract", negative_threshold=np.full(4, 3)
    )
    return network(
        input=Input(shape=(1, 3, 3), encoding="hybrid", bits=3, seed=77, rate=500),
        populations=(first, last),
        projections=(
            network().projections[0],
            Projection(
                source="pool",
                target="scores",
                kind="dense",
                weight=rng.integers(-4, 4, (2, 4)),
                source_channels=(1, 2),
                target_channels=(1, 3),
                shift=5,
                bits=3,
            ),
            Projection(
                source="scores", target="conv", kind="dense", weight=np.ones((18, 4), int), delay=1
            ),
        ),
        gates=(
            Gate(
                name="pool",
                source="conv",
                shape=(2, 2, 2),
                kernel=(2, 2),
                stride=(1, 1),
                dilation=(2, 2),
                padding=(1, 1),
                rule="rate",
                decay=7,
            ),
        ),
        schedule="synchronous",
        decode="first_spike",
    )


def test_everything_makes_the_round_trip(tmp_path) -> None:
    program = Program(network=everything())
    program.save(tmp_path / "net.augend")
    again = Program.load(tmp_path / "net.augend").network
    for key in ("populations", "projections", "gates"):
        for one, other in zip(getattr(again, key), getattr(everything(), key), strict=True):
            for f in dataclasses.fields(one):
                np.testing.assert_array_equal(getattr(one, f.name), getattr(other, f.name))
    assert again.input == everything().input
    for key in ("decode", "schedule", "exit_margin", "rectified", "timesteps", "weight_bits"):
        assert getattr(again, key) == getattr(everything(), key)


def test_every_field_of_the_contract_counts_in_the_hash(tmp_path) -> None:
    whole = everything()
    hashes = {Program(network=whole).hash}
    changes = {
        "populations": {
            "threshold": np.array([71, 90]),
            "initial": np.array([36, 45]),
            "reset": "subtract",
            "current_shift": np.array([6, 9]),
            "negative_threshold": np.array([61, 50]),
            "negative_step": np.array([60, 50]),
            "takes_back": False,
            "leak": (4,),
            "floor": np.array([-901, -800]),
            "single_spike": False,
            "clamp_steps": 2,
            "refractory": 1,
            "inhibition": 2,
            "most_spikes": 5,
        },
        "gates": {"rule": "count", "decay": 8, "kernel": (3, 2), "stride": (2, 2)},
    }
    for key, options in changes.items():
        for name, value in options.items():
            first = dataclasses.replace(getattr(whole, key)[0], **{name: value})
            parts = (first, *getattr(whole, key)[1:])
            hashes.add(Program(network=dataclasses.replace(whole, **{key: parts})).hash)
    second = whole.projections[1]
    for options in (
        {"shift": 4},
        {"bits": 4},
        {"target_channels": (2, 4)},
        {"source_channels": (0, 1)},
        {"delay": 1},
    ):
        changed = whole.projections[0], dataclasses.replace(second, **options), whole.projections[2]
        hashes.add(Program(network=dataclasses.replace(whole, projections=changed)).hash)
    for options in (
        {"decode": "count"},
        {"input": dataclasses.replace(whole.input, seed=78)},
        {"input": dataclasses.replace(whole.input, rate=501)},
    ):
        hashes.add(Program(network=dataclasses.replace(whole, **options)).hash)
    assert len(hashes) == 1 + 14 + 4 + 5 + 3


def test_what_is_at_its_default_takes_no_room(program) -> None:
    description, arrays = pack_network(program.network)
    assert description["populations"][0] == {"name": "conv", "shape": [2, 3, 3]}
    assert sorted(description["projections"][1]) == ["kind", "source", "target"]
    assert not any("negative" in name or "floor" in name for name in arrays)


def test_numbers_of_events_are_taken_up_to_their_width() -> None:
    hidden = dataclasses.replace(network().populations[0], current_shift=None)
    counted = network(
        input=Input(shape=(1, 3, 3), encoding="events", bits=2),
        populations=(hidden, network().populations[1]),
    )
    program = Program(network=counted)
    events = np.full((2, 3, 1, 3, 3), 3)
    assert program.encode(events.astype(float)).dtype == np.uint8
    for wrong in (events + 1, events - 4, events + 0.5, events[0], events.astype(str)):
        with pytest.raises(PixelError, match="Events must be integers of 0 to 3 of shape"):
            program.encode(wrong)


def test_a_field_that_is_not_of_the_contract_is_refused(program) -> None:
    description, arrays = pack_network(program.network)
    description["populations"][0]["mood"] = "good"
    with pytest.raises(TypeError, match="Population has no mood"):
        unpack_network(description, arrays)


def test_hash_is_of_what_decides_results(program) -> None:
    changed = [
        dataclasses.replace(program, lanes=8),
        dataclasses.replace(program, cores=1),
        dataclasses.replace(program, scaling=InputScaling()),
        dataclasses.replace(program, network=network(timesteps=4)),
        dataclasses.replace(program, network=network(rectified=True)),
    ]
    assert len({program.hash, *(other.hash for other in changed)}) == 6
    assert dataclasses.replace(program, metadata={}).hash == program.hash


def test_every_truncation_and_every_flipped_bit_is_refused(saved) -> None:
    content = saved.read_bytes()
    rng = np.random.default_rng(0)
    bad = saved.with_name("bad.augend")
    for length in [0, 1, 7, 8, 9, *rng.integers(10, len(content), 40), len(content) - 1]:
        bad.write_bytes(content[:length])
        with pytest.raises(ProgramError):
            Program.load(bad)
    for bit in {0, 8 * len(content) - 1, *rng.integers(0, 8 * len(content), 400).tolist()}:
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        bad.write_bytes(flipped)
        with pytest.raises(ProgramError):
            Program.load(bad)


def rewritten(path, **header):
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    old = json.loads(content[8 : 8 + length])["__metadata__"]
    path.write_bytes(
        safetensors.numpy.save(safetensors.numpy.load(content), metadata={**old, **header})
    )


def test_another_version_is_refused(saved) -> None:
    rewritten(saved, version="1")
    with pytest.raises(ProgramError) as caught:
        Program.load(saved)
    assert str(caught.value) == (
        f"{saved} has version '1' of the program format, and this Augend reads version 3. Convert "
        "the network again with this Augend."
    )


def test_foreign_files_are_refused(tmp_path) -> None:
    tensors = tmp_path / "tensors.safetensors"
    tensors.write_bytes(safetensors.numpy.save({"a": np.zeros(3)}))
    with pytest.raises(ProgramError, match="holds tensors, but they are no Augend program"):
        Program.load(tensors)
    text = tmp_path / "text"
    text.write_text("hello, this is no program at all")
    with pytest.raises(ProgramError, match="is no Augend program, or it is cut short or damaged"):
        Program.load(text)
    with pytest.raises(ProgramError, match="There is no file .*missing"):
        Program.load(tmp_path / "missing")
    with pytest.raises(ProgramError, match="cannot be read"):
        Program.load(tmp_path)


def test_a_pickle_is_refused_and_not_executed(tmp_path) -> None:
    import pickle

    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "executed"), "w"))

    path = tmp_path / "net.augend"
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ProgramError):
        Program.load(path)
    assert not (tmp_path / "executed").exists()


def test_a_failed_save_leaves_the_old_file(program, saved, monkeypatch) -> None:
    before = saved.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ProgramError, match="cannot be written: No space left on device"):
        dataclasses.replace(program, lanes=1).save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == ["net.augend"]
    with pytest.raises(ProgramError, match="There is no folder"):
        program.save(saved.parent / "missing" / "net.augend")


@pytest.mark.parametrize("key", ["lanes", "cores"])
@pytest.mark.parametrize("value", [0, 1.5, True])
def test_lanes_and_cores_must_be_numbers(key, value) -> None:
    with pytest.raises(ProgramError) as caught:
        Program(network=network(), **{key: value})
    assert str(caught.value) == f"{key} must be an integer of at least 1, not {value!r}."


def test_summary(program) -> None:
    conv, scores = program.summary()
    assert (conv.population, conv.shape, conv.neurons) == ("conv", (2, 3, 3), 18)
    assert conv.synapses == 2 * (3 + 3 + 1) * (2 + 2 + 1) or conv.synapses == 2 * 7 * 5
    assert (conv.fan_in, conv.threshold, conv.current_shift) == (6, (70, 90), (7, 9))
    assert conv.potential_bits == program.bounds["conv"].potential_bits
    assert (scores.synapses, scores.threshold, scores.current_shift) == (72, None, None)
    assert conv.options == ()
    conv, scores = Program(network=everything()).summary()
    assert conv.options[-2:] == ("a delay", "max-pool gate by rate")
    assert "several spikes a step" in conv.options
    assert (conv.weight_bits, scores.weight_bits) == (8, 3)
    assert scores.synapses == 4 * 2
