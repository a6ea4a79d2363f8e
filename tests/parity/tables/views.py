"""Memory that several tensors share: who sees a write, what its gradient is, and where it is refused."""

from ..calling import Call, Program, b, constant, f, given, i

P = Program
VIEWS = {
    "getitem": lambda x: x[0],
    "slice": lambda x: x[:, 1:],
    "none": lambda x: x[None, 0],
    "step": lambda x: x[:, ::2],
    "transpose": lambda x: x.transpose(0, 1),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "permute": lambda x: x.permute(1, 0),
    "view": lambda x: x.view(-1),
    "reshape": lambda x: x.reshape(3, 2),
    "flatten": lambda x: x.flatten(),
    "squeeze": lambda x: x.squeeze(),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "narrow": lambda x: x.narrow(1, 0, 2),
    "select": lambda x: x.select(1, 1),
    "detach": lambda x: x.detach(),
    "data": lambda x: x.data,
    "unflatten": lambda x: x.unflatten(1, (3, 1)),
    "movedim": lambda x: x.movedim(0, 1),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "view_as": lambda x: x.view_as(x),
    "chained": lambda x: x[1][1:].view(-1)[0],
    "contiguous": lambda x: x.contiguous(),
    "ravel": lambda x: x.ravel(),
    "diagonal": lambda x: x.diagonal(),
}
COPIES = {
    "clone": lambda x: x.clone(),
    "list": lambda x: x[[0, 1]],
    "mask": lambda x: x[x > 0],
    "t_contiguous": lambda x: x.t().contiguous(),
    "t_reshape": lambda x: x.t().reshape(-1),
    "to": lambda x: x.float().double(),
    "cat": lambda x: x.new_tensor(x.detach().tolist()),
    "repeat": lambda x: x.repeat(1, 1),
}
MULTIPLE = {
    "unbind": lambda x: x.unbind(0)[1],
    "split": lambda x: x.split(2, 1)[0],
    "chunk": lambda x: x.chunk(2)[0],
    "iter": lambda x: list(x)[1],
}


def through(view):
    """A write through the view is seen by the base, one to the base by the view, and both have the right gradient."""

    def run(torch, x):
        base = x * 1
        seen = view(base)
        seen.mul_(2)
        base.add_(1)
        return base, seen, seen * base.sum()

    return run


def without_gradient(view):
    def run(torch, x):
        seen = view(x)
        seen.fill_(7)
        x[0] += 1
        return x, seen

    return run


def of_several(view):
    """PyTorch refuses to write to one of several views that one function gave."""

    def run(torch, x):
        view(x * 1).mul_(2)

    return run


def written_before_backward(change):
    """What a gradient needs may not be overwritten before it was used."""

    def run(torch, x):
        y = x * 1
        z = (y * y).exp()
        change(y, z)
        return z.sum()

    return run


def chained(torch, x):
    x[1][0][1] = 5
    x[0][1] += 2
    x[0, :][0] -= 1
    return x


def grown(torch, x):
    total = 0
    for row in x:
        total += row.sum()
    return total


def in_rows(torch, x, y):
    table = torch.zeros_like(x)
    for t in range(x.shape[0]):
        table[t] = x[t] * y
    return table.sum(0)


def replaced(torch, x):
    h = x * 2
    h.data = h.data * 0 + 1
    return h, (h * 3).sum()


CALLS = {
    "Tensor.view": [P(through(view), f(2, 3)) for name, view in VIEWS.items() if name not in ("detach", "data")],
    "Tensor.data": [
        P(without_gradient(view), constant(f(2, 3)))
        for view in (*VIEWS.values(), *COPIES.values(), *MULTIPLE.values())
    ] + [P(replaced, f(3))],
    "Tensor.unbind": [P(of_several(view), f(2, 3), raises=True) for view in MULTIPLE.values()],
    "Tensor.clone": [P(through(view), f(2, 3)) for name, view in COPIES.items() if name not in ("to", "cat", "mask")],
    "Tensor.__setitem__": [
        P(chained, constant(f(2, 3, 2))), P(lambda torch, x: chained(torch, x * 1), f(2, 3, 2)),
        P(in_rows, f(3, 2), f(2)), P(grown, f(3, 2)), P(lambda torch, x: chained(torch, x), f(2, 3, 2), raises=True),
        P(lambda torch, x: x.view(-1).__setitem__(0, 1.0), f(2, 3), raises=True),
        P(lambda torch, x: x.expand(2, 3).add_(1.0), constant(f(3)), raises=True),
    ],
    "Tensor.backward": [
        P(written_before_backward(lambda y, z: y.add_(1)), f(3), raises=True),
        P(written_before_backward(lambda y, z: z.mul_(2)), f(3), raises=True),
        P(written_before_backward(lambda y, z: y[0].zero_()), f(3), raises=True),
        P(written_before_backward(lambda y, z: None), f(3)),
        P(written_before_backward(lambda y, z: y.data.zero_()), f(3), only="shape"),
    ],
    "Tensor.is_contiguous": [
        P(
            lambda torch, x, view=view: [view(x).is_contiguous(), view(x).stride(), view(x).storage_offset()],
            constant(f(2, 3)), dtypes=("float32",),
        )
        for name, view in VIEWS.items()
        if name != "none"
    ],
    "Tensor.data_ptr": [
        P(lambda torch, x, view=view: view(x).data_ptr() == x.data_ptr(), constant(f(2, 3)), dtypes=("float32",))
        for name, view in [*VIEWS.items(), *COPIES.items()]
        if name != "mask"
    ],
    "Tensor.detach_": [P(lambda torch, x: ((x * 2).detach_() * x).sum(), f(3))],
    "Tensor.squeeze_": [
        P(lambda torch, x: (x * 1).squeeze_().mul_(2), f(1, 3)), P(lambda torch, x: x.squeeze_(), f(1, 2), raises=True),
    ],
    "Tensor.copy_": [
        Call(f(2, 3), f(3)), Call(f(2), i(2)), Call(i(2), f(2)), Call(f(2), f(2, 2), raises=True), Call(f(2, 3), f()),
        P(lambda torch, x, y: x.copy_(y), f(2), f(2), raises=True),
        P(lambda torch, x, y: (x * 1)[0].copy_(y), f(2, 2), f(2)), Call(f(2), f(2), non_blocking=True),
    ],
    "Tensor.fill_": [
        Call(f(2, 3), 1.5), Call(i(2), 2), Call(i(2), 1.7), Call(f(2), f()), Call(f(2), f(2), raises=True),
        P(lambda torch, x: x.fill_(0.0), f(2), raises=True), Call(b(2), 3),
    ],
    "Tensor.zero_": [Call(f(2, 3)), Call(i(2)), P(lambda torch, x: x.zero_(), f(2), raises=True)],
    **{
        f"Tensor.{name}": calls
        for name, calls in {
            "normal_": [
                Call(constant(f(3)), only="shape"), Call(constant(f(3)), 1.5, 0.0), Call(constant(f(2)), mean=2, std=0),
                Call(constant(f(2)), 0.0, -1.0, raises=True), Call(i(2), raises=True),
            ],
            "uniform_": [
                Call(constant(f(3)), only="shape"), Call(constant(f(3)), 2.0, 2.0),
                Call(constant(f(2)), 1.0, 0.0, raises=True), Call(i(2), raises=True),
            ],
            "random_": [
                Call(i(3), only="shape"), Call(i(3), 1), Call(constant(f(3)), 2, 3), Call(i(3), 5, 5, raises=True),
                Call(b(3), only="shape"),
            ],
            "bernoulli_": [
                Call(constant(f(3)), 1.0), Call(i(3), 0.0),
                Call(constant(f(3)), given([0.0, 1.0, 1.0], requires_grad=False)),
                Call(constant(f(3)), 1.5, raises=True), Call(constant(f(3)), only="shape"),
            ],
        }.items()
    },
}  # fmt: skip
