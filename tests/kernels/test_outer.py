"""Gradients of weights that are collected over steps, against adding them up one by one."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.kernels.outer import OuterProducts
from tinygrad_rnn.kernels.sequence import CHUNK_ROWS

BLOCKS = [(3, 4), (0, 2)]


def term(rows, seed, dtype=np.float64):
    """dz and x of one step, and the product that they stand for."""
    normal = np.random.default_rng(seed).standard_normal
    dz, x = normal((rows, 8)).astype(dtype), normal((rows, 5)).astype(dtype)
    return OuterProducts(dz, x, BLOCKS), dz[:, [3, 4, 5, 6, 0, 1]].T @ x


@pytest.mark.parametrize("sizes", [[1], [0], [3, 1, 2], [CHUNK_ROWS, 7], [200] * 6])
def test_terms_are_added_up(sizes):
    pending, expected = zip(*[term(rows, seed) for seed, rows in enumerate(sizes)], strict=True)
    total = pending[0]
    for each in pending[1:]:
        total = total + each
    assert total.shape == (6, 5)
    np.testing.assert_allclose(total.settle(), sum(expected), atol=1e-11)


def test_sums_with_arrays_are_arrays():
    array = np.ones((6, 5))
    for add in (lambda a, b: a + b, lambda a, b: b + a):
        pending, expected = term(4, 0)
        total = add(pending, array)
        assert type(total) is np.ndarray
        np.testing.assert_allclose(total, expected + 1, atol=1e-13)
    pending, expected = term(4, 0)
    array = array + pending
    assert type(array) is np.ndarray
    np.testing.assert_allclose(array, expected + 1, atol=1e-13)


def test_a_sum_of_other_columns_is_an_array():
    pending, expected = term(4, 0)
    total = pending + OuterProducts(np.ones((4, 6)), np.ones((4, 5)), [(0, 6)])
    assert type(total) is np.ndarray
    np.testing.assert_allclose(total, expected + 4, atol=1e-13)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.GRUCell, nn.LSTMCell])
@pytest.mark.parametrize("N", [1, 9, 33])
def test_a_loop_of_cells_has_the_gradients_of_the_layer(cell, N):
    """Also where the weight is used once more in another way, and seen by a hook and by retain_grad."""
    T, layer = 40, {nn.RNNCell: nn.RNN, nn.GRUCell: nn.GRU, nn.LSTMCell: nn.LSTM}[cell]
    tg.manual_seed(0)
    one, whole = cell(3, 4, dtype=tg.float64), layer(3, 4, dtype=tg.float64)
    for name, parameter in one.named_parameters():
        getattr(whole, f"{name}_l0").data.copy_(parameter.data)
    x, seen = tg.randn(T, N, 3, dtype=tg.float64), []
    one.weight_hh.register_hook(lambda dw: seen.append(dw.clone()))
    state = None
    outputs = []
    for t in range(T):
        state = one(x[t], state)
        outputs.append(state[0] if isinstance(state, tuple) else state)
    (tg.stack(outputs).square().sum() + (one.weight_hh * 2).sum()).backward()
    y, _ = whole(x)
    (y.square().sum() + (whole.weight_hh_l0 * 2).sum()).backward()
    for name, parameter in one.named_parameters():
        expected = getattr(whole, f"{name}_l0").grad
        np.testing.assert_allclose(parameter.grad.numpy(), expected.numpy(), rtol=1e-10, atol=1e-10)
    assert len(seen) == 1
    np.testing.assert_array_equal(seen[0].numpy(), one.weight_hh.grad.numpy())


def test_gradients_asked_for_are_arrays():
    cell, x = nn.LSTMCell(3, 4), tg.randn(2, 3)
    h, c = cell(x)
    h, _ = cell(x, (h, c))
    dw_ih, dw_hh = tg.autograd.grad(h.sum(), [cell.weight_ih, cell.weight_hh])
    assert isinstance(dw_ih, tg.Tensor)
    assert type(dw_hh.numpy()) is np.ndarray
