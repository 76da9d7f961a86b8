import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from augend.gen.frontends.source import load_source
from augend.gen.graph import ConversionError
from augend.gen.training.checkpoint import save_network
from augend.gen.training.networks import NETWORKS

FILE = """
import torch
from torch import nn

class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x):
        return self.fc(x)

module = Own()
number = 7

def make():
    return Own()

def fails():
    raise OSError("no weights")

def needs(argument):
    return argument
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(FILE)
    return path


@pytest.mark.parametrize("attribute", ["module", "make", "Own"])
def test_module_function_or_class_of_a_file(file, attribute) -> None:
    source = load_source(f"{file}:{attribute}")
    assert isinstance(source.module, nn.Module)
    assert source.module(torch.zeros(1, 3)).shape == (1, 2)
    assert (source.name, source.metadata) == (f"{file}:{attribute}", {})


@pytest.mark.parametrize(
    ("attribute", "message"),
    [
        (
            "number",
            (
                "'number' of {} is a int. Name a torch.nn.Module, or a function without "
                "arguments that returns one."
            ),
        ),
        ("missing", "{} has no attribute 'missing'. It has the modules module."),
        ("fails", "Calling fails() of {} fails: OSError: no weights"),
        ("", "'{}' is followed by a colon, but by no attribute. Write {}:attribute."),
    ],
)
def test_attributes_that_are_no_modules(file, attribute, message) -> None:
    with pytest.raises(ConversionError) as caught:
        load_source(f"{file}:{attribute}")
    assert str(caught.value) == message.format(file, file)


def test_a_function_with_arguments_is_refused(file) -> None:
    with pytest.raises(ConversionError, match=r"Calling needs\(\) of .* fails: TypeError"):
        load_source(f"{file}:needs")


def test_files_that_cannot_be_used(tmp_path) -> None:
    with pytest.raises(ConversionError, match="There is no Python file"):
        load_source(f"{tmp_path}/missing.py:net")
    broken = tmp_path / "broken.py"
    broken.write_text("import missing_package_of_nobody")
    with pytest.raises(ConversionError, match="fails when run: ModuleNotFoundError"):
        load_source(f"{broken}:net")
    with pytest.raises(ConversionError, match="names a Python file, but not what in it"):
        load_source(str(broken))
    with pytest.raises(ConversionError, match="neither file.py:attribute nor a network trained"):
        load_source(str(tmp_path / "missing.pt"))


def test_a_trained_network(tmp_path) -> None:
    arguments = {"shape": [1, 4, 4], "classes": 3, "hidden": [5]}
    network = NETWORKS["mlp"](**arguments)
    path = tmp_path / "ann.pt"
    save_network(path, network, {"recipe": "mlp", "arguments": arguments, "seed": 2})
    source = load_source(str(path))
    assert source.metadata["seed"] == 2
    images = torch.rand(2, 1, 4, 4)
    torch.testing.assert_close(source.module(images), network.eval()(images))


BUILDER = """
from torch import nn

def make():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))
"""


@pytest.fixture
def builder(tmp_path):
    path = tmp_path / "builder.py"
    path.write_text(BUILDER)
    return path


def trained():
    torch.manual_seed(3)
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(8, 3))


def prefixed(weights, prefix):
    return {prefix + name: value for name, value in weights.items()}


@pytest.mark.parametrize(
    "keep",
    [
        lambda weights: weights,
        lambda weights: {"state_dict": prefixed(weights, "module."), "epoch": 3, "best": 0.9},
        lambda weights: {"model": weights, "optimizer": {"state": {}, "param_groups": []}},
        lambda weights: {"model_state_dict": prefixed(weights, "_orig_mod.module.")},
        lambda weights: {"model": {"state_dict": prefixed(weights, "model.")}},
        lambda weights: {n: w for n, w in weights.items() if "num_batches" not in n},
        lambda weights: {n: w.half() if w.is_floating_point() else w for n, w in weights.items()},
    ],
)
def test_weights_of_torch_save_fill_what_a_file_builds(builder, keep) -> None:
    module = trained()
    torch.save(keep(module.state_dict()), builder.parent / "weights.pt")
    source = load_source(f"{builder}:make(weights.pt)")
    for name, value in module.state_dict().items():
        torch.testing.assert_close(source.module.state_dict()[name], value, atol=1e-3, rtol=0)
    assert source.name == f"{builder}:make(weights.pt)"


def test_weights_of_safetensors_fill_what_a_file_builds(builder) -> None:
    module, path = trained(), builder.parent / "weights.safetensors"
    save_file(module.state_dict(), path)
    source = load_source(f"{builder}:make({path})")
    assert torch.equal(source.module[3].weight, module[3].weight)


def test_weights_saved_on_a_gpu_are_loaded_on_the_cpu(builder, monkeypatch) -> None:
    asked = {}
    load = torch.load

    def watched(*arguments, **keywords):
        asked.update(keywords)
        return load(*arguments, **keywords)

    torch.save(trained().state_dict(), builder.parent / "weights.pt")
    monkeypatch.setattr(torch, "load", watched)
    load_source(f"{builder}:make(weights.pt)")
    assert asked == {"map_location": "cpu", "weights_only": True}


def test_weights_that_do_not_fit_are_listed(builder) -> None:
    weights = trained().state_dict()
    weights["head.weight"] = weights.pop("3.weight")
    weights["0.weight"] = torch.zeros(2, 1, 5, 5)
    torch.save(weights, builder.parent / "weights.pt")
    with pytest.raises(ConversionError) as caught:
        load_source(f"{builder}:make(weights.pt)")
    assert str(caught.value) == (
        f"The weights in {builder.parent / 'weights.pt'} do not fit Sequential: it lacks 3.weight; "
        "it has besides head.weight; other shapes: 0.weight (2, 1, 5, 5) instead of (2, 1, 3, 3). "
        "Name the function or class that makes the network they were trained in."
    )


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: torch.save(trained(), path), "holds Python objects besides tensors"),
        (lambda path: torch.save({"epoch": 3, "rate": 0.1}, path), "holds no weights by name"),
        (lambda path: torch.save([torch.zeros(2)], path), "holds no weights by name"),
        (lambda path: path.write_bytes(b"nothing"), "torch.save"),
        (lambda path: None, "There are no weights at"),
    ],
)
def test_files_without_usable_weights_are_refused(builder, write, message) -> None:
    write(builder.parent / "weights.pt")
    with pytest.raises(ConversionError, match=message):
        load_source(f"{builder}:make(weights.pt)")


def test_weights_alone_are_refused_with_the_way_to_name_their_network(tmp_path) -> None:
    for name in ("weights.pth", "weights.th", "weights.safetensors"):
        with pytest.raises(ConversionError, match=r"file\.py:Network\("):
            load_source(str(tmp_path / name))
    torch.save(trained().state_dict(), tmp_path / "weights.pt")
    with pytest.raises(ConversionError, match=r"file\.py:Network\("):
        load_source(str(tmp_path / "weights.pt"))
