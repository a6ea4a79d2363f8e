"""RNN, LSTM, GRU and their cells: every option, every form of the input."""

from itertools import product

from ..calling import Module, Named, Program, constant, f, given, i

T, N, I, H, P = 3, 2, 2, 2, 1
X, FIRST, ALONE = f(T, N, I), f(N, T, I), f(T, I)
LENGTHS = given([2, 3], "int64")
SIZES = {"input_size": I, "hidden_size": H}
SINGLE = Named("float64")


def states(name: str, *batch: int, rows: int = 1, h: int = H):
    """An initial state."""
    return (f(rows, *batch, h), f(rows, *batch, H)) if name == "LSTM" else f(rows, *batch, h)


def packed(name: str, **options) -> Program:
    """A packed sequence through a layer, with an initial state and without."""

    def run(torch, x, lengths, hx):
        rnn = torch.nn.utils.rnn
        net = getattr(torch.nn, name)(I, H, **{"num_layers": 2, **options}).to(x.dtype)
        with torch.no_grad():
            for k, p in enumerate(net.parameters()):
                p.copy_(torch.sin(torch.arange(p.numel(), dtype=x.dtype) + k).reshape(p.shape))
        sequences = rnn.pack_padded_sequence(x, lengths, net.batch_first, enforce_sorted=False)
        y, final = net(sequences)
        return *net(sequences, hx), rnn.pad_packed_sequence(y, net.batch_first, -1.0, 4), final

    rows = (1 + options.get("bidirectional", False)) * options.get("num_layers", 2)
    x = FIRST if options.get("batch_first") else X
    return Program(run, x, LENGTHS, states(name, N, rows=rows, h=options.get("proj_size") or H))


OF_LAYERS = [
    {"num_layers": layers, "bias": bias, "batch_first": first, "bidirectional": both}
    for layers, bias, first, both in product((1, 2), (True, False), (True, False), (True, False))
]
MORE = {
    "RNN": [{"nonlinearity": "relu"}, {"nonlinearity": "tanh", "bias": False}],
    "LSTM": [{"proj_size": P}, {"proj_size": P, "num_layers": 2, "bidirectional": True, "bias": False}],
    "GRU": [],
}
WRONG_OPTIONS = [
    {"hidden_size": 0}, {"hidden_size": "3"}, {"num_layers": 0}, {"num_layers": 1.5}, {"dropout": 1.5},
    {"dropout": -0.1}, {"dropout": True}, {"nonlinearity": "sigmoid"}, {"proj_size": -1}, {"proj_size": H},
    {"unknown": 1}, {"dtype": Named("int64")},
]  # fmt: skip


def layer(name: str) -> list:
    """The calls of a layer."""
    rows = [options["num_layers"] * (1 + options["bidirectional"]) for options in OF_LAYERS]
    wrong = [
        (X, states(name, N, rows=2)), (X, states(name, N + 1)), (X, states(name, N, h=H + 1)), (X, states(name)),
        (f(T, N, I + 1),), (f(T),), (f(1, T, N, I),), (i(T, N, I),), (f(0, N, I),), (ALONE, states(name, N)), (),
        *([(X, (f(1, N, H), f(1, N, H + 1)))] if name == "LSTM" else []),
    ]  # fmt: skip
    return [
        *[Module(I, H, **options, on=(FIRST if options["batch_first"] else X, *[states(name, N, rows=n)] * bool(k % 3)))
          for k, (options, n) in enumerate(zip(OF_LAYERS, rows, strict=True))],
        *[Module(I, H, **options, on=(ALONE, states(name, rows=n)))
          for options, n in zip(OF_LAYERS[::3], rows[::3], strict=True)],
        *[Module(I, H, **options, on=(X,)) for options in MORE[name]],
        *[Module(I, H, on=(x,)) for x in (ALONE, f(1, 1, I), constant(X))],
        *[Module(I, H, 2, dropout=p, on=(X,)) for p in (0.0, 1.0)],
        Module(I, H, 2, dropout=0.5, on=(X,), training=False),
        Module(I, H, 2, dropout=0.5, on=(X,), only="shape"), Module(1, 1, on=(f(T, 1, 1),)),
        Module(I, H, device="cpu", dtype=SINGLE, on=(X,)), computed(name),
        *[packed(name, **options) for options in ({}, {"bidirectional": True, "batch_first": True}, *MORE[name])],
        *[Module(I, H, on=on, raises=True) for on in wrong],
        *[Module(**{**SIZES, **options}, on=(X,), raises=True) for options in WRONG_OPTIONS],
        *([Module(I, H, proj_size=P, on=(X,), raises=True)] if name != "LSTM" else []),
    ]  # fmt: skip


def computed(name: str) -> Program:
    """A layer whose recurrent weights are computed from a parameter, as by WeightDrop (Merity et al. 2017)."""

    def run(torch, x, raw):
        net = getattr(torch.nn, name)(I, H).to(x.dtype)
        with torch.no_grad():
            for p in net.parameters():
                p.fill_(0.25)
        del net._parameters["weight_hh_l0"]
        net.register_parameter("raw", torch.nn.Parameter(raw))
        net.weight_hh_l0 = net.raw * 0.5
        y, _ = net(x)
        y.sum().backward()
        return y.detach(), net.raw.grad, [key for key, _ in net.named_parameters()]

    rows = {"RNN": 1, "LSTM": 4, "GRU": 3}[name]
    return Program(run, constant(X), constant(f(rows * H, H)))


def cell(name: str) -> list:
    """The calls of a cell."""
    state = lambda *batch: (f(*batch, H), f(*batch, H)) if name == "LSTM" else f(*batch, H)
    x = f(N, I)
    right = [(x,), (x, state(N)), (f(I),), (f(I), state()), (f(0, I),), (f(1, I), state(1))]
    wrong = [
        (x, state(N + 1)), (f(N, I + 1),), (f(N, N, I),), (f(),), (i(N, I),), (f(I), state(3)), (),
        (x, f(N, H) if name == "LSTM" else f(N, H + 1)),
    ]  # fmt: skip
    return [
        *[Module(I, H, bias, on=on) for bias in (True, False) for on in right],
        *[Module(I, H, **options, on=(x,)) for options in MORE["RNN"] * (name == "RNN")],
        Module(I, H, device="cpu", dtype=SINGLE, on=(x, state(N))),
        *[Module(I, H, on=on, raises=True) for on in wrong],
        *[Module(**{**SIZES, **options}, on=(x,), raises=True)
          for options in ({"nonlinearity": "sigmoid"}, {"unknown": 1}, {"hidden_size": -1})],
    ]  # fmt: skip


def bases(torch) -> list:
    """What scripts ask of a layer besides."""
    nets = torch.nn.LSTM(2, 3, 2, proj_size=1), torch.nn.GRU(2, 3, bidirectional=True), torch.nn.RNN(2, 3, bias=False)
    shapes = [[[weight.shape for weight in weights] for weights in net.all_weights] for net in nets]
    return [shapes, [[isinstance(net, torch.nn.RNNBase), net.flatten_parameters()] for net in nets]]


def cell_bases(torch) -> list:
    cells = torch.nn.RNNCell(2, 3), torch.nn.LSTMCell(2, 3), torch.nn.GRUCell(2, 3)
    return [[isinstance(cell, torch.nn.RNNCellBase), cell.reset_parameters()] for cell in cells]


CALLS = {
    **{f"nn.{name}": layer(name) for name in MORE},
    **{f"nn.{name}Cell": cell(name) for name in MORE},
    "nn.RNNBase": [Program(bases), Program(lambda torch: torch.nn.LSTM(1), raises=True)],
    "nn.RNNCellBase": [Program(cell_bases), Program(lambda torch: torch.nn.LSTMCell(1), raises=True)],
}
