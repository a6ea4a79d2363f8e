"""Tensors print as PyTorch's do, character by character."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import tinygrad_rnn as tg

from .both import programs

RANDOM = np.random.default_rng(0)
TENSORS = {
    "number": 1.5,
    "whole number": 2.0,
    "large number": 1e9,
    "tiny number": 1e-7,
    "whole": [1.0, 2.0, -3.0],
    "wide whole": [1.0, 20.0, 300.0],
    "whole of wide range": [1.0, 2000.0],
    "large whole": [2e8, 3e8],
    "decimals": [1.5, -2.25, 0.0],
    "rounded": [0.12345678, 9.87654321],
    "wide range": [0.001, 100.5],
    "small": [0.00001, 0.5],
    "negative zero": [-0.0, 0.0],
    "inf and nan": [float("inf"), float("-inf"), float("nan"), 1.0],
    "inf beside decimals": [float("inf"), 1.25],
    "only inf": [float("inf"), 0.0],
    "zeros": np.zeros((2, 3), np.float32),
    "matrix": [[1.0, 2.5], [3.0, 4.0]],
    "cube": RANDOM.standard_normal((2, 3, 2)).astype("f4"),
    "four dimensions": RANDOM.standard_normal((2, 1, 2, 2)).astype("f4"),
    "long line": RANDOM.standard_normal(30).astype("f4"),
    "long lines": RANDOM.standard_normal((3, 25)).astype("f4"),
    "long lines of integers": np.arange(60).reshape(2, 30),
    "thousand": np.arange(1000.0, dtype="f4"),
    "summary": np.arange(1001.0, dtype="f4"),
    "summary of a matrix": RANDOM.standard_normal((50, 40)).astype("f4"),
    "summary of a cube": RANDOM.standard_normal((20, 4, 30)).astype("f4"),
    "summary of whole numbers": np.arange(2000).reshape(100, 20),
    "large at the edge alone": np.where(np.arange(2000) == 1000, 1e9, 1.0).astype("f4"),
    "integers": [1, -20, 300],
    "int32": np.array([1, 2], np.int32),
    "uint8": np.array([1, 255], np.uint8),
    "bool": [True, False],
    "bool matrix": np.eye(3, dtype=bool),
    "double": np.array([1.5, 2.5]),
    "double number": np.float64(3.25),
    "empty": np.zeros(0, np.float32),
    "empty matrix": np.zeros((0, 3), np.float32),
    "empty cube": np.zeros((2, 0, 3), np.float32),
    "empty integers": np.zeros(0, np.int64),
    "empty doubles": np.zeros((0, 2)),
}


@pytest.mark.parametrize("name", TENSORS)
def test_as_torch(name):
    torch = pytest.importorskip("torch")
    data = TENSORS[name]
    found, expected = repr(tg.tensor(data)), repr(torch.tensor(data))
    assert found == expected.replace("torch.", "")
    assert str(tg.tensor(data)) == found


@pytest.mark.parametrize("n", [1, 6, 7, 8, 9, 14, 15, 16, 17])
def test_suffixes_break_lines_as_torch(n):
    torch = pytest.importorskip("torch")
    data = np.linspace(0.5, 3.25, n, dtype="f4")
    for make in (
        lambda m: m.tensor(data, requires_grad=True),
        lambda m: m.tensor(data, requires_grad=True) * 2,
        lambda m: m.tensor(data[None], requires_grad=True).exp(),
    ):
        assert repr(make(tg)) == repr(make(torch))


def added(m, x):
    return x + 1


def powered(m, x):
    return x**2


def divided(m, x):
    return x / 3


def negated(m, x):
    return -x


def summed(m, x):
    return x.sum()


def activated(m, x):
    return x.tanh().sigmoid()


def unbound(m, x):
    return x.unbind(0)[1]


def reduced(m, x):
    return [x.sum(0), x.mean(1), x.prod(0), x.max(), x.min(), x.amax(0), x.norm(), x.sum(), x.mean(), x.prod()]


def parted(m, x):
    return [x[0], x[:, 1], x[0, 1], x[:1], x[[0, 1]], x[x > 0], x[None], x[..., 0], x.narrow(0, 0, 1), x[1:, 0]]


def reshaped(m, x):
    return [x.view(4), x.reshape(1, 4), x.flatten(), x.unsqueeze(0), x.expand(3, 2, 2), x.permute(1, 0), x.clone()]


def multiplied(m, x):
    stacked = x.unsqueeze(0)
    return [x @ x, x @ x[0], x[0] @ x[1], stacked.bmm(stacked), m.nn.functional.linear(x, x, x[0]), x.square()]


def passed(m, x):
    F = m.nn.functional
    layers = [m.nn.Linear(2, 3), m.nn.LayerNorm(2), m.nn.BatchNorm1d(2), m.nn.Embedding(3, 2)]
    results = [layer(x if "Embedding" not in repr(layer) else m.tensor([0])) for layer in layers]
    return [*results, F.pad(x, (1, 1)), F.cross_entropy(x, m.tensor([0, 1])), F.relu(x), F.softmax(x, 1), x.double()]


@programs(added, powered, divided, negated, summed, activated, unbound, reduced, parted, reshaped, multiplied, passed)
def test_names_of_operations_as_torch(program):
    torch = pytest.importorskip("torch")
    texts = []
    for m in (tg, torch):
        made = program(m, m.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True))
        texts.append([re.search(r"grad_fn=<\w+>", repr(y))[0] for y in (made if isinstance(made, list) else [made])])
    assert texts[0] == texts[1]


CHOICES = {
    "max": lambda x: x.max(0), "min": lambda x: x.min(1, keepdim=True), "median": lambda x: x.median(0),
    "sort": lambda x: x.sort(), "topk": lambda x: x.topk(2), "kthvalue": lambda x: x.kthvalue(1),
}  # fmt: skip


@pytest.mark.parametrize("name", CHOICES)
def test_pairs_as_torch(name):
    torch = pytest.importorskip("torch")
    data = [[1.5, 2.0, -1.0], [0.5, 4.0, 7.0]]
    found, expected = CHOICES[name](tg.tensor(data)), CHOICES[name](torch.tensor(data))
    assert repr(found) == repr(expected).replace("torch.", "")
    assert isinstance(found, getattr(tg.return_types, name))
    values, indices = found
    assert values is found.values
    assert indices is found[1]
    again = pickle.loads(pickle.dumps(found))
    assert type(again) is type(found)
    assert again.indices.tolist() == indices.tolist()


def test_default_dtype_is_not_shown():
    try:
        tg.set_default_dtype(tg.float64)
        assert repr(tg.ones(1)) == "tensor([1.])"
        assert repr(tg.ones(1, dtype=tg.float32)) == "tensor([1.], dtype=float32)"
    finally:
        tg.set_default_dtype(tg.float32)


def test_parameters():
    parameter = tg.nn.Parameter(tg.ones(2))
    expected = "Parameter containing:\ntensor([1., 1.], requires_grad=True)"
    assert [repr(parameter), str(parameter), f"{parameter}"] == [expected] * 3


def test_formatting():
    assert f"{tg.tensor(3.14159):.2f}" == "3.14"
    assert f"{tg.tensor(3)}" == "3"
    assert f"{tg.tensor([1.0])}" == "tensor([1.])"
    with pytest.raises(TypeError):
        format(tg.ones(2), ".2f")


# --- copies -----------------------------------------------------------------------------------------------


def leaf(grad=True):
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    if grad:
        (x * x).sum().backward()
    return x


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    for x in (leaf(), tg.arange(3), tg.ones(2, 3).t(), tg.nn.Parameter(tg.ones(2)), tg.zeros(0, 2), tg.tensor(True)):
        y = pickle.loads(pickle.dumps(x, protocol))
        assert isinstance(y, tg.nn.Parameter) is isinstance(x, tg.nn.Parameter)
        assert (y.dtype, y.shape, y.requires_grad, y.is_leaf) == (x.dtype, x.shape, x.requires_grad, x.is_leaf)
        np.testing.assert_array_equal(y.detach().numpy(), x.detach().numpy())


def test_what_was_unpickled_works_like_any_other():
    """NumPy's dtype object is another one after unpickling."""
    x = pickle.loads(pickle.dumps(tg.ones(2, 3)))
    x[0].mul_(3)
    assert x.tolist() == [[3.0, 3.0, 3.0], [1.0, 1.0, 1.0]]
    w = pickle.loads(pickle.dumps(tg.ones(3, requires_grad=True)))
    y = (x @ w) * w.sum() + 1
    assert y.dtype == tg.float32
    y.sum().backward()
    assert w.grad.dtype == tg.float32
    try:
        tg.set_default_dtype(tg.float64)
        assert (x * x).dtype == x.reshape(6).dtype == tg.float32
    finally:
        tg.set_default_dtype(tg.float32)


def test_deepcopy():
    x = leaf()
    y = copy.deepcopy(x)
    y.grad.zero_()
    with tg.no_grad():
        y.zero_()
    assert x.tolist() == [1.0, 2.0, 3.0]
    assert x.grad.tolist() == [2.0, 4.0, 6.0]
    assert y.requires_grad
    assert y.is_leaf
    pair = copy.deepcopy([x, x])
    assert pair[0] is pair[1]


def test_shallow_copy_shares_memory():
    x = tg.ones(3)
    copy.copy(x).add_(1)
    assert x.tolist() == [2.0, 2.0, 2.0]


def test_a_computed_tensor_is_not_copied_deeply():
    with pytest.raises(RuntimeError, match="leaves"):
        copy.deepcopy(leaf() * 2)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_modules(duplicate):
    tg.manual_seed(0)
    net = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.LSTM(4, 2))
    net.register_buffer("scale", tg.ones(1))
    x = tg.randn(5, 2, 3)
    twin = duplicate(net)
    np.testing.assert_array_equal(twin(x)[0].detach().numpy(), net(x)[0].detach().numpy())
    assert [name for name, _ in twin.named_parameters()] == [name for name, _ in net.named_parameters()]
    twin(x)[0].sum().backward()
    assert all(p.grad is None for p in net.parameters())
    assert all(p.grad is not None for p in twin.parameters())
    with tg.no_grad():
        twin[0].weight.zero_()
    assert net[0].weight.any()


def test_shared_parameters_stay_shared():
    net = tg.nn.Sequential(tg.nn.Linear(3, 3), tg.nn.Linear(3, 3))
    net[1].weight = net[0].weight
    twin = copy.deepcopy(net)
    assert twin[0].weight is twin[1].weight
    assert twin[0].weight is not net[0].weight
