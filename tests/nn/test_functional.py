"""torch.nn.functional's names: values and gradients of what is not tested as a module."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn.nn.functional as F
from tinygrad_rnn.random import manual_seed
from tinygrad_rnn.tensor import Tensor

X = np.random.default_rng(0).normal(size=(3, 4, 5))
Y = np.random.default_rng(1).normal(size=(3, 4, 5))

CASES = [
    ("normalize", (X,), {}),
    ("normalize", (X,), {"p": 1.0, "dim": -1}),
    ("normalize", (X,), {"dim": 0, "eps": 2.0}),
    ("cosine_similarity", (X, Y), {}),
    ("cosine_similarity", (X, Y), {"dim": 2}),
    ("softmin", (X,), {"dim": 1}),
    ("pad", (X, (1, 2)), {}),
    ("pad", (X, (1, 0, 0, 2)), {"value": 1.5}),
    ("relu", (X,), {}),
    ("leaky_relu", (X, 0.2), {}),
    ("elu", (X, 0.5), {}),
    ("silu", (X,), {}),
    ("gelu", (X,), {"approximate": "tanh"}),
    ("softplus", (X, 2.0), {"threshold": 1.0}),
    ("tanh", (X,), {}),
    ("sigmoid", (X,), {}),
    ("logsigmoid", (X,), {}),
    ("softmax", (X, 1), {}),
    ("log_softmax", (X,), {"dim": 0}),
    ("linear", (X, Y[0]), {}),
    ("linear", (X, Y[0], Y[0, :, 0]), {}),
    ("layer_norm", (X, (4, 5), Y[0], Y[1]), {}),
    ("layer_norm", (X, (5,)), {"eps": 0.3}),
]


def tensors(args, wrap):
    return [wrap(a.copy()) if isinstance(a, np.ndarray) else a for a in args]


@pytest.mark.parametrize(("name", "args", "options"), CASES)
def test_as_torch(name, args, options):
    torch = pytest.importorskip("torch")
    ours = tensors(args, lambda a: Tensor(a).requires_grad_())
    theirs = tensors(args, lambda a: torch.tensor(a, requires_grad=True))
    y, y_torch = getattr(F, name)(*ours, **options), getattr(torch.nn.functional, name)(*theirs, **options)
    np.testing.assert_allclose(y.array, y_torch.detach().numpy(), rtol=1e-12, atol=1e-13)
    dy = np.random.default_rng(2).normal(size=y.shape)
    y.backward(Tensor(dy))
    y_torch.backward(torch.tensor(dy))
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(a, Tensor):
            np.testing.assert_allclose(a.grad.array, b.grad.numpy(), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("ndim", [1, 2, 3, 4])
@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_implicit_dim_is_torchs(name, ndim):
    torch = pytest.importorskip("torch")
    x = np.random.default_rng(0).normal(size=(2, 3, 4, 5)[:ndim])
    with pytest.warns(UserWarning, match="dim"):
        y = getattr(F, name)(Tensor(x))
    with pytest.warns(UserWarning, match="dim"):
        expected = getattr(torch.nn.functional, name)(torch.tensor(x))
    np.testing.assert_allclose(y.array, expected.numpy(), rtol=1e-13)


def test_embedding_and_one_hot():
    torch = pytest.importorskip("torch")
    names, table = np.array([[0, 2], [1, 1]]), X[0]
    ours, theirs = Tensor(table.copy()).requires_grad_(), torch.tensor(table, requires_grad=True)
    F.embedding(Tensor(names), ours, padding_idx=-3).sum().backward()
    torch.nn.functional.embedding(torch.tensor(names), theirs, padding_idx=-3).sum().backward()
    np.testing.assert_array_equal(ours.grad.array, theirs.grad.numpy())
    for options in ({}, {"num_classes": 5}):
        expected = torch.nn.functional.one_hot(torch.tensor(names), **options)
        found = F.one_hot(Tensor(names), **options)
        assert str(found.dtype) == "int64"
        np.testing.assert_array_equal(found.array, expected.numpy())
    with pytest.raises(ValueError, match=r"sparse=True is not supported"):
        F.embedding(Tensor(names), ours, sparse=True)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "silu"])
def test_in_place(name):
    x = Tensor(X.copy())
    y = getattr(F, name)(x, inplace=True)
    assert y is x
    np.testing.assert_array_equal(x.array, getattr(F, name)(Tensor(X)).array)


@pytest.mark.parametrize("name", ["relu_", "leaky_relu_", "elu_"])
def test_in_place_names(name):
    x = Tensor(X.copy())
    assert getattr(F, name)(x) is x
    np.testing.assert_array_equal(x.array, getattr(F, name.rstrip("_"))(Tensor(X)).array)


def test_dropout_is_off_outside_training():
    x = Tensor(X)
    np.testing.assert_array_equal(F.dropout(x, 0.9, training=False).array, X)
    manual_seed(0)
    assert (F.dropout(x, 0.9).array == 0).mean() > 0.5
    with pytest.raises(ValueError, match="between 0 and 1"):
        F.dropout(x, 2.0)


def test_cosine_similarity_of_short_vectors():
    """Norms are at least eps. (The gradient there is the true one, for which PyTorch takes that of the norm.)"""
    torch = pytest.importorskip("torch")
    y = F.cosine_similarity(Tensor(X), Tensor(Y), dim=-1, eps=3.0)
    expected = torch.cosine_similarity(torch.tensor(X), torch.tensor(Y), dim=-1, eps=3.0)
    np.testing.assert_allclose(y.array, expected.numpy(), rtol=1e-12)


def test_normalize_of_zeros_is_zeros():
    x = Tensor(np.zeros((2, 3))).requires_grad_()
    y = F.normalize(x)
    y.sum().backward()
    assert not y.array.any()
    assert np.isfinite(x.grad.array).all()
