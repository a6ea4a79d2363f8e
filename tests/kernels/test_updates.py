"""The optimisers' updates in one pass against NumPy and, where torch is, torch."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn import optim
from tinygrad_rnn.kernels import updates
from tinygrad_rnn.optim import adadelta, adagrad, adam, rmsprop, sgd
from tinygrad_rnn.tensor import Tensor

from .around import assert_same_at_any_number_of_threads, dtypes, normal, sizes, taken_over

# name, NumPy's update, which arrays are remembered (p and dp stand before them), numbers
RULES = [
    ("sgd", sgd.sgd, "", (1, 0, 0, 1, 0.1, 0)),
    ("sgd", sgd.sgd, "", (-1, 0.3, 0, 1, 0.1, 0)),
    ("sgd", sgd.sgd, "b", (1, 0.3, 0.9, 0.7, 0.1, 0)),
    ("sgd", sgd.sgd, "b", (1, 0, 0.9, 1, 0.1, True)),
    ("adam", adam.adam, "mv-", (1, 0, 1, 0.1, 0.99, 0.01, 0.02, 1e-8)),
    ("adam", adam.adam, "mv-", (-1, 0, 0.98, 0.1, 0.99, 0.01, 0.02, 1e-8)),
    ("adam", adam.adam, "mvl", (1, 0.1, 1, 0.1, 0.99, 0.01, 0.02, 1e-3)),
    ("rmsprop", rmsprop.rmsprop, "v--", (1, 0, 0.9, 0.1, 1e-8, 0, 0.02)),
    ("rmsprop", rmsprop.rmsprop, "v-b", (-1, 0.1, 0.9, 0.1, 1e-8, 0.5, 0.02)),
    ("rmsprop", rmsprop.rmsprop, "vm-", (1, 0, 0.9, 0.1, 1e-2, 0, 0.02)),
    ("rmsprop", rmsprop.rmsprop, "vmb", (1, 0.1, 0.9, 0.1, 1e-2, 0.5, 0.02)),
    ("adagrad", adagrad.adagrad, "s", (1, 0, 1e-10, 0.1)),
    ("adagrad", adagrad.adagrad, "s", (-1, 0.1, 1e-3, 0.1)),
    ("adadelta", adadelta.adadelta, "va", (1, 0, 0.9, 0.1, 1e-6, 1.0)),
    ("adadelta", adadelta.adadelta, "va", (-1, 0.1, 0.7, 0.3, 1e-2, 0.5)),
]
rules = pytest.mark.parametrize(("name", "plain", "names", "numbers"), RULES)


def arrays(size, names, dtype):
    """p, dp, and what is remembered; squares are positive and larger than those of a mean."""
    remembered = [
        None if name == "-" else abs(normal(i, size, dtype=dtype)) + (20 if name in "vl" else 0)
        for i, name in enumerate(names or "-")
    ]
    return [normal(10, size, dtype=dtype), normal(11, size, dtype=dtype), *remembered]


@rules
@sizes
@dtypes
def test_naive_and_numpy_agree(name, plain, names, numbers, size, dtype):
    ours, theirs = arrays(size, names, dtype), arrays(size, names, dtype)
    getattr(updates, name)(*ours, *numbers)
    plain.__wrapped__(*theirs, *numbers)
    tolerance = 20 * np.finfo(dtype).eps
    for a, b in zip(ours, theirs, strict=True):
        if b is not None:
            np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@rules
def test_naive_nan_and_infinity_show_as_in_numpy(name, plain, names, numbers):
    special = np.array([np.nan, np.inf, -np.inf, 1.0, 0.0])
    p, dp = (a.reshape(-1) for a in np.meshgrid(special, special))
    for i in range(max(1, len(names))):
        ours, theirs = ([a if a is None else a.copy() for a in arrays(25, names, np.float64)] for _ in range(2))
        for given in (ours, theirs):
            given[:2] = p.copy(), dp.copy()
            if given[2 + i] is not None:
                given[2 + i][::3] = np.nan
        with np.errstate(all="ignore"):
            getattr(updates, name)(*ours, *numbers)
            plain.__wrapped__(*theirs, *numbers)
        for a, b in zip(ours, theirs, strict=True):
            if b is not None:
                np.testing.assert_allclose(a, b, rtol=1e-12)


@rules
@dtypes
def test_the_number_of_threads_does_not_change_a_bit(name, plain, names, numbers, dtype, monkeypatch):
    def compute():
        given = arrays(10_007, names, dtype)
        getattr(updates, name)(*given, *numbers)
        return [a for a in given if a is not None]

    assert_same_at_any_number_of_threads(compute, monkeypatch)


CASES = [
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.1, "dampening": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("Adam", {"lr": 0.05, "weight_decay": 0.1, "amsgrad": True}),
    ("Adam", {"maximize": True}),
    ("AdamW", {"lr": 0.05}),
    ("RMSprop", {"centered": True, "momentum": 0.8}),
    ("Adagrad", {"lr_decay": 0.05}),
    ("Adadelta", {"rho": 0.8, "weight_decay": 0.1}),
]
SHAPES = [(130, 257), (5,), ()]  # together large enough for the kernels


def trained(name, options, dtype=np.float32, steps=3):
    params = [Tensor(normal(i, *shape, dtype=dtype)).requires_grad_() for i, shape in enumerate(SHAPES)]
    optimizer = getattr(optim, name)(params, **options)
    for t in range(steps):
        for i, p in enumerate(params):
            p.grad = Tensor(normal(10 * t + i, *p.shape, dtype=dtype))
        optimizer.step()
    return [p.array for p in params]


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 2e-5)])
@pytest.mark.parametrize(("name", "options"), CASES)
def test_large_parameters_as_torch(name, options, dtype, tolerance):
    torch = pytest.importorskip("torch")
    theirs = [torch.tensor(normal(i, *shape, dtype=dtype)).requires_grad_() for i, shape in enumerate(SHAPES)]
    reference = getattr(torch.optim, name)(theirs, **options)
    for t in range(20):
        for i, q in enumerate(theirs):
            q.grad = torch.tensor(normal(10 * t + i, *q.shape, dtype=dtype))
        reference.step()
    for p, q in zip(trained(name, options, dtype, 20), theirs, strict=True):
        np.testing.assert_allclose(p, q.detach().numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "options"), CASES)
def test_where_compiling_fails_numpy_takes_over(name, options, monkeypatch):
    expected = trained(name, options)
    results = taken_over(lambda: trained(name, options), monkeypatch, updates, "divide")
    for a, b in zip(results, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
