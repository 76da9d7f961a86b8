"""Networks of torchvision with random weights and statistics, beside any build of PyTorch."""

import importlib
import sys
import types
from typing import Any

import pytest
import torch
from torch import nn

FAKES = "torchvision._meta_registrations"


def networks() -> Any:
    """``torchvision.models``; the test is skipped where torchvision cannot be had.

    Wheels of torchvision are built for one PyTorch. Beside another, e.g. one for CPUs, their own
    operators (non-maximum suppression and the like) are missing; no network here needs them.
    """
    try:
        try:
            importlib.import_module("torchvision")
        except RuntimeError:
            for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
                del sys.modules[name]
            sys.modules[FAKES] = types.ModuleType(FAKES)
        return importlib.import_module("torchvision.models")
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"torchvision cannot be imported: {error}")


def network(name: str) -> nn.Module:
    """A network of torchvision for ten classes, in evaluation mode."""
    torch.manual_seed(0)
    more = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    module = getattr(networks(), name)(weights=None, num_classes=10, **more)
    if name.startswith("vgg"):
        module.classifier = nn.Linear(512 * 7 * 7, 10)  # 120 million weights less to multiply
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 1.5)
    return module.eval()
