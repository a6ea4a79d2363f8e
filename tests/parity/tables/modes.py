"""no_grad and its relatives as blocks, decorators and functions: what is recorded inside, and afterwards."""

from ..calling import Program, f


def on(torch, x):
    """Whether operations are recorded, as is said and as is done."""
    return torch.is_grad_enabled(), (x * 2).requires_grad


def block(torch, mode, x):
    seen = [on(torch, x)]
    with mode():
        seen.append(on(torch, x))
        with torch.enable_grad():
            seen.append(on(torch, x)[0])
        with mode():
            seen.append(on(torch, x))
        seen.append(on(torch, x))
    return seen, on(torch, x)


def within_the_opposite(torch, mode, x):
    with torch.no_grad():
        with mode():
            inside = on(torch, x)
        return inside, on(torch, x)


def after_an_error(torch, mode, x):
    try:
        with mode():
            raise KeyError
    except KeyError:
        return on(torch, x)


def decorator(torch, mode, x):
    @mode()
    def function(depth):
        """Words."""
        return [on(torch, x), *(function(depth - 1) if depth else [])]

    return function(2), on(torch, x), function.__name__, function.__doc__


def generator(torch, mode, x):
    @mode()
    def numbers():
        received = yield on(torch, x)
        try:
            yield received, on(torch, x)
        except KeyError:
            yield "caught", on(torch, x)
        return on(torch, x)

    seen, numbers = [], numbers()
    seen += [next(numbers), on(torch, x), numbers.send("sent"), on(torch, x), numbers.throw(KeyError()), on(torch, x)]
    try:
        next(numbers)
    except StopIteration as stop:
        seen.append(stop.value)
    return seen, on(torch, x)


def method(torch, mode, x):
    class Model(torch.nn.Module):
        @mode()
        def forward(self, x):
            return x * 2

    return Model()(x).requires_grad, on(torch, x)


def reused(torch, mode, x):
    one, seen = mode(), []
    for _ in range(2):
        with one:
            seen.append(on(torch, x))
        seen.append(on(torch, x))
    return seen


def bare_decorator(torch, mode, x):
    """Without parentheses."""

    @mode
    def function():
        return on(torch, x)

    return function(), on(torch, x)


def from_now_on(torch, x, mode):
    torch.set_grad_enabled(mode)
    seen = on(torch, x)
    torch.set_grad_enabled(True)
    return seen, on(torch, x)


def leaves_made_inside(torch, x):
    with torch.no_grad():
        y = torch.ones(2, requires_grad=True)
        z = y * 2
        x.add_(1)  # a leaf may be written to
    return y.requires_grad, y.is_leaf, z.requires_grad, x.detach()


def results(torch, x):
    with torch.inference_mode():
        y = x * 2
    return y, y.requires_grad


USES = block, within_the_opposite, after_an_error, decorator, generator, method
MODES = {
    "no_grad": lambda torch: torch.no_grad, "enable_grad": lambda torch: torch.enable_grad,
    "inference_mode": lambda torch: torch.inference_mode,
}  # fmt: skip


def calls(make, uses):
    return [Program(lambda torch, x, use=use: use(torch, make(torch), x), f(2)) for use in uses]


def set_to(mode):
    return lambda torch: lambda: torch.set_grad_enabled(mode)


def inference(mode):
    return lambda torch: lambda: torch.inference_mode(mode)


CALLS = {
    **{f"autograd.{name}": calls(make, [*USES, reused, bare_decorator]) for name, make in MODES.items()},
    "autograd.set_grad_enabled": [
        *calls(set_to(False), USES), *calls(set_to(True), USES), Program(from_now_on, f(2), False),
        Program(from_now_on, f(2), True), Program(lambda torch: torch.set_grad_enabled(), raises=True),
    ],
}  # fmt: skip
CALLS["autograd.no_grad"] += [
    Program(leaves_made_inside, f(2)), Program(lambda torch, x: x.add_(1), f(2), raises=True)
]  # fmt: skip
CALLS["autograd.inference_mode"] += [
    *calls(inference(False), USES), *calls(inference(True), USES), Program(results, f(2))
]  # fmt: skip
