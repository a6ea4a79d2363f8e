"""torch.autograd: gradients, operations of one's own, and what finds mistakes in them."""

import warnings

from ..calling import Program, constant, f, given, pos


def leaf(x):
    return x.detach().clone().requires_grad_()


def gradients(torch, x, y, **options):
    """They go nowhere but into the result."""
    x, y = leaf(x), leaf(y)
    found = torch.autograd.grad((x.exp() * y).sum(), (x, y), **options)
    return found, x.grad, y.grad


def penalty(torch, x):
    """A gradient penalty, as it is written with the arguments by position and by name."""
    x = leaf(x)
    y = (x**3).sum(1)
    (dx,) = torch.autograd.grad(y, x, torch.ones_like(y), True, True, True, False)
    again = torch.autograd.grad(outputs=y, inputs=x, grad_outputs=torch.ones_like(y), create_graph=True,
                                retain_graph=True, only_inputs=True)[0]  # fmt: skip
    loss = ((dx.norm(2, 1) - 1) ** 2 + again.sum(1)).mean()
    loss.backward()
    return dx.detach(), x.grad


def third_order(torch, x):
    x = leaf(x)
    y = x.sin()
    for _ in range(3):
        (y,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    return y


def by_something_between(torch, x):
    x = leaf(x)
    y = x.exp()
    return torch.autograd.grad((y * y).sum(), [y, x])


def unused(torch, x, **options):
    x, y = leaf(x), leaf(x)
    return torch.autograd.grad((x * 2).sum(), [x, y], **options)


def several_outputs(torch, x, dy):
    x = leaf(x)
    return torch.autograd.grad([x.sin(), (x * x).sum()], [x], [dy, None])


def twice(torch, x, retain_graph):
    x = leaf(x)
    y = x.exp().sum()
    torch.autograd.grad(y, x, retain_graph=retain_graph)
    return torch.autograd.grad(y, x)


def deposited(torch, x, **options):
    """backward adds to .grad."""
    x, y = leaf(x), leaf(x)
    for k in range(2):
        torch.autograd.backward([(x * y).sum(), x.exp() * (k + 1)], [None, torch.ones_like(x)], **options)
    return x.grad, y.grad


def deposited_in(torch, x):
    """With `inputs`, there only."""
    x, y = leaf(x), leaf(x)
    z = x * y
    torch.autograd.backward(z.sum(), inputs=[y, z])
    return x.grad, y.grad


def recorded_backward(torch, x):
    x = leaf(x)
    torch.autograd.backward((x**3).sum(), create_graph=True)
    return x.grad, x.grad.requires_grad


def of(run, *xs, **options):
    """A function of the library and of fresh leaves."""
    return Program(lambda torch, *xs: run(torch, *map(leaf, xs)), *xs, raises=True, **options)


c = lambda *shape: constant(f(*shape))


def scaled_by(torch):
    class Scaled(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, y, factor):
            ctx.save_for_backward(x, y)
            ctx.factor = factor
            return x * y * factor

        @staticmethod
        def backward(ctx, dz):
            x, y = ctx.saved_tensors
            return dz * y * ctx.factor, dz * x * ctx.factor if ctx.needs_input_grad[1] else None, None

    return Scaled.apply


def split(torch):
    class Split(torch.autograd.Function):
        @staticmethod
        def forward(x):
            return x.clamp(min=0), x.argmax()

        @staticmethod
        def setup_context(ctx, inputs, output):
            (x,) = inputs
            ctx.mark_non_differentiable(output[1])
            ctx.save_for_backward(x)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, dy, _):
            (x,) = ctx.saved_tensors
            return dy * (x > 0).to(dy.dtype)

    return Split.apply


def badly(*returned):
    """A Function whose backward returns these."""

    def run(torch, x):
        class Bad(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                return x * 2

            @staticmethod
            def backward(ctx, dy):
                return returned if len(returned) > 1 else returned[0]

        Bad.apply(leaf(x)).sum().backward()

    return run


def checked(torch, x, function, check="gradcheck", **options):
    return getattr(torch.autograd, check)(function, leaf(x), **options)


def wrong(torch, x, check="gradcheck", **options):
    """A rule with a mistake."""

    class Wrong(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2.9 * x * x * dy

    return getattr(torch.autograd, check)(Wrong.apply, leaf(x), **options)


def anomalies(torch, x, *mode):
    x = leaf(x)
    with torch.autograd.set_detect_anomaly(*mode) if mode else torch.autograd.detect_anomaly():
        (x.sqrt() * 0).sum().backward()
    return x.grad


def variable(torch, x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        v = torch.autograd.Variable(x.detach(), requires_grad=True)
    v.exp().sum().backward()
    return v, v.grad, v.requires_grad, torch.autograd.Variable(x.detach()).requires_grad


DOUBLE = {"dtypes": ("float64",)}
CHECKS = {
    check: [
        Program(checked, pos(3), lambda x: x.log() * x, check, **DOUBLE),
        Program(checked, f(2, 2), lambda x: (x.exp(), x.sum()), check, **DOUBLE),
        Program(checked, pos(2), lambda x: x.sqrt(), check, eps=1e-5, atol=1e-3, rtol=1e-2, **DOUBLE),
        Program(wrong, pos(3), check, raise_exception=False, **DOUBLE),
    ] for check in ("gradcheck", "gradgradcheck")
}  # fmt: skip

CALLS = {f"autograd.{name}": listed for name, listed in {
    "grad": [
        Program(gradients, f(3), f(3)), Program(gradients, f(2, 3), f(3)),
        Program(gradients, f(3), f(), retain_graph=True), Program(gradients, f(3), f(3), create_graph=False),
        Program(penalty, f(2, 3)), Program(third_order, f(3)), Program(by_something_between, f(2)),
        Program(unused, f(2), allow_unused=True), Program(unused, f(2), materialize_grads=True),
        Program(unused, f(2), raises=True),
        Program(unused, f(2), allow_unused=False, materialize_grads=True, raises=True),
        Program(several_outputs, f(3), c(3)), Program(twice, f(2), True), Program(twice, f(2), False, raises=True),
        of(lambda torch, x: torch.autograd.grad(x * 2, x), f(2)),
        of(lambda torch, x: torch.autograd.grad((x * 2).sum(), x.detach()), f(2)),
        of(lambda torch, x: torch.autograd.grad(x.detach().sum(), x), f(2)),
        of(lambda torch, x: torch.autograd.grad(x * 2, x, torch.ones(3)), f(2)),
        of(lambda torch, x: torch.autograd.grad([x.sum(), x.sum()], x, [None]), f(2)),
        of(lambda torch, x: torch.autograd.grad(x.sum(), 3), f(2)),
    ],
    "backward": [
        Program(deposited, f(3)), Program(deposited, f(3), retain_graph=True), Program(deposited_in, f(3)),
        Program(recorded_backward, f(3)),
        of(lambda torch, x: torch.autograd.backward(x * 2), f(2)),
        of(lambda torch, x: torch.autograd.backward((x * 2).sum(), inputs=[]), f(2)),
        of(lambda torch, x: torch.autograd.backward((x * 2).sum(), inputs=[x.detach()]), f(2)),
        of(lambda torch, x: torch.autograd.backward(x.detach().sum()), f(2)),
        of(lambda torch, x: [torch.autograd.backward(y) for y in [x.exp().sum()] * 2], f(2)),
    ],
    "Function": [
        Program(lambda torch, x, y: scaled_by(torch)(x, y, 3.0), f(2), f(2)),
        Program(lambda torch, x, y: scaled_by(torch)(x, y, 3.0), f(2, 2), c(2, 2)),
        Program(lambda torch, x, y: scaled_by(torch)(x, y, 3.0), c(2), c(2)),
        Program(lambda torch, x: split(torch)(x), f(4)),
        Program(badly(None), f(2)), Program(badly(None, None), f(2)), Program(badly(3.0), f(2), raises=True),
        Program(lambda torch, x: badly(torch.ones(2), torch.ones(2))(torch, x), f(2), raises=True),
        Program(lambda torch, x: badly(torch.ones(3))(torch, x), f(2), raises=True),
        Program(lambda torch, x: torch.autograd.Function.apply(x), f(2), raises=True),
        of(lambda torch, x: torch.autograd.grad(
            torch.autograd.grad(split(torch)(x)[0].sum(), x, create_graph=True)[0].sum(), x), f(2)),
    ],
    **CHECKS,
    "gradcheck": [*CHECKS["gradcheck"], Program(wrong, pos(3), raises=True, **DOUBLE), Program(
        checked, constant(pos(2)), lambda x: x.detach() * 2, raises=True, **DOUBLE
    )],
    "set_detect_anomaly": [
        Program(anomalies, pos(2), True), Program(anomalies, given([0.0, 1.0]), False),
        Program(anomalies, given([0.0, 1.0]), True, raises=True),
    ],
    "detect_anomaly": [Program(anomalies, pos(2)), Program(anomalies, given([0.0, 1.0]), raises=True)],
    "Variable": [Program(variable, f(2))],
}.items()}  # fmt: skip
