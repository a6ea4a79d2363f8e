"""Activations: functions and their modules."""

from ..calling import Call, Module, Named, b, constant, f, given, i, pos, unit

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
}
IN_PLACE = {"relu": (), "leaky_relu": (0.3,), "elu": (0.7,), "silu": ()}

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
    "ReLU": [(), (True,)],
    "LeakyReLU": [(), (0.2,), (0.2, True)],
    "ELU": [(), (0.5,), (0.5, True)],
    "SiLU": [(), (True,)],
    "GELU": [(), ("tanh",)],
    "Softplus": [(), (2,), (0.5, 3.0)],
    "Tanh": [()],
    "Sigmoid": [()],
    "LogSigmoid": [()],
    "Softmin": [(0,), (-1,)],
    "Softmax": [(0,), (-1,), ()],
    "LogSoftmax": [(0,), (-1,), ()],
}

CALLS = {
    **{f"nn.functional.{name}": [*SHAPES, EXTREME[name == "gelu"], *more] for name, more in ELEMENTWISE.items()},
    **{
        f"nn.functional.{name}": [
            *SHAPES,
            EXTREME[0],
            *ELEMENTWISE[name],
            Call(constant(pos(3)), *given_, inplace=True),
        ]
        for name, given_ in IN_PLACE.items()
    },
    **{
        f"nn.functional.{name}_": [Call(constant(f(2, 3)), *given_), Call(f(3), raises=True)]
        for name, given_ in IN_PLACE.items()
        if name != "silu"
    },
    **{f"nn.functional.{name}": ALONG for name in ("softmax", "log_softmax", "softmin")},
    **{
        f"nn.{name}": [
            *[
                Module(*given_, on=[constant(x) for x in on] if True in given_ else on)
                for given_ in ways
                for on in INPUTS
            ],
            Module(on=(unit(2), 3), raises=True),
        ]
        for name, ways in MODULES.items()
    },
}
