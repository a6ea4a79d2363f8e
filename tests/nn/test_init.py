"""Initial values: ranges and moments of the distributions, exact values of the others, errors."""

from __future__ import annotations

import math
from inspect import signature

import numpy as np
import pytest

from tinygrad_rnn.autograd.writes import Writes
from tinygrad_rnn.nn import Parameter, init
from tinygrad_rnn.random import Generator, manual_seed
from tinygrad_rnn.tensor import Tensor

RANDOM = ["uniform_", "normal_", "trunc_normal_", "orthogonal_"]
RANDOM += ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"]
ALL = [*RANDOM, "sparse_", "ones_", "zeros_", "eye_", "constant_", "calculate_gain"]


def weight(*shape, dtype="f4"):
    return Parameter(Tensor(np.full(shape, np.nan, dtype)))


@pytest.mark.parametrize("name", ALL)
def test_signature_is_torchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(getattr(place, name)).parameters for place in (init, torch.nn.init)]
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


@pytest.mark.parametrize(
    ("name", "options", "std"),
    [
        ("uniform_", {"a": -2.0, "b": 4.0}, 6 / math.sqrt(12)),
        ("normal_", {"mean": 1.0, "std": 0.5}, 0.5),
        ("xavier_uniform_", {}, math.sqrt(2 / 500)),
        ("xavier_uniform_", {"gain": 3.0}, 3 * math.sqrt(2 / 500)),
        ("xavier_normal_", {}, math.sqrt(2 / 500)),
        ("kaiming_uniform_", {}, math.sqrt(2 / 200)),
        ("kaiming_uniform_", {"mode": "fan_out"}, math.sqrt(2 / 300)),
        ("kaiming_uniform_", {"a": math.sqrt(5)}, math.sqrt(1 / 3 / 200)),
        ("kaiming_normal_", {"nonlinearity": "tanh"}, 5 / 3 / math.sqrt(200)),
        ("kaiming_normal_", {"nonlinearity": "relu", "mode": "fan_out"}, math.sqrt(2 / 300)),
    ],
)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_distributions(name, options, std, dtype):
    w = weight(300, 200, dtype=dtype)
    manual_seed(0)
    assert getattr(init, name)(w, **options) is w
    values, mean = w.array, 1.0 if name in ("uniform_", "normal_") else 0.0
    assert values.dtype == dtype
    np.testing.assert_allclose(values.std(), std, rtol=0.02)
    np.testing.assert_allclose(values.mean(), mean, atol=0.03 * std)
    farthest = np.abs(values - mean).max() / std
    if "uniform" in name:
        assert 0.99 * math.sqrt(3) < farthest <= math.sqrt(3) * (1 + 1e-6)
    else:
        np.testing.assert_allclose((np.abs(values - mean) < std).mean(), 0.6827, atol=0.01)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (3, 2, 4), (6, 1, 2)])
@pytest.mark.parametrize("gain", [1, 2.5])
def test_orthogonal(shape, gain):
    w = init.orthogonal_(weight(*shape, dtype="f8"), gain=gain).array.reshape(shape[0], -1)
    square = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(square, gain**2 * np.eye(len(square)), atol=1e-12)


def test_orthogonal_has_no_preferred_sign():
    """Without the sign of the triangular factor the diagonal would lean to one side."""
    g = Generator().manual_seed(0)
    diagonals = [init.orthogonal_(weight(2, 2), generator=g).array[0, 0] for _ in range(2000)]
    assert abs(np.mean(diagonals)) < 0.06


def test_exact_values():
    assert init.ones_(weight(2)).tolist() == [1, 1]
    assert init.zeros_(weight(2)).tolist() == [0, 0]
    assert init.constant_(weight(2), 0.3).array.tolist() == [np.float32(0.3)] * 2
    assert init.eye_(weight(2, 3)).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert init.constant_(Tensor(np.zeros(2, "i8")), 7).tolist() == [7, 7]


@pytest.mark.parametrize("name", ["linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"])
def test_gain(name):
    torch = pytest.importorskip("torch")
    assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name))
    assert init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


@pytest.mark.parametrize("shape", [(3, 4), (3, 4, 5), (2, 3, 4, 5)])
def test_fans(shape):
    torch = pytest.importorskip("torch")
    expected = torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(shape))
    assert init._calculate_fan_in_and_fan_out(weight(*shape)) == expected


@pytest.mark.parametrize("name", RANDOM)
def test_generators(name):
    fill = getattr(init, name)
    manual_seed(4)
    first = fill(weight(3, 4)).array
    assert not np.array_equal(first, fill(weight(3, 4)).array)
    np.testing.assert_array_equal(first, fill(weight(3, 4), generator=Generator().manual_seed(4)).array)


@pytest.mark.parametrize("name", [*RANDOM, "ones_", "zeros_", "eye_"])
def test_writes_to_a_leaf_are_not_recorded_but_noted(name):
    w = weight(3, 3)
    w.array[...] = 1
    node = w.node
    y = w * w
    assert getattr(init, name)(w) is w
    assert w.node is node
    assert w.requires_grad
    assert np.isfinite(w.array).all()
    assert Writes.last > y.node.seq
    with pytest.raises(RuntimeError, match=r"init\.\w+_ at .*test_init"):
        y.sum().backward()


def test_nothing_to_initialise():
    for name in RANDOM:
        assert getattr(init, name)(weight(0, 3)).shape == (0, 3)


def test_errors():
    for name in ("kaiming_uniform_", "xavier_normal_", "orthogonal_"):
        with pytest.raises(ValueError, match=r"expected at least 2 dimensions, got shape \(3,\)"):
            getattr(init, name)(weight(3))
    with pytest.raises(ValueError, match=r"eye_: only tensors with 2 dimensions are supported, got shape \(3,\)"):
        init.eye_(weight(3))
    with pytest.raises(ValueError, match="Mode 'fan' not supported"):
        init.kaiming_normal_(weight(2, 2), mode="fan")
    with pytest.raises(ValueError, match="Unsupported nonlinearity 'swish'"):
        init.calculate_gain("swish")
    with pytest.raises(ValueError, match="negative_slope 'a' not a valid number"):
        init.calculate_gain("leaky_relu", "a")
    with pytest.raises(RuntimeError, match="expected std to be at least 0, got -1"):
        init.normal_(weight(2), std=-1)
    with pytest.raises(RuntimeError, match="got a=2 and b=1"):
        init.uniform_(weight(2), 2, 1)
    with pytest.raises(TypeError, match=r"init\.uniform_: expected a Tensor, got list"):
        init.uniform_([1.0])
    with pytest.raises(RuntimeError, match=r"init\.ones_: the memory is read-only"):
        init.ones_(Tensor(np.broadcast_to(np.zeros(1), (3,))))
