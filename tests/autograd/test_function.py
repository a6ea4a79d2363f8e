"""Function, the operation of one's own in torch's form: the same class does the same with either library."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg

from .both import as_torch, programs, refused_as_torch


def leaf(m):
    return m.tensor([1.0, 2.0, 3.0], dtype=m.float64, requires_grad=True)


def square(m):
    class Square(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2 * x * dy

    return Square.apply


def exponential(m):
    """It saves its output."""

    class Exponential(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x.exp()
            ctx.save_for_backward(y)
            return y

        @staticmethod
        def backward(ctx, dy):
            (y,) = ctx.saved_tensors
            return dy * y

    return Exponential.apply


def scaled(m):
    """Arguments that are no tensors; context as attributes; no tensor saved."""

    class Scaled(m.autograd.Function):
        @staticmethod
        def forward(ctx, x, factor, name="none"):
            ctx.factor = factor
            return x * factor

        @staticmethod
        def backward(ctx, dy):
            return dy * ctx.factor, None, None

    return Scaled.apply


def product_and_sum(m, materialize=True, seen=None):
    class ProductAndSum(m.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            ctx.set_materialize_grads(materialize)
            return a * b, a + b

        @staticmethod
        def backward(ctx, dp, ds):
            if seen is not None:
                seen.append((dp is None, ds is None, *ctx.needs_input_grad))
            a, b = ctx.saved_tensors
            dp = dp if dp is not None else 0 * a
            ds = ds if ds is not None else 0 * a
            da = dp * b + ds if ctx.needs_input_grad[0] else None
            db = dp * a + ds if ctx.needs_input_grad[1] else None
            return da, db

    return ProductAndSum.apply


def first_order(m):
    x = leaf(m)
    y = square(m)(x)
    (y * exponential(m)(x)).sum().backward()
    return y, x.grad, y.requires_grad, y.is_leaf


def second_order(m):
    x = leaf(m)
    (dx,) = m.autograd.grad((square(m)(x) * exponential(m)(x)).sum(), x, create_graph=True)
    return dx, *m.autograd.grad((dx * dx).sum(), x)


def third_order(m):
    x = leaf(m)
    y = exponential(m)(x * x).sum()
    for _ in range(3):
        (dx,) = m.autograd.grad(y, x, create_graph=True)
        y = dx.sum()
    return dx


def several_outputs(m):
    a, b = leaf(m), leaf(m)
    p, s = product_and_sum(m)(a, b)
    (p * s * s).sum().backward()
    return a.grad, b.grad


def several_outputs_second_order(m):
    a, b = leaf(m), leaf(m)
    p, s = product_and_sum(m)(a, b)
    (da,) = m.autograd.grad((p * p * s).sum(), a, create_graph=True)
    return m.autograd.grad((da * p).sum(), [a, b])


def unused_output(m):
    a, b = leaf(m), leaf(m)
    p, _ = product_and_sum(m)(a, b)
    p.sum().backward()
    return a.grad, b.grad


def not_materialized(m):
    a, b, seen = leaf(m), leaf(m), []
    _, s = product_and_sum(m, False, seen)(a, b)
    s.sum().backward()
    return a.grad, b.grad, seen


def needs_input_grad(m):
    a, b, seen = leaf(m), leaf(m).detach(), []
    p, s = product_and_sum(m, True, seen)(a, b)
    (p + s).sum().backward()
    return a.grad, seen


def no_tensor_arguments(m):
    x = leaf(m)
    scaled(m)(x, 3.0, "three").sum().backward()
    return x.grad


def twice_without_saved_tensors(m):
    x = leaf(m)
    y = scaled(m)(x, 3.0)
    y.sum().backward()
    y.sum().backward()
    return x.grad


def twice_with_retain_graph(m):
    x = leaf(m)
    y = square(m)(x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def same_tensor_twice(m):
    x = leaf(m)
    p, _ = product_and_sum(m)(x, x)
    (dx,) = m.autograd.grad(p.sum(), x, create_graph=True)
    return dx, *m.autograd.grad(dx.sum(), x)


def unbroadcast_gradient(m):
    class Stretch(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.expand(4, 3).clone()

        @staticmethod
        def backward(ctx, dy):
            return dy  # of shape (4, 3) for an input of shape (3,)

    x = leaf(m)
    (Stretch.apply(x) * m.arange(12.0, dtype=m.float64).reshape(4, 3)).sum().backward()
    return x.grad


def setup_context(m):
    class Cube(m.autograd.Function):
        @staticmethod
        def forward(x, k):
            return x**k

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.k = inputs
            ctx.save_for_backward(x, output)

        @staticmethod
        def backward(ctx, dy):
            x, y = ctx.saved_tensors
            return dy * ctx.k * y / x, None

    x = leaf(m)
    (dx,) = m.autograd.grad(Cube.apply(x, 3).sum(), x, create_graph=True)
    return dx, *m.autograd.grad(dx.sum(), x)


def non_differentiable_output(m):
    class Sorted(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            values, indices = x.sort()
            rank = indices.double()
            ctx.mark_non_differentiable(indices, rank)
            ctx.save_for_backward(indices)
            return values, indices, rank

        @staticmethod
        def backward(ctx, dvalues, dindices, drank):
            (indices,) = ctx.saved_tensors
            return m.zeros_like(dvalues).scatter(0, indices, dvalues)

    x = leaf(m)
    values, indices, rank = Sorted.apply(x)
    (values * rank).sum().backward()
    return values.requires_grad, indices.requires_grad, rank.requires_grad, x.grad


def nothing_recorded_inside(m):
    class Inside(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            y = x * 2
            ctx.inside = (m.is_grad_enabled(), y.requires_grad)
            seen.append(ctx.inside)
            return y

        @staticmethod
        def backward(ctx, dy):
            seen.append(m.is_grad_enabled())
            return dy * 2

    seen = []
    x = leaf(m)
    y = Inside.apply(x)
    y.sum().backward(retain_graph=True)
    y.sum().backward(create_graph=True)
    return seen, y.requires_grad


def without_gradient(m):
    x = leaf(m)
    with m.no_grad():
        y = square(m)(x)
    return y.requires_grad, square(m)(x.detach()).requires_grad


def gradient_none(m):
    class Stop(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 1

        @staticmethod
        def backward(ctx, dy):
            return None

    x = leaf(m)
    (Stop.apply(x) + x * 2).sum().backward()
    return x.grad


def reversed_gradient(m):
    """Gradient reversal, the best known use."""

    class Reverse(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.view_as(x)

        @staticmethod
        def backward(ctx, dy):
            return -dy

    x = leaf(m)
    (Reverse.apply(x) * 3).sum().backward()
    return x.grad


def more_gradients_all_none(m):
    class Two(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            return dy * 2, None, None

    x = leaf(m)
    Two.apply(x).sum().backward()
    return x.grad


def once(m):
    class Once(m.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @m.autograd.function.once_differentiable
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2 * x * dy

    return Once.apply


def once_is_allowed(m):
    x = leaf(m)
    (dx,) = m.autograd.grad((once(m)(x) ** 2).sum(), x, create_graph=True)
    return dx.detach()


@programs(
    first_order, second_order, third_order, several_outputs, several_outputs_second_order, unused_output,
    not_materialized, needs_input_grad, no_tensor_arguments, twice_without_saved_tensors,
    twice_with_retain_graph, same_tensor_twice, unbroadcast_gradient, setup_context,
    non_differentiable_output, nothing_recorded_inside, without_gradient, gradient_none, reversed_gradient,
    more_gradients_all_none, once_is_allowed,
)  # fmt: skip
def test_as_torch(program):
    as_torch(program, rtol=1e-9)


def returning(m, *gradients):
    class Wrong(m.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * b

        @staticmethod
        def backward(ctx, dy):
            return gradients if len(gradients) != 1 else gradients[0]

    Wrong.apply(leaf(m), leaf(m)).sum().backward()


def too_few_gradients(m):
    returning(m, m.ones(3))


def too_many_gradients(m):
    returning(m, m.ones(3), m.ones(3), m.ones(3))


def no_tensor_as_gradient(m):
    returning(m, 1.0, 2.0)


def gradient_of_wrong_shape(m):
    returning(m, m.ones(4), m.ones(3))


def saved_tensors_freed(m):
    y = square(m)(leaf(m)).sum()
    y.backward()
    y.backward()


def saved_tensor_written(m):
    x = leaf(m) * 1
    y = square(m)(x)
    x.add_(1)
    y.sum().backward()


def saved_output_written(m):
    y = exponential(m)(leaf(m))
    y.add_(1)
    y.sum().backward()


def twice_through_once(m):
    x = leaf(m)
    (dx,) = m.autograd.grad((once(m)(x) ** 2).sum(), x, create_graph=True)
    dx.sum().backward()


@programs(
    too_few_gradients, too_many_gradients, no_tensor_as_gradient, gradient_of_wrong_shape,
    saved_tensors_freed, saved_tensor_written, saved_output_written, twice_through_once,
)  # fmt: skip
def test_refused_as_torch_refuses(program):
    refused_as_torch(program)


def test_once_differentiable_is_not_a_silent_constant():
    """The second derivative of the rest must not come out alone. (PyTorch gives 6 x here.)"""
    x = leaf(tg)
    (dx,) = tg.autograd.grad((once(tg)(x) + x**3).sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        dx.sum().backward()


def test_messages_name_the_function():
    for program, word in [(too_few_gradients, "expected 2, got 1"), (gradient_of_wrong_shape, r"\(4,\)")]:
        with pytest.raises(RuntimeError, match=f"Wrong.*{word}"):
            program(tg)
    y = square(tg)(leaf(tg))
    assert "Square" in repr(y)
    assert y.grad_fn.name == "Square"


@pytest.mark.parametrize("missing", ["forward", "backward"])
def test_missing_parts(missing):
    body = {"forward": staticmethod(lambda ctx, x: x * 2), "backward": staticmethod(lambda ctx, dy: dy)}
    del body[missing]
    Partial = type("Partial", (tg.autograd.Function,), body)
    with pytest.raises((TypeError, RuntimeError), match=missing):
        Partial.apply(leaf(tg)).sum().backward()


def test_forward_must_return_tensors():
    class Number(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return 3.0

    with pytest.raises(TypeError, match=r"Number.forward.*float"):
        Number.apply(leaf(tg))


def test_whole_numbers_have_no_gradient():
    class Rounded(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2, x.round().long()

        @staticmethod
        def backward(ctx, dy, dn):
            return dy * 2

    y, n = Rounded.apply(leaf(tg))
    assert (y.requires_grad, n.requires_grad, n.dtype) == (True, False, tg.int64)


def test_saved_tensors_outside_of_backward():
    kept = []

    class Kept(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            kept.append(ctx)
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            return dy * 2

    Kept.apply(leaf(tg)).sum().backward()
    with pytest.raises(RuntimeError, match="backward"):
        kept[0].saved_tensors  # noqa: B018


def test_an_error_in_backward_leaves_the_engine_usable():
    class Broken(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, dy):
            raise KeyError("broken")

    x = leaf(tg)
    with pytest.raises(KeyError):
        Broken.apply(x).sum().backward()
    assert tg.is_grad_enabled()
    x.sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [1.0, 1.0, 1.0])


def test_gradcheck_of_functions():
    x, y = leaf(tg), leaf(tg)
    for apply in (square(tg), exponential(tg)):
        assert tg.autograd.gradcheck(apply, [x])
        assert tg.autograd.gradgradcheck(apply, [x])
    assert tg.autograd.gradcheck(product_and_sum(tg), [x, y])
    assert tg.autograd.gradgradcheck(product_and_sum(tg), [x, y])
