"""RNN, LSTM, GRU, their cells and Recurrent: against naive loops, against PyTorch, and against each other."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_rnn as tg
from tests.recurrent_reference import CELLS, run
from tinygrad_rnn import nn
from tinygrad_rnn.kernels import fallback

KINDS = ["RNN", "LSTM", "GRU"]
GRANULARITIES = ["sequence", "step", "op"]
T, N, I, H = 5, 3, 4, 6


def make(kind: str, **options) -> nn.RNNBase:
    tg.manual_seed(3)
    return getattr(nn, kind)(I, H, **{"dtype": tg.float64, **options})


def data(*shape: int, seed: int = 0, **options) -> tg.Tensor:
    return tg.tensor(np.random.default_rng(seed).standard_normal(shape), **options)


def flat(*results) -> list[tg.Tensor]:
    """The tensors of nested results."""
    found = []
    for result in results:
        found += flat(*result) if isinstance(result, (tuple, list)) else [result]
    return found


def loss_of(*results) -> tg.Tensor:
    """A number in which every element of every result has a weight of its own, and curvature."""
    total = 0
    for k, y in enumerate(flat(*results)):
        w = data(*y.shape, seed=k + 7)
        total = total + (y * y * w).sum() + (y * w).sum()
    return total


def states_for(module, batch: int = N) -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    count = module.num_layers * module.directions
    shapes = [(count, batch, module.output_size), (count, batch, module.hidden_size)][: len(module.states)]
    return [rng.standard_normal(shape) for shape in shapes]


def hx_of(states: list[tg.Tensor]):
    return states[0] if len(states) == 1 else tuple(states)


def naive(module, x: np.ndarray, states: list[np.ndarray], lengths=None):
    """The module by the naive loop over rows, steps, directions and layers."""
    options = {"nonlinearity": module.nonlinearity} if isinstance(module, nn.RNN) else {}
    cell, finals = CELLS[type(module).__name__], []
    for layer in range(module.num_layers):
        outputs = []
        for d in range(module.directions):
            weights = [w if w is None else w.detach().numpy() for w in module._weights(layer, d)]
            start = [state[layer * module.directions + d] for state in states]
            y, *final = run(cell, x, start, *weights, reverse=bool(d), lengths=lengths, **options)
            outputs.append(y)
            finals.append(final)
        x = np.concatenate(outputs, -1)
    return x, [np.stack(parts) for parts in zip(*finals)]


SHAPES = [
    {},
    {"bias": False},
    {"num_layers": 2, "bidirectional": True},
    {"num_layers": 3},
    {"bidirectional": True, "batch_first": True},
]
MODULES = [
    *itertools.product(KINDS, SHAPES),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {"proj_size": 2}),
    ("LSTM", {"proj_size": 3, "num_layers": 2, "bidirectional": True}),
]


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("lengths", [None, [5, 1, 3]])
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_against_the_naive_loop(kind, options, lengths, granularity) -> None:
    module = make(kind, **options)
    x, states = data(T, N, I), states_for(module)
    given = x.transpose(0, 1) if module.batch_first else x
    with tg.granularity(granularity):
        y, final = module(given, hx_of([tg.tensor(s) for s in states]), lengths=lengths)
    expected, finals = naive(module, x.numpy(), states, lengths)
    y = y.transpose(0, 1) if module.batch_first else y
    np.testing.assert_allclose(y.detach().numpy(), expected, rtol=1e-12, atol=1e-13)
    for state, reference in zip(flat(final), finals, strict=True):
        np.testing.assert_allclose(state.detach().numpy(), reference, rtol=1e-12, atol=1e-13)


def derivatives(module, granularity: str, lengths) -> list[np.ndarray]:
    """All gradients, and the gradients of a function of the gradients."""
    x = data(T, N, I, requires_grad=True)
    states = [tg.tensor(s, requires_grad=True) for s in states_for(module)]
    wanted = [x, *states, *module.parameters()]
    with tg.granularity(granularity):
        loss = loss_of(module(x, hx_of(states), lengths=lengths))
        first = tg.autograd.grad(loss, wanted, create_graph=True)
        second = tg.autograd.grad(loss_of(first), wanted)
    return [d.detach().numpy() for d in [*first, *second]]


@pytest.mark.parametrize("lengths", [None, [5, 1, 3]])
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_granularities_agree_to_second_order(kind, options, lengths) -> None:
    module = make(kind, **{**options, "batch_first": False})
    fast, *finer = [derivatives(module, name, lengths) for name in GRANULARITIES]
    for other in finer:
        for a, b in zip(fast, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_gradcheck(kind, granularity) -> None:
    tg.manual_seed(0)
    module = getattr(nn, kind)(2, 2, dtype=tg.float64)
    x = data(2, 2, 2, requires_grad=True)
    parameters = list(module.parameters())

    def function(x, *_):
        return flat(module(x))[0]

    with tg.granularity(granularity):
        assert tg.autograd.gradcheck(function, (x,), atol=1e-7, rtol=1e-6)
        assert tg.autograd.gradgradcheck(function, (x,), atol=1e-7, rtol=1e-6)
    for parameter in parameters:
        analytic = tg.autograd.grad(loss_of(function(x)), parameter)[0].numpy()
        numeric = np.zeros_like(analytic)
        for k in np.ndindex(*analytic.shape):
            kept, ends = parameter.array[k], []
            for sign in (1, -1):
                parameter.array[k] = kept + sign * 1e-6
                ends.append(loss_of(function(x)).item())
            parameter.array[k] = kept
            numeric[k] = (ends[0] - ends[1]) / 2e-6
        np.testing.assert_allclose(analytic, numeric, rtol=1e-6, atol=1e-7)


def test_a_weight_that_also_makes_state_and_input_counts_once_on_each_way() -> None:
    """Second order through a fused node whose weight is also reached through x and h0."""
    found = []
    for name in GRANULARITIES:
        module = make("LSTM")
        w = module.weight_hh_l0
        h0 = (w[:N] * w[:N]).unsqueeze(0)
        x = data(T, N, I) * w[0, 0]
        with tg.granularity(name):
            y, (h, c) = module(x, (h0, tg.zeros(1, N, H, dtype=tg.float64)))
            (dw,) = tg.autograd.grad(loss_of(y, c), w, create_graph=True)
            (ddw,) = tg.autograd.grad((dw * dw).sum(), w)
        found.append((dw.detach().numpy(), ddw.numpy()))
    for dw, ddw in found[1:]:
        np.testing.assert_allclose(dw, found[0][0], rtol=1e-10)
        np.testing.assert_allclose(ddw, found[0][1], rtol=1e-10)


@pytest.mark.parametrize("at", range(6))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("whole", [False, True], ids=["step", "sequence"])
@pytest.mark.parametrize("rows", [3, 20])
def test_operations_refuse_what_does_not_fit(kind, whole, rows, at):
    gates = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind] * H
    operation = getattr(tg, f"{kind.lower()}_{'sequence' if whole else 'step'}")
    shapes = [(T, rows, I) if whole else (rows, I), (rows, H), (gates, I), (gates, H), (gates,), (gates,)]
    if kind == "LSTM":
        shapes.insert(2, (rows, H))
    operation(*[tg.zeros(shape) for shape in shapes])
    wrong = [tg.zeros(shape) for shape in shapes]
    rows_at = len(shapes[at]) - 2 if at == 0 else 0  # where a row is missing
    wrong[at] = tg.zeros([length - (axis == rows_at) for axis, length in enumerate(shapes[at])])
    with pytest.raises(RuntimeError, match=rf"{operation.__name__}: expected w_ih \[{gates}, {I}\]"):
        operation(*wrong)


@pytest.mark.parametrize("lengths", [[T, T], [T, T, T + 1], [T, T, -1], [[T, T, T]]], ids=str)
@pytest.mark.parametrize(("name", "rows"), [("rnn", 1), ("gru", 3), ("lstm", 4), ("minimal", 2)])
def test_operations_refuse_other_lengths(name, rows, lengths):
    states = [tg.zeros(N, H)] * (2 if name == "lstm" else 1)
    weights = [tg.zeros(rows * H, I)] + ([] if name == "minimal" else [tg.zeros(rows * H, H)])
    operation = getattr(tg, f"{name}_sequence")
    operation(tg.zeros(T, N, I), *states, *weights, lengths=np.array([T, 0, 2]))
    with pytest.raises(RuntimeError, match=rf"expected lengths of shape \({N},\), each from 0 to {T}, got"):
        operation(tg.zeros(T, N, I), *states, *weights, lengths=np.array(lengths))


@pytest.mark.parametrize("shared_out", [False, True])
def test_minimal_operations_refuse_what_does_not_fit(shared_out):
    rows = (3 if shared_out else 2) * H
    x, h, w, b = tg.zeros(T, N, I), tg.zeros(N, H), tg.zeros(rows, I), tg.zeros(rows)
    tg.minimal_sequence(x, h, w, b, shared_out=shared_out)
    for wrong in ((w[:-1], b), (w[:, :-1], b), (w, b[:-1])):
        for operation, given in ((tg.minimal_sequence, x), (tg.minimal_step, x[0])):
            with pytest.raises(RuntimeError, match=rf"expected w \[{rows}, {I}\] and b \[{rows}\]"):
                operation(given, h, *wrong, shared_out=shared_out)


def test_operations_refuse_another_nonlinearity():
    for operation, x in ((tg.rnn_step, tg.zeros(2, I)), (tg.rnn_sequence, tg.zeros(3, 2, I))):
        with pytest.raises(RuntimeError, match="expected nonlinearity 'tanh' or 'relu', got 'sin'"):
            operation(x, tg.zeros(2, H), tg.zeros(H, I), tg.zeros(H, H), nonlinearity="sin")


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("without_compiler", [False, True], ids=["kernels", "numpy"])
@pytest.mark.parametrize(("kind", "options"), [*[(kind, {}) for kind in KINDS], ("LSTM", {"proj_size": 2})], ids=str)
def test_what_overflows_overflows_in_silence(kind, options, without_compiler, monkeypatch):
    monkeypatch.setattr(fallback, "_failed", without_compiler)
    layer = make(kind, dtype=tg.float32, **options)
    cell = getattr(nn, kind + "Cell")(I, H)
    for p in (*layer.parameters(), *cell.parameters()):
        p.array[...] = 3e38
    for rows, steps in itertools.product((1, 9), (1, 3)):
        assert layer(tg.full((steps, rows, I), -3e38))[0].shape[:2] == (steps, rows)
        cell(tg.full((rows, I), 3e38))
    with tg.no_grad():
        layer(tg.full((2, 1, I), 3e38))
    assert nn.functional.linear(tg.full((2, 3), 1e30), tg.full((4, 3), 1e30)).tolist() == [[np.inf] * 4] * 2


# --- PyTorch --------------------------------------------------------------------------------------------------


def twin(module, torch):
    """PyTorch's module with the same weights."""
    names = ["num_layers", "bias", "batch_first", "bidirectional"]
    options = {name: getattr(module, name) for name in names} | {"dropout": module.dropout}
    if isinstance(module, nn.RNN):
        options["nonlinearity"] = module.nonlinearity
    if module.proj_size:
        options["proj_size"] = module.proj_size
    other = getattr(torch.nn, type(module).__name__)(I, H, **options).double()
    other.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in module.state_dict().items()})
    return other


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_against_torch(kind, options, given, batched) -> None:
    torch = pytest.importorskip("torch")
    module = make(kind, **options)
    other = twin(module, torch)
    assert list(dict(other.named_parameters())) == list(dict(module.named_parameters()))
    assert repr(other).split("(", 1)[1] == repr(module).split("(", 1)[1]
    x = np.random.default_rng(0).standard_normal((T, N, I) if batched else (T, I))
    if batched and module.batch_first:
        x = x.swapaxes(0, 1).copy()
    states = [s if batched else s[:, 0] for s in states_for(module)]
    ours, theirs = tg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    hx = (hx_of([tg.tensor(s) for s in states]),) if given else ()
    their_hx = (hx_of([torch.tensor(s) for s in states]),) if given else ()
    result, reference = module(ours, *hx), other(theirs, *their_hx)
    flat_torch = flat(*reference)
    for a, b in zip(flat(*result), flat_torch, strict=True):
        assert tuple(a.shape) == tuple(b.shape)
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=1e-12)
    sum((y * y).sum() for y in flat(*result)).backward()
    sum((y * y).sum() for y in flat_torch).backward()
    np.testing.assert_allclose(ours.grad.numpy(), theirs.grad.numpy(), rtol=1e-9, atol=1e-11)
    for (name, p), q in zip(module.named_parameters(), other.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.numpy(), q.grad.numpy(), rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("batched", [True, False])
@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_cells_against_torch(kind, given, batched) -> None:
    torch = pytest.importorskip("torch")
    tg.manual_seed(0)
    cell = getattr(nn, f"{kind}Cell")(I, H, dtype=tg.float64)
    other = getattr(torch.nn, f"{kind}Cell")(I, H).double()
    other.load_state_dict({k: torch.from_numpy(v.numpy()) for k, v in cell.state_dict().items()})
    rng = np.random.default_rng(1)
    x = rng.standard_normal((N, I) if batched else (I,))
    states = [rng.standard_normal((N, H) if batched else (H,)) for _ in cell.states]
    hx = (hx_of([tg.tensor(s) for s in states]),) if given else ()
    their_hx = (hx_of([torch.tensor(s) for s in states]),) if given else ()
    for a, b in zip(flat(cell(tg.tensor(x), *hx)), flat(other(torch.tensor(x), *their_hx)), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_of_torchs_type(kind) -> None:
    torch = pytest.importorskip("torch")
    module, cell = make(kind, dtype=tg.float32), getattr(nn, f"{kind}Cell")(I, H)
    other, other_cell = getattr(torch.nn, kind)(I, H), getattr(torch.nn, f"{kind}Cell")(I, H)
    for shape in [(T, N, I + 1), (I,), (1, T, N, I), (0, N, I)]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            other(torch.zeros(shape))
        with pytest.raises(theirs.type, match=kind):
            module(tg.zeros(shape))
    for shape in [(N, I + 1), (1, N, I)]:
        with pytest.raises(Exception) as theirs:  # noqa: PT011
            other_cell(torch.zeros(shape))
        with pytest.raises(theirs.type, match=kind):
            cell(tg.zeros(shape))
    wrong = tg.zeros(1, N + 1, H)
    with pytest.raises(RuntimeError, match=r"Expected h_0 of size \(1, 3, 6\)"):
        module(tg.zeros(T, N, I), (wrong, wrong) if kind == "LSTM" else wrong)
    with pytest.raises(ValueError, match="same dtype"):
        module(tg.zeros(T, N, I, dtype=tg.float64))
    for options in [{"hidden_size": 0}, {"num_layers": 0}, {"dropout": 2.0}, {"proj_size": -1}]:
        with pytest.raises(ValueError, match=kind):
            getattr(nn, kind)(**{"input_size": I, "hidden_size": H, **options})


def test_empty_batch_gives_empty_results_and_zero_gradients() -> None:
    for kind, name in itertools.product(KINDS, GRANULARITIES):
        module = make(kind)
        with tg.granularity(name):
            y, final = module(tg.zeros(T, 0, I, dtype=tg.float64))
        assert y.shape == (T, 0, H)
        assert all(state.shape == (1, 0, H) for state in flat(final))
        y.sum().backward()
        assert all((p.grad == 0).all() for p in module.parameters())


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("kind", KINDS)
def test_padding_has_no_influence_even_if_nan(kind, granularity) -> None:
    module, x, lengths = make(kind, bidirectional=True), data(T, N, I), [5, 2, 1]
    spoiled = x.clone()
    for n, length in enumerate(lengths):
        spoiled[length:, n] = float("nan")
    found = []
    for given in (x, spoiled):
        module.zero_grad()
        with tg.granularity(granularity):
            result = module(given, lengths=lengths)
        loss_of(result).backward()
        found.append([*flat(result), *[p.grad for p in module.parameters()]])
    for a, b in zip(*found, strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_dropout_between_layers_only_while_training() -> None:
    module = make("LSTM", num_layers=2, dropout=0.5)
    x = data(T, N, I)
    one, two = module(x)[0], module(x)[0]
    assert not one.equal(two)
    module.eval()
    assert module(x)[0].equal(module(x)[0])


# --- cells of one's own -----------------------------------------------------------------------------------------


class Leaky(nn.Module):
    """h' = h / 2 + tanh(w x): a user's cell with one state."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Linear(I, H, dtype=tg.float64)

    def forward(self, x, h):
        return self.w(x).tanh() + (0 if h is None else h / 2)


@pytest.mark.parametrize("lengths", [None, [5, 1, 3]])
def test_recurrent_unrolls_a_users_cell(lengths) -> None:
    tg.manual_seed(0)
    cell = Leaky()
    y, h = nn.Recurrent(cell)(data(T, N, I), lengths=lengths)
    for n in range(N):
        state = None
        for t in range(T if lengths is None else lengths[n]):
            state = cell(data(T, N, I)[t, n : n + 1], state)
            np.testing.assert_allclose(y[t, n].detach().numpy(), state[0].detach().numpy())
        np.testing.assert_allclose(h[n].detach().numpy(), state[0].detach().numpy())


@pytest.mark.parametrize("lengths", [None, [5, 1, 3]])
@pytest.mark.parametrize("kind", KINDS)
def test_recurrent_over_a_cell_is_the_module(kind, lengths) -> None:
    module = make(kind, num_layers=2, bidirectional=True)

    def cell(layer: int, direction: int):
        made = getattr(nn, f"{kind}Cell")(I if layer == 0 else 2 * H, H, dtype=tg.float64)
        suffix = module._suffix(layer, direction)
        made.load_state_dict({n: module.state_dict()[n + suffix] for n in made.state_dict()})
        return made

    net = nn.Recurrent(cell, num_layers=2, bidirectional=True)
    y, finals = net(data(T, N, I), lengths=lengths)
    expected, final = module(data(T, N, I), lengths=lengths)
    np.testing.assert_allclose(y.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    for i, state in enumerate(finals):
        for mine, whole in zip(flat(state), flat(final), strict=True):
            np.testing.assert_allclose(mine.detach().numpy(), whole[i].detach().numpy(), rtol=1e-12)


def test_recurrent_needs_a_cell_for_each_layer_and_direction() -> None:
    with pytest.raises(ValueError, match="need 2 cells, got 1"):
        nn.Recurrent(Leaky(), num_layers=2)


def test_granularity_is_checked_and_restored() -> None:
    with pytest.raises(ValueError, match="sequence, step, op"), tg.granularity("layer"):
        pass
    with pytest.raises(KeyError), tg.granularity("op"):
        raise KeyError
    y, _ = make("RNN")(data(T, N, I))
    assert y.grad_fn.inputs[0].name == "rnn_sequence"
