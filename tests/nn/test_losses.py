"""Losses as modules: values and gradients against torch, for every option."""

from __future__ import annotations

from inspect import signature

import numpy as np
import pytest

import tinygrad_rnn.nn as nn
import tinygrad_rnn.nn.functional as F
from tinygrad_rnn.tensor import Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 4))
Y = RNG.normal(size=(6, 4)) * 2
LOGP = X - np.log(np.exp(X).sum(1, keepdims=True))
CHANCES, CLASSES = RNG.uniform(size=(6, 4)), np.array([0, 3, 1, 1, 2, 0])
SOFT = np.exp(Y) / np.exp(Y).sum(1, keepdims=True)
WEIGHT = np.array([0.5, 1.0, 2.0, 0.1])

CASES = [
    ("CrossEntropyLoss", {}, X, CLASSES),
    ("CrossEntropyLoss", {"ignore_index": 1}, X, CLASSES),
    ("CrossEntropyLoss", {"weight": WEIGHT}, X, CLASSES),
    ("CrossEntropyLoss", {"label_smoothing": 0.2}, X, CLASSES),
    ("CrossEntropyLoss", {"weight": WEIGHT, "label_smoothing": 0.2}, X, SOFT),
    ("CrossEntropyLoss", {}, X.reshape(2, 4, 3), CLASSES.reshape(2, 3)),
    ("NLLLoss", {}, LOGP, CLASSES),
    ("NLLLoss", {"ignore_index": 0, "weight": WEIGHT}, LOGP, CLASSES),
    ("MSELoss", {}, X, Y),
    ("L1Loss", {}, X, Y),
    ("SmoothL1Loss", {}, X, Y),
    ("SmoothL1Loss", {"beta": 0.3}, X, Y),
    ("HuberLoss", {}, X, Y),
    ("HuberLoss", {"delta": 0.4}, X, Y),
    ("BCELoss", {}, CHANCES, SOFT),
    ("BCELoss", {"weight": WEIGHT}, CHANCES, SOFT),
    ("BCEWithLogitsLoss", {}, X, SOFT),
    ("BCEWithLogitsLoss", {"pos_weight": WEIGHT}, X, SOFT),
    ("BCEWithLogitsLoss", {"pos_weight": WEIGHT, "weight": WEIGHT}, X, SOFT),
    ("KLDivLoss", {}, LOGP, SOFT),
    ("KLDivLoss", {"log_target": True}, LOGP, np.log(SOFT)),
]
LOSSES = sorted({name for name, *_ in CASES})


def with_tensors(options, wrap):
    return {key: wrap(value) if isinstance(value, np.ndarray) else value for key, value in options.items()}


def cast(x, dtype):
    return x.astype(dtype) if x.dtype.kind == "f" else x


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 1e-12), ("f4", 2e-5)])
@pytest.mark.parametrize(("name", "options", "x", "target"), CASES)
def test_as_torch(name, options, x, target, dtype, tolerance, reduction):
    torch = pytest.importorskip("torch")
    options = {key: cast(v, dtype) if isinstance(v, np.ndarray) else v for key, v in options.items()}
    x, target = cast(x, dtype), cast(target, dtype)
    ours = getattr(nn, name)(**with_tensors(options, Tensor), reduction=reduction)
    theirs = getattr(torch.nn, name)(**with_tensors(options, torch.tensor), reduction=reduction)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    a, b = Tensor(x.copy()).requires_grad_(), torch.tensor(x, requires_grad=True)
    if name == "KLDivLoss" and reduction == "mean":  # torch warns that it is not the definition's mean
        with pytest.warns(UserWarning, match="batchmean"):
            y_torch = theirs(b, torch.tensor(target))
    else:
        y_torch = theirs(b, torch.tensor(target))
    y = ours(a, Tensor(target))
    assert y.shape == tuple(y_torch.shape)
    assert str(y.dtype) == str(y_torch.dtype).removeprefix("torch.")
    np.testing.assert_allclose(y.array, y_torch.detach().numpy(), rtol=tolerance, atol=tolerance)
    dy = np.random.default_rng(1).normal(size=y.shape).astype(dtype)
    y.backward(Tensor(dy))
    y_torch.backward(torch.tensor(dy))
    np.testing.assert_allclose(a.grad.array, b.grad.numpy(), rtol=tolerance, atol=tolerance)


def test_batchmean():
    torch = pytest.importorskip("torch")
    y = nn.KLDivLoss(reduction="batchmean")(Tensor(LOGP), Tensor(SOFT))
    expected = torch.nn.KLDivLoss(reduction="batchmean")(torch.tensor(LOGP), torch.tensor(SOFT))
    np.testing.assert_allclose(y.item(), expected.item(), rtol=1e-13)


@pytest.mark.parametrize("name", LOSSES)
def test_signature_and_repr_are_torchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(getattr(place, name)).parameters for place in (nn, torch.nn)]
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]
    assert repr(getattr(nn, name)()) == repr(getattr(torch.nn, name)()) == f"{name}()"


@pytest.mark.parametrize(
    ("flags", "meant"),
    [
        ({"size_average": False}, "sum"),
        ({"size_average": True}, "mean"),
        ({"reduce": False}, "none"),
        ({"reduce": True}, "mean"),
        ({"size_average": False, "reduce": True}, "sum"),
        ({"size_average": True, "reduce": False}, "none"),
    ],
)
def test_older_flags(flags, meant):
    torch = pytest.importorskip("torch")
    with pytest.warns(UserWarning, match=f"please use reduction='{meant}'"):
        assert torch.nn.MSELoss(**flags).reduction == meant
    loss = nn.MSELoss(**flags)
    assert loss.reduction == meant
    expected = nn.MSELoss(reduction=meant)(Tensor(X), Tensor(Y))
    np.testing.assert_array_equal(loss(Tensor(X), Tensor(Y)).array, expected.array)
    np.testing.assert_array_equal(F.mse_loss(Tensor(X), Tensor(Y), **flags).array, expected.array)


@pytest.mark.parametrize("name", LOSSES)
def test_an_unknown_reduction(name):
    x, target = next((x, target) for other, _, x, target in CASES if other == name)
    with pytest.raises(ValueError, match="average is not a valid value for reduction"):
        getattr(nn, name)(reduction="average")(Tensor(x), Tensor(target))


def test_errors():
    with pytest.raises(IndexError, match="4"):
        nn.CrossEntropyLoss()(Tensor(X), Tensor(np.full(6, 4)))
    with pytest.raises((RuntimeError, ValueError), match="non-positive values for delta"):
        nn.HuberLoss(delta=0)(Tensor(X), Tensor(Y))
    with pytest.raises(RuntimeError, match="between 0 and 1"):
        nn.BCELoss()(Tensor(X), Tensor(SOFT))
    with pytest.raises(TypeError, match="weight"):
        nn.CrossEntropyLoss(weight=[1.0, 2.0])
