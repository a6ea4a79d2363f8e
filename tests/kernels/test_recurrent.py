"""The recurrent kernels against a naive loop, central differences and PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_rnn.kernels import matrix_unit, multiplier, rnn

from .cases import KINDS, assert_all_close, central_differences, lengths_for, naive_cell, naive_sequence

kinds = pytest.mark.parametrize("kind", KINDS, ids=str)
directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
paddings = pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])
biases = pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
sizes = pytest.mark.parametrize(("T", "N"), [(1, 0), (4, 0), (1, 1), (4, 1), (1, 3), (4, 3), (2, 9)])
dtypes = pytest.mark.parametrize("dtype", [np.float32, np.float64])
TOLERANCE = {np.float32: {"rtol": 2e-5, "atol": 2e-6}, np.float64: {"rtol": 1e-12, "atol": 1e-12}}


@kinds
@directions
@paddings
@biases
@sizes
@dtypes
def test_forward_equals_the_naive_loop(kind, reverse, padded, bias, T, N, dtype):
    inputs = kind.inputs(T, N, dtype, bias)
    lengths = lengths_for(N, T) if padded else None
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    assert all(a.dtype == dtype for a in (*outputs, *saved))
    assert_all_close(outputs, naive_sequence(kind, inputs, reverse, lengths), **TOLERANCE[dtype])


@kinds
@directions
@paddings
@biases
@sizes
def test_gradient_equals_central_differences(kind, reverse, padded, bias, T, N):
    inputs = kind.inputs(T, N, bias=bias)
    lengths = lengths_for(N, T) if padded else None
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    actual = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)

    def loss():
        naive = naive_sequence(kind, inputs, reverse, lengths)
        return sum((dy * y).sum() for dy, y in zip(cotangents, naive, strict=True))

    assert_all_close(actual, central_differences(loss, inputs), rtol=1e-6, atol=1e-7)


@kinds
@directions
@paddings
def test_float32_gradient_is_the_float64_gradient_rounded(kind, reverse, padded):
    inputs = kind.inputs(4, 3, np.float32)
    lengths = lengths_for(3, 4) if padded else None
    wide = [None if a is None else a.astype(np.float64) for a in inputs]
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    single = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    assert all(a is None or a.dtype == np.float32 for a in single)
    _, saved = kind.sequence(wide, reverse, lengths)
    double = kind.sequence_vjp([a.astype(np.float64) for a in cotangents], wide, saved, reverse, lengths)
    assert_all_close(single, double, rtol=1e-4, atol=1e-5)


@kinds
@dtypes
@pytest.mark.parametrize("H", [32, 37])
def test_units_done_in_vectors_equal_the_naive_loop(kind, dtype, H):
    """Three units are too few for the compiler's vector loops."""
    inputs = kind.inputs(3, 2, dtype, H=H)
    inputs = [None if a is None else a / dtype(4) for a in inputs]
    expected = naive_sequence(kind, inputs, False, None)
    assert_all_close(kind.sequence(inputs)[0], expected, **TOLERANCE[dtype])


@kinds
@pytest.mark.parametrize("H", [32, 37])
def test_units_done_in_vectors_have_the_directional_derivative(kind, H):
    inputs = kind.inputs(3, 2, H=H)
    inputs = [None if a is None else a / 4 for a in inputs]
    direction = kind.inputs(3, 2, H=H, seed=2)
    outputs, saved = kind.sequence(inputs)
    cotangents = kind.cotangents(outputs)
    gradients = kind.sequence_vjp(cotangents, inputs, saved)

    def loss(step):
        moved = [None if a is None else a + step * da for a, da in zip(inputs, direction, strict=True)]
        naive = naive_sequence(kind, moved, False, None)
        return sum((dy * y).sum() for dy, y in zip(cotangents, naive, strict=True))

    along = sum((da * a).sum() for da, a in zip(gradients, direction, strict=True) if a is not None)
    np.testing.assert_allclose(along, (loss(1e-6) - loss(-1e-6)) / 2e-6, rtol=1e-6)


@kinds
@biases
@pytest.mark.parametrize("N", [0, 1, 3, 8, 17])
@dtypes
def test_step_equals_the_naive_cell(kind, bias, N, dtype):
    x, *others = kind.inputs(1, N, dtype, bias)
    outputs, saved = kind.step(x[0], *others)
    assert all(a.dtype == dtype for a in (*outputs, *saved))
    states, weights = others[: kind.states], others[kind.states :]
    for n in range(N):
        expected = naive_cell(kind, x[0, n], [s[n] for s in states], *weights)
        assert_all_close([a[n] for a in outputs], expected, **TOLERANCE[dtype])


@kinds
@biases
@pytest.mark.parametrize("N", [0, 1, 3, 8])
def test_step_gradient_equals_central_differences(kind, bias, N):
    inputs = kind.inputs(1, N, bias=bias)
    outputs, saved = kind.step(inputs[0][0], *inputs[1:])
    cotangents = kind.cotangents(outputs)
    needs = (True,) * len(inputs)
    dx, *others = kind.step_vjp(cotangents, (inputs[0][0], *inputs[1:]), saved, needs)

    def loss():
        _, *naive = naive_sequence(kind, inputs, False, None)
        return sum((dy * y).sum() for dy, y in zip(cotangents, naive, strict=True))

    assert_all_close([dx[None], *others], central_differences(loss, inputs), rtol=1e-6, atol=1e-7)


@kinds
@pytest.mark.parametrize("H", [16, 37])
@dtypes
def test_a_step_is_a_sequence_of_one(kind, H, dtype):
    """They multiply in different ways."""
    inputs = [None if a is None else a / dtype(4) for a in kind.inputs(1, 9, dtype, H=H)]
    outputs, saved = kind.sequence(inputs, lengths=np.array([1] * 8 + [0]))
    cotangents = kind.cotangents(outputs)
    cotangents[0][:] = 0
    expected = kind.sequence_vjp(cotangents, inputs, saved, lengths=np.array([1] * 8 + [0]))
    stepped, saved = kind.step(inputs[0][0], *inputs[1:])
    for a, b in zip(stepped, outputs[1:], strict=True):
        np.testing.assert_allclose(a[:8], b[:8], **TOLERANCE[dtype])
    inputs = [a[..., :8, :] if i <= kind.states else a for i, a in enumerate(inputs)]
    stepped, saved = kind.step(inputs[0][0], *inputs[1:])
    cotangents = [a[:8] for a in cotangents[1:]]
    actual = kind.step_vjp(cotangents, (inputs[0][0], *inputs[1:]), saved, (True,) * len(inputs))
    tolerance = {"rtol": 1e-4, "atol": 1e-5} if dtype == np.float32 else {"rtol": 1e-12, "atol": 1e-12}
    for i, (a, b) in enumerate(zip(actual, expected, strict=True)):
        if b is None:
            assert a is None
        else:
            b = b[0, :8] if i == 0 else b[:8] if i <= kind.states else b
            np.testing.assert_allclose(a, b, **tolerance)


@kinds
@directions
@paddings
def test_values_and_gradients_equal_torch(kind, reverse, padded):
    torch = pytest.importorskip("torch")
    inputs = kind.inputs(4, 3)
    lengths = lengths_for(3, 4) if padded else None
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    actual = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)

    leaves = [None if a is None else torch.from_numpy(a).requires_grad_() for a in inputs]
    expected = torch_sequence(torch, kind, leaves, reverse, lengths)
    torch.autograd.backward(expected, [torch.from_numpy(a) for a in cotangents])
    assert_all_close(outputs, [a.detach().numpy() for a in expected], rtol=1e-12, atol=1e-12)
    assert_all_close(actual, [a if a is None else a.grad.numpy() for a in leaves], rtol=1e-10, atol=1e-10)


def torch_sequence(torch, kind, leaves, reverse, lengths):
    """The same recurrence by torch.nn; the reverse one is the second half of a bidirectional layer."""
    rnn_utils = torch.nn.utils.rnn
    x, states, weights = leaves[0], leaves[1 : 1 + kind.states], leaves[1 + kind.states :]
    state_size, H = states[0].shape[1], states[-1].shape[1]
    options = {"bidirectional": reverse, "dtype": torch.float64}
    if kind.gates == 1:
        options["nonlinearity"] = kind.attributes[0]
    if kind.projected:
        options["proj_size"] = state_size
    layer = {1: torch.nn.RNN, 3: torch.nn.GRU, 4: torch.nn.LSTM}[kind.gates](x.shape[2], H, **options)
    names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_hr_l0"]
    given = {name + "_reverse" * reverse: w for name, w in zip(names, weights, strict=False) if w is not None}
    states = [torch.stack([torch.zeros_like(s), s] if reverse else [s]) for s in states]
    if lengths is not None:
        x = rnn_utils.pack_padded_sequence(x, torch.from_numpy(lengths), enforce_sorted=False)
    y, last = torch.func.functional_call(layer, given, (x, tuple(states) if kind.states == 2 else states[0]))
    if lengths is not None:
        y, _ = rnn_utils.pad_packed_sequence(y, total_length=4)
    last = last if kind.states == 2 else (last,)
    return y[..., -state_size:], *(a[-1] for a in last)


@kinds
@paddings
def test_only_what_is_needed_comes_back(kind, padded):
    inputs = kind.inputs(4, 3)
    lengths = lengths_for(3, 4) if padded else None
    full = kind.gradients(inputs, lengths=lengths)
    for pattern in (*np.eye(len(inputs), dtype=bool), np.zeros(len(inputs), bool)):
        expected = [a if need else None for a, need in zip(full, pattern, strict=True)]
        needs = tuple(map(bool, pattern))
        assert_all_close(kind.gradients(inputs, lengths=lengths, needs=needs), expected, rtol=1e-13)


def stretched(a):
    """The same numbers with a gap after each."""
    return None if a is None else np.repeat(a, 2, axis=-1)[..., ::2]


def fortran(a):
    """The same numbers in the opposite memory order."""
    return None if a is None else np.asfortranarray(a)


@kinds
@paddings
@pytest.mark.parametrize("layout", [stretched, fortran])
def test_memory_layout_does_not_matter(kind, padded, layout):
    inputs = kind.inputs(4, 3)
    lengths = lengths_for(3, 4) if padded else None
    outputs, saved = kind.sequence(inputs, lengths=lengths)
    cotangents = kind.cotangents(outputs)
    expected = kind.sequence_vjp(cotangents, inputs, saved, lengths=lengths)

    inputs, cotangents = [layout(a) for a in inputs], [layout(a) for a in cotangents]
    assert_all_close(kind.sequence(inputs, lengths=lengths)[0], outputs, rtol=1e-13, atol=1e-13)
    actual = kind.sequence_vjp(cotangents, inputs, [layout(a) for a in saved], lengths=lengths)
    assert_all_close(actual, expected, rtol=1e-12, atol=1e-12)


@kinds
@directions
@paddings
def test_arguments_stay_as_they_are(kind, reverse, padded):
    inputs = kind.inputs(4, 3)
    lengths = lengths_for(3, 4) if padded else None
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    arrays = [a for a in (*inputs, *saved, *cotangents) if a is not None]
    copies = [a.copy() for a in arrays]
    kind.sequence(inputs, reverse, lengths)
    kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    for array, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, copy)


@kinds
@directions
def test_nothing_at_the_padding_is_read(kind, reverse):
    inputs = kind.inputs(4, 3)
    lengths = lengths_for(3, 4)
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    expected = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)

    beyond = np.arange(4)[:, None] >= lengths
    inputs[0][beyond] = np.nan
    cotangents[0][beyond] = np.nan
    poisoned, saved = kind.sequence(inputs, reverse, lengths)
    actual = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    assert_all_close(poisoned, outputs, rtol=0)
    assert_all_close(actual, expected, rtol=0)
    assert not poisoned[0][beyond].any()
    assert not actual[0][beyond].any()


@kinds
@directions
def test_full_lengths_are_no_lengths(kind, reverse):
    inputs = kind.inputs(4, 3)
    lengths = np.full(3, 4)
    expected = kind.sequence(inputs, reverse)[0]
    assert_all_close(kind.sequence(inputs, reverse, lengths)[0], expected, rtol=0)
    assert_all_close(kind.gradients(inputs, reverse, lengths), kind.gradients(inputs, reverse), rtol=0)


@kinds
@directions
@pytest.mark.parametrize(("T", "N"), [(1, 1), (4, 1), (1, 3), (4, 3), (4, 33)])
def test_packed_rows_are_the_padded_ones(kind, reverse, T, N):
    """In the same bits: the kernels pack what is padded."""
    inputs = kind.inputs(T, N)
    lengths = -np.sort(-np.random.default_rng(0).integers(1, T + 1, N))
    lengths[0] = T
    on = np.arange(T)[:, None] < lengths
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    (y, *states), kept = kind.sequence([inputs[0][on], *inputs[1:]], reverse, lengths)
    assert_all_close([y, *states], [outputs[0][on], *outputs[1:]], rtol=0)
    dy, *dstates = kind.cotangents(outputs)
    dx, *others = kind.sequence_vjp([dy, *dstates], inputs, saved, reverse, lengths)
    actual = kind.sequence_vjp([dy[on], *dstates], [inputs[0][on], *inputs[1:]], kept, reverse, lengths)
    assert_all_close(actual, [dx[on], *others], rtol=0)


@kinds
@dtypes
@pytest.mark.parametrize("H", [3, 37])
def test_nan_shows(kind, dtype, H):
    inputs = kind.inputs(4, 3, dtype, H=H)
    inputs[0][1, 2] = np.nan
    y, *last = kind.sequence(inputs)[0]
    assert np.isnan(y[1:, 2]).all()
    assert all(np.isnan(a[2]).all() for a in last)
    assert not np.isnan(y[:1]).any()
    assert not np.isnan(y[:, :2]).any()


@dtypes
def test_relu_has_no_slope_at_zero(dtype):
    x = np.array([[-1], [0], [2]], dtype)
    h, w, dh_next = np.zeros((3, 1), dtype), np.ones((1, 1), dtype), np.ones((3, 1), dtype)
    h_next = rnn.step(x, h, w, w, None, None, "relu")
    needs = (True, False, False, False, False, False)
    dx, *_ = rnn.step_vjp(dh_next, x, h, w, w, None, None, h_next, "relu", needs)
    assert h_next.tolist() == [[0], [0], [2]]
    assert dx.tolist() == [[0], [0], [1]]


@kinds
@pytest.mark.parametrize("lengths", [False, True])
def test_with_and_without_the_matrix_unit(kind, lengths, monkeypatch):
    """On a processor that has none, this compares the register tile with itself."""
    inputs = kind.inputs(5, 33, np.float32, H=40)
    lengths = np.random.default_rng(0).integers(0, 6, 33) if lengths else None
    outputs, saved = kind.sequence(inputs, lengths=lengths)
    gradients = kind.gradients(inputs, lengths=lengths)
    monkeypatch.setattr(multiplier, "has_matrix_unit", lambda: False)
    assert not multiplier.multiplier(np.dtype(np.float32), 1000).on_unit
    again = *kind.sequence(inputs, lengths=lengths)[0], *kind.gradients(inputs, lengths=lengths)
    for a, b in zip(again, (*outputs, *gradients), strict=True):
        if b is not None:
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * np.abs(b).max())


@kinds
@dtypes
@pytest.mark.parametrize("lengths", [False, True])
def test_weights_that_come_from_far(kind, dtype, lengths, monkeypatch):
    """The tall tile gives the bits of the other, also where a step has fewer rows than the batch."""
    monkeypatch.setattr(multiplier, "has_matrix_unit", lambda: False)
    inputs = kind.inputs(5, 17, dtype, H=40)
    lengths = np.random.default_rng(0).integers(0, 6, 17) if lengths else None
    outputs, _ = kind.sequence(inputs, lengths=lengths)
    gradients = kind.gradients(inputs, lengths=lengths)
    monkeypatch.setattr(multiplier, "FAR", -1)
    again = *kind.sequence(inputs, lengths=lengths)[0], *kind.gradients(inputs, lengths=lengths)
    for a, b in zip(again, (*outputs, *gradients), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_processor_without_the_matrix_unit(monkeypatch):
    monkeypatch.setattr(matrix_unit, "host_features", lambda: {"avx2": True, "amx-tile": True})
    assert not matrix_unit.has_matrix_unit.__wrapped__()
