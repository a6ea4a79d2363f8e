"""Clipping gradients, their norm, and parameters as one vector."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_rnn.autograd.writes import Writes
from tinygrad_rnn.nn import Linear
from tinygrad_rnn.nn.utils import (
    clip_grad_norm_,
    clip_grad_value_,
    clip_grads_with_norm_,
    get_total_norm,
    parameters_to_vector,
    vector_to_parameters,
)
from tinygrad_rnn.tensor import Tensor

SHAPES = [(3, 4), (5,), (), (2, 1, 3)]


def with_gradients(*gradients):
    params = [Tensor(np.zeros_like(dp)).requires_grad_() for dp in gradients]
    for p, dp in zip(params, gradients, strict=True):
        p.grad = Tensor(np.array(dp))
    return params


def random_gradients(dtype="f8", scale=1.0):
    rng = np.random.default_rng(0)
    return [np.asarray(rng.normal(size=shape) * scale, dtype) for shape in SHAPES]


@pytest.mark.parametrize(("dtype", "tolerance"), [("f8", 1e-13), ("f4", 1e-6)])
@pytest.mark.parametrize("norm_type", [2, 2.0, 1.0, 3.5, 0.5, math.inf, "inf"])
@pytest.mark.parametrize("max_norm", [0.1, 1, 1e6, 0.0])
def test_as_torch(norm_type, max_norm, dtype, tolerance):
    torch = pytest.importorskip("torch")
    gradients = random_gradients(dtype)
    params = with_gradients(*gradients)
    theirs = [torch.zeros(dp.shape, dtype=torch.tensor(dp).dtype, requires_grad=True) for dp in gradients]
    for q, dp in zip(theirs, gradients, strict=True):
        q.grad = torch.tensor(dp)
    params.append(Tensor(np.zeros(3)).requires_grad_())  # has no gradient
    norm = clip_grad_norm_(params, max_norm, norm_type)
    expected = torch.nn.utils.clip_grad_norm_(theirs, max_norm, float(norm_type))
    assert norm.shape == ()
    assert str(norm.dtype) == str(expected.dtype).removeprefix("torch.")
    np.testing.assert_allclose(norm.item(), expected.item(), rtol=tolerance)
    for p, q in zip(params, theirs, strict=False):
        np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol=tolerance, atol=0)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("norm_type", [1, 2, 3])
def test_norms_at_the_ends_of_the_range(dtype, norm_type):
    limits = np.finfo(dtype)
    for scale in (float(limits.max) / 100, float(limits.tiny) * 100):
        x = Tensor(np.array([3, 4, 0], dtype) * np.array(scale, dtype))
        norm = get_total_norm([x, x], norm_type).item()
        expected = (2 * (3**norm_type + 4**norm_type)) ** (1 / norm_type) * scale
        np.testing.assert_allclose(norm, expected, rtol=1e-6)


def test_a_norm_that_float32_cannot_hold():
    """The gradients are clipped as they should be; float32 has no number for the norm but inf."""
    p = with_gradients(np.full(4, 3e38, np.float32), np.full(3, -3e38, np.float32))
    assert math.isinf(clip_grad_norm_(p, 1e-3, error_if_nonfinite=True).item())
    np.testing.assert_allclose(p[0].grad.numpy(), np.full(4, 1e-3 / math.sqrt(7)), rtol=1e-6)
    np.testing.assert_allclose(p[1].grad.numpy(), np.full(3, -1e-3 / math.sqrt(7)), rtol=1e-6)


def test_many_small_squares_are_not_lost():
    x = np.full(100_000, 1e-22, "f4")  # every square underflows in float32
    np.testing.assert_allclose(get_total_norm(Tensor(x)).item(), 1e-22 * math.sqrt(100_000), rtol=1e-5)


@pytest.mark.parametrize(("bad", "factor"), [(np.nan, np.nan), (np.inf, 0.0)])
def test_nonfinite_gradients(bad, factor):
    gradients = [np.array([1.0, bad]), np.array([2.0])]
    params = with_gradients(*gradients)
    with pytest.raises(RuntimeError, match=r"total norm of order 2.0 .* non-finite \((nan|inf)\)"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    for p, dp in zip(params, gradients, strict=True):
        np.testing.assert_array_equal(p.grad.array, dp)
    norm = clip_grad_norm_(params, 1.0)
    np.testing.assert_array_equal(norm.item(), bad)
    np.testing.assert_array_equal(params[0].grad.array, [factor, np.nan])
    np.testing.assert_array_equal(params[1].grad.array, [2 * factor])


def test_one_tensor_none_and_generators():
    (p,) = with_gradients(np.array([3.0, 4.0]))
    assert clip_grad_norm_(p, 10.0).item() == 5.0
    assert clip_grad_norm_([], 1.0).item() == 0.0
    assert clip_grad_norm_(Tensor(np.zeros(2)), 1.0).item() == 0.0
    assert clip_grad_norm_((q for q in [p]), 1.0).item() == 5.0
    np.testing.assert_allclose(p.grad.array, [0.6, 0.8], rtol=1e-6)
    assert get_total_norm(Tensor(np.zeros(0))).item() == 0.0


def test_clip_with_a_known_norm():
    (p,) = with_gradients(np.array([3.0, 4.0]))
    clip_grads_with_norm_([p], 1.0, Tensor(np.array(10.0)))
    np.testing.assert_allclose(p.grad.array, [0.3, 0.4], rtol=1e-6)


def test_clip_value():
    torch = pytest.importorskip("torch")
    gradients = random_gradients()
    gradients[1][0] = np.nan
    params = with_gradients(*gradients)
    theirs = [torch.zeros(dp.shape, dtype=torch.float64, requires_grad=True) for dp in gradients]
    for q, dp in zip(theirs, gradients, strict=True):
        q.grad = torch.tensor(dp)
    assert clip_grad_value_(params, 0.5) is None
    torch.nn.utils.clip_grad_value_(theirs, 0.5)
    for p, q in zip(params, theirs, strict=True):
        np.testing.assert_array_equal(p.grad.array, q.grad.numpy())


def test_the_gradient_keeps_its_memory_and_the_write_is_noted():
    (p,) = with_gradients(np.array([3.0, 4.0]))
    memory, before = p.grad.array, Writes.last
    clip_grad_norm_([p], 1.0)
    assert p.grad.array is memory
    assert Writes.last > before
    before = Writes.last
    clip_grad_value_([p], 0.1)
    assert Writes.last > before
    assert memory.tolist() == [0.1, 0.1]


def test_errors():
    (p,) = with_gradients(np.array([3.0, 4.0]))
    p.grad = Tensor(np.broadcast_to(np.array([3.0]), (2,)))
    with pytest.raises(RuntimeError, match="clip_grad_norm_: the memory is read-only"):
        clip_grad_norm_([p], 1.0)


# --- one vector --------------------------------------------------------------------------------------------------


def test_parameters_to_vector_and_back():
    layer, other = Linear(3, 2), Linear(3, 2)
    vector = parameters_to_vector(layer.parameters())
    np.testing.assert_array_equal(vector.array, np.concatenate([p.array.reshape(-1) for p in layer.parameters()]))
    vector_to_parameters(vector, other.parameters())
    np.testing.assert_array_equal(other.weight.array, layer.weight.array)
    np.testing.assert_array_equal(other.bias.array, layer.bias.array)
    assert not np.may_share_memory(other.weight.array, vector.array)
    assert other.weight.is_leaf
    assert other.weight.requires_grad
    (vector * vector).sum().backward()
    np.testing.assert_allclose(layer.weight.grad.array, 2 * layer.weight.array, rtol=1e-6)


def test_a_vector_that_does_not_fit():
    layer = Linear(3, 2)
    before = layer.weight.array.copy()
    for size in (7, 9):
        with pytest.raises(RuntimeError, match=f"vector_to_parameters: {size} elements for parameters with 8"):
            vector_to_parameters(Tensor(np.zeros(size)), layer.parameters())
    np.testing.assert_array_equal(layer.weight.array, before)
    with pytest.raises(TypeError, match="expected Tensor, but got: list"):
        vector_to_parameters([0.0] * 8, layer.parameters())
