"""Declaring an operation: what is accepted, what is refused at once, and what a rule is given."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd import fused, nondifferentiable, primitive
from tinygrad_rnn.autograd import op as engine
from tinygrad_rnn.autograd.op import Array, ArrayInt, Ints


@pytest.fixture(autouse=True)
def registry_as_it_was(monkeypatch):
    """What a test declares is not an operation of the package."""
    monkeypatch.setattr(engine, "registry", dict(engine.registry))


def leaf(*shape):
    return tg.tensor(np.random.default_rng(0).uniform(0.5, 1.5, shape or (3,)), requires_grad=True)


def checked(function, *inputs):
    assert tg.autograd.gradcheck(function, inputs)
    assert tg.autograd.gradgradcheck(function, inputs)


# --- the forms of a declaration ---------------------------------------------------------------------------


def test_whole_numbers_one_by_one():
    @primitive
    def turned(x, scale=1.0, dims: Ints = ()):
        return scale * np.transpose(x, dims)

    x = np.arange(6.0).reshape(1, 2, 3)
    for y in (turned(x, 2.0, 2, 0, 1), turned(x, 2.0, (2, 0, 1)), turned(x, scale=2.0, dims=[2, 0, 1])):
        np.testing.assert_array_equal(y, 2 * x.transpose(2, 0, 1))
    np.testing.assert_array_equal(turned(np.arange(3.0), 1.0, 0), np.arange(3.0))


def test_a_rule_for_each_input():
    @primitive
    def hypotenuse(a, b):
        return np.sqrt(a * a + b * b)

    hypotenuse.vjp(da=lambda dy, a, y: dy * a / y, db=lambda dy, b, y: dy * b / y)
    checked(hypotenuse, leaf(3), leaf(2, 1))
    assert hypotenuse.__doc__ is None
    assert hypotenuse.op.inputs == ["a", "b"]


def test_one_rule_for_all_inputs():
    @primitive
    def hypotenuse(a, b):
        return np.sqrt(a * a + b * b)

    @hypotenuse.vjp
    def _(dy, a, b, y, needs):
        return dy * a / y if needs[0] else None, dy * b / y if needs[1] else None

    checked(hypotenuse, leaf(3), leaf(3))
    checked(lambda a: hypotenuse(a, 2.0), leaf(3))
    checked(lambda b: hypotenuse(2.0, b), leaf(3))


def test_attributes():
    @primitive
    def power_sum(x, power=2.0, *, dim: int = -1, keepdim: bool = False):
        return np.sum(x**power, axis=dim, keepdims=keepdim)

    power_sum.vjp(
        dx=lambda dy, x, power, dim, keepdim: power * x ** (power - 1) * (dy if keepdim else tg.unsqueeze(dy, dim))
    )
    for call in (
        lambda x: power_sum(x, 3.0),
        lambda x: power_sum(x, dim=0),
        lambda x: power_sum(x, power=3.0, dim=1, keepdim=True),
        lambda x: power_sum(x, axis=0, keepdims=True),
        lambda x: power_sum(input=x),
    ):
        checked(call, leaf(2, 3))
    for wrong, word in [
        (lambda x: power_sum(x, 3.0, dim="a"), "dim must be an int"),
        (lambda x: power_sum(x, 2.0, power=3.0), "multiple values"),
        (lambda x: power_sum(x, size=3), "unexpected keyword argument 'size'"),
        (lambda x: power_sum(), "power_sum"),
    ]:
        with pytest.raises(TypeError, match=word):
            wrong(leaf(2, 3))


def test_a_required_attribute():
    @primitive
    def shifted(x, *, by):
        return x + by

    shifted.vjp(dx=lambda dy: dy)
    checked(lambda x: shifted(x, by=2.0), leaf(3))
    for call in (shifted, lambda x: shifted(x.detach())):
        with pytest.raises(TypeError, match="'by'"):
            call(leaf(3))


def test_several_outputs():
    @primitive(outputs="half double")
    def both(x):
        return x / 2, x * 2 + x**3

    both.vjp(lambda dhalf, ddouble, x: dhalf / 2 + ddouble * (2 + 3 * x * x))
    checked(both, leaf(3))
    checked(lambda x: both(x)[1], leaf(3))
    half, double = both(leaf(3))
    assert half.grad_fn is not double.grad_fn


def test_any_number_of_inputs_and_outputs():
    @primitive(outputs="*ys")
    def rotated(*xs, factor=1.0):
        return tuple([x * x * factor for x in (*xs[1:], xs[0])])

    rotated.vjp(lambda dys, xs, factor: tuple([2.0 * factor * x * dy for x, dy in zip(xs, (dys[-1], *dys[:-1]))]))
    checked(lambda *xs: rotated(*xs, factor=3.0), leaf(3), leaf(2), leaf(1))
    checked(lambda *xs: rotated(*xs)[1], leaf(3), leaf(2))
    x = leaf(2)
    rotated(x, tg.ones(2), x)[2].sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * x.detach().numpy())


@pytest.mark.parametrize("kind", [tuple, list])
def test_results_that_were_not_declared_are_refused(kind):
    @primitive
    def both(x):
        return kind([2 * x, 3 * x])

    with pytest.raises(TypeError, match=rf'returned a {kind.__name__} of 2, .* by outputs="..."'):
        both(leaf())


def test_hidden_results_serve_the_rule_alone():
    @primitive(hidden="sine")
    def squared_sine(x):
        sine = np.sin(x)
        return sine * sine, sine

    squared_sine.vjp(dx=lambda dy, x, sine: dy * 2.0 * sine * tg.cos(x))
    y = squared_sine(leaf(3))
    assert isinstance(y, tg.Tensor)
    assert tg.autograd.gradcheck(squared_sine, [leaf(3)])
    assert isinstance(squared_sine(np.ones(3)), np.ndarray)


def test_optional_inputs():
    @primitive
    def affine(x: Array, w: Array, b: Array | None = None) -> Array:
        return x * w if b is None else x * w + b

    affine.vjp(dx=lambda dy, w: dy * w, dw=lambda dy, x: dy * x, db=lambda dy: dy)
    checked(affine, leaf(3), leaf(3), leaf(3))
    checked(affine, leaf(3), leaf(3))
    checked(lambda x, w: affine(x, w, None), leaf(3), leaf(3))
    checked(lambda x, b: affine(x, 2.0, b=b), leaf(3), leaf(1))


@pytest.mark.parametrize("written", [Array, "Array", np.ndarray, "np.ndarray", tg.Tensor, "tg.Tensor", None])
def test_annotations_of_inputs(written):
    """An array is an input however it is written, as text or as what the text stands for."""

    def product(a, b, power: int = 1, *, scale: float = 1.0):
        return (a * b) ** power * scale

    if written is not None:
        product.__annotations__ |= {"a": written, "b": written}
    declared = primitive(product)
    assert (declared.op.inputs, list(declared.op.attrs)) == (["a", "b"], ["power", "scale"])


@pytest.mark.parametrize("written", [ArrayInt, "ArrayInt"])
def test_annotations_of_indices(written):
    def taken(x, index):
        return x[index]

    taken.__annotations__["index"] = written
    declared = primitive(taken)
    assert declared.op.promoted == [0]


def test_annotations_of_attributes():
    """Also where annotations were evaluated, they convert and check."""

    def summed(x, dim: int, keepdim: bool = False):
        return x.sum(dim, keepdims=keepdim)

    summed.__annotations__ |= {"dim": int, "keepdim": bool}
    declared = primitive(summed)
    with pytest.raises(TypeError, match="dim must be an int"):
        declared(leaf(3), "a")


def test_an_operation_without_inputs_is_refused():
    with pytest.raises(TypeError, match="no input"):

        @primitive
        def constant(*, n: int):
            return np.ones(n)


def test_inputs_that_keep_their_dtype():
    @primitive
    def picked(x: Array, index: ArrayInt) -> Array:
        return x[index]

    picked.vjp(dx=lambda dy, index, x_shape: tg.ops.spread(dy, shape=x_shape, index=(index,)))
    y = picked(leaf(3), tg.tensor([2, 0]))
    assert y.dtype == tg.float64
    y.sum().backward()


def test_not_differentiable():
    @nondifferentiable
    def rounded(x):
        return np.round(x)

    x = leaf(3)
    assert not rounded(x).requires_grad
    (rounded(x) * x).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), rounded(x).numpy())


def test_on_arrays_an_operation_gives_arrays():
    assert isinstance(tg.ops.mul(np.ones(3), np.ones(3)), np.ndarray)
    assert isinstance(tg.ops.sum(np.ones(3)), (np.ndarray, np.generic))


@pytest.mark.parametrize("operation", ["exp", "add", "sub", "mul", "maximum", "matmul", "sum", "where"])
def test_lists_are_no_tensors(operation):
    """NumPy would compute with them, and + would join two."""
    given = [[True], [1.0], [2.0]] if operation == "where" else [[1.0], [2.0]][: 1 + (operation not in ("exp", "sum"))]
    with pytest.raises(TypeError, match=rf"{operation}: expected a tensor, got list: \["):
        getattr(tg, operation)(*given)


def test_on_values():
    @primitive(scalar=lambda x: x**3)
    def cubed(x):
        return np.power(x, 3)

    cubed.vjp(dx=lambda dy, x: dy * 3.0 * x * x)
    v = tg.Value(2.0)
    y = cubed(v)
    assert isinstance(y, tg.Value)
    (dv,) = tg.autograd.grad(y, v, create_graph=True)
    assert (y.data, dv.data, tg.autograd.grad(dv, v)[0].data) == (8.0, 12.0, 12.0)


# --- what is saved ----------------------------------------------------------------------------------------


def arrays_saved(y) -> int:
    return sum(isinstance(part, np.ndarray) for part in y.node.saved)


@pytest.mark.parametrize(
    ("call", "count"),
    [
        (lambda x, c: x + c, 0),
        (lambda x, c: x - c * 2, 0),
        (lambda x, c: -x, 0),
        (lambda x, c: x * 2.0, 1),  # the number
        (lambda x, c: x * c, 1),
        (lambda x, c: x * x, 2),
        (lambda x, c: x.sum(), 0),
        (lambda x, c: x.mean(0), 0),
        (lambda x, c: x.exp(), 1),
        (lambda x, c: x.reshape(-1), 0),
        (lambda x, c: x[0], 0),
        (lambda x, c: x.double(), 0),
    ],
)
def test_saved(call, count):
    x, c = tg.ones(3, requires_grad=True), tg.ones(3)
    y = call(x, c)
    assert arrays_saved(y) == count
    assert not any(part is x.array for part in y.node.saved if count == 1)


# --- refused at declaration -------------------------------------------------------------------------------


def test_refused_rules():
    @primitive
    def plus(a, b, scale=1.0):
        return a + b

    @primitive(outputs="p q")
    def two(a):
        return a, a

    for attempt, words in [
        (lambda: plus.vjp(da=lambda dy, c: dy), ["plus", "'c'", "'a'"]),
        (lambda: plus.vjp(dc=lambda dy: dy), ["plus", "dc"]),
        (lambda: plus.vjp(lambda dy, unknown: dy), ["plus", "unknown"]),
        (lambda: plus.vjp(), ["plus", "one rule"]),
        (lambda: plus.vjp(lambda dy: dy, da=lambda dy: dy), ["plus", "not both"]),
        (lambda: two.vjp(lambda dp: dp), ["two", "2 cotangents"]),
    ]:
        for word in words:
            with pytest.raises(TypeError, match=word):
                attempt()


def test_a_rule_that_was_used_is_not_exchanged():
    @primitive
    def twice(x):
        return 2 * x

    assert twice(tg.ones(1)).item() == 2
    twice.vjp(dx=lambda dy: dy)
    twice.vjp(dx=lambda dy: 2 * dy)  # nothing was recorded yet
    x = leaf()
    y = twice(x).sum()
    for again in ({"dx": lambda dy: dy}, {"rule": lambda dy, x: dy}):
        with pytest.raises(RuntimeError, match="twice was recorded already.*declare the whole operation again"):
            twice.vjp(**again)
    y.backward()
    assert x.grad.tolist() == [2, 2, 2]


def test_refused_names():
    with pytest.raises(TypeError, match="'y'.*outputs"):

        @primitive
        def distance(x, y):
            return x - y

    with pytest.raises(TypeError, match="needs"):

        @primitive
        def greedy(needs):
            return needs

    with pytest.raises(TypeError, match="'a'"):

        @primitive(outputs="a b")
        def swapped(b, a):
            return b, a

    with pytest.raises(TypeError, match="x_shape"):

        @primitive
        def shaped(x, *, x_shape):
            return x

    with pytest.raises(TypeError, match="fixed number"):

        @fused(forward=lambda *xs: xs[0], vjp=lambda dy: dy)
        def first(*xs):
            return xs[0]


def test_another_name_for_the_output():
    @primitive(outputs="d")
    def distance(x, y):
        return (x - y) ** 2

    distance.vjp(dx=lambda dd, x, y: 2.0 * dd * (x - y), dy=lambda dd, x, y: -2.0 * dd * (x - y))
    checked(distance, leaf(3), leaf(3))


# --- refused at backward ----------------------------------------------------------------------------------


def rule_of(rule, n=2):
    """An operation of n inputs with this rule."""
    if n == 1:

        @primitive
        def mine(a):
            return a * 2.0
    else:

        @primitive
        def mine(a, b):
            return a * b

    mine.vjp(rule)
    return mine


@pytest.mark.parametrize(
    ("rule", "n", "word"),
    [
        (lambda dy: (dy,), 2, "tuple of 2 gradients"),
        (lambda dy: (dy, dy, dy), 2, "tuple of 2 gradients"),
        (lambda dy: dy, 2, "tuple of 2 gradients"),
        (lambda dy: None, 2, "tuple of 2 gradients"),
        (lambda dy: (dy, "a"), 2, "str"),
        (lambda dy: (dy,), 1, "tuple"),
        (lambda dy: 0, 1, "int"),
        (lambda dy: np.ones(5), 1, r"\(5,\)"),
        (lambda dy: (dy, np.ones((2, 5))), 2, r"\(2, 5\)"),
    ],
)
def test_wrong_results_of_a_rule(rule, n, word):
    mine = rule_of(rule, n)
    for _ in range(2):  # the error does not go away
        with pytest.raises(RuntimeError, match=f"mine.*{word}"):
            mine(*[leaf(3) for _ in range(n)]).sum().backward()


def test_no_rule_at_all():
    @primitive
    def ruleless(x):
        return x * 3

    y = ruleless(leaf(3))
    with pytest.raises(RuntimeError, match=r"ruleless.*vjp"):
        y.sum().backward()


def test_an_input_without_a_rule_gets_no_gradient():
    @primitive
    def gated(x, gate):
        return x * gate

    gated.vjp(dx=lambda dy, gate: dy * gate)
    x, gate = leaf(3), leaf(3)
    gated(x, gate).sum().backward()
    assert gate.grad is None
    np.testing.assert_array_equal(x.grad.numpy(), gate.detach().numpy())


def test_a_number_as_gradient_is_spread():
    @primitive
    def summed(x):
        return x.sum()

    summed.vjp(dx=lambda dy: 0.5)
    x = leaf(2, 3)
    summed(x).backward()
    np.testing.assert_array_equal(x.grad.numpy(), np.full((2, 3), 0.5))


def test_an_error_in_a_rule_leaves_the_engine_usable():
    broken = rule_of(lambda dy: 1 / 0, 1)
    x = leaf(3)
    with pytest.raises(ZeroDivisionError):
        broken(x).sum().backward()
    assert tg.is_grad_enabled()
    (x * 2).sum().backward()
    np.testing.assert_array_equal(x.grad.numpy(), [2.0, 2.0, 2.0])


# --- errors of a forward ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("attempt", "kind", "words"),
    [
        (lambda: tg.ones(2, 3) + tg.ones(4), RuntimeError, ["add", r"float32 \(2, 3\)", r"\(4,\)"]),
        (lambda: tg.ones(2, 3) @ tg.ones(4, 3), RuntimeError, ["matmul", r"\(2, 3\)", r"\(4, 3\)"]),
        (lambda: tg.ones(2).reshape(3), RuntimeError, ["reshape", r"\(2,\)", "3"]),
        (lambda: tg.ones(2).sum(dim=2), IndexError, ["sum", r"\(2,\)", "dim=2"]),
        (lambda: tg.ones(2)[5], IndexError, ["getitem", r"\(2,\)"]),
        (lambda: tg.ones(2, 3)[:, [0, 7]], IndexError, ["getitem", r"\(2, 3\)"]),
        (lambda: tg.cat([tg.ones(2, 2), tg.ones(3, 3)]), RuntimeError, [r"\(2, 2\)", r"\(3, 3\)"]),
        (lambda: tg.ones(2) + "a", TypeError, ["add", "str"]),
    ],
)
def test_forward_errors_say_the_operation_and_what_it_was_given(attempt, kind, words):
    for word in words:
        with pytest.raises(kind, match=word):
            attempt()


def test_the_namespace_of_a_module_may_hold_a_rule():
    """Rules and kernels may be named as "module:function", resolved at first use."""
    import sys

    kernels = SimpleNamespace(forward=lambda x: x * 3.0, vjp=lambda dy: dy * 3.0)
    sys.modules["kernels_of_a_test"] = kernels
    try:

        @fused(forward="kernels_of_a_test:forward", vjp="kernels_of_a_test:vjp")
        def tripled(x):
            return x * 3.0

        checked(tripled, leaf(3))
    finally:
        del sys.modules["kernels_of_a_test"]
