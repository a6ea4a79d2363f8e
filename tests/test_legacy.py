"""Older spellings: the same results and the same errors as torch's."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import tinygrad_rnn as tg

from .autograd.both import as_torch, refused_as_torch

KINDS = "Tensor FloatTensor DoubleTensor LongTensor IntTensor ShortTensor CharTensor ByteTensor BoolTensor".split()
FLOATS = KINDS[:3]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", [[1, 0, 3], [[1.0, 0.0]], (1, 2), range(3), [], [[]], [True, False], [0.5, 1.5]])
def test_from_data_as_torch(kind, data):
    as_torch(lambda m: getattr(m, kind)(data))


@pytest.mark.parametrize("kind", KINDS)
def test_from_sizes_as_torch(kind):
    as_torch(lambda m: [list(make().shape) for make in (
        lambda: getattr(m, kind)(2), lambda: getattr(m, kind)(2, 0, 3), lambda: getattr(m, kind)(m.zeros(2, 3).shape),
        lambda: getattr(m, kind)(np.int64(3)), lambda: getattr(m, kind)(m.tensor(2), 3), lambda: getattr(m, kind)(),
        lambda: getattr(m, kind)(2, device="cpu"), lambda: m.zeros(1).new(2, 3), lambda: m.zeros(1).new(),
        lambda: m.zeros(1).new(m.zeros(4, 5).size()),
    )])  # fmt: skip
    assert str(getattr(tg, kind)(2).dtype) == str(getattr(tg, kind)([1, 0]).dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "i8", "?"])
def test_from_an_array_as_torch(kind, dtype):
    """Memory is shared where the dtype fits."""

    def program(m):
        array = np.array([1, 0], dtype)
        made = getattr(m, kind)(array)
        array[1] = 1
        return made

    as_torch(program)


@pytest.mark.parametrize("kind", KINDS)
def test_refused_as_torch(kind):
    for program in (
        lambda m: getattr(m, kind)(2.5),
        lambda m: getattr(m, kind)(2, 2.5),
        lambda m: getattr(m, kind)(True),
        lambda m: getattr(m, kind)(None),
        lambda m: getattr(m, kind)("a"),
        lambda m: getattr(m, kind)({1: 2}),
        lambda m: getattr(m, kind)(-1),
        lambda m: getattr(m, kind)([[1, 2], [3]]),
        lambda m: getattr(m, kind)([2], dtype=m.float32),
        lambda m: getattr(m, kind)(2, device="cuda"),
        lambda m: getattr(m, kind)(np.array(["a"])),
    ):
        refused_as_torch(program)
    if kind in KINDS[1:]:
        other = "f8" if kind != "DoubleTensor" else "f4"
        refused_as_torch(lambda m: getattr(m, kind)(m.as_tensor(np.ones(2, other))))


def test_from_a_tensor_shares_memory_and_gradients():
    def program(m):
        x = m.tensor([1.0, 2.0], requires_grad=True)
        y = m.FloatTensor(x)
        (y * y).sum().backward()
        z = m.ones(2)
        m.Tensor(z)[0] = 5
        return x.grad, y, z, m.Tensor(m.tensor([1, 2]))

    as_torch(program)


TYPES = [f"torch.{kind}" for kind in KINDS[1:]]


@pytest.mark.parametrize("name", TYPES)
def test_type_as_torch(name):
    def program(m):
        kind = getattr(m, name.removeprefix("torch."))
        x = m.tensor([1.0, 0.0, 2.0])
        y = x.type(kind)
        same = y.type(kind) is y and y.type(name) is y and y.type(y.dtype) is y
        return y, y.type(), x.type(name), same, isinstance(y, kind), isinstance(x, kind), isinstance(y, m.Tensor)

    as_torch(program)


def test_type_of_other_things_as_torch():
    as_torch(lambda m: m.tensor([1, 2]).type(m.Tensor))
    as_torch(lambda m: m.tensor([1, 2]).type(m.float64))
    as_torch(lambda m: m.tensor([1, 2]).new([1.5, 2.5]))
    for wrong in ("foo", int, "LongTensors", "float32"):
        refused_as_torch(lambda m, wrong=wrong: m.ones(2).type(wrong))
    refused_as_torch(lambda m: m.ones(2).type("torch.cuda.FloatTensor"))
    refused_as_torch(lambda m: m.ones(2).type(m.cuda.FloatTensor))
    refused_as_torch(lambda m: m.cuda.FloatTensor(2))


def test_gradients_flow_through_type():
    def program(m):
        x = m.tensor([1.0, 2.0], requires_grad=True)
        x.type(m.DoubleTensor).square().sum().backward()
        return x.grad

    as_torch(program)


def test_variable_as_torch():
    def program(m):
        x = m.ones(2, requires_grad=True) * 2
        leaf = m.autograd.Variable(x, requires_grad=True)
        leaf.sum().backward()
        plain = m.autograd.Variable(x)
        plain[0] = 7
        made = [leaf.grad, leaf.is_leaf, x, plain.requires_grad, m.autograd.Variable(m.zeros(1), True).requires_grad]
        return [*made, m.autograd.Variable(), isinstance(x, m.autograd.Variable), isinstance(3, m.autograd.Variable)]

    as_torch(program)
    for wrong in ([1.0], 3.0, np.ones(2)):
        refused_as_torch(lambda m, wrong=wrong: m.autograd.Variable(wrong))
    refused_as_torch(lambda m: m.autograd.Variable(m.ones(2, dtype=m.int64), requires_grad=True))
    with pytest.warns(UserWarning, match="volatile"):
        tg.autograd.Variable(tg.ones(1), volatile=True)


def test_default_tensor_type():
    try:
        with pytest.warns(UserWarning, match="deprecated"):
            tg.set_default_tensor_type("torch.DoubleTensor")
        assert tg.ones(1).dtype == tg.Tensor(2).dtype == tg.Tensor([1]).dtype == tg.float64
        wrong = pytest.raises(TypeError, match="expected float32 or float64, got int64")
        with pytest.warns(UserWarning, match="deprecated"), wrong:
            tg.set_default_tensor_type(tg.LongTensor)
    finally:
        tg.set_default_dtype(tg.float32)


# --- the class -----------------------------------------------------------------------------------------------------


def test_every_tensor_is_a_tensor():
    for x in (tg.ones(2), tg.nn.Parameter(tg.ones(2)), tg.ones(3)[1:], tg.ones(2, requires_grad=True) * 2, tg.Tensor()):
        assert isinstance(x, tg.Tensor)
    assert type(tg.ones(2)) == tg.Tensor == type(tg.ones(2))  # noqa: E721
    assert type(tg.nn.Parameter(tg.ones(2))) != tg.Tensor  # noqa: E721
    assert not isinstance(np.ones(2), tg.Tensor)
    assert issubclass(tg.nn.Parameter, tg.Tensor)
    assert not issubclass(int, tg.Tensor)
    assert tg.Tensor.add(tg.ones(1), 1).item() == 2.0


def test_a_class_of_the_users():
    class Named(tg.Tensor):
        def __init__(self, data, name):
            super().__init__(data)
            self.name = name

    x = Named([1.0, 2.0], "x")
    assert type(x) is Named
    assert isinstance(x, tg.Tensor)
    assert not isinstance(tg.ones(1), Named)
    assert (x + 1).tolist() == [2.0, 3.0]
    assert x.name == "x"
    assert not issubclass(tg.nn.Parameter, Named)


def test_a_method_of_the_users():
    try:
        tg.Tensor.doubled = lambda self: self * 2
        assert tg.ones(1).doubled().item() == 2.0
    finally:
        del type(tg.ones(1)).doubled


def test_copies():
    x = tg.Tensor([1, 2])
    for other in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert type(other) is type(x)
        assert other.tolist() == [1.0, 2.0]
