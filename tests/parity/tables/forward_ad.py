"""torch.autograd.forward_ad: tensors with tangents, and what they refuse."""

from .func import numbers, once


def a_dual_tensor(m):
    ad = m.autograd.forward_ad
    with ad.dual_level():
        x = ad.make_dual(numbers(m), 2 * numbers(m))
        y = x.exp() * x
        primal, tangent = ad.unpack_dual(y)
        return primal, tangent, x.requires_grad, y.is_leaf


def a_tensor_without(m):
    ad = m.autograd.forward_ad
    with ad.dual_level():
        found = ad.unpack_dual(numbers(m))
        return found.primal, found.tangent


def entered_and_left(m):
    ad = m.autograd.forward_ad
    ad.enter_dual_level()
    x = ad.make_dual(numbers(m), numbers(m))
    tangent = ad.unpack_dual(x * x).tangent
    ad.exit_dual_level()
    return tangent, ad.unpack_dual(x).tangent


def connected_to_both(m):
    ad = m.autograd.forward_ad
    x, t = numbers(m).requires_grad_(), numbers(m).requires_grad_()
    with ad.dual_level():
        y, dy = ad.unpack_dual(ad.make_dual(x, t).exp())
    return y.detach(), dy.detach(), m.autograd.grad(dy.sum() + y.sum(), [x, t])


def into_a_parameter(m):
    ad = m.autograd.forward_ad
    p = m.nn.Parameter(numbers(m))
    with ad.dual_level():
        with m.no_grad():
            p.add_(ad.make_dual(numbers(m), numbers(m)))
        return p.detach(), ad.unpack_dual(p * p).tangent.detach(), p.requires_grad


def in_a_decorated_function(m):
    ad = m.autograd.forward_ad

    @ad.dual_level()
    def f(x, t):
        return ad.unpack_dual(ad.make_dual(x, t).sin()).tangent

    return f(numbers(m), numbers(m)), f(2 * numbers(m), numbers(m))


class Cube:
    """x**3, whose derivative is said twice."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_forward(x)
        return x**3

    @staticmethod
    def jvp(ctx, t):
        (x,) = ctx.saved_tensors
        return 3 * x * x * t


def a_function_of_the_users_own(m):
    ad = m.autograd.forward_ad
    cube = type("Cube", (m.autograd.Function,), {"forward": staticmethod(Cube.forward), "jvp": staticmethod(Cube.jvp)})
    with ad.dual_level():
        return ad.unpack_dual(cube.apply(ad.make_dual(numbers(m), numbers(m)))).tangent


def refused(*arguments):
    def call(m):
        with m.autograd.forward_ad.dual_level():
            m.autograd.forward_ad.make_dual(*[x(m) for x in arguments])

    return call


CALLS = {
    "autograd.forward_ad.dual_level": once(a_dual_tensor, in_a_decorated_function),
    "autograd.forward_ad.make_dual": once(connected_to_both, into_a_parameter, a_function_of_the_users_own)
    + once(
        lambda m: m.autograd.forward_ad.make_dual(numbers(m), numbers(m)),
        refused(numbers, lambda m: numbers(m, 2)),
        refused(lambda m: m.arange(3), lambda m: m.arange(3)),
        refused(lambda m: m.autograd.forward_ad.make_dual(numbers(m), numbers(m)), numbers),
        raises=True,
    ),
    "autograd.forward_ad.unpack_dual": once(a_tensor_without),
    "autograd.forward_ad.UnpackedDualTensor": once(a_tensor_without),
    "autograd.forward_ad.enter_dual_level": once(entered_and_left),
    "autograd.forward_ad.exit_dual_level": once(entered_and_left)
    + once(lambda m: m.autograd.forward_ad.exit_dual_level(), raises=True),
}
