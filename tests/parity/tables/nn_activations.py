"""Activations: functions and their modules."""

from ..calling import Call, Module, Named, Program, b, constant, distinct, f, given, i, pos, unit

EDGES = given([-200.0, -40.0, -20.0, -1.0, -0.0, 0.0, 1.0, 20.0, 21.0, 40.0, 200.0])
LIMITS = given([float("-inf"), float("nan"), float("inf")], requires_grad=False)
SHAPES = [Call(f()), Call(f(0)), Call(f(2, 3)), Call(f(2, 1, 3)), Call(EDGES)]
EXTREME = Call(LIMITS), Call(LIMITS, dtypes=("float64",))  # PyTorch's gelu(inf) is nan in float32
INTEGERS = Call(i(3, low=-2), raises=True)

ELEMENTWISE = {
    "relu": [Call(i(3, low=-2))],
    "leaky_relu": [Call(f(3), 0.2), Call(f(3), negative_slope=-0.3), INTEGERS],
    "elu": [Call(f(3), 0.5), Call(f(3), alpha=2.0), INTEGERS],
    "silu": [INTEGERS],
    "gelu": [
        INTEGERS,
        Call(f(3), approximate="tanh"),
        Call(EDGES, approximate="tanh"),
        Call(f(3), approximate="no", raises=True),
    ],
    "softplus": [Call(f(3), 2), Call(EDGES, beta=0.5, threshold=3), INTEGERS],
    "tanh": [Call(i(3, low=-2)), Call(b(3))],
    "sigmoid": [Call(i(3, low=-2)), Call(b(3))],
    "logsigmoid": [INTEGERS],
    "hardtanh": [Call(f(2, 5)), Call(f(3), -0.1, 0.3), Call(f(3), min_val=0.5, max_val=2), Call(i(5, low=-4), -2, 2),
                 Call(f(3), 1, 0, raises=True)],
    "relu6": [Call(i(3, low=-2))],
    "selu": [INTEGERS],
    "mish": [INTEGERS],
    "hardsigmoid": [Call(distinct(9)), INTEGERS],
    "hardswish": [Call(distinct(9)), INTEGERS],
    "softsign": [Call(i(3, low=-2))],
    "tanhshrink": [Call(i(3, low=-2))],
    "softshrink": [Call(distinct(9), 0.3), Call(f(3), lambd=0), Call(f(3), -1.0, raises=True), INTEGERS],
    "hardshrink": [Call(distinct(9), 0.3), Call(f(3), lambd=-1.0), INTEGERS],
    "celu": [Call(f(5), 0.5), Call(f(3), alpha=-2.0), Call(f(3), 0.0, raises=True), INTEGERS],
    "rrelu": [Call(f(5), 0.1, 0.3), Call(f(2), lower=0.3, upper=0.3, training=True), Call(f(2, 3), 1, 0, raises=True),
              Call(i(3), training=True, raises=True), INTEGERS],
}  # fmt: skip
IN_PLACE = {
    "relu": (), "leaky_relu": (0.3,), "elu": (0.7,), "silu": (), "hardtanh": (-0.5, 0.5), "relu6": (), "selu": (),
    "mish": (),
    "hardsigmoid": (), "hardswish": (), "celu": (0.5,), "rrelu": (0.2, 0.4), "threshold": (0.3, -1.0),
}  # fmt: skip
WITH_UNDERSCORE = ("relu", "leaky_relu", "elu", "hardtanh", "selu", "celu", "rrelu")

ALONG = [
    Call(f(2, 3), 0), Call(f(2, 3), dim=-1), Call(f(2, 3, 2), 1), Call(f(), 0), Call(f(), -1), Call(f(0), 0),
    Call(f(2, 0), 1), Call(f(2, 0), 0), Call(f(3)), Call(f(2, 3)), Call(f(2, 3, 2)), Call(f(2, 1, 3, 2)),
    Call(EDGES, 0), Call(constant(f(2, 3)), 1), Call(f(2, 3), 1, dtype=Named("float64")),
    Call(i(2, 3), 1, dtype=Named("float32")),
    Call(given([[float("-inf"), 1.0], [float("-inf")] * 2], requires_grad=False), 1),
    Call(i(3), 0, raises=True), Call(f(2, 3), 2, raises=True), Call(f(2, 3), -3, raises=True),
    Call(f(), 1, raises=True),
]  # fmt: skip

# Each module's arguments, what it is called on, and what it refuses.
INPUTS = [(f(2, 3),), (f(),), (f(0, 3),)]
MODULES = {
    "LeakyReLU": [(), (0.2,), (0.2, True)],
    "ELU": [(), (0.5,), (0.5, True)],
    "Hardtanh": [(), (-0.5, 2), (-1.0, 0.5, True)],
    **{name: [(), (True,)] for name in ("ReLU", "SiLU", "SELU", "Mish", "ReLU6", "Hardsigmoid", "Hardswish")},
    "GELU": [(), ("tanh",)],
    "CELU": [(), (0.5,), (0.5, True)],
    "Threshold": [(0.1, 20), (0.5, -1.0, True)],
    **{name: [(), (0.3,)] for name in ("Softshrink", "Hardshrink")},
    "Softplus": [(), (2,), (0.5, 3.0)],
    "Tanh": [()],
    "Sigmoid": [()],
    "LogSigmoid": [()],
    "Softsign": [()],
    "Tanhshrink": [()],
    "Softmin": [(0,), (-1,)],
    "Softmax": [(0,), (-1,), ()],
    "LogSoftmax": [(0,), (-1,), ()],
}

PRELU = [
    (f(2, 3), f(1)),
    (f(2, 3), f(3)),
    (f(3), f(1)),
    (f(2, 3, 2), f(3)),
    (f(), f(1)),
    (f(0, 3), f(3)),
    (f(2, 3), f()),
]
HALVED = [((f(4),), ()), ((f(2, 6),), ()), ((f(2, 3),), (0,)), ((f(3, 2, 2),), (1,)), ((f(0, 2),), ())]


def module(ways: list) -> list:
    """Made in these ways, called on all inputs; one written over must not require grad."""
    every = [(way, on) for way in ways for on in INPUTS]
    right = [Module(*way, on=[constant(x) for x in on] if True in way else on) for way, on in every]
    return [*right, Module(on=(unit(2), 3), raises=True)]


CALLS = {
    **{f"nn.functional.{name}": [*SHAPES, EXTREME[name == "gelu"], *more] for name, more in ELEMENTWISE.items()},
    **{f"nn.functional.{name}": ALONG for name in ("softmax", "log_softmax", "softmin")},
    **{f"nn.{name}": module(ways) for name, ways in MODULES.items()},
    **{f"nn.functional.{name}_": [Call(constant(f(2, 3)), *IN_PLACE[name]), Call(f(3), raises=True)]
       for name in WITH_UNDERSCORE},
    "nn.functional.threshold": [
        Call(f(2, 3), 0.1, 20.0), Call(EDGES, 0, -1), Call(LIMITS, 0.5, 2.0), Call(i(5), 2, 7), Call(f(), 0.5, value=1),
        Call(b(3), 0, 1, raises=True), Call(f(3), 1, raises=True),
    ],
    "nn.functional.threshold_": [Call(constant(f(2, 3)), 0.3, -1.0), Call(f(3), 0.3, -1.0, raises=True)],
    "nn.RReLU": [
        *[Module(0.2, 0.5, training=False, on=(x,)) for x in (f(2, 3), f(), f(0))], Module(0.3, 0.3, on=(f(5),)),
        Module(inplace=True, on=(constant(f(5)),), training=False), Module(on=(pos(3),)),
        Module(0.5, 0.1, on=(f(2),), raises=True),
    ],
    "nn.functional.gumbel_softmax": [
        *[Call(f(3, 4), only="shape", **options) for options in ({}, {"hard": True}, {"tau": 0.5, "dim": 0})],
        *[Program(lambda torch, x, hard: torch.nn.functional.gumbel_softmax(x, 0.8, hard)[:, 0],
                  given([[0.5, -0.3, 1.0]] * 30_000, requires_grad=False), hard, only="distribution")
          for hard in (False, True)],
        Program(lambda torch, x: torch.nn.functional.gumbel_softmax(x, hard=True).sum(1), constant(f(5, 3))),
        Call(f(2, 0)), Call(f(2), 1.0, dim=1, raises=True),
    ],
    "nn.functional.prelu": [
        *[Call(*x) for x in PRELU],
        *[Call(*x, raises=True) for x in [(f(2, 3), f(2)), (f(2, 3), f(1, 3)), (f(3), f(3)), (f(2),)]],
    ],
    "nn.PReLU": [
        Module(on=(f(2, 3),)), Module(3, on=(f(2, 3, 1),)), Module(3, 0.1, on=(f(2, 3),)),
        Module(2, on=(f(2, 3),), raises=True),
        Program(lambda torch: [torch.nn.PReLU(2).weight, torch.nn.PReLU(1, 0.5).weight]),
    ],
    "nn.functional.glu": [
        *[Call(*x, *dim) for x, dim in HALVED],
        *[Call(*x, raises=True) for x in [(f(3),), (f(2, 3),), (f(),), (f(2), 1), (i(2),)]],
    ],
    "nn.GLU": [*[Module(*dim, on=x) for x, dim in HALVED], Module(on=(f(3),), raises=True)],
}  # fmt: skip
for name, options in IN_PLACE.items():
    CALLS[f"nn.functional.{name}"] += [Call(constant(pos(3)), *options, inplace=True)]
CALLS["nn.Hardtanh"] += [Module(1, 0, raises=True), Module(1, 1, raises=True)]
for name in ("celu", "hardshrink", "rrelu", "threshold"):
    CALLS[name] = CALLS[f"nn.functional.{name}"][:3]
CALLS["Tensor.hardshrink"] = CALLS["hardshrink"]
