"""The reverse sweep: what reaches whom, what accumulates, what is kept, what is refused."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd.op import primitive

from .both import as_torch, programs, refused_as_torch

# --- values, as torch's -----------------------------------------------------------------------------------


def leaves(m, *shapes, dtype="float64"):
    random = np.random.default_rng(7)
    return [m.tensor(random.uniform(0.3, 1.5, shape), dtype=getattr(m, dtype), requires_grad=True) for shape in shapes]


def fan_out(m):
    (x,) = leaves(m, (3,))
    (x * x + x.exp() * x - x / 3).sum().backward()
    return x.grad


def diamond(m):
    (x,) = leaves(m, (3,))
    a = x.exp()
    left, right = a * 2, a.log() + x
    (left * right * left).sum().backward()
    return x.grad


def skewed_diamond(m):
    """One arm is long, so that the fork must wait for it."""
    (x,) = leaves(m, (3,))
    fork = x * 1.5
    long = fork
    for _ in range(20):
        long = long * 0.9 + fork
    (fork * long).sum().backward()
    return x.grad


def unused_output_of_several(m):
    (x,) = leaves(m, (4, 3))
    a, _, c, _ = x.unbind(0)
    (a * c * c).sum().backward()
    return x.grad


def no_output_but_one(m):
    (x,) = leaves(m, (6,))
    x.split([1, 2, 3])[1].sum().backward()
    return x.grad


def several_roots(m):
    (x,) = leaves(m, (3,))
    y, z = x.exp(), x * 2
    m.autograd.backward([y.sum(), z], [None, m.tensor([1.0, 2.0, 3.0], dtype=m.float64)])
    return x.grad


def a_root_below_another(m):
    (x,) = leaves(m, (3,))
    y = x * x
    z = (y * 3).sum()
    return m.autograd.grad([z, y], [x, y], [None, m.ones(3, dtype=m.float64)])


def repeated_root(m):
    (x,) = leaves(m, (3,))
    y = (x * x).sum()
    m.autograd.backward([y, y])
    return x.grad


def repeated_input(m):
    (x,) = leaves(m, (3,))
    return m.autograd.grad((x * x).sum(), [x, x])


def root_is_a_leaf(m):
    x = m.tensor(2.0, requires_grad=True)
    x.backward()
    return x.grad


def output_is_its_own_input(m):
    (x,) = leaves(m, ())
    y = x * 2
    return m.autograd.grad(y, [y, x])


def accumulates(m):
    (x,) = leaves(m, (3,))
    for k in range(3):
        (x * x * (k + 1)).sum().backward()
    return x.grad


def accumulates_in_place(m):
    """Whoever holds the gradient sees it grow."""
    (x,) = leaves(m, (3,))
    x.sum().backward()
    held = x.grad
    (x * 2).sum().backward()
    return held, held is x.grad


def two_leaves_do_not_share(m):
    a, b = leaves(m, (3,), (3,))
    (a + b).sum().backward()
    a.grad.mul_(5)
    return a.grad, b.grad


def two_leaves_do_not_share_with_create_graph(m):
    a, b = leaves(m, (3,), (3,))
    (a + b).sum().backward(create_graph=True)
    with m.no_grad():
        a.grad.mul_(5)
    return a.grad, b.grad


def the_given_gradient_stays(m):
    (x,) = leaves(m, (3,))
    dy = m.ones(3, dtype=m.float64)
    (x + 0).backward(dy)
    (x + 0).backward(dy)
    return dy, x.grad


def own_gradient_as_gradient(m):
    (x,) = leaves(m, (3,))
    x.grad = m.ones(3, dtype=m.float64)
    (x * 2).backward(x.grad)
    return x.grad


def gradient_is_cast(m):
    (x,) = leaves(m, (3,), dtype="float32")
    (x * 2).backward(m.tensor([1.0, 2.0, 3.0], dtype=m.float64))
    return x.grad


def unbroadcast(m):
    a, b, c = leaves(m, (3, 1), (4,), ())
    ((a * b + c) * (b + a)).sum().backward()
    return a.grad, b.grad, c.grad


def unbroadcast_lead_and_one(m):
    a, b = leaves(m, (1, 3, 1), (2, 2, 3, 2))
    (a * b).exp().sum().backward()
    return a.grad, b.grad


def unbroadcast_empty(m):
    a, b = leaves(m, (1, 3), (0, 3))
    (a * b).sum().backward()
    return a.grad, b.grad


def retained(m):
    (x,) = leaves(m, (3,))
    y = x.exp()
    y.retain_grad()
    (y * y).sum().backward()
    return y.grad, x.grad, y.retains_grad, x.retains_grad


def retained_accumulates(m):
    (x,) = leaves(m, (3,))
    y = x.exp()
    y.retain_grad()
    z = (y + 1).sum()
    z.backward(retain_graph=True)
    z.backward()
    return y.grad, x.grad


def twice_with_retain_graph(m):
    (x,) = leaves(m, (3,))
    y = (x.exp() * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def twice_where_nothing_was_saved(m):
    (x,) = leaves(m, (3,))
    y = (x + 1).sum()
    y.backward()
    y.backward()
    return x.grad


def inputs_only(m):
    a, b = leaves(m, (3,), (3,))
    y = a * b
    (y * y).sum().backward(inputs=[a])
    return a.grad, b.grad


def inputs_not_a_leaf(m):
    a, b = leaves(m, (3,), (3,))
    y = a * b
    (y * y).sum().backward(inputs=[y])
    return y.grad, a.grad, b.grad


def grad_goes_no_further(m):
    """What lies off the way is neither touched nor freed."""
    a, b = leaves(m, (3,), (3,))
    ea, eb = a.exp(), b.exp()
    y = (ea + eb).sum()
    (da,) = m.autograd.grad(y, [a])
    (db,) = m.autograd.grad(y, [b])
    return da, db, a.grad, b.grad


def grad_leaves_hooks_off_the_way(m):
    a, b = leaves(m, (3,), (3,))
    seen = []
    b.register_hook(lambda db: seen.append(1))
    m.autograd.grad((a * b).sum(), [a])
    return len(seen)


def of_a_non_leaf(m):
    (x,) = leaves(m, (3,))
    y = x * 2
    z = (y.exp() * x).sum()
    return m.autograd.grad(z, [y, x])


def of_one_output_of_several(m):
    (x,) = leaves(m, (2, 3))
    a, b = x.unbind(0)
    return m.autograd.grad((a * b * a).sum(), [a, b, x])


def allow_unused(m):
    a, b = leaves(m, (3,), (2,))
    return m.autograd.grad(a.sum(), [a, b], allow_unused=True)


def by_place(m):
    a, b = m.ones(2, requires_grad=True), m.ones(2, requires_grad=True)
    return m.autograd.grad((a * a).sum(), [a, b], None, True, True, True, True)


def materialize(m):
    a, b = leaves(m, (3,), (2,))
    return m.autograd.grad(a.sum(), [a, b], materialize_grads=True)


def constant_factor(m):
    x, c = leaves(m, (3,), (3,))
    (x * c.detach() * c.data).sum().backward()
    return x.grad, c.grad


def gradient_assigned(m):
    (x,) = leaves(m, (3,))
    x.grad = m.ones(3, dtype=m.float64)
    (x * 2).sum().backward()
    return x.grad


@programs(
    fan_out, diamond, skewed_diamond, unused_output_of_several, no_output_but_one, several_roots,
    a_root_below_another, repeated_root, repeated_input, root_is_a_leaf, output_is_its_own_input, accumulates,
    accumulates_in_place, two_leaves_do_not_share, two_leaves_do_not_share_with_create_graph,
    the_given_gradient_stays, own_gradient_as_gradient, gradient_is_cast, unbroadcast,
    unbroadcast_lead_and_one, unbroadcast_empty, retained, retained_accumulates, twice_with_retain_graph,
    twice_where_nothing_was_saved, inputs_only, inputs_not_a_leaf, grad_goes_no_further,
    grad_leaves_hooks_off_the_way, of_a_non_leaf, of_one_output_of_several, allow_unused, by_place, materialize,
    constant_factor, gradient_assigned,
)  # fmt: skip
def test_as_torch(program):
    as_torch(program)


# --- higher orders ----------------------------------------------------------------------------------------


def order_four(m):
    (x,) = leaves(m, (3,))
    y = (x.exp() * x * x + x.sin() * x.log()).sum()
    found = []
    for _ in range(4):
        (dx,) = m.autograd.grad(y, [x], create_graph=True)
        found.append(dx)
        y = (dx * dx).sum() if len(found) < 2 else dx.sum()
    return found


def mixed_partials(m):
    a, b = leaves(m, (3,), (2, 1))
    (da,) = m.autograd.grad((a * b).tanh().sum(), [a], create_graph=True)
    return m.autograd.grad((da * da).sum(), [a, b])


def gradient_penalty(m):
    """The gradient itself is part of the loss; b enters twice, by the value and by the gradient."""
    a, b = leaves(m, (3, 3), (3,))
    y = (a @ b).tanh().sum()
    (db,) = m.autograd.grad(y, [b], create_graph=True)
    (y + (db * db).sum()).backward()
    return a.grad, b.grad


def backward_with_create_graph(m):
    (x,) = leaves(m, (3,))
    (x**3).sum().backward(create_graph=True)
    dx, x.grad = x.grad, None
    dx.sum().backward()
    return x.grad


def create_graph_under_no_grad(m):
    """create_graph records, whatever the mode of the caller; with a fan-out, whose sum is made by the sweep."""
    (x,) = leaves(m, (3,))
    y = (x**3 + x.exp() * x).sum()
    with m.no_grad():
        (dx,) = m.autograd.grad(y, [x], create_graph=True)
    return m.autograd.grad(dx.sum(), [x])


def broadcast_at_second_order(m):
    a, b = leaves(m, (3, 1), (1, 4))
    da, db = m.autograd.grad((a * b).exp().sum(), [a, b], create_graph=True)
    return m.autograd.grad((da.sum() * db).sum(), [a, b])


def unused_output_at_second_order(m):
    (x,) = leaves(m, (3, 2))
    a, b, _ = x.unbind(0)
    (dx,) = m.autograd.grad((a * a * b).sum(), [x], create_graph=True)
    return m.autograd.grad((dx * dx).sum(), [x])


def cotangent_that_requires_grad(m):
    x, dy = leaves(m, (3,), (3,))
    (dx,) = m.autograd.grad(x.exp(), [x], [dy], create_graph=True)
    return m.autograd.grad(dx.sum(), [x, dy])


def retain_graph_is_implied(m):
    (x,) = leaves(m, (3,))
    y = (x**3).sum()
    m.autograd.grad(y, [x], create_graph=True)
    return m.autograd.grad(y, [x])


def create_graph_may_free(m):
    (x,) = leaves(m, (3,))
    y = (x**3).sum()
    m.autograd.grad(y, [x], create_graph=True, retain_graph=False)
    return m.autograd.grad(y, [x])


def accumulates_over_create_graph(m):
    (x,) = leaves(m, (3,))
    (x**3).sum().backward(create_graph=True)
    (x**3).sum().backward(create_graph=True)
    dx, x.grad = x.grad, None
    return m.autograd.grad(dx.sum(), [x])


@programs(
    order_four, mixed_partials, gradient_penalty, backward_with_create_graph, create_graph_under_no_grad,
    broadcast_at_second_order, unused_output_at_second_order, cotangent_that_requires_grad,
    retain_graph_is_implied, accumulates_over_create_graph,
)  # fmt: skip
def test_higher_orders_as_torch(program):
    as_torch(program, rtol=1e-9)


def test_create_graph_may_free():
    refused_as_torch(create_graph_may_free)


@primitive(outputs="s p")
def sum_and_product(a, b):
    """s = a + b, p = a * b."""
    return a + b, a * b


@sum_and_product.vjp
def _sum_and_product_vjp(ds, dp, a, b, p):
    return ds + dp * p / a, ds + dp * a + 0.0 * p  # the outputs saved, so that recorded rules continue at them


def test_outputs_that_a_rule_saves_stay_connected():
    """A recorded rule that uses output p continues at p; a sweep through p and the rule adds both ways up."""
    a = tg.tensor([0.5, 1.5], dtype=tg.float64, requires_grad=True)
    b = tg.tensor([2.0, 3.0], dtype=tg.float64, requires_grad=True)
    s, p = sum_and_product(a, b)
    (da,) = tg.autograd.grad(p.sum(), a, create_graph=True)  # b, computed as p / a
    z = (da * p + s * s).sum()  # a b^2 + (a + b)^2
    dp_again, da_again, db_again = tg.autograd.grad(z, [p, a, b], retain_graph=True)
    A, B = a.detach().numpy(), b.detach().numpy()
    np.testing.assert_allclose(da_again.numpy(), B**2 + 2 * (A + B))
    np.testing.assert_allclose(db_again.numpy(), 2 * A * B + 2 * (A + B))
    np.testing.assert_allclose(dp_again.numpy(), 2 * B)  # p itself and p within da


def test_data_assigned_later_does_not_change_the_past():
    """What was saved is the array of that time, so the gradient is that of the value computed. (PyTorch: 18.)"""
    x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x * x
    x.data = tg.ones(3) * 9
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, 4.0, 6.0])


# --- what is refused --------------------------------------------------------------------------------------


def x3(**options):
    return tg.tensor([1.0, 2.0, 3.0], requires_grad=True, **options)


def refused_non_scalar(x):
    (x * 2).backward()


def refused_non_scalar_output_of_several(x):
    x.split(2)[0].backward()


def refused_second_time(x):
    y = x.exp().sum()
    y.backward()
    y.backward()


def refused_after_partial_free(x):
    """A second result that shares the freed part."""
    h = x.tanh()
    (h * 2).sum().backward()
    (h * 3).sum().backward()


def refused_plain(x):
    x.detach().sum().backward()


def refused_under_no_grad(x):
    with tg.no_grad():
        y = x.sum()
    y.backward()


def refused_shape(x):
    (x * 2).backward(tg.ones(2))


def refused_unused(x):
    tg.autograd.grad(x3().sum(), x)


def refused_plain_input(x):
    tg.autograd.grad(x.sum(), x.detach())


def refused_counts(x):
    tg.autograd.grad([x.sum()], [x], [tg.ones(()), tg.ones(())])


def refused_no_inputs(x):
    x.sum().backward(inputs=[])


def refused_retain(x):
    x.detach().retain_grad()


def refused_integer(x):
    x.detach().long().requires_grad_()


def refused_flag(x):
    (x * 2).requires_grad_(False)


@pytest.mark.parametrize(
    ("refused", "words"),
    [
        (refused_non_scalar, ["scalar", "mul", r"\(3,\)"]),
        (refused_non_scalar_output_of_several, ["scalar", "`split`", r"\(2,\)"]),
        (refused_second_time, ["second time", "exp", "retain_graph=True", "detach"]),
        (refused_after_partial_free, ["second time", "tanh"]),
        (refused_plain, ["does not require grad"]),
        (refused_under_no_grad, ["does not require grad", "no_grad"]),
        (refused_shape, ["shape", r"\(2,\)", r"\(3,\)"]),
        (refused_unused, ["not have been used", "input 0", "allow_unused"]),
        (refused_plain_input, ["does not require grad", "input 0"]),
        (refused_counts, ["1 outputs", "2 grad_outputs"]),
        (refused_no_inputs, ["inputs"]),
        (refused_retain, ["retain_grad"]),
        (refused_integer, ["floating point"]),
        (refused_flag, ["leaf"]),
    ],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_refused(refused, words):
    for word in words:
        with pytest.raises(RuntimeError, match=word):
            refused(x3())


def test_materialize_contradicts_not_allowing_unused():
    x = x3()
    with pytest.raises(ValueError, match="allow_unused"):
        tg.autograd.grad(x.sum(), x, allow_unused=False, materialize_grads=True)


def test_only_inputs_is_all_there_is():
    x = x3()
    with pytest.warns(FutureWarning, match="only_inputs=False is ignored"):
        (dx,) = tg.autograd.grad(x.sum(), x, only_inputs=False)
    assert dx.tolist() == [1.0, 1.0, 1.0]


def test_inputs_that_are_no_leaves_keep_their_gradient():
    x, other = leaves(tg, (3,), (3,))
    h = x * 2
    (h * h * other).sum().backward(inputs=[h])
    np.testing.assert_allclose(h.grad.array, 2 * h.array * other.array)
    assert x.grad is None and other.grad is None


def test_freed_error_says_where():
    """The message names the operation, its place, and the time step."""
    x = x3()
    with tg.step(4):
        y = x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match=r"`exp`.*t=4"):
        y.sum().backward()


def test_order_of_the_sweep_is_creation_order():
    """Rules are applied newest first, whatever the shape of the graph."""
    order = []

    @primitive
    def noted(x, *, name):
        return x + 0.0

    noted.vjp(dx=lambda dy, name: order.append(name) or dy)
    x = x3()
    a = noted(x, name="a")
    b = noted(a, name="b")
    c = noted(a, name="c")
    d = noted(b, name="d")
    (c + d + b).sum().backward()
    assert order == ["d", "c", "b", "a"]


def test_values_accumulate_and_repeat():
    a = tg.Value(2.0)
    y = a * a + a
    y.backward()
    y.backward()
    assert a.grad == 10.0
    (da,) = tg.autograd.grad(y, a, create_graph=True)
    (dda,) = tg.autograd.grad(da, a)
    assert (float(da), float(dda)) == (5.0, 2.0)


def test_values_as_inputs():
    a, b = tg.Value(2.0), tg.Value(3.0)
    tg.autograd.backward(a * b, inputs=[a])
    assert (a.grad, b.grad) == (3.0, 0.0)
