"""Exact resume: N steps equal k steps, a file, and N - k steps in a fresh process, bit for bit."""

from __future__ import annotations

import copy
import io
from typing import Any

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, optim
from tinygrad_rnn.optim import lr_scheduler
from tinygrad_rnn.utils.data import DataLoader, TensorDataset

STEPS = 8  # of batches, three an epoch


class Tagger(nn.Module):
    """Everything that has a state: recurrent and dropped out, with statistics of its batches."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(2, 4, num_layers=2, dropout=0.5)
        self.norm = nn.BatchNorm1d(4)
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        y, _ = self.rnn(x.transpose(0, 1))
        return self.head(self.dropout(self.norm(y[-1])))


class Training:
    """As scripts train: the place in the data is the generator before the epoch, and how many batches were read."""

    def __init__(self, make_optimizer, make_schedule, generator: tg.Generator) -> None:
        self.model = Tagger()
        self.optimizer = make_optimizer(self.model.parameters())
        self.schedule = make_schedule(self.optimizer)
        self.generator = generator
        rng = np.random.default_rng(0)
        data = TensorDataset(*[tg.tensor(rng.normal(size=size).astype("f4")) for size in ((12, 5, 2), (12, 1))])
        self.loader = DataLoader(data, batch_size=4, shuffle=True, generator=generator)
        self.begin()

    def begin(self, read: int = 0) -> None:
        self.order, self.read = self.generator.get_state(), read
        self.ahead = iter(list(self.loader)[read:])  # the order is drawn here, and not at the first batch

    def step(self) -> float:
        if self.read == len(self.loader):
            self.begin()
        x, target = next(self.ahead)
        self.read += 1

        def closure():
            self.optimizer.zero_grad()
            loss = nn.functional.mse_loss(self.model(x), target)
            loss.backward()
            nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            return loss

        loss = self.optimizer.step(closure).item()
        self.schedule.step(*[loss] if isinstance(self.schedule, lr_scheduler.ReduceLROnPlateau) else [])
        return loss

    def checkpoint(self) -> dict[str, Any]:
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "data": {"order": self.order, "read": self.read, "generator": self.generator.get_state()},
            "random": tg.get_rng_state(),
        }

    def resume(self, checkpoint: dict[str, Any]) -> None:
        self.model.load_state_dict(checkpoint["model"])
        self.optimizer.load_state_dict(checkpoint["optimizer"])
        self.schedule.load_state_dict(checkpoint["schedule"])
        self.generator.set_state(checkpoint["data"]["order"])
        self.begin(checkpoint["data"]["read"])
        self.generator.set_state(checkpoint["data"]["generator"])
        tg.set_rng_state(checkpoint["random"])


def bits(found: Any) -> Any:
    """Something that is equal only where every bit of every tensor is."""
    if isinstance(found, dict):
        return {key: bits(value) for key, value in found.items()}
    if isinstance(found, (list, tuple)):
        return [bits(value) for value in found]
    return (str(found.dtype), tuple(found.shape), found.numpy().tobytes()) if isinstance(found, tg.Tensor) else found


OPTIMIZERS = {
    "SGD": lambda params: optim.SGD(params, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    "Adam": lambda params: optim.Adam(params, lr=0.01, amsgrad=True),
    "AdamW": lambda params: optim.AdamW(params, lr=0.01),
    "RMSprop": lambda params: optim.RMSprop(params, lr=0.01, momentum=0.5, centered=True),
    "Adagrad": lambda params: optim.Adagrad(params, lr=0.1, lr_decay=0.1),
    "Adadelta": lambda params: optim.Adadelta(params, lr=1.0),
    "Adamax": lambda params: optim.Adamax(params, lr=0.01),
    "NAdam": lambda params: optim.NAdam(params, lr=0.01),
    "RAdam": lambda params: optim.RAdam(params, lr=0.01),
    "Rprop": lambda params: optim.Rprop(params, lr=0.01),
    "ASGD": lambda params: optim.ASGD(params, lr=0.1, lambd=0.1, t0=2),
    "LBFGS": lambda params: optim.LBFGS(params, lr=0.1, max_iter=3, history_size=4),
}
SCHEDULES = {
    "StepLR": lambda optimizer: lr_scheduler.StepLR(optimizer, 2, 0.5),
    "MultiStepLR": lambda optimizer: lr_scheduler.MultiStepLR(optimizer, [1, 4, 4, 6], 0.5),
    "ExponentialLR": lambda optimizer: lr_scheduler.ExponentialLR(optimizer, 0.9),
    "CosineAnnealingLR": lambda optimizer: lr_scheduler.CosineAnnealingLR(optimizer, 5),
    "LambdaLR": lambda optimizer: lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch)),
    "ReduceLROnPlateau": lambda optimizer: lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5),
    "OneCycleLR": lambda optimizer: lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=STEPS + 1),
    "CyclicLR": lambda optimizer: lr_scheduler.CyclicLR(optimizer, 0.01, 0.1, 3, mode="exp_range", gamma=0.9),
    "ConstantLR": lambda optimizer: lr_scheduler.ConstantLR(optimizer, 0.5, 6),
    "LinearLR": lambda optimizer: lr_scheduler.LinearLR(optimizer, total_iters=6),
    "PolynomialLR": lambda optimizer: lr_scheduler.PolynomialLR(optimizer, 2 * STEPS, 2.0),
    "MultiplicativeLR": lambda optimizer: lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9),
    "CosineAnnealingWarmRestarts": lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2, 2),
    "SequentialLR": lambda optimizer: lr_scheduler.SequentialLR(
        optimizer, [lr_scheduler.LinearLR(optimizer), lr_scheduler.ExponentialLR(optimizer, 0.9)], [4]
    ),
    "ChainedScheduler": lambda optimizer: lr_scheduler.ChainedScheduler(
        [lr_scheduler.LinearLR(optimizer), lr_scheduler.StepLR(optimizer, 3)]
    ),
}
CASES = [
    *[(name, "StepLR", 4) for name in OPTIMIZERS],
    *[("Adam", name, 5) for name in SCHEDULES],
    ("SGD", "OneCycleLR", 5),
    *[("Adam", "StepLR", k) for k in range(STEPS + 1)],
]


def test_none_is_left_out():
    assert set(OPTIMIZERS) == set(optim.__all__) - {"Optimizer", "lr_scheduler"}
    assert set(SCHEDULES) == set(lr_scheduler.__all__) - {"LRScheduler"}


@pytest.mark.parametrize("own_generator", [True, False], ids=["own", "default"])
@pytest.mark.parametrize(("optimizer", "schedule", "k"), CASES)
def test_resuming_changes_no_bit(optimizer, schedule, k, own_generator, tmp_path):
    def training(seed: int) -> Training:
        tg.manual_seed(seed)
        generator = tg.Generator().manual_seed(seed) if own_generator else tg.default_generator
        return Training(OPTIMIZERS[optimizer], SCHEDULES[schedule], generator)

    whole = training(0)
    losses = [whole.step() for _ in range(STEPS)]
    expected = bits(whole.checkpoint())

    first = training(0)
    assert [first.step() for _ in range(k)] == losses[:k]
    tg.save(first.checkpoint(), tmp_path / "checkpoint.pt")

    second = training(7)  # as a fresh process would: other weights, other random numbers
    second.resume(tg.load(tmp_path / "checkpoint.pt"))
    assert [second.step() for _ in range(STEPS - k)] == losses[k:]
    found = bits(second.checkpoint())
    assert found == expected


@pytest.mark.parametrize("forgotten", ["nothing", "model", "optimizer", "schedule", "data", "random"])
def test_the_test_above_notices_what_is_forgotten(forgotten):
    first = Training(OPTIMIZERS["SGD"], SCHEDULES["StepLR"], tg.Generator().manual_seed(0))
    fresh = Training(OPTIMIZERS["SGD"], SCHEDULES["StepLR"], tg.Generator().manual_seed(7))
    file = io.BytesIO()
    tg.save(fresh.checkpoint(), file)
    first.step()
    checkpoint = copy.deepcopy(first.checkpoint())
    expected = [first.step() for _ in range(4)]
    if forgotten != "nothing":
        checkpoint[forgotten] = tg.load(io.BytesIO(file.getvalue()))[forgotten]
    fresh.resume(checkpoint)
    assert ([fresh.step() for _ in range(4)] == expected) == (forgotten == "nothing")
