"""How tensors print, and the other texts that scripts show."""

from ..calling import Program, b, f, given, i

P = Program
ONCE = ("float32",)  # in float64 lines break elsewhere: PyTorch writes torch.float64, we float64
X = given([1.5, 2.0], requires_grad=False)
VALUES = [
    given([1.0, 2.0, 3.0]), given([0.1234567, 12.5, -3.0]), given([1e-5, 1.0]), given([1e8, 1.5]), given([1e10, 2e10]),
    given([float("nan"), float("inf"), -1.0]), given([float("inf"), 1.5]), given([[1.0, -2.5], [3.25, 4.0]]),
    given(3.14159), given(2.0), given([]), given([0.0]), given([1e-10]), given([123456.0, 0.5]),
    given([99999.0, 100000.0]), given([0.00001234, 123.0]), f(2, 3), f(2, 2, 2), f(1, 1, 1, 1), f(0, 3), f(2, 0), f(30),
    f(3, 12), f(1001), f(4, 300), f(20, 60), f(2, 30, 20), i(3), i(2, 2, high=200, low=-100), i(1200), i(), b(3),
    b(2, 2), i(3, dtype="uint8"), i(2, dtype="int32"), given([[]]), i(0), b(0), given([-0.0, 0.0]),
    given([1.0, float("nan")]), given([1e-45, 1.0]), given([-1.0, -2.0]), given([10.5, 1000.25, 9999.0]),
    given([1e4, 1e-4]), given([5e-324]), f(8, 8), f(2, 3, 4), i(7, 8, high=10**6), given([1e38, 1.0]),
    given([float("-inf")]),
]  # fmt: skip
NODES = [
    lambda torch, x: x * 2, lambda torch, x: x.sum(), lambda torch, x: x[0], lambda torch, x: x @ x.t(), lambda torch,
    x: x.exp().log(), lambda torch, x: x.view(-1), lambda torch, x: x.mean(0), lambda torch, x: torch.cat([x, x]),
    lambda torch, x: torch.stack([x, x]).sum(), lambda torch, x: x.tanh(), lambda torch, x: x.sigmoid(),
    lambda torch, x: x.relu(), lambda torch, x: x.max(), lambda torch, x: x - 1, lambda torch, x: x / 2, lambda torch,
    x: x**2, lambda torch, x: -x, lambda torch, x: x.softmax(1), lambda torch, x: x.log_softmax(1), lambda torch,
    x: x.unsqueeze(0), lambda torch, x: x.squeeze(), lambda torch, x: x.clone(),
    lambda torch, x: x.float(), lambda torch, x: x.double().float(), lambda torch, x: x.expand(2, 2, 2), lambda torch,
    x: x.permute(1, 0), lambda torch, x: x.abs(), lambda torch, x: x.sqrt(), lambda torch, x: x.pow(3), lambda torch,
    x: x.clamp(0), lambda torch, x: x.norm(), lambda torch, x: x.var(), lambda torch, x: x.std(0), lambda torch,
    x: x.prod(),
    lambda torch, x: x.masked_fill(x > 0, 0.0), lambda torch, x: torch.where(x > 0, x, 0.0), lambda torch, x: x[:, 1],
    lambda torch, x: x.split(1)[0], lambda torch, x: x.chunk(2)[1], lambda torch, x: x.unbind()[0], lambda torch,
    x: x.flip(0), lambda torch, x: x.cumsum(0), lambda torch, x: x.mul_(2) if not x.requires_grad else (x * 1).mul_(2),
    lambda torch, x: (x * 1).add_(1), lambda torch, x: x.detach(), lambda torch,
    x: torch.nn.functional.cross_entropy(x, torch.tensor([0, 1])), lambda torch,
    x: torch.nn.functional.linear(x, x, x[0]), lambda torch, x: x.sum(0, keepdim=True), lambda torch, x: x.reshape(4),
    lambda torch, x: x.transpose(0, 1), lambda torch, x: x[x > -9], lambda torch, x: x[[0, 1]],
]  # fmt: skip


def text(torch, x):
    return repr(x).replace("torch.", "")


CALLS = {
    "Tensor.__repr__": [
        P(text, value, dtypes=ONCE)
        for value in VALUES
    ] + [
        P(lambda torch, x, node=node: text(torch, node(torch, x)), given([[0.5, 1.5], [2.5, 3.5]]), dtypes=ONCE)
        for node in NODES
    ],
    "Tensor.__str__": [
        P(lambda torch, x: str(x).replace("torch.", ""), given([[0.5, 1.5], [2.5, 3.5]]), dtypes=ONCE),
        P(lambda torch, x: f"{x} {x.sum():.2f} {x.sum().item()}".replace("torch.", ""), X, dtypes=ONCE),
    ],
    "return_types": [
        P(
            lambda torch, x, name=name, more=more: [
                type(getattr(x, name)(*more)).__name__, text(torch, getattr(x.detach(), name)(*more)),
            ],
            f(2, 3), dtypes=ONCE,
        )
        for name, more in [
            ("max", (1,)), ("min", (1,)), ("median", (1,)), ("sort", ()), ("topk", (2,)), ("kthvalue", (1,)),
        ]
    ],
}  # fmt: skip
