"""Layers, activations and containers: values and gradients against torch; names, shapes, texts, errors."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from inspect import signature
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_rnn as tg
import tinygrad_rnn.nn as nn
from tinygrad_rnn.autograd.scope import no_grad
from tinygrad_rnn.random import manual_seed
from tinygrad_rnn.tensor import Tensor

from ..autograd.both import as_torch, refused_as_torch

DTYPES = [("f8", 1e-12), ("f4", 2e-5)]

LAYERS = [
    ("Linear", (4, 3), {}, (5, 4)),
    ("Linear", (4, 3), {"bias": False}, (2, 5, 4)),
    ("Linear", (4, 1), {}, (4,)),
    ("Flatten", (), {}, (2, 3, 4)),
    ("Flatten", (0, 1), {}, (2, 3, 4)),
    ("Identity", (3, 4), {"unused": 1}, (2, 3)),
    ("LayerNorm", (4,), {}, (5, 4)),
    ("LayerNorm", ([3, 4],), {"eps": 0.1}, (2, 3, 4)),
    ("LayerNorm", (4,), {"elementwise_affine": False}, (5, 4)),
    ("LayerNorm", (4,), {"bias": False}, (5, 4)),
    ("BatchNorm1d", (4,), {}, (5, 4)),
    ("BatchNorm1d", (3, 0.1, 0.3), {}, (2, 3, 4)),
    ("BatchNorm1d", (3,), {"affine": False, "momentum": None}, (2, 3, 4)),
    ("BatchNorm1d", (4,), {"bias": False}, (5, 4)),
    ("BatchNorm1d", (4,), {"track_running_stats": False}, (5, 4)),
    ("BatchNorm1d", (4,), {}, (0, 4)),
    ("ReLU", (), {}, (3, 4)),
    ("LeakyReLU", (), {}, (3, 4)),
    ("LeakyReLU", (0.3,), {}, (3, 4)),
    ("ELU", (), {}, (3, 4)),
    ("ELU", (0.7,), {}, (3, 4)),
    ("SiLU", (), {}, (3, 4)),
    ("GELU", (), {}, (3, 4)),
    ("GELU", (), {"approximate": "tanh"}, (3, 4)),
    ("Softplus", (), {}, (3, 4)),
    ("Softplus", (2.0, 1.0), {}, (3, 4)),
    ("Tanh", (), {}, (3, 4)),
    ("Sigmoid", (), {}, (3, 4)),
    ("LogSigmoid", (), {}, (3, 4)),
    ("Softmax", (0,), {}, (3, 4)),
    ("LogSoftmax", (-1,), {}, (3, 4)),
    ("Dropout", (0.0,), {}, (3, 4)),
    ("Dropout1d", (0.0,), {}, (3, 4)),
    ("Dropout2d", (0.0,), {}, (3, 4, 2, 2)),
]


def arrays(shape, dtype, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def twin(torch, ours, theirs):
    """Give torch's module the same random parameters, and say that the names and shapes are the same."""
    mine, other = dict(ours.named_parameters()), dict(theirs.named_parameters())
    assert {k: tuple(v.shape) for k, v in mine.items()} == {k: tuple(v.shape) for k, v in other.items()}
    assert list(mine) == list(other)
    for i, name in enumerate(mine):
        values = arrays(mine[name].shape, mine[name].dtype, 100 + i)
        mine[name].data = Tensor(values)
        other[name].data = torch.tensor(values)


@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_as_torch(name, args, options, shape, dtype, tolerance):
    torch = pytest.importorskip("torch")
    ours, theirs = getattr(nn, name)(*args, **options), getattr(torch.nn, name)(*args, **options)
    ours.to(np.dtype(dtype)), theirs.to(torch.float64 if dtype == "f8" else torch.float32)
    twin(torch, ours, theirs)
    x = Tensor(arrays(shape, dtype)).requires_grad_()
    x_torch = torch.tensor(x.array.copy(), requires_grad=True)
    y, y_torch = ours(x), theirs(x_torch)
    assert str(y.dtype) == str(y_torch.dtype).removeprefix("torch.")
    np.testing.assert_allclose(y.array, y_torch.detach().numpy(), rtol=tolerance, atol=tolerance)
    dy = arrays(y.shape, dtype, 7)
    y.backward(Tensor(dy))
    y_torch.backward(torch.tensor(dy))
    np.testing.assert_allclose(x.grad.array, x_torch.grad.numpy(), rtol=tolerance, atol=tolerance)
    for p, q in zip(ours.parameters(), theirs.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.array, q.grad.numpy(), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "args", "options", "shape"), LAYERS)
def test_repr_is_torchs(name, args, options, shape):
    torch = pytest.importorskip("torch")
    assert repr(getattr(nn, name)(*args, **options)) == repr(getattr(torch.nn, name)(*args, **options))


def test_cells_print_as_torchs():
    torch = pytest.importorskip("torch")
    for make in (
        lambda m: m.nn.RNNCell(2, 3, nonlinearity="relu"),
        lambda m: m.nn.RNNCell(2, 3, bias=False),
        lambda m: m.nn.LSTMCell(2, 3),
        lambda m: m.nn.GRUCell(2, 3, bias=False),
    ):
        assert repr(make(tg)) == repr(make(torch))


NAMES = sorted({name for name, *_ in LAYERS} - {"Tanh", "Sigmoid", "LogSigmoid"}) + ["Embedding", "ModuleList"]


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_torchs(name):
    torch = pytest.importorskip("torch")
    ours, theirs = [signature(getattr(place, name)).parameters for place in (nn, torch.nn)]
    assert [(p.name, p.default) for p in ours.values()] == [(p.name, p.default) for p in theirs.values()]


# --- Linear ------------------------------------------------------------------------------------------------------


def test_linear_starts_as_in_torch():
    """U(-k, k) with k = 1 / sqrt(in_features): bounds, mean and variance of weight and bias."""
    manual_seed(0)
    layer = nn.Linear(16, 20_000)
    for parameter in (layer.weight, layer.bias):
        assert np.abs(parameter.array).max() <= 0.25
        assert np.abs(parameter.array).max() > 0.249
        assert abs(parameter.array.mean()) < 0.005
        np.testing.assert_allclose(parameter.array.std(), 0.25 / np.sqrt(3), rtol=0.02)


def test_a_seed_gives_the_same_parameters_in_every_dtype():
    manual_seed(3)
    small = nn.Linear(5, 4)
    manual_seed(3)
    large = nn.Linear(5, 4, dtype=np.float64)
    assert large.weight.dtype == np.float64
    np.testing.assert_array_equal(small.weight.array, large.weight.array.astype("f4"))


def test_linear_of_no_features():
    layer = nn.Linear(0, 3)
    assert layer(Tensor(np.zeros((2, 0), "f4"))).shape == (2, 3)
    assert layer.weight.shape == (3, 0)


def test_linear_errors():
    with pytest.raises(RuntimeError, match="negative"):
        nn.Linear(-1, 3)
    with pytest.raises(TypeError):
        nn.Linear(2.5, 3)
    with pytest.raises(RuntimeError, match=r"linear.*4.*3"):
        nn.Linear(4, 2)(Tensor(np.zeros((2, 3), "f4")))


# --- Embedding -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("padding_idx", [None, 1, -1])
@pytest.mark.parametrize(("dtype", "tolerance"), DTYPES)
def test_embedding_as_torch(padding_idx, dtype, tolerance):
    torch = pytest.importorskip("torch")
    table = arrays((5, 3), dtype)
    names = np.array([[0, 4, 4], [1, 1, 2]])
    ours = nn.Embedding(5, 3, padding_idx, _weight=Tensor(table.copy()))
    theirs = torch.nn.Embedding(5, 3, padding_idx, _weight=torch.tensor(table))
    y, y_torch = ours(Tensor(names)), theirs(torch.tensor(names))
    np.testing.assert_array_equal(y.array, y_torch.detach().numpy())
    dy = arrays((2, 3, 3), dtype, 5)
    y.backward(Tensor(dy))
    y_torch.backward(torch.tensor(dy))
    np.testing.assert_allclose(ours.weight.grad.array, theirs.weight.grad.numpy(), rtol=tolerance)
    assert repr(ours) == repr(theirs)
    assert ours.padding_idx == theirs.padding_idx


@pytest.mark.parametrize("names", [[[0, 4, 4], [1, 0, 2]], [3], [], 2])
@pytest.mark.parametrize("max_norm", [0.0, 1, 1.5, 100.0])
@pytest.mark.parametrize("norm_type", [1.0, 2, 3.0, np.inf])
def test_embedding_scales_long_rows_down_as_torch(names, max_norm, norm_type):
    def program(m):
        weight = m.tensor(arrays((5, 3), "f8").tolist())
        layer = m.nn.Embedding(5, 3, 1, max_norm=max_norm, norm_type=norm_type, _weight=weight)
        y = layer(m.tensor(names, dtype=m.int64))
        y.sum().backward()
        return y, layer.weight, layer.weight.grad, layer.weight.is_leaf, repr(layer)

    as_torch(program)


@pytest.mark.parametrize("names", [[5], [0, -1], [0.5]])
def test_embedding_scales_nothing_for_names_that_are_refused(names):
    table = tg.full((4, 3), 7.0)
    refused_as_torch(lambda m: m.nn.functional.embedding(m.tensor(names), m.ones(4, 3), max_norm=1.0))
    with pytest.raises((IndexError, RuntimeError)):
        nn.functional.embedding(tg.tensor(names), table, max_norm=1.0)
    assert tg.equal(table, tg.full((4, 3), 7.0))


def test_embedding_starts_normal_and_padding_zero():
    manual_seed(0)
    layer = nn.Embedding(2000, 20, padding_idx=-2000)
    assert not layer.weight.array[0].any()
    assert layer.weight.array[1:].all()
    np.testing.assert_allclose(layer.weight.array[1:].mean(), 0, atol=0.02)
    np.testing.assert_allclose(layer.weight.array[1:].std(), 1, atol=0.02)
    assert layer.weight.requires_grad
    assert layer.weight.is_leaf


def test_embedding_from_pretrained():
    table = Tensor(arrays((4, 2), "f4"))
    frozen = nn.Embedding.from_pretrained(table)
    assert frozen.weight.array is table.array
    assert not frozen.weight.requires_grad
    assert (frozen.num_embeddings, frozen.embedding_dim) == (4, 2)
    assert nn.Embedding.from_pretrained(table, freeze=False, padding_idx=2).weight.requires_grad
    with pytest.raises(AssertionError, match=r"2-dimensional, got shape \(3,\)"):
        nn.Embedding.from_pretrained(Tensor(np.zeros(3)))


def test_embedding_errors():
    for bad in (3, -4):
        with pytest.raises(AssertionError, match=f"padding_idx must be within 3 num_embeddings: {bad}"):
            nn.Embedding(3, 2, padding_idx=bad)
    with pytest.raises(AssertionError, match=r"expected \(3, 2\), got \(2, 2\)"):
        nn.Embedding(3, 2, _weight=Tensor(np.zeros((2, 2))))
    for option in ({"sparse": True}, {"scale_grad_by_freq": True}):
        with pytest.raises(ValueError, match=f"{next(iter(option))}=.* is not supported"):
            nn.Embedding(3, 2, **option)
    with pytest.raises(IndexError):
        nn.Embedding(3, 2)(Tensor(np.array([3])))


# --- Dropout, LayerNorm, in-place ---------------------------------------------------------------------------------


def test_dropout():
    manual_seed(0)
    layer, x = nn.Dropout(0.25), Tensor(np.ones(40_000, "f4")).requires_grad_()
    y = layer(x)
    assert set(np.unique(y.array)) == {0.0, np.float32(1 / 0.75)}
    np.testing.assert_allclose((y.array == 0).mean(), 0.25, atol=0.01)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.array, y.array)
    np.testing.assert_array_equal(layer.eval()(x).array, x.array)
    assert not nn.Dropout(1.0)(x).array.any()
    manual_seed(5)
    first = layer.train()(x).array
    manual_seed(5)
    np.testing.assert_array_equal(first, layer(x).array)
    for p in (-0.1, 1.5):
        with pytest.raises(ValueError, match=f"between 0 and 1, but got {p}"):
            nn.Dropout(p)


def test_layer_norm_starts_neutral():
    layer = nn.LayerNorm((2, 3))
    assert (layer.weight.array == 1).all()
    assert (layer.bias.array == 0).all()
    assert nn.LayerNorm(3, bias=False).bias is None
    assert nn.LayerNorm(3, elementwise_affine=False).weight is None
    with pytest.raises(RuntimeError, match=r"layer_norm: expected input whose shape ends in \(3,\), got \(2,\)"):
        nn.LayerNorm(3)(Tensor(np.zeros(2, "f4")))


@pytest.mark.parametrize("name", ["ReLU", "LeakyReLU", "ELU", "SiLU", "Dropout"])
def test_in_place(name):
    layer = getattr(nn, name)(inplace=True)
    leaf = Tensor(arrays((50,), "f8")).requires_grad_()
    h = leaf * 1.0
    values = h.array.copy()
    manual_seed(1)
    y = layer(h)
    assert y is h
    assert "inplace=True" in repr(layer)
    y.sum().backward()
    other = Tensor(values).requires_grad_()
    manual_seed(1)
    expected = getattr(nn, name)()(other)
    expected.sum().backward()
    np.testing.assert_array_equal(h.array, expected.array)
    np.testing.assert_allclose(leaf.grad.array, other.grad.array, rtol=1e-14)
    with pytest.raises(RuntimeError, match="leaf"):
        layer(leaf)


# --- containers --------------------------------------------------------------------------------------------------


def chain(*sizes):
    return nn.Sequential(*[nn.Linear(a, b) for a, b in pairwise(sizes)])


def test_sequential():
    model = chain(2, 3, 4, 5)
    x = Tensor(arrays((7, 2), "f4"))
    expected = x
    for layer in model:
        expected = layer(expected)
    np.testing.assert_array_equal(model(x).array, expected.array)
    assert [name for name, _ in model.named_parameters()] == [f"{i}.{p}" for i in range(3) for p in ("weight", "bias")]
    assert len(model) == 3
    assert model[-1] is model[2]
    assert model[1].out_features == 4
    head = model[:2]
    assert isinstance(head, nn.Sequential)
    assert list(head) == [model[0], model[1]]
    assert list(model[1:]._modules) == ["1", "2"]
    assert nn.Sequential()(x) is x


def test_sequential_with_names():
    model = nn.Sequential(OrderedDict(first=nn.Linear(2, 3), second=nn.Tanh()))
    assert model.first is model[0]
    assert list(model.state_dict()) == ["first.weight", "first.bias"]
    assert [name for name, _ in model.named_children()] == ["first", "second"]


@pytest.mark.parametrize("kind", ["Sequential", "ModuleList"])
def test_rows_change_as_torchs(kind):
    """The same changes to ours and torch's give the same texts and lengths."""
    torch = pytest.importorskip("torch")
    results = []
    for place in (nn, torch.nn):
        make = getattr(place, kind)
        layers = [place.Linear(i + 1, i + 2) for i in range(4)]
        row = make(*layers) if kind == "Sequential" else make(layers)
        seen = [repr(row)]
        row.append(place.ReLU()).extend([place.ReLU(), place.Tanh()])
        seen.append(repr(row))
        row.insert(1, place.Sigmoid())
        seen.append(repr(row))
        row.insert(len(row), place.GELU())
        seen.append(repr(row))
        del row[0]
        seen.append(repr(row))
        del row[1:3]
        seen.append(repr(row))
        row[-1] = place.ELU()
        seen.append(repr(row))
        seen.append((repr(row.pop(1)), repr(row), len(row)))
        row += make(place.Tanh()) if kind == "Sequential" else [place.Tanh()]
        seen.append(repr(row))
        seen.append(repr(row + make(place.ReLU()) if kind == "Sequential" else row + [place.ReLU()]))
        seen.append(repr(row[::2]))
        seen.append(list(row.state_dict()))
        results.append(seen)
    assert results[0] == results[1]


def test_a_moved_module_is_called_by_its_new_name():
    row = nn.ModuleList([nn.ReLU(), nn.Tanh()])
    row.insert(0, nn.Sigmoid())
    assert [module._name for module in row] == ["0", "1", "2"]


def test_row_errors():
    row = nn.ModuleList([nn.ReLU()])
    for bad in (1, -2):
        with pytest.raises(IndexError, match=f"index {bad} is out of range"):
            row[bad]
    with pytest.raises(TypeError, match="indices must be integers or slices, not str"):
        row["a"]
    with pytest.raises(IndexError, match="5"):
        row.insert(5, nn.ReLU())
    for bad in (3, nn.ReLU, "relu"):
        with pytest.raises(TypeError):
            row.append(bad)
        with pytest.raises(TypeError):
            nn.Sequential(bad)
        with pytest.raises(TypeError):
            row.insert(0, bad)
    with pytest.raises(TypeError, match=r"ModuleList.extend should be called with an iterable, but got int"):
        row.extend(3)
    with pytest.raises(TypeError, match="type is not a Module"):
        row.extend([nn.ReLU(), nn.Tanh])
    assert len(row) == 1
    with pytest.raises(NotImplementedError, match='missing the required "forward"'):
        row(Tensor(np.zeros(2)))


def test_module_dict():
    torch = pytest.importorskip("torch")
    modules = nn.ModuleDict({"a": nn.ReLU(), "b": nn.Linear(2, 3)})
    modules["c"] = nn.Tanh()
    modules.update([("d", nn.Identity())])
    assert list(modules) == list(modules.keys()) == ["a", "b", "c", "d"]
    assert len(modules) == 4
    assert modules["a"] is next(iter(modules.values()))
    assert "b" in modules
    assert "x" not in modules
    assert [name for name, _ in modules.items()] == ["a", "b", "c", "d"]
    assert isinstance(modules.pop("d"), nn.Identity)
    del modules["c"]
    theirs = torch.nn.ModuleDict({"a": torch.nn.ReLU(), "b": torch.nn.Linear(2, 3)})
    assert repr(modules) == repr(theirs)
    assert list(modules.state_dict()) == list(theirs.state_dict())
    with pytest.raises(KeyError, match="x"):
        modules["x"]
    with pytest.raises(TypeError, match=r"ModuleDict\.update should be called with a mapping or pairs, but got int"):
        nn.ModuleDict(3)
    modules.clear()
    assert len(modules) == 0


def test_parameter_list():
    given = [nn.Parameter(Tensor(np.zeros(2))), Tensor(np.ones((2, 3)))]
    row = nn.ParameterList(given)
    assert row[0] is given[0]
    assert isinstance(row[1], nn.Parameter)
    assert row[-1] is row[1]
    assert [name for name, _ in row.named_parameters()] == ["0", "1"]
    assert len(row.append(Tensor(np.zeros(1)))) == 3
    assert list(row[1:]) == [row[1], row[2]][:2]
    row[0] = Tensor(np.full(4, 2.0))
    assert next(row.parameters()).tolist() == [2.0] * 4
    sizes = [f"\n    ({i}): Parameter containing: [float64 of size {n}]" for i, n in enumerate(("4", "2x3", "1"))]
    assert repr(row) == f"ParameterList({''.join(sizes)}\n)"
    assert row.append(3)[-1] == 3  # anything else stays what it is


def test_models_are_copied_and_pickled():
    model = nn.Sequential(chain(2, 3, 4), nn.Dropout(0.5), nn.Embedding(3, 2), nn.CrossEntropyLoss())
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert repr(other) == repr(model)
        for (name, p), (other_name, q) in zip(model.named_parameters(), other.named_parameters(), strict=True):
            assert name == other_name
            assert p.array is not q.array
            assert isinstance(q, nn.Parameter)
            np.testing.assert_array_equal(p.array, q.array)


def test_a_model_under_no_grad_records_nothing():
    with no_grad():
        y = chain(2, 3)(Tensor(np.zeros((1, 2), "f4")))
    assert not y.requires_grad
