"""Initial values: exact ones, distributions, and those that modules start with."""

from ..calling import Call, Program, constant, f, i

W, THREE, MANY = constant(f(3, 4)), constant(f(2, 3, 4)), constant(f(200, 300))
NUMBERS = ("uniform_", "normal_", "trunc_normal_")
SCALED = ("xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_", "orthogonal_")
OPTIONS = {
    "uniform_": [{"a": -0.5}, {"a": 2, "b": 5.5}, {"a": 1, "b": 1}],
    "normal_": [{"mean": 2}, {"std": 0.1}, {"mean": -1.0, "std": 3}, {"std": 0}],
    "trunc_normal_": [
        {"std": 0.02}, {"mean": 1, "std": 2, "a": 0, "b": 1.5}, {"a": -10, "b": 10}, {"a": 1, "b": 4},
        {"a": -3, "b": -1.5},
        {"mean": 1.0, "a": -1.0, "b": 0.5},
    ],
    "xavier_uniform_": [{"gain": 2}],
    "xavier_normal_": [{"gain": 0.3}],
    "orthogonal_": [{"gain": 2.5}],
    "sparse_": [{"sparsity": 0.25}, {"sparsity": 0.5, "std": 2}, {"sparsity": 0}],
}  # fmt: skip
KAIMING = [
    {"a": 0.5},
    {"mode": "fan_out"},
    {"mode": "FAN_IN"},
    *[{"nonlinearity": x} for x in ("relu", "tanh", "linear", "selu")],
]
OPTIONS |= {"kaiming_uniform_": KAIMING, "kaiming_normal_": KAIMING}
WRONG = {
    "uniform_": [{"a": 2, "b": 1}],
    "normal_": [{"std": -1}],
    "trunc_normal_": [{"a": 1, "b": 0}],
    "kaiming_uniform_": [{"mode": "fan"}, {"nonlinearity": "gelu"}, {"a": "x"}],
    "kaiming_normal_": [{"mode": "fan"}, {"nonlinearity": "gelu"}],
}


def seeded(name: str, *arguments, **options) -> Program:
    """Many numbers of a distribution."""

    def run(torch, *arguments):
        torch.manual_seed(0)
        return getattr(torch.nn.init, name)(*arguments, **options)

    return Program(run, *arguments, only="distribution", dtypes=("float32",))


def orthonormal(torch, x):
    """The products of the rows, or of the columns if they are fewer."""
    x = torch.nn.init.orthogonal_(x).reshape(x.shape[0], -1)
    y = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
    return (y * 1e4).round() / 1e4 + 0.0


def starts(name: str, *arguments, times: int = 300, **options) -> Program:
    """What the parameters of many modules start with."""

    def run(torch):
        torch.manual_seed(0)
        nets = [getattr(torch.nn, name)(*arguments, **options) for _ in range(times)]
        found = [dict(net.state_dict()) for net in nets]
        return {key: torch.stack([each[key] for each in found]).double() for key in found[0]}

    return Program(run, only="distribution", dtypes=("float32",))


LARGE = {
    "Linear": [starts("Linear", 7, 100), starts("Linear", 100, 100, False, times=9), starts("Linear", 1, 100)],
    "Embedding": [starts("Embedding", 100, 3), starts("Embedding", 100, 3, padding_idx=0)],
    "LayerNorm": [starts("LayerNorm", 100, times=1)],
    "BatchNorm1d": [starts("BatchNorm1d", 100, times=1)],
    "MultiheadAttention": [
        starts("MultiheadAttention", 10, 2, add_bias_kv=True, times=4000),
        starts("MultiheadAttention", 12, 2, kdim=8, vdim=20),
    ],
    "RNN": [starts("RNN", 3, 9, times=4000), starts("RNN", 3, 9, 2, nonlinearity="relu", bias=False, times=2000)],
    "LSTM": [starts("LSTM", 5, 16, times=600), starts("LSTM", 3, 9, 2, bidirectional=True, proj_size=4, times=1000)],
    "GRU": [starts("GRU", 5, 16, times=700)],
    "RNNCell": [starts("RNNCell", 3, 9, times=4000)],
    "LSTMCell": [starts("LSTMCell", 5, 16, times=600)],
    "GRUCell": [starts("GRUCell", 5, 16, times=700)],
}  # fmt: skip
GAINS = ["linear", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"]

CALLS = {
    **{f"nn.init.{name}": [
        Call(W, only="shape"), seeded(name, MANY), *[seeded(name, MANY, **options) for options in OPTIONS[name]],
        *[Call(W, **options, raises=True) for options in WRONG.get(name, [])],
    ] for name in (*NUMBERS, *SCALED)},
    "nn.init.sparse_": [
        *[seeded("sparse_", MANY, **options) for options in OPTIONS["sparse_"]], Call(W, raises=True),
        Call(THREE, 0.5, raises=True),
        Program(lambda torch, x: (torch.nn.init.sparse_(x, 0.3) == 0).sum(0), constant(f(7, 5))),
    ],
    "nn.init.constant_": [Call(W, 0.25), Call(W, val=-3), Call(constant(f()), 1.5), Call(i(2), 3),
        Call(W, raises=True)],
    "nn.init.ones_": [Call(W), Call(constant(f(0)))],
    "nn.init.zeros_": [Call(W), Program(lambda torch, x: torch.nn.init.zeros_(torch.nn.Parameter(x)), f(3))],
    "nn.init.eye_": [Call(W), Call(constant(f(4, 3))), Call(THREE, raises=True), Call(constant(f(3)), raises=True)],
    "nn.init.calculate_gain": [
        *[Call(name) for name in GAINS], *[Call("leaky_relu", slope) for slope in (0.5, 2)],
        *[Call(*wrong, raises=True) for wrong in [("gelu",), ("leaky_relu", "x"), ("leaky_relu", True), ()]],
    ],
    **{f"nn.init.{name[:-1]}": [Call(W, only="shape")]
       for name in ("uniform_", "normal_", *SCALED)},
    "nn.init.constant": [Call(W, 2.0)], "nn.init.eye": [Call(W)], "nn.init.sparse": [Call(W, 0.5, only="shape")],
    **{f"nn.{name} at first": calls for name, calls in LARGE.items()},
}  # fmt: skip
for name in SCALED:
    CALLS[f"nn.init.{name}"] += [
        seeded(name, constant(f(30, 40, 5, 6))),
        Call(constant(f(3)), raises=True),
        Call(constant(f()), raises=True),
    ]
CALLS["nn.init.orthogonal_"] += [
    Program(orthonormal, constant(f(*shape))) for shape in [(3, 4), (4, 3), (3, 2, 2), (2, 2)]
]
