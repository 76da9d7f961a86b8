import pytest
import torch
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
