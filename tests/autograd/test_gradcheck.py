"""gradcheck catches wrong rules and passes right ones, under torch's names."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd import GradcheckError, gradcheck, gradgradcheck
from tinygrad_rnn.autograd import op as engine
from tinygrad_rnn.autograd.op import primitive

from .both import as_torch, programs


@pytest.fixture(autouse=True)
def registry_as_it_was(monkeypatch):
    monkeypatch.setattr(engine, "registry", dict(engine.registry))


def leaf(*shape):
    return tg.tensor(np.random.default_rng(5).uniform(0.5, 1.5, shape or (3,)), requires_grad=True)


def cube_with(rule):
    @primitive
    def cube(x):
        return x**3

    cube.vjp(dx=rule)
    return cube


def right(dy, x):
    return dy * 3.0 * x * x


WRONG_AT_FIRST_ORDER = {
    "a factor": lambda dy, x: dy * 3.01 * x * x,
    "a sign": lambda dy, x: dy * -3.0 * x * x,
    "one element": lambda dy, x: dy * 3.0 * x * x + np.array([0.0, 0.0, 1.0]),
    "mixed up": lambda dy, x: dy[::-1] * 3.0 * x * x,
    "nan": lambda dy, x: dy * float("nan"),
    "nothing": lambda dy, x: dy * 0.0,
}
WRONG_AT_SECOND_ORDER = {
    "a constant": lambda dy, x: dy * np.asarray(3.0 * getattr(x, "array", x) ** 2),
    "dy cut off": lambda dy, x: getattr(dy, "array", dy) * 3.0 * x * x,
}


def test_right():
    for function in (cube_with(right), tg.exp, lambda x: (x * x).sum(), lambda x: (x[0], x.sum(), x > 0)):
        assert gradcheck(function, leaf())
        assert gradcheck(function, [leaf()])
        assert gradcheck(function, (leaf(),))
        assert gradgradcheck(function, leaf())


@pytest.mark.parametrize("rule", WRONG_AT_FIRST_ORDER.values(), ids=WRONG_AT_FIRST_ORDER)
def test_wrong_at_first_order(rule):
    with pytest.raises(GradcheckError, match="mismatch"):
        gradcheck(cube_with(rule), leaf())
    assert gradcheck(cube_with(rule), leaf(), raise_exception=False) is False


@pytest.mark.parametrize("rule", WRONG_AT_SECOND_ORDER.values(), ids=WRONG_AT_SECOND_ORDER)
def test_wrong_at_second_order(rule):
    assert gradcheck(cube_with(rule), leaf())
    with pytest.raises(GradcheckError, match="mismatch"):
        gradgradcheck(cube_with(rule), leaf())
    assert gradgradcheck(cube_with(rule), leaf(), raise_exception=False) is False


def test_the_message_says_where():
    with pytest.raises(GradcheckError, match=r"output 0 .* input 1.*y\[0\].*x\[0\].*3 of 9"):
        gradcheck(lambda a, x: cube_with(lambda dy, x: dy * x)(x), [leaf(), leaf()])


def test_only_inputs_that_require_grad_are_checked():
    constant = leaf().detach()
    assert gradcheck(lambda x, c, k: x * c * k, [leaf(), constant, 3])
    assert gradgradcheck(lambda x, c, k: x * c * k, [leaf(), constant, 3])
    with pytest.raises(ValueError, match="at least one"):
        gradcheck(tg.exp, constant)
    with pytest.raises(ValueError, match="float64"):
        gradcheck(tg.exp, tg.ones(2, requires_grad=True))


def test_inputs_are_left_as_they_were():
    x = leaf()
    before = x.detach().clone()
    gradcheck(lambda x: x.exp() * x, x)
    gradgradcheck(lambda x: x.exp() * x, x)
    np.testing.assert_array_equal(x.detach().numpy(), before.numpy())
    assert x.grad is None
    assert x.is_leaf


def test_inputs_may_be_non_contiguous_computed_or_empty():
    assert gradcheck(tg.exp, leaf(3, 4).detach().t().requires_grad_())
    assert gradcheck(tg.exp, leaf(4).detach()[::2].requires_grad_())
    assert gradcheck(tg.exp, tg.zeros(0, 3, dtype=tg.float64, requires_grad=True))
    assert gradcheck(tg.exp, leaf() * 2)
    assert gradgradcheck(tg.exp, leaf() * 2)


def test_a_function_that_does_not_depend_on_its_input():
    assert gradcheck(lambda x: tg.ones(2, dtype=tg.float64), leaf())
    assert gradcheck(lambda x, z: z * 2, [leaf(), leaf()])
    assert gradgradcheck(lambda x, z: z * z, [leaf(), leaf()])


def test_a_backward_that_changes_from_run_to_run():
    state = np.random.default_rng(0)
    noisy = cube_with(lambda dy, x: dy * 3.0 * x * x * (1.0 + 1e-9 * state.random()))
    with pytest.raises(GradcheckError, match="reentrant"):
        gradcheck(noisy, leaf())
    assert gradcheck(noisy, leaf(), nondet_tol=1e-6)


def test_tolerances():
    nearly = cube_with(lambda dy, x: dy * 3.003 * x * x)
    assert not gradcheck(nearly, leaf(), raise_exception=False, rtol=1e-4)
    assert gradcheck(nearly, leaf(), rtol=1e-2)
    assert gradcheck(nearly, leaf(), atol=1.0)


def test_given_cotangents():
    x = leaf()
    assert gradgradcheck(tg.exp, x, leaf())
    assert gradgradcheck(lambda x: (x, x * x), x, [leaf(), leaf()])


def test_error_type():
    assert issubclass(GradcheckError, RuntimeError)


def test_as_decorated_under_no_grad():
    with tg.no_grad():
        assert gradcheck(tg.exp, leaf())
        assert gradgradcheck(tg.exp, leaf())


# --- functional -------------------------------------------------------------------------------------------


def inputs(m):
    return m.tensor([0.5, 1.5, 2.5], dtype=m.float64), m.tensor([[1.0, -2.0, 0.5]], dtype=m.float64)


def vector(a, b):
    return (a * b).tanh() + a


def scalar(a, b):
    return (a * b).exp().sum() + (a * a).sum() * b.sum()


def vjp(m):
    a, b = inputs(m)
    return m.autograd.functional.vjp(vector, (a, b), m.ones(1, 3, dtype=m.float64))


def vjp_of_a_scalar(m):
    return m.autograd.functional.vjp(scalar, inputs(m))


def vjp_single(m):
    a, _ = inputs(m)
    return m.autograd.functional.vjp(lambda a: (a * 2, a.sum()), a, (m.ones_like(a), m.tensor(3.0, dtype=m.float64)))


def jvp(m):
    a, b = inputs(m)
    return m.autograd.functional.jvp(vector, (a, b), (b[0].clone(), m.ones_like(b)))


def jvp_single_several_outputs(m):
    a, _ = inputs(m)
    return m.autograd.functional.jvp(lambda a: (a.exp(), a.sum(), m.ones(2, dtype=m.float64)), a, m.ones_like(a))


def jvp_of_one_number(m):
    return m.autograd.functional.jvp(lambda x: x.exp() * m.ones(2, dtype=m.float64), m.tensor(0.5, dtype=m.float64))


def jacobian(m):
    return m.autograd.functional.jacobian(vector, inputs(m))


def jacobian_single(m):
    return m.autograd.functional.jacobian(lambda a: a.outer(a), inputs(m)[0])


def jacobian_of_a_transpose(m):
    """Whatever the order in memory."""
    return m.autograd.functional.jacobian(lambda b: b.exp().t(), inputs(m)[1].expand(2, 3).clone())


def jacobian_several_outputs(m):
    return m.autograd.functional.jacobian(lambda a, b: (a.sum(), a * b), inputs(m))


def jacobian_independent(m):
    return m.autograd.functional.jacobian(lambda a, b: a * 2, inputs(m))


def hessian(m):
    return m.autograd.functional.hessian(scalar, inputs(m))


def hessian_single(m):
    return m.autograd.functional.hessian(lambda a: (a**3).sum() * a[0], inputs(m)[0])


def hessian_of_linear(m):
    return m.autograd.functional.hessian(lambda a: a.sum(), inputs(m)[0])


def hvp(m):
    a, b = inputs(m)
    return m.autograd.functional.hvp(scalar, (a, b), (m.ones_like(a), b * 2))


def hvp_single(m):
    a, _ = inputs(m)
    return m.autograd.functional.hvp(lambda a: (a**4).sum(), a, a)


def nested(m):
    """The Jacobian is part of a larger graph."""
    a = inputs(m)[0].requires_grad_()
    jac = m.autograd.functional.jacobian(lambda x: x**3 * x.sum(), a, create_graph=True)
    (jac * jac).sum().backward()
    return a.grad


def nested_vjp(m):
    a = inputs(m)[0].requires_grad_()
    _, da = m.autograd.functional.vjp(lambda x: (x**3).sum(), a, create_graph=True)
    _, ta = m.autograd.functional.jvp(lambda x: x**3, a, m.ones(3, dtype=m.float64), create_graph=True)
    (da * ta).sum().backward()
    return a.grad


def results_are_detached(m):
    a = inputs(m)[0].requires_grad_()
    y, da = m.autograd.functional.vjp(lambda x: (x**2).sum(), a)
    return y.requires_grad, da.requires_grad, m.autograd.functional.jacobian(lambda x: x * x, a).requires_grad, a.grad


@programs(
    vjp, vjp_of_a_scalar, vjp_single, jvp, jvp_single_several_outputs, jvp_of_one_number, jacobian,
    jacobian_single, jacobian_of_a_transpose, jacobian_several_outputs, jacobian_independent, hessian,
    hessian_single, hessian_of_linear, hvp, hvp_single, nested, nested_vjp, results_are_detached,
)  # fmt: skip
def test_functional_as_torch(program):
    as_torch(program, rtol=1e-10)


@pytest.mark.parametrize(
    ("attempt", "word"),
    [
        (lambda f, a: f.jvp(lambda a: a * 2, a), "v "),
        (lambda f, a: f.hvp(lambda a: a.sum(), a), "v "),
        (lambda f, a: f.jvp(lambda a: a * 2, a, tg.ones(2)), r"\(2,\)"),
        (lambda f, a: f.vjp(lambda a: a * 2, a), "scalar"),
        (lambda f, a: f.vjp(lambda a: a * 2, a, tg.ones(2)), r"\(2,\)"),
        (lambda f, a: f.hessian(lambda a: a * 2, a), "one number"),
        (lambda f, a: f.hvp(lambda a: a * 2, a, a), "scalar"),
    ],
)
def test_functional_refuses(attempt, word):
    with pytest.raises(RuntimeError, match=word):
        attempt(tg.autograd.functional, inputs(tg)[0])


def test_parameters_of_a_module_are_inputs():
    net = tg.nn.Linear(3, 2, dtype=tg.float64)
    x, before = tg.randn(2, 3, dtype=tg.float64), net.weight.detach().numpy().copy()
    assert tg.autograd.gradcheck(lambda *_: net(x).tanh(), tuple(net.parameters()))
    np.testing.assert_array_equal(net.weight.detach().numpy(), before)  # to the last bit
    with pytest.raises(tg.autograd.GradcheckError):
        tg.autograd.gradcheck(lambda *_: net(x).detach() * net.bias, tuple(net.parameters()))


def test_an_input_is_restored_when_the_function_fails():
    x, calls = tg.ones(2, dtype=tg.float64, requires_grad=True), []

    def fails_later(x):
        calls.append(0)
        if len(calls) > 4:
            raise KeyError
        return x * x

    with pytest.raises(KeyError):
        tg.autograd.gradcheck(fails_later, x)
    assert x.tolist() == [1.0, 1.0]


def test_memory_that_cannot_be_moved_is_copied():
    fixed = np.ones(3)
    fixed.flags.writeable = False
    for x in (tg.from_numpy(fixed).requires_grad_(), tg.ones(1, dtype=tg.float64).expand(3).requires_grad_()):
        assert tg.autograd.gradcheck(lambda x: x**3, x)
