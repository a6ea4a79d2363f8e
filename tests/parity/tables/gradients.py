"""Tensors as nodes of a graph: backward, grad, hooks, and what keeps them out of it."""

from ..calling import Call, Program, constant, f, given, i

P = Program


def after_backward(make, *arguments, **options):
    """The gradients of the leaves after `make(x, ...)` was called backward."""

    def run(torch, *leaves):
        make(*leaves).backward(*arguments, **options)
        return [leaf.grad for leaf in leaves]

    return run


def kept(torch, x):
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    (y * y).sum().backward()
    return y.grad, y.retains_grad, y.is_leaf, x.retains_grad


def hooked(change):
    def run(torch, x):
        y = x * 3
        seen = []
        handle = y.register_hook(change(seen))
        (y * y).sum().backward()
        handle.remove()
        (x * 3).sum().backward()
        return x.grad, *seen

    return run


def twice(torch, x):
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    return x.grad


def second(torch, x):
    (first,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    first.sum().backward()
    return x.grad


def accumulated(torch, x):
    for _ in range(3):
        (x * x).sum().backward()
    x.grad.zero_()
    (x * 2).sum().backward()
    return x.grad, x.grad.requires_grad


def assigned(value):
    def run(torch, x):
        x.grad = value(torch, x)
        (x * 2).sum().backward()
        return x.grad

    return run


def descended(torch, x):
    (x * x).sum().backward()
    with torch.no_grad():
        x -= 0.1 * x.grad
        x.add_(x.grad, alpha=-0.1)
    x.data.sub_(0.01 * x.grad.data)
    x.grad = None
    return x, x.grad


def modes(torch, x):
    seen = [torch.is_grad_enabled()]
    with torch.no_grad():
        seen += [torch.is_grad_enabled(), (x * 2).requires_grad]
        with torch.enable_grad():
            seen += [torch.is_grad_enabled(), (x * 2).requires_grad]
    with torch.set_grad_enabled(False):
        seen += [(x * 2).requires_grad]
    with torch.inference_mode():
        seen += [(x * 2).requires_grad]
    return [*seen, torch.no_grad()(lambda: x * 2)().requires_grad, torch.is_grad_enabled()]


CALLS = {
    "Tensor.backward": [
        P(after_backward(lambda x, y: (x * y).sum()), f(3), f(3)), P(after_backward(lambda x: x[0]), f(2)),
        P(after_backward(lambda x: x * 2), f(2), raises=True),
        P(after_backward(lambda x: (x * 2).detach().sum()), f(2), raises=True), P(twice, f(2)),
        P(lambda torch, x: [y := (x * x).sum(), y.backward(), y.backward()], f(2), raises=True), P(accumulated, f(2)),
        P(second, f(2)),
        P(lambda torch, x, g: (x * 2).backward(g), f(2), constant(f(3)), raises=True),
        P(lambda torch, x, g: [(x * 2).backward(gradient=g), x.grad], f(2), constant(f(2))),
        P(lambda torch, x, y: [(x * y).sum().backward(inputs=[x]), x.grad, y.grad], f(2), f(2)),
        P(after_backward(lambda x: x.sum() * 0), f(2)),
        P(after_backward(lambda x: x.max()), given([1.0, 3.0, 3.0])),
        P(lambda torch, x: [x.sum().backward(torch.tensor(2.0, dtype=x.dtype)), x.grad], f(2)), P(descended, f(3)),
        P(lambda torch, x: x.backward(), i(2), raises=True),
    ],
    "Tensor.grad": [
        P(assigned(lambda torch, x: torch.ones_like(x)), f(2)), P(assigned(lambda torch, x: None), f(2)),
        P(assigned(lambda torch, x: torch.ones(3, dtype=x.dtype)), f(2), raises=True),
        P(assigned(lambda torch, x: 1.0), f(2), raises=True),
        P(assigned(lambda torch, x: torch.ones(2, dtype=torch.int64)), f(2), raises=True),
    ],
    "Tensor.retain_grad": [
        P(kept, f(2)), P(lambda torch, x: x.retain_grad(), constant(f(2)), raises=True),
        P(lambda torch, x: x.retain_grad(), f(2)),
    ],
    "Tensor.retains_grad": [Call(f(2)), Call(i(2))],
    "Tensor.register_hook": [
        P(hooked(lambda seen: seen.append), f(2)), P(hooked(lambda seen: lambda grad: grad * 10), f(2)),
        P(lambda torch, x: x.register_hook(print), constant(f(2)), raises=True),
        P(lambda torch, x: [x.register_hook(lambda grad: grad + 1), x.sum().backward(), x.grad][2], f(2)),
    ],
    "Tensor.requires_grad": [
        P(
            lambda torch, x: [
                x.requires_grad, (x * 2).requires_grad, (x > 0).requires_grad, x.detach().requires_grad,
                (x * 2).is_leaf,
            ],
            f(2),
        ),
        P(lambda torch, x: setattr(x, "requires_grad", True) or (x * x).sum().backward() or x.grad, constant(f(2))),
        P(lambda torch, x: setattr(x * 2, "requires_grad", False), f(2), raises=True),
        P(lambda torch, x: setattr(x, "requires_grad", True), i(2), raises=True),
    ],
    **{
        name: [P(modes, f(2))]
        for name in ("no_grad", "enable_grad", "set_grad_enabled", "inference_mode", "is_grad_enabled")
    },
}  # fmt: skip
