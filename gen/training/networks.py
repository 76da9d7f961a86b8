"""The networks by the name that recipes give them."""

from torch import nn

from augend.gen.training.datta_networks import DattaVgg
from augend.gen.training.diehl_networks import Cnn, Mlp
from augend.gen.training.integer_networks import BinaryMlp, IntegerCnn
from augend.gen.training.lee_networks import LeeMlp
from augend.gen.training.rueckauer_networks import CifarCnn, Cnn7, LeNet, PrunedMlp

__all__ = ["NETWORKS", "CifarCnn", "Cnn", "Cnn7", "DattaVgg", "LeNet", "LeeMlp", "Mlp", "PrunedMlp"]

NETWORKS: dict[str, type[nn.Module]] = {
    "mlp": Mlp,
    "cnn": Cnn,
    "lenet": LeNet,
    "lee-mlp": LeeMlp,
    "datta-vgg": DattaVgg,
    "cnn7": Cnn7,
    "cifar-cnn": CifarCnn,
    "pruned-mlp": PrunedMlp,
    "binary-mlp": BinaryMlp,
    "integer-cnn": IntegerCnn,
}
"""What constructs each network; all of them take ``shape`` and ``classes``."""
