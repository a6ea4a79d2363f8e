"""Tensor's face: every operation that torch has as a method is one here, with torch's results."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import ops

from .both import as_torch, programs

# Methods of torch.Tensor, and operations here, that are deliberately not methods here. (None at present.)
NOT_METHODS: set[str] = set()


def test_every_operation_that_torch_has_as_a_method_is_one():
    torch = pytest.importorskip("torch")
    public = {name for name in vars(ops) if not name.startswith("_") and callable(getattr(ops, name))}
    expected = {name for name in public if hasattr(torch.Tensor, name)} - NOT_METHODS
    assert sorted(name for name in expected if not hasattr(tg.Tensor, name)) == []


def test_in_place_forms():
    torch = pytest.importorskip("torch")
    public = {name for name in vars(ops) if not name.startswith("_") and hasattr(tg.Tensor, name)}
    expected = {f"{name}_" for name in public if hasattr(torch.Tensor, f"{name}_")}
    assert sorted(name for name in expected if not hasattr(tg.Tensor, name)) == []


def x(m, *shape):
    return m.tensor(np.random.default_rng(1).standard_normal(shape or (2, 3)))


def properties(m):
    t = x(m)
    return (
        t.ndim, t.dim(), tuple(t.shape), tuple(t.size()), t.size(1), t.size(-1), t.numel(), t.nelement(),
        t.shape.numel(), t.is_leaf, t.requires_grad, t.grad, t.grad_fn, t.element_size(),
        t.is_floating_point(), t.is_contiguous(), t.t().is_contiguous(), tuple(t.stride()), t.stride(0),
        len(t), t.is_cuda, str(t.device), t.itemsize, t.nbytes,
    )  # fmt: skip


def transposes(m):
    return x(m).T, x(m, 2, 3, 4).mT, x(m).H, x(m).t(), x(m, 3).t(), x(m, 2, 3, 4).transpose(0, -1)


def conversions(m):
    t = x(m) * 10
    return (
        t.float(), t.double(), t.long(), t.int(), t.bool(), t.to(m.float32), t.to("cpu"), t.to(t.long()),
        t.type_as(t.int()), t.to("cpu", m.int64), t.to(m.device("cpu"), dtype=m.float32),
        t.to(dtype=m.float32, copy=True), t.cpu(), t.tolist(), t[0, 0].item(), float(t[0, 0]), int(t[0, 0]),
        bool(t[0, 0] == t[0, 0]), t.short(), t.byte(),
    )  # fmt: skip


def conversions_share_where_they_can(m):
    t = x(m)
    return t.double() is t, t.to(m.float64) is t, t.to("cpu") is t, t.contiguous() is t, t.to(m.float64, copy=True) is t


def new_ones(m):
    t = x(m).float()
    return (
        t.new_zeros(2, 3), t.new_zeros((2,)), t.new_ones(2), t.new_full((2,), 3), t.new_tensor([1, 2]),
        t.new_empty(0, 2), t.long().new_zeros(2), t.new_zeros(2, dtype=m.int64),
        t.new_zeros(2, requires_grad=True).requires_grad,
    )  # fmt: skip


def operators(m):
    t, u = x(m), x(m).abs() + 1
    k, j = m.tensor([5, -7, 3]), m.tensor([2, 2, -2])
    b, c = t > 0, t > 0.5
    return (
        t + u, t - u, t * u, t / u, t // u, t % u, u**t, t @ u.T, -t, +t, abs(t), t + 1, 1 + t, 2 - t, 2 * t,
        2 / u, 7 // u, 7 % u, 2**t, u**2, k // j, k % j, k // 2, k % 3, 7 % j, k / j, k**2, 2 ** j.abs(),
        k & 3, k | 8, k ^ 1, ~k, b & c, b | c, b ^ c, ~b, t == u, t != u, t < u, t <= u, t > u, t >= u,
        t == 0, t < 1, t >= 1, k == 5,
    )  # fmt: skip


def in_place_operators(m):
    t, k, b = x(m), m.tensor([5, -7, 3]), x(m) > 0
    same = t
    t += 1
    t -= 2
    t *= 3
    t /= 4
    t **= 2
    t //= 0.25
    t %= 2
    k &= 6
    k |= 1
    k ^= 3
    b &= x(m) > 0.5
    return t, k, b, same is t


def compared_with_anything(m):
    t = m.tensor([1.0, 2.0])
    return t == None, t != None, t == "a", t in [t], t is None, 2.0 in t, 3.0 in t  # noqa: E711


def numbers_of_zero_dimensions(m):
    t, k = m.tensor(2.5), m.tensor(2)
    return (
        [10, 20, 30][k], list(range(k)), f"{t:.3f}", f"{k}", t == 2.5, bool(t), bool(k == 3), int(t),
        float(k), k.__index__(), "yes" if t > 2 else "no", round(float(t)), [1, 2, 3][: int(k)],
    )  # fmt: skip


def iteration(m):
    a, b = x(m)
    rows = list(x(m, 3, 2))
    return a, b, rows, [float(v) for v in a], tuple(x(m).shape), max(m.tensor([1, 5, 2]))


def where_of_a_tensor(m):
    t = x(m)
    return t.where(t > 0, 0.0), t.where(t > 0, t * 2), t.masked_fill(t < 0, 9.0)


def varied_arguments(m):
    t = x(m, 2, 3, 4)
    return (
        t.view(6, 4), t.view((6, 4)), t.view(-1), t.reshape(4, -1), t.reshape([4, 6]), t.permute(2, 0, 1),
        t.permute((2, 0, 1)), t.expand(5, 2, 3, 4), t.expand(-1, -1, -1), t.repeat(1, 2, 1), t.flip(0),
        t.flip(0, 1), t.flip([0, 1]), t.sum(), t.sum(1), t.sum((0, 2)), t.sum(dim=1, keepdim=True),
        t.mean(-1, True), t.max(), t.max(1)[1], t.max(1, keepdim=True).values, t.split(2, dim=1)[1],
        t.split([1, 3], -1)[1], t.chunk(2, 2)[0], t.squeeze(), t[:, :1].squeeze(1), t.unsqueeze(-1), t.norm(),
        t.norm(1), t.norm(2, -1), t.std(), t.var(0, unbiased=False), t.std(1, keepdim=True), t.topk(2)[0],
        t.sort(descending=True)[1], t.argmax(), t.argmax(1), t.clamp(-0.5, 0.5), t.clamp(min=0),
        t.add(1, alpha=2), t.pow(2), t.unbind(1)[2], t.select(1, 2), t.narrow(2, 1, 2), t.view_as(t),
        t.softmax(-1), t.softmax(dim=0), t.cumsum(1), t.eq(t), t.transpose(0, 1), t.flatten(), t.flatten(1),
        t.any(), t.all(1), t.median(), t.tile(2), t.equal(t), t.allclose(t + 1e-9),
    )  # fmt: skip


def gathers(m):
    t, index = x(m), m.tensor([[0, 1, 1]])
    return (
        t.gather(0, index), t.scatter(0, index, 5.0), t.scatter_add(0, index, t),
        t.index_select(1, m.tensor([2, 0])), t.index_add(0, m.tensor([1]), t[:1]), t.take_along_dim(index, 0),
        t.masked_select(t > 0), (t > 0).nonzero(),
    )  # fmt: skip


@programs(
    properties, transposes, conversions, conversions_share_where_they_can, new_ones, operators,
    in_place_operators, compared_with_anything, numbers_of_zero_dimensions, iteration, where_of_a_tensor,
    varied_arguments, gathers,
)  # fmt: skip
def test_as_torch(program):
    as_torch(program)


def test_tensors_are_hashed_by_identity():
    a, b = tg.ones(2), tg.ones(2)
    assert len({a, b, a}) == 2
    assert {a: 1}[a] == 1


@pytest.mark.parametrize(
    ("attempt", "kind", "word"),
    [
        (lambda t: bool(t), RuntimeError, "ambiguous"),
        (lambda t: bool(t[:0]), RuntimeError, "ambiguous"),
        (lambda t: t.item(), RuntimeError, "2 elements"),
        (lambda t: float(t), ValueError, "got 2"),
        (lambda t: len(t[0]), TypeError, "0-d"),
        (lambda t: iter(t[0]), TypeError, "0-d"),
        (lambda t: [1, 2][t[0]], TypeError, "index"),
        (lambda t: t.size(3), IndexError, "dim"),
        (lambda t: t.to("cuda"), AssertionError, "CPU"),
        (lambda t: t.cuda(), AssertionError, "CPU"),
        (lambda t: t.to(tg.device("meta")), RuntimeError, "CPU"),
        (lambda t: t.to(np.float16), TypeError, "float16"),
        (lambda t: t.requires_grad_().numpy(), RuntimeError, "detach"),
        (lambda t: np.asarray(t.requires_grad_()), RuntimeError, "detach"),
        (lambda t: t < "a", TypeError, "not supported"),
        (lambda t: t.no_such_method(), AttributeError, "no_such_method"),
        (lambda t: setattr(t, "grad", tg.ones(2)), RuntimeError, "requires_grad"),
        (lambda t: setattr(t.requires_grad_(), "grad", tg.ones(3)), RuntimeError, r"\(3,\)"),
        (lambda t: setattr(t.requires_grad_(), "grad", 3.0), TypeError, "float"),
        (lambda t: setattr(t, "data", 3.0), TypeError, "float"),
        (lambda t: t.normal_(0, -1), RuntimeError, "std"),
        (lambda t: t.uniform_(1, 0), RuntimeError, "from=1"),
        (lambda t: t.bernoulli_(2.0), RuntimeError, "probabilities"),
    ],
)
def test_refused(attempt, kind, word):
    with pytest.raises(kind, match=word):
        attempt(tg.ones(2))


def test_numpy_shares_memory():
    x = tg.zeros(3)
    x.numpy()[1] = 5
    assert x.tolist() == [0.0, 5.0, 0.0]
    assert np.asarray(x) is not x
    assert np.asarray(x).base is x.array or np.asarray(x) is x.array
    assert x.requires_grad_().detach().numpy()[1] == 5
    assert x.numpy(force=True)[1] == 5


def test_random_in_place():
    tg.manual_seed(3)
    n = 20_000
    x = tg.empty(n)
    assert x.normal_(2.0, 3.0) is x
    assert (x.mean().item(), x.std().item()) == (pytest.approx(2.0, abs=0.1), pytest.approx(3.0, abs=0.1))
    x.uniform_(-1, 3)
    assert -1 <= x.min().item() < -0.9 < 2.9 < x.max().item() < 3
    x.bernoulli_(0.25)
    assert x.mean().item() == pytest.approx(0.25, abs=0.02)
    x.bernoulli_(tg.zeros(n))
    assert not x.any()
    x.random_(3, 6)
    assert sorted(set(x.tolist())) == [3.0, 4.0, 5.0]
    x.random_(2)
    assert sorted(set(x.tolist())) == [0.0, 1.0]
    assert tg.empty(n, dtype=tg.int64).random_().max().item() > 2**60
    assert tg.empty(n, dtype=tg.uint8).random_().max().item() >= 250
    assert tg.empty(n).random_().max().item() <= 2**24
    assert tg.empty(n, dtype=tg.float64).normal_().dtype == tg.float64


def test_random_in_place_uses_the_generator():
    a, b = tg.empty(5), tg.empty(5)
    tg.manual_seed(1)
    a.normal_()
    tg.manual_seed(1)
    b.normal_()
    assert a.equal(b)
    for draw in ("normal_", "uniform_", "random_", "bernoulli_"):
        a, b = (getattr(tg.empty(50), draw)(generator=tg.Generator().manual_seed(4)) for _ in range(2))
        assert a.equal(b)


def test_random_in_place_cuts_the_gradient():
    x = tg.ones(3, requires_grad=True)
    y = x * 2
    y.normal_()
    (y * y).sum().backward()
    assert x.grad.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("product", [lambda x: x @ 2.0, lambda x: 2 @ x, lambda x: [1.0] @ x])
def test_a_product_with_no_tensor_is_a_type_error(product):
    with pytest.raises(TypeError):
        product(tg.ones(2))
