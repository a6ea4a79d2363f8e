"""The behaviour promised in `docs/trust.md`: PyTorch's, or a better one where its own loses people's time.

One test a row of the table there, in its order. "Better" marks where the two part.
"""

from __future__ import annotations

import inspect
import math
import subprocess
import sys
import threading

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn, ops
from tinygrad_rnn.nn.utils import clip_grad_norm_
from tinygrad_rnn.nn.utils.rnn import pack_padded_sequence, pad_sequence

F = nn.functional
inf, nan = math.inf, math.nan
LAYERS = [nn.RNN, nn.LSTM, nn.GRU]


def leaf(*numbers: float) -> tg.Tensor:
    return tg.tensor(numbers, dtype=tg.float32, requires_grad=True)


def value_and_slope(function, *numbers: float) -> tuple[list, list]:
    """function(x), and the gradient of its sum."""
    x = leaf(*numbers)
    y = function(x)
    y.sum().backward()
    return y.tolist(), x.grad.tolist()


# --- the graph ------------------------------------------------------------------------------------------------------


def test_chain_of_200_000_operations_under_the_default_recursion_limit():
    program = """
import sys, tinygrad_rnn as tg
assert sys.getrecursionlimit() == 1000
x = y = tg.ones(1, requires_grad=True)
for _ in range(200_000):
    y = y + 1
y.sum().backward()
del y
assert x.grad.item() == 1.0
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def test_write_over_what_backward_needs():
    """Better: the operation that saved the array, the one that overwrote it, and its line."""
    a = leaf(1.0, 2.0)
    b = a.exp()
    b.add_(1)
    line = inspect.currentframe().f_lineno - 1
    with pytest.raises(RuntimeError, match=rf"`exp`.* saved `y`.* add_ at {__file__}:{line} overwrote it"):
        b.sum().backward()
    assert a.grad is None


def test_write_in_place_on_a_leaf_that_requires_grad():
    a = leaf(1.0, 2.0)
    with pytest.raises(RuntimeError, match="add_: a leaf Variable that requires grad .* in-place operation"):
        a.add_(1)
    assert a.tolist() == [1.0, 2.0]


def test_second_backward_where_arrays_were_saved():
    """Better: the tensor that was used twice, and both ways out."""
    x = leaf(1.0, 2.0)
    with tg.autograd.record_source():
        hidden = x.exp()
    line = inspect.currentframe().f_lineno - 1
    hidden.sum().backward()
    said = rf"second time: `exp` \(node \d+, output shape \(2,\), made at {__file__}:{line}\).*"
    with pytest.raises(RuntimeError, match=said + r"retain_graph=True.*detach\(\)"):
        (hidden * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.array, hidden.array)


def test_second_backward_where_none_were():
    x = leaf(1.0, 2.0)
    y = (x + x).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [4.0, 4.0]


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_anomaly_mode_names_the_operation_that_gave_nan_as_it_gives_it():
    said = pytest.raises(RuntimeError, match="`sqrt` in t=2, .* gives nan for finite")
    with said, tg.autograd.set_detect_anomaly(True), tg.step(2):
        leaf(-1.0).sqrt()


def test_backward_inside_a_backward():
    x, w = leaf(1.0), leaf(1.0)

    def hook(dy):
        with tg.enable_grad():
            (3 * w * w).backward()
        return 2 * dy

    y = x * 5
    y.register_hook(hook)
    y.backward()
    assert (x.grad.item(), w.grad.item()) == (10.0, 6.0)


def test_four_threads_of_fifty_backwards_into_one_leaf():
    w = tg.zeros(1000, dtype=tg.float64, requires_grad=True)
    errors = []

    def work(k):
        try:
            for _ in range(50):
                ((w * (k + 1.0)) + w).sum().backward()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    np.testing.assert_array_equal(w.grad.array, np.full(1000, 50.0 * (1 + 2 + 3 + 4 + 4)))


# --- numbers at the edge --------------------------------------------------------------------------------------------


def test_log_softmax_of_extremes():
    assert ops.log_softmax(tg.tensor([1e4, 0.0, -inf]), -1).tolist() == [0.0, -1e4, -inf]


def test_softmax_of_nothing_but_minus_infinity():
    assert np.isnan(ops.softmax(tg.tensor([-inf, -inf]), 0).array).all()


def test_logsumexp_of_nothing():
    assert ops.logsumexp(tg.zeros(0), 0).item() == -inf


def test_sigmoid_at_the_ends():
    y, dx = value_and_slope(ops.sigmoid, -200, 200, nan)
    np.testing.assert_array_equal(y, [0, 1, nan])
    np.testing.assert_array_equal(dx, [0, 0, nan])


def test_softplus_at_the_ends():
    assert value_and_slope(ops.softplus, 1000, -1000) == ([1000, 0], [1, 0])


def test_binary_cross_entropy_with_logits_of_a_confident_mistake():
    loss = lambda x: F.binary_cross_entropy_with_logits(x, tg.zeros(1))
    assert value_and_slope(loss, 1e4) == (1e4, [1.0])


def test_ties_of_amax():
    assert value_and_slope(ops.amax, 1, 1, 0) == (1, [0.5, 0.5, 0])


def test_ties_of_maximum():
    a, b = leaf(1.0), leaf(1.0)
    ops.maximum(a, b).backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([0.5], [0.5])


@pytest.mark.parametrize(
    ("function", "slope"),
    [(ops.relu, 0), (ops.abs, 0), (ops.sqrt, inf), (ops.norm, 0), (lambda x: x**0, 0)],
    ids=["relu", "abs", "sqrt", "norm", "power 0"],
)
def test_gradient_at_0(function, slope):
    assert value_and_slope(function, 0)[1] == [slope]


def test_product_with_a_zero():
    assert value_and_slope(ops.prod, 0, 2, 3) == (0, [6, 0, 0])


# --- recurrent layers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layer", LAYERS)
def test_no_sequences(layer):
    x = tg.zeros(5, 0, 3, requires_grad=True)
    y = layer(3, 4)(x)[0]
    y.sum().backward()
    assert (y.shape, x.grad.shape) == ((5, 0, 4), (5, 0, 3))


@pytest.mark.parametrize("layer", LAYERS)
def test_no_steps(layer):
    with pytest.raises(RuntimeError, match=r"Expected sequence length to be larger than 0, got input \(0, 2, 3\)"):
        layer(3, 4)(tg.zeros(0, 2, 3))


@pytest.mark.parametrize("layer", LAYERS)
def test_wrong_input_size(layer):
    with pytest.raises(RuntimeError, match=r"Expected 3, got 5 \(input shape \(7, 2, 5\)\)"):
        layer(3, 4)(tg.zeros(7, 2, 5))


@pytest.mark.parametrize("layer", LAYERS)
def test_input_of_one_dimension(layer):
    with pytest.raises((RuntimeError, ValueError), match="Expected input to be 2D or 3D, got 1D"):
        layer(3, 4)(tg.zeros(3))


def test_packing_a_length_of_0():
    with pytest.raises(RuntimeError, match=r"greater than 0.*\[3, 0\]"):
        pack_padded_sequence(tg.zeros(3, 2, 5), [3, 0])


def test_padding_nothing():
    with pytest.raises(RuntimeError, match="empty list of sequences"):
        pad_sequence([])


# --- training -------------------------------------------------------------------------------------------------------


def test_cross_entropy_of_a_class_out_of_range():
    with pytest.raises(IndexError, match=r"target 4 is out of bounds: expected a class in \[0, 4\)"):
        F.cross_entropy(tg.zeros(3, 4), tg.tensor([0, 4, 1]))


def test_cross_entropy_of_ignored_targets_only():
    x = tg.zeros(2, 4, requires_grad=True)
    loss = F.cross_entropy(x, tg.tensor([-100, -100]))
    loss.backward()
    assert math.isnan(loss.item())
    assert not x.grad.array.any()


def test_cross_entropy_of_an_empty_batch():
    assert math.isnan(F.cross_entropy(tg.zeros(0, 4), tg.zeros(0, dtype=tg.int64)).item())


def with_gradients(*gradients: float) -> list[nn.Parameter]:
    """Parameters of one number each, float32, with these gradients."""
    params = [nn.Parameter(tg.zeros(1)) for _ in gradients]
    for p, dp in zip(params, gradients, strict=True):
        p.grad = tg.tensor([dp])
    return params


def test_clipping_a_gradient_that_is_nan():
    params = with_gradients(nan, 1.0)
    with pytest.raises(RuntimeError, match=r"non-finite \(nan\)"):
        clip_grad_norm_(params, 1.0, error_if_nonfinite=True)
    assert params[1].grad.item() == 1.0
    assert math.isnan(clip_grad_norm_(params, 1.0).item())
    assert all(math.isnan(p.grad.item()) for p in params)


def test_clipping_gradients_whose_squares_overflow():
    """Better: PyTorch's norm is inf there and all gradients become 0, so that training stops without a word."""
    params = with_gradients(3e30, 4e30)
    np.testing.assert_allclose(clip_grad_norm_(params, 1.0).item(), 5e30, rtol=1e-6)
    np.testing.assert_allclose([p.grad.item() for p in params], [0.6, 0.8], rtol=1e-6)
