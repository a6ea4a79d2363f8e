"""torch.autograd.functional: Jacobians, Hessians, and their products with vectors."""

from ..calling import Program, constant, f
from .differentiation import leaf


def functional(name, make, *arguments, **options):
    """One of autograd.functional; `make(torch)` is the function."""

    def run(torch, *arguments, **options):
        return getattr(torch.autograd.functional, name)(make(torch), *arguments, **options)

    return Program(run, *arguments, **options)


def sums(torch):
    return lambda x: (x**3).sum()


def powers(torch):
    return lambda x: x.exp() * x[0]


def of_two(torch):
    return lambda x, y: ((x * y).sum(), x.sin() + y)


def scalar_of_two(torch):
    return lambda x, y: (x * x * y.exp()).sum()


def constants(torch):
    return lambda x: torch.ones(2, dtype=x.dtype)


def first_only(torch):
    return lambda x, y: x * 2


def linear(torch):
    return lambda x: (3 * x).sum()


c = lambda *shape: constant(f(*shape))
STRICT = {"strict": True}


def through(torch, x, **options):
    """With create_graph the result can be differentiated."""
    x = leaf(x)
    found = torch.autograd.functional.jacobian(lambda x: x**3, x, create_graph=True)
    (dx,) = torch.autograd.grad(found.sum(), x)
    return found.requires_grad, dx


CALLS = {
    "autograd.functional.vjp": [
        functional("vjp", sums, c(3)), functional("vjp", powers, c(3), c(3)),
        functional("vjp", sums, f(3), create_graph=True), functional("vjp", powers, f(3), c(3), create_graph=True),
        functional("vjp", of_two, (c(2), c(2)), (c(), c(2))), functional("vjp", constants, c(2), c(2)),
        functional("vjp", powers, c(3), raises=True), functional("vjp", powers, c(3), c(2), raises=True),
        functional("vjp", constants, c(2), c(2), **STRICT, raises=True),
    ],
    "autograd.functional.jvp": [
        functional("jvp", sums, c(3), c(3)), functional("jvp", powers, c(3), c(3)), functional("jvp", powers, c(1)),
        functional("jvp", of_two, (c(2), c(2)), (c(2), c(2))), functional("jvp", constants, c(2), c(2)),
        functional("jvp", powers, c(3), raises=True), functional("jvp", powers, c(3), c(2), raises=True),
        functional("jvp", constants, c(2), c(2), **STRICT, raises=True),
    ],
    "autograd.functional.jacobian": [
        functional("jacobian", sums, c(3)), functional("jacobian", powers, c(3)), functional("jacobian", sums, c(2, 2)),
        functional("jacobian", of_two, (c(2), c(2))), functional("jacobian", constants, c(2)), Program(through, f(2)),
        functional("jacobian", first_only, (c(2), c(2))), functional("jacobian", powers, c(3), **STRICT),
        functional("jacobian", constants, c(2), **STRICT, raises=True),
        functional("jacobian", powers, c(3), vectorize=True),
        functional("jacobian", powers, c(3), **STRICT, vectorize=True, raises=True),
        functional("jacobian", first_only, (c(2), c(2)), **STRICT, raises=True),
        functional("jacobian", lambda torch: lambda x: 3.0, c(2), raises=True),
        functional("jacobian", sums, 3.0, raises=True),
    ],
    "autograd.functional.hessian": [
        functional("hessian", sums, c(3)), functional("hessian", sums, c(2, 2)), functional("hessian", linear, c(2)),
        functional("hessian", scalar_of_two, (c(2), c(2))), functional("hessian", scalar_of_two, (c(2), c(1))),
        functional("hessian", sums, f(2), create_graph=True), functional("hessian", powers, c(3), raises=True),
        functional("hessian", lambda torch: lambda x: 3.0, c(2), raises=True),
        functional("hessian", scalar_of_two, (c(2), c(2)), vectorize=True),
        functional("hessian", sums, c(2), **STRICT, vectorize=True, raises=True),
        functional("hessian", linear, c(2), **STRICT, raises=True),
    ],
    **{f"autograd.functional.{name}": [
        functional(name, sums, c(3), c(3)), functional(name, sums, c(1)), functional(name, linear, c(2), c(2)),
        functional(name, scalar_of_two, (c(2), c(2)), (c(2), c(2))),
        functional(name, sums, f(3), c(3), create_graph=True),
        functional(name, sums, c(3), raises=True), functional(name, powers, c(3), c(3), raises=True),
        functional(name, sums, c(3), c(2), raises=True),
        functional(name, linear, c(2), c(2), **STRICT, raises=True),
    ] for name in ("hvp", "vhp")},
}  # fmt: skip
