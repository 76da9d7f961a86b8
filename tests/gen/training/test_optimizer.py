"""Learning rates in the course of training."""

import pytest
import torch

from augend.gen.training import Optimizer


def rates(steps=8, **chosen):
    weight = torch.nn.Parameter(torch.ones(1))
    optimizer, schedule = Optimizer(learning_rate=1.0, **chosen).start([weight], steps)
    found = []
    for _ in range(steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return found


@pytest.mark.parametrize("kind", ["adamw", "adam", "sgd"])
def test_constant(kind):
    assert rates(kind=kind, schedule="constant") == [1.0] * 8


def test_step():
    found = rates(kind="sgd", schedule="step", milestones=(0.25, 0.5), factor=0.5)
    assert found == [1, 1, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25]


def test_cosine_and_one_cycle():
    found = rates(schedule="cosine")
    assert found == sorted(found, reverse=True) and found[4] == pytest.approx(0.5)
    found = rates(kind="sgd", schedule="one-cycle", warm_up=0.25)
    assert found[0] < 0.1 and max(found) == pytest.approx(1) and found[-1] < 0.01


def test_momentum_of_sgd():
    weight = torch.nn.Parameter(torch.zeros(1))
    chosen = Optimizer(kind="sgd", learning_rate=1, weight_decay=0, momentum=0.5)
    optimizer, _ = chosen.start([weight], 4)
    for group in optimizer.param_groups:
        group["lr"] = 1.0
    for _ in range(2):
        weight.grad = torch.ones(1)
        optimizer.step()
    assert weight.item() == -2.5


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"kind": "lbfgs"}, "kind is 'lbfgs'; choose adamw, adam, sgd"),
        ({"schedule": "up"}, "schedule is 'up'; choose one-cycle, constant, step, cosine"),
        ({"learning_rate": 0}, "learning rate 0 must be above 0"),
        ({"momentum": 0.5}, "momentum is 0.5 of adamw; only sgd has one"),
        ({"warm_up": 1}, "warm_up is 1, milestones"),
        ({"milestones": (0.5,)}, "schedule 'one-cycle' with milestones"),
    ],
)
def test_refusals(chosen, message):
    with pytest.raises(ValueError, match=message):
        Optimizer(**{"learning_rate": 1.0} | chosen)
