"""Checkpoints: what goes in comes out, and what should not come in is refused by name."""

import json
import pickle
import stat
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from augend.gen.training import CheckpointError, Mlp, load_network, save_network, train

ARGUMENTS = {"shape": [1, 2, 2], "classes": 3, "hidden": [4]}
METADATA = {"recipe": "mlp", "arguments": ARGUMENTS, "seed": 1}


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "ann.pt"
    save_network(path, Mlp(**ARGUMENTS), METADATA)
    return path


def test_training_round_trip(tmp_path):
    path = tmp_path / "new" / "folder" / "ann.pt"
    result = train("cnn", "digits", epochs=1, seed=3, output=path, quiet=True)
    network, metadata = load_network(path)
    images = torch.rand(5, 1, 8, 8)
    assert torch.equal(network(images), result.module(images))
    assert not network.training
    assert metadata == json.loads(json.dumps(result.metadata))
    assert {"recipe", "data", "seed", "epochs", "test_accuracy", "versions"} <= set(metadata)


def test_loading_leaves_the_random_numbers_alone(kept):
    before = torch.get_rng_state()
    load_network(kept)
    assert torch.equal(torch.get_rng_state(), before)


def test_written_in_one_go(kept, monkeypatch):
    old = kept.read_bytes()

    def interrupted(tensors, target, metadata):
        Path(target).write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr("augend.gen.training.checkpoint.save_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        save_network(kept, Mlp(**ARGUMENTS), METADATA)
    assert kept.read_bytes() == old
    assert list(kept.parent.iterdir()) == [kept]
    assert stat.S_IMODE(kept.stat().st_mode) == 0o644


def test_missing(tmp_path):
    path = tmp_path / "ann.pt"
    with pytest.raises(CheckpointError) as error:
        load_network(path)
    assert str(error.value) == (
        f"there is no trained network at {path}; train one with: augend train --output {path}"
    )


def test_cut_short(kept):
    kept.write_bytes(kept.read_bytes()[:-7])
    with pytest.raises(CheckpointError, match="is damaged or is not a network trained by augend"):
        load_network(kept)


def test_a_pickle_is_not_executed(tmp_path):
    class Attack:
        def __reduce__(self):
            return Path.touch, (tmp_path / "executed",)

    path = tmp_path / "ann.pt"
    path.write_bytes(pickle.dumps(Attack()))
    with pytest.raises(CheckpointError, match=r"A file of torch\.save is not read"):
        load_network(path)
    torch.save({"weights": torch.zeros(2)}, path)
    with pytest.raises(CheckpointError, match=r"A file of torch\.save is not read"):
        load_network(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("description", "message"),
    [
        (None, "no description by augend: it was written by another program"),
        ("{", "the description in .* is damaged"),
        ("[]", "is not of format 1, the one that this augend reads"),
        (json.dumps({**METADATA, "format": 2}), "is not of format 1"),
        (
            json.dumps({**METADATA, "format": 1, "recipe": "os.system"}),
            "describes a network 'os.system'; this augend knows mlp, cnn",
        ),
        (
            json.dumps({**METADATA, "format": 1, "arguments": {"depth": 3}}),
            "describes a mlp that cannot be made: .*depth",
        ),
        (json.dumps({**METADATA, "format": 1}), r"the tensors in .* do not fit the mlp network"),
    ],
)
def test_foreign_files(tmp_path, description, message):
    path = tmp_path / "ann.pt"
    metadata = None if description is None else {"augend-network": description}
    save_file({"other": torch.zeros(3)}, path, metadata=metadata)
    with pytest.raises(CheckpointError, match=message):
        load_network(path)


def test_metadata_must_describe_the_network(tmp_path):
    with pytest.raises(CheckpointError, match="^a trained network cannot be kept without its 'arg"):
        save_network(tmp_path / "ann.pt", Mlp(**ARGUMENTS), {"recipe": "mlp"})
    assert not list(tmp_path.iterdir())
