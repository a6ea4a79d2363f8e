"""torch.func: derivatives as functions, of containers, of each other, and what they refuse."""

from collections import OrderedDict, namedtuple

from ..calling import Program

Pair = namedtuple("Pair", "a b")


def numbers(m, n=3, requires_grad=False):
    return m.arange(1, n + 1, dtype=m.float64, requires_grad=requires_grad) / 4


def cubes(x):
    return (x**3).sum()


def weighted(x, y, power=1):
    return (x**power * y).sum()


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
    return dx.detach(), dx.requires_grad, *weights


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
    return dx.detach(), dx.requires_grad, m.autograd.grad(dx.sum(), v)


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


def pushforward(m):
    y, dy = m.func.jvp(lambda x: x.exp() * x, (numbers(m),), (2 * numbers(m),))
    return y, dy, y.requires_grad, dy.requires_grad


def pushforward_of_several(m):
    f = lambda x, tree: {"product": x * tree["y"], "sums": (x.sum(), tree["y"].sum())}
    y, dy = m.func.jvp(f, (numbers(m), {"y": 2 * numbers(m)}), (3 * numbers(m), {"y": numbers(m)}))
    return y["product"], y["sums"], dy["product"], dy["sums"]


def pushforward_with_something_else(m):
    return m.func.jvp(lambda x: (x.exp(), {"sine": x.sin()}), (numbers(m),), (numbers(m),), has_aux=True)


def pushforward_of_a_constant(m):
    return m.func.jvp(lambda x: (numbers(m), x > 0.3, x.long()), (numbers(m),), (numbers(m),))


def pushforward_through_no_grad(m):
    @m.no_grad()
    def f(x):
        return x * x

    return m.func.jvp(lambda x: f(x) * x * x.detach(), (numbers(m),), (numbers(m),))


def pushforward_through_inference_mode(m):
    def f(x):
        with m.inference_mode():
            y = x * x
        return y + x

    return m.func.jvp(f, (numbers(m),), (numbers(m),))[1]


def pushforward_within_no_grad(m):
    x = numbers(m).requires_grad_()
    with m.no_grad():
        y, dy = m.func.jvp(lambda x: x.exp(), (x,), (numbers(m),))
    return y, dy, y.requires_grad, dy.requires_grad


def pushforward_connected_to_what_is_outside(m):
    x, w, t = [numbers(m).requires_grad_() for _ in range(3)]
    y, dy = m.func.jvp(lambda x: (x * w).exp(), (x,), (t,))
    return y.detach(), dy.detach(), m.autograd.grad(dy.sum() + y.sum(), [x, w, t])


def pushforward_twice(m):
    push = lambda f: lambda x: m.func.jvp(f, (x,), (numbers(m),))[1]
    return push(push(push(lambda x: x**4)))(numbers(m))


def pushforward_and_pullback(m):
    push = lambda f: lambda x: m.func.jvp(f, (x,), (numbers(m),))[1]
    f = lambda x: (x.exp() * x.flip(0)).sum()
    return push(m.func.grad(f))(numbers(m)), m.func.grad(push(f))(numbers(m))


def pushforward_of_the_inner_function(m):
    """The derivative by x of x * d(x * y)/dy at y = x."""
    push = lambda f: lambda x: m.func.jvp(f, (x,), (m.ones_like(x),))[1]
    return push(lambda x: x * push(lambda y: x * y)(x))(numbers(m))


def pushforward_in_place(m):
    def f(x):
        y = m.zeros(2, 3, dtype=m.float64)
        y[0] = x
        y[1].add_(x * 2).mul_(x)
        return y

    return m.func.jvp(f, (numbers(m),), (numbers(m),))


def columns(m):
    return m.func.jacfwd(lambda x: x.outer(x.exp()))(numbers(m))


def columns_of_containers(m):
    f = lambda x: {"a": x["p"] * x["q"], "b": [x["q"].sum()]}
    found = m.func.jacfwd(f)({"p": numbers(m), "q": 2 * numbers(m)})
    return found["a"]["p"], found["a"]["q"], found["b"][0]["p"], found["b"][0]["q"]


def columns_by_several(m):
    return m.func.jacfwd(lambda x, y, z: (x * y, x.sum() * z), argnums=(1, 0))(numbers(m), 2 * numbers(m), 3)


def columns_with_something_else(m):
    return m.func.jacfwd(lambda x: (2 * x, x.sin()), has_aux=True)(numbers(m))


def columns_of_constants(m):
    return m.func.jacfwd(lambda x: (numbers(m, 2), x > 0))(numbers(m))


def columns_of_nothing(m):
    return m.func.jacfwd(lambda x: x[:0])(numbers(m))


def columns_connected_to_what_is_outside(m):
    x = numbers(m).requires_grad_()
    found = m.func.jacfwd(lambda x: x**3)(x)
    return found.detach(), m.autograd.grad(found.sum(), x)


def columns_twice(m):
    f = lambda x: cubes(x) * x[0]
    return [outer(inner(f))(numbers(m)) for outer, inner in [
        (m.func.jacfwd, m.func.jacfwd), (m.func.jacfwd, m.func.jacrev), (m.func.jacrev, m.func.jacfwd),
    ]]  # fmt: skip


def second_derivatives(m):
    return m.func.hessian(lambda x: cubes(x) * x[0])(numbers(m))


def second_derivatives_of_several(m):
    return m.func.hessian(lambda x, y: (x * x * y.exp()).sum(), argnums=(0, 1))(numbers(m), 2 * numbers(m))


def second_derivatives_of_containers(m):
    found = m.func.hessian(lambda x: {"a": (x["p"] ** 2 * x["q"])})({"p": numbers(m), "q": numbers(m)})
    return found["a"]["p"]["p"], found["a"]["p"]["q"], found["a"]["q"]["p"], found["a"]["q"]["q"]


def second_derivatives_of_a_vector(m):
    return m.func.hessian(lambda x: x**3)(numbers(m))


def once(*programs, raises=False):
    return [Program(program, dtypes=("float64",), raises=raises) for program in programs]


def without_gradient(result, **options):
    return lambda m: m.func.grad(result, **options)(numbers(m))


NO_ARGUMENTS = 1, -2, (), (0, 0), (0, -1), "a", [0], (0, "a")
NOT_ONE_NUMBER = lambda x: x, lambda x: 3.0, lambda x: (x.sum(),), lambda x: (x.sum(), x, x)


def badly_counted(transform):
    return [lambda m, places=places: getattr(m.func, transform)(cubes, places)(numbers(m)) for places in NO_ARGUMENTS]


CALLS = {
    "func.grad": once(
        gradient, gradient_of_a_named_argument, gradient_from_the_end, gradient_of_several, gradient_as_a_tuple_of_one,
        gradient_of_containers, gradient_of_an_ordered_dict, gradient_with_something_else, gradient_of_a_constant,
        second_order, third_order, inner_function_of_both, through_backward, within_no_grad,
        a_function_without_recording, nothing_is_deposited,
    ) + once(
        *badly_counted("grad"), *[without_gradient(result) for result in NOT_ONE_NUMBER],
        *[without_gradient(result, has_aux=True) for result in NOT_ONE_NUMBER],
        lambda m: m.func.grad(cubes)(m.ones(3, dtype=m.int64)), lambda m: m.func.grad(cubes)(2.0),
        lambda m: m.func.grad(lambda x: x[0].sum())((numbers(m), 3)), lambda m: m.func.grad(cubes)(x=numbers(m)),
        raises=True,
    ),
    "func.grad_and_value": once(
        gradient_and_value, gradient_and_value_with_something_else, nothing_requires_grad_after,
    ) + once(*badly_counted("grad_and_value"), raises=True),
    "func.vjp": once(
        pullback, pullback_of_several, pullback_with_something_else, pullback_of_a_constant,
        pullback_connected_to_its_cotangent, pullback_connected_to_its_primal,
    ) + once(
        lambda m: m.func.vjp(lambda x: 3.0, numbers(m)), lambda m: m.func.vjp(cubes),
        lambda m: m.func.vjp(lambda x: x > 0, numbers(m)),
        lambda m: m.func.vjp(lambda x: x, numbers(m))[1](numbers(m, 2)),
        lambda m: m.func.vjp(lambda x: x, numbers(m))[1]((numbers(m),)),
        lambda m: m.func.vjp(lambda x: (x, x), numbers(m))[1]([numbers(m), numbers(m)]),
        lambda m: m.func.vjp(lambda x: x, numbers(m))[1](),
        raises=True,
    ),
    "func.jacrev": once(
        jacobian, jacobian_of_containers, jacobian_by_several, jacobian_with_something_else, jacobian_in_chunks,
        jacobian_of_a_constant, jacobian_of_nothing, hessian, hessian_by_the_gradient,
    ) + once(
        *badly_counted("jacrev"), lambda m: m.func.jacrev(lambda x: x > 0)(numbers(m)),
        lambda m: m.func.jacrev(lambda x: 3.0)(numbers(m)),
        lambda m: m.func.jacrev(cubes, chunk_size=0)(numbers(m)),
        raises=True,
    ),
    "func.jvp": once(
        pushforward, pushforward_of_several, pushforward_with_something_else, pushforward_of_a_constant,
        pushforward_through_no_grad, pushforward_through_inference_mode, pushforward_within_no_grad,
        pushforward_connected_to_what_is_outside, pushforward_twice, pushforward_and_pullback,
        pushforward_of_the_inner_function, pushforward_in_place,
    ) + once(
        lambda m: m.func.jvp(cubes, numbers(m), (numbers(m),)), lambda m: m.func.jvp(cubes, (numbers(m),), numbers(m)),
        lambda m: m.func.jvp(cubes, (numbers(m),), (numbers(m), numbers(m))),
        lambda m: m.func.jvp(cubes, (numbers(m),), (numbers(m, 2),)), lambda m: m.func.jvp(lambda: 0, (), ()),
        lambda m: m.func.jvp(cubes, (m.arange(3),), (m.arange(3),)),
        lambda m: m.func.jvp(lambda x: 3.0, (numbers(m),), (numbers(m),)),
        lambda m: m.func.jvp(cubes, (numbers(m),), (numbers(m),), has_aux=True),
        lambda m: m.func.jvp(lambda x: numbers(m), (numbers(m),), (numbers(m),), strict=True),
        raises=True,
    ),
    "func.jacfwd": once(
        columns, columns_of_containers, columns_by_several, columns_with_something_else, columns_of_constants,
        columns_of_nothing, columns_connected_to_what_is_outside, columns_twice,
    ) + once(
        *badly_counted("jacfwd"), lambda m: m.func.jacfwd(lambda x: 3.0)(numbers(m)),
        lambda m: m.func.jacfwd(cubes)(m.arange(3)), lambda m: m.func.jacfwd(cubes, randomness="some")(numbers(m)),
        raises=True,
    ),
    "func.hessian": once(
        second_derivatives, second_derivatives_of_several, second_derivatives_of_containers,
        second_derivatives_of_a_vector,
    ) + once(*badly_counted("hessian"), raises=True),
}  # fmt: skip
