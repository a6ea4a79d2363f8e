"""tinygrad_rnn.func against torch.func: every program does the same with either."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import pytest

import tinygrad_rnn as tg

from .autograd.both import as_torch, programs, refused_as_torch

Pair = namedtuple("Pair", "a b")


def numbers(m, n=3, requires_grad=False):
    return m.arange(1, n + 1, dtype=m.float64, requires_grad=requires_grad) / 4


def cubes(x):
    return (x**3).sum()


def weighted(x, y, power=1):
    return (x**power * y).sum()


# --- what they give ------------------------------------------------------------------------------------------


def gradient(m):
    return m.func.grad(cubes)(numbers(m))


def gradient_of_a_named_argument(m):
    return m.func.grad(weighted, argnums=1)(numbers(m), numbers(m), power=2)


def gradient_from_the_end(m):
    return m.func.grad(weighted, argnums=-2)(numbers(m), 2 * numbers(m))


def gradient_of_several(m):
    return m.func.grad(weighted, argnums=(1, 0))(numbers(m), 2 * numbers(m))


def gradient_as_a_tuple_of_one(m):
    return m.func.grad(weighted, argnums=(0,))(numbers(m), 2 * numbers(m))


def gradient_of_containers(m):
    x = numbers(m)
    tree = {"a": x, "b": (2 * x, [x.exp(), Pair(x.sin(), x.cos())])}
    f = lambda t: (t["a"] * t["b"][0]).sum() + (t["b"][1][0] * t["b"][1][1].b).sum()
    d = m.func.grad(f)(tree)
    assert isinstance(d["b"][1][1], Pair)
    return d["a"], d["b"][0], d["b"][1][0], *d["b"][1][1]


def gradient_of_an_ordered_dict(m):
    d = m.func.grad(lambda t: cubes(t["x"]))(OrderedDict(x=numbers(m)))
    assert type(d) is OrderedDict
    return d["x"]


def gradient_with_something_else(m):
    dx, other = m.func.grad(lambda x: (cubes(x), {"doubled": 2 * x}), has_aux=True)(numbers(m))
    return dx, other["doubled"], other["doubled"].requires_grad


def gradient_and_value(m):
    return m.func.grad_and_value(cubes)(numbers(m))


def gradient_and_value_with_something_else(m):
    return m.func.grad_and_value(lambda x: (cubes(x), x.exp()), has_aux=True)(numbers(m))


def gradient_of_a_constant(m):
    return m.func.grad(lambda x: m.tensor(3.0))(numbers(m))


def second_order(m):
    return m.func.grad(lambda x: m.func.grad(cubes)(x).pow(2).sum())(numbers(m))


def third_order(m):
    f = lambda x: x.sin() * x
    return m.func.grad(m.func.grad(m.func.grad(f)))(m.tensor(0.7, dtype=m.float64))


def inner_function_of_both(m):
    """The inner derivative is by y, the outer by x, of which y is a function."""
    f = lambda x: m.func.grad(lambda y: (x * y * y).sum())(x.exp()).sum()
    return m.func.grad(f)(numbers(m))


def nothing_requires_grad_after(m):
    x = numbers(m)
    dx, y = m.func.grad_and_value(cubes)(x)
    return x.requires_grad, dx.requires_grad, y.requires_grad


def through_backward(m):
    """What requires grad outside gets its gradient through the derivative."""
    x, w = numbers(m, requires_grad=True), numbers(m, requires_grad=True)
    leaf = x.detach().requires_grad_()
    dx = m.func.grad(lambda x: weighted(x, w, 2))(leaf)
    weights = m.autograd.grad(dx.sum(), [leaf, w])
    return dx, dx.requires_grad, *weights


def within_no_grad(m):
    x = numbers(m).requires_grad_()
    with m.no_grad():
        dx = m.func.grad(cubes)(x)
    return dx, dx.requires_grad, x.grad


def a_function_without_recording(m):
    @m.no_grad()
    def f(x):
        return cubes(x)

    return m.func.grad(f)(numbers(m))


def nothing_is_deposited(m):
    x = numbers(m).requires_grad_()
    m.func.grad(cubes)(x)
    return x.grad


def pullback(m):
    y, pull = m.func.vjp(lambda x: x.exp(), numbers(m))
    return y, y.requires_grad, pull(numbers(m)), pull(2 * numbers(m))


def pullback_of_several(m):
    f = lambda x, y: {"product": x * y, "sums": (x.sum(), y.sum())}
    y, pull = m.func.vjp(f, numbers(m), 3 * numbers(m))
    one = m.ones((), dtype=m.float64)
    return y["product"], pull({"product": numbers(m), "sums": (one, 2 * one)})


def pullback_with_something_else(m):
    y, pull, other = m.func.vjp(lambda x: (x.exp(), x.sin()), numbers(m), has_aux=True)
    return y, pull(y), other


def pullback_of_a_constant(m):
    return m.func.vjp(lambda x: numbers(m), numbers(m))[1](numbers(m))


def pullback_connected_to_its_cotangent(m):
    v = numbers(m).requires_grad_()
    (dx,) = m.func.vjp(lambda x: x.exp(), numbers(m))[1](v)
    return dx, dx.requires_grad, m.autograd.grad(dx.sum(), v)


def pullback_connected_to_its_primal(m):
    x = numbers(m).requires_grad_()
    y, pull = m.func.vjp(lambda x: x.exp(), x)
    (dx,) = pull(numbers(m))
    return y.requires_grad, dx.requires_grad, m.autograd.grad(y.sum() + dx.sum(), x)


def jacobian(m):
    return m.func.jacrev(lambda x: x.outer(x.exp()))(numbers(m))


def jacobian_of_containers(m):
    f = lambda x: {"a": x["p"] * x["q"], "b": [x["q"].sum()]}
    found = m.func.jacrev(f)({"p": numbers(m), "q": 2 * numbers(m)})
    return found["a"]["p"], found["a"]["q"], found["b"][0]["p"], found["b"][0]["q"]


def jacobian_by_several(m):
    return m.func.jacrev(lambda x, y: (x * y, x.sum()), argnums=(0, 1))(numbers(m), 2 * numbers(m))


def jacobian_with_something_else(m):
    return m.func.jacrev(lambda x: (2 * x, x.sin()), has_aux=True)(numbers(m))


def jacobian_in_chunks(m):
    return m.func.jacrev(lambda x: x.exp(), chunk_size=2)(numbers(m))


def jacobian_of_a_constant(m):
    return m.func.jacrev(lambda x: numbers(m, 2))(numbers(m))


def jacobian_of_nothing(m):
    return m.func.jacrev(lambda x: x[:0])(numbers(m))


def hessian(m):
    return m.func.jacrev(m.func.jacrev(lambda x: cubes(x) * x[0]))(numbers(m))


def hessian_by_the_gradient(m):
    return m.func.jacrev(m.func.grad(lambda x: cubes(x) * x[0]))(numbers(m))


@programs(
    gradient, gradient_of_a_named_argument, gradient_from_the_end, gradient_of_several, gradient_as_a_tuple_of_one,
    gradient_of_containers, gradient_of_an_ordered_dict, gradient_with_something_else, gradient_and_value,
    gradient_and_value_with_something_else, gradient_of_a_constant, second_order, third_order,
    inner_function_of_both, nothing_requires_grad_after, through_backward, within_no_grad,
    a_function_without_recording, nothing_is_deposited, pullback, pullback_of_several, pullback_with_something_else,
    pullback_of_a_constant, pullback_connected_to_its_cotangent, pullback_connected_to_its_primal, jacobian,
    jacobian_of_containers, jacobian_by_several, jacobian_with_something_else, jacobian_in_chunks,
    jacobian_of_a_constant, jacobian_of_nothing, hessian, hessian_by_the_gradient,
)  # fmt: skip
def test_derivatives(program):
    as_torch(program, rtol=1e-12)


# --- modules ---------------------------------------------------------------------------------------------------


def drawn(m, like, seed):
    """The same numbers in both libraries."""
    return (m.arange(like.numel(), dtype=m.float64) * 0.37 + seed).sin().view(*like.shape)


def parameters(m, module):
    return {name: drawn(m, p, k) for k, (name, p) in enumerate(module.named_parameters())}


def with_other_parameters(m):
    model = m.nn.Sequential(m.nn.Linear(3, 4), m.nn.Tanh(), m.nn.Linear(4, 2)).double()
    before = {name: p.clone() for name, p in model.named_parameters()}
    y = m.func.functional_call(model, parameters(m, model), numbers(m))
    return y, all([m.equal(p, before[name]) for name, p in model.named_parameters()])


def by_its_parameters(m):
    """The gradient as a dict; the module itself learns nothing of it."""
    model = m.nn.LSTM(3, 2, num_layers=2).double()
    loss = lambda given: m.func.functional_call(model, given, (numbers(m, 12).view(2, 2, 3),))[0].pow(2).sum()
    found = m.func.grad(loss)(parameters(m, model))
    assert list(found) == [name for name, _ in model.named_parameters()]
    return *found.values(), [p.grad for p in model.parameters()]


def some_of_its_parameters(m):
    model = m.nn.Linear(3, 2).double()
    with m.no_grad():
        model.bias.zero_()
    return m.func.functional_call(model, {"weight": parameters(m, model)["weight"]}, numbers(m))


def more_than_its_parameters(m):
    model = m.nn.Linear(3, 2).double()
    return m.func.functional_call(model, {**parameters(m, model), "other": numbers(m)}, numbers(m))


def in_several_dicts(m):
    model = m.nn.Linear(3, 2).double()
    given = parameters(m, model)
    parts = ({"weight": given["weight"]}, {"bias": given["bias"]})
    return m.func.functional_call(model, parts, None, {"input": numbers(m)}, strict=True)


def buffers(m):
    model = m.nn.BatchNorm1d(2).double().eval()
    given = {"running_mean": numbers(m, 2), "running_var": numbers(m, 2)}
    return m.func.functional_call(model, given, (numbers(m, 6).view(3, 2),)), model.running_mean


class Tied:
    @staticmethod
    def of(m):
        class Model(m.nn.Module):
            def __init__(self):
                super().__init__()
                self.first = m.nn.Linear(3, 3, bias=False)
                self.second = m.nn.Linear(3, 3, bias=False)
                self.second.weight = self.first.weight

            def forward(self, x):
                return self.second(self.first(x))

        return Model().double()


def tied(m):
    return m.func.functional_call(Tied.of(m), {"first.weight": numbers(m, 9).view(3, 3)}, numbers(m))


def tied_by_the_other_name(m):
    return m.func.functional_call(Tied.of(m), {"second.weight": numbers(m, 9).view(3, 3)}, numbers(m))


def tied_but_not_now(m):
    model = Tied.of(m)
    given = {"first.weight": numbers(m, 9).view(3, 3), "second.weight": numbers(m, 9).exp().view(3, 3)}
    return m.func.functional_call(model, given, numbers(m), tie_weights=False)


@programs(
    with_other_parameters, by_its_parameters, some_of_its_parameters, more_than_its_parameters, in_several_dicts,
    buffers, tied, tied_by_the_other_name, tied_but_not_now,
)  # fmt: skip
def test_modules(program):
    as_torch(program, rtol=1e-12)


def test_the_own_parameters_return_after_an_error():
    model = tg.nn.Linear(3, 2)
    own = list(model.parameters())
    with pytest.raises(RuntimeError):
        tg.func.functional_call(model, {"weight": tg.ones(2, 2)}, tg.ones(3))
    assert [id(p) for p in model.parameters()] == [id(p) for p in own]


# --- errors ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("transform", ["grad", "grad_and_value", "jacrev"])
@pytest.mark.parametrize("argnums", [1, -2, (), (0, 0), (0, -1), "a", [0], (0, "a")], ids=str)
def test_bad_argnums(transform, argnums):
    refused_as_torch(lambda m: getattr(m.func, transform)(cubes, argnums)(numbers(m)))


@pytest.mark.parametrize("result", [
    lambda x: x, lambda x: 3.0, lambda x: (x.sum(),), lambda x: (x.sum(), x, x),
], ids=["vector", "number", "tuple", "three"])  # fmt: skip
@pytest.mark.parametrize("has_aux", [False, True])
def test_what_has_no_gradient(result, has_aux):
    refused_as_torch(lambda m: m.func.grad(result, has_aux=has_aux)(numbers(m)))


@pytest.mark.parametrize("program", [
    lambda m: m.func.grad(cubes)(m.ones(3, dtype=m.int64)),
    lambda m: m.func.grad(cubes)(2.0),
    lambda m: m.func.grad(lambda x: x[0].sum())((numbers(m), 3)),
    lambda m: m.func.grad(cubes)(x=numbers(m)),
    lambda m: m.func.vjp(lambda x: 3.0, numbers(m)),
    lambda m: m.func.vjp(cubes),
    lambda m: m.func.vjp(lambda x: x > 0, numbers(m)),
    lambda m: m.func.vjp(lambda x: x, numbers(m))[1](numbers(m, 2)),
    lambda m: m.func.vjp(lambda x: x, numbers(m))[1]((numbers(m),)),
    lambda m: m.func.vjp(lambda x: (x, x), numbers(m))[1]([numbers(m), numbers(m)]),
    lambda m: m.func.vjp(lambda x: x, numbers(m))[1](),
    lambda m: m.func.jacrev(lambda x: x > 0)(numbers(m)),
    lambda m: m.func.jacrev(lambda x: 3.0)(numbers(m)),
    lambda m: m.func.jacrev(cubes, chunk_size=0)(numbers(m)),
])  # fmt: skip
def test_refused(program):
    refused_as_torch(program)


@pytest.mark.parametrize("call", [
    lambda m, model, p: m.func.functional_call(model, {**p, "q.weight": p["bias"]}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {**p, "q": p["bias"]}, numbers(m), strict=True),
    lambda m, model, p: m.func.functional_call(model, {"bias": p["bias"]}, numbers(m), strict=True),
    lambda m, model, p: m.func.functional_call(model, (p, p), numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {"weight": 3}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, {"weight": p["bias"].view(1, 2)}, numbers(m)),
    lambda m, model, p: m.func.functional_call(model, 3, numbers(m)),
    lambda m, model, p: m.func.functional_call(3, p, numbers(m)),
    lambda m, model, p: m.func.functional_call(
        Tied.of(m), {"first.weight": m.zeros(3, 3), "second.weight": m.ones(3, 3)}, numbers(m)
    ),
])  # fmt: skip
def test_refused_with_a_module(call):
    def program(m):
        model = m.nn.Linear(3, 2).double()
        return call(m, model, parameters(m, model))

    refused_as_torch(program)
