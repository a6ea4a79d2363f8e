"""Recurrent layers on packed sequences: against `lengths=`, each sequence alone, PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import nn
from tinygrad_rnn.nn.utils import rnn

from .test_recurrent import GRANULARITIES, KINDS, MODULES, H, I, N, T, data, flat, hx_of, loss_of, make, states_for
from .test_recurrent import twin as torchs

LENGTHS = [[2, 5, 3], [4, 4, 4], [1, 3, 1]]  # the last two: no sequence takes all steps
WAYS = ["packed", "lengths", "alone"]


def run(way: str, module, x, states, lengths, lib=tg, utils=rnn):
    """y [T, N, D * H], whatever batch_first says, and the final states, of x [T, N, I]."""
    turned = (lambda a: a.transpose(0, 1)) if module.batch_first else lambda a: a
    if way == "packed":
        packed = utils.pack_padded_sequence(turned(x), lengths, module.batch_first, enforce_sorted=False)
        y, final = module(packed, hx_of(states))
        y, _ = utils.pad_packed_sequence(y, module.batch_first, total_length=T)
        return turned(y), flat(final)
    if way == "lengths":
        y, final = module(turned(x), hx_of(states), lengths=lengths)
        return turned(y), flat(final)
    alone = []
    for n, length in enumerate(lengths):
        y, final = module(turned(x[:length, n : n + 1]), hx_of([state[:, n : n + 1] for state in states]))
        alone.append((turned(y)[:, 0], flat(final)))
    y = lib.cat([utils.pad_sequence([y for y, _ in alone]), data(T - max(lengths), N, y.shape[-1]) * 0])
    return y, [lib.cat(parts, 1) for parts in zip(*[final for _, final in alone])]


def everything(way: str, module, lengths) -> list[np.ndarray]:
    """Values, and the gradients of input, initial states and parameters."""
    x = data(T, N, I, requires_grad=True)
    states = [tg.tensor(s, requires_grad=True) for s in states_for(module)]
    y, final = run(way, module, x, states, lengths)
    gradients = tg.autograd.grad(loss_of(y, final), [x, *states, *module.parameters()])
    return [a.detach().numpy() for a in (y, *final, *gradients)]


def assert_close(found, expected, **tolerance) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, **{"rtol": 1e-12, "atol": 1e-12, **tolerance})


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_packed_with_lengths_and_alone_are_the_same(kind, options, lengths, granularity) -> None:
    module = make(kind, **options)
    with tg.granularity(granularity):
        packed, with_lengths, alone = [everything(way, module, lengths) for way in WAYS]
    assert_close(packed, with_lengths)
    assert_close(packed, alone)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize(("kind", "options"), MODULES)
def test_against_torch(kind, options, lengths) -> None:
    torch = pytest.importorskip("torch")
    module = make(kind, **options)
    other = torchs(module, torch)
    x = torch.tensor(data(T, N, I).numpy(), requires_grad=True)
    states = [torch.tensor(s, requires_grad=True) for s in states_for(module)]
    y, final = run("packed", other, x, states, lengths, torch, torch.nn.utils.rnn)
    loss = 0
    for k, part in enumerate([y, *final]):
        w = torch.from_numpy(data(*part.shape, seed=k + 7).numpy())
        loss = loss + (part * part * w).sum() + (part * w).sum()
    gradients = torch.autograd.grad(loss, [x, *states, *other.parameters()])
    expected = [a.detach().numpy() for a in (y, *final, *gradients)]
    assert_close(everything("packed", module, lengths), expected, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_packed_layer_returns(kind) -> None:
    """Without initial states too; the layout is handed on as it is."""
    module, lengths = make(kind, bidirectional=True), [2, 5, 3]
    packed = rnn.pack_padded_sequence(data(T, N, I), lengths, enforce_sorted=False)
    y, final = module(packed)
    assert isinstance(y, rnn.PackedSequence) and y.data.shape == (10, 2 * H)
    assert all(a is b for a, b in zip(y[1:], packed[1:], strict=True))
    expected, states = module(data(T, N, I), lengths=lengths)
    assert_close([rnn.pad_packed_sequence(y)[0].detach()], [expected.detach()])
    assert_close([a.detach() for a in flat(final)], [a.detach() for a in flat(states)])
    sorted_y, _ = module(rnn.pack_sequence([data(5, I), data(2, I, seed=1)]))
    assert sorted_y.sorted_indices is None


@pytest.mark.parametrize(("kind", "options"), MODULES[2::3])
def test_granularities_agree_to_second_order(kind, options) -> None:
    module, found = make(kind, **{**options, "batch_first": False}), []
    for name in GRANULARITIES:
        x = data(T, N, I, requires_grad=True)
        states = [tg.tensor(s, requires_grad=True) for s in states_for(module)]
        wanted = [x, *states, *module.parameters()]
        with tg.granularity(name):
            loss = loss_of(run("packed", module, x, states, [2, 5, 3]))
            first = tg.autograd.grad(loss, wanted, create_graph=True)
            found.append([d.numpy() for d in tg.autograd.grad(loss_of(first), wanted)])
    for other in found[1:]:
        assert_close(other, found[0], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_dropout_between_layers(granularity) -> None:
    """All of it: what the second layer gets is zero, packed as padded."""
    module = make("LSTM", num_layers=2, dropout=1.0, bidirectional=True)
    with tg.granularity(granularity):
        assert_close(everything("packed", module, [2, 5, 3]), everything("lengths", module, [2, 5, 3]))
        trained = everything("packed", module, [2, 5, 3])[0]
        module.eval()
        assert not np.allclose(trained, everything("packed", module, [2, 5, 3])[0])


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_padding_is_not_read(granularity) -> None:
    module, x = make("GRU", bidirectional=True), data(T, N, I)
    x[2:, 0] = float("nan")
    x.requires_grad_()
    with tg.granularity(granularity):
        y, final = run("packed", module, x, [tg.tensor(s) for s in states_for(module)], [2, 5, 5])
        loss_of(y, final).backward()
    assert np.isfinite(y.detach()).all() and np.isfinite(x.grad).all()
    assert (x.grad[2:, 0] == 0).all()


def test_at_step_granularity_a_step_sees_only_who_takes_part() -> None:
    module = make("RNN")
    with tg.granularity("step"):
        y, _ = module(rnn.pack_padded_sequence(data(T, N, I), [5, 3, 1]))
    sizes = [node.shape[0] for node in y.data.grad_fn.inputs]
    assert sizes == [3, 2, 2, 1, 1]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_recurrent_takes_packed_sequences(batch_first, enforce_sorted) -> None:
    tg.manual_seed(0)
    net = nn.Recurrent(nn.LSTMCell(I, H, dtype=tg.float64), batch_first=batch_first)
    lengths = [5, 3, 1] if enforce_sorted else [2, 5, 3]
    x = data(N, T, I) if batch_first else data(T, N, I)
    y, final = net(rnn.pack_padded_sequence(x, lengths, batch_first, enforce_sorted))
    expected, states = net(x, lengths=lengths)
    assert_close([rnn.pad_packed_sequence(y, batch_first)[0].detach()], [expected.detach()])
    assert_close([a.detach() for a in flat(final)], [a.detach() for a in flat(states)])
    with pytest.raises(ValueError, match="knows its lengths"):
        net(y, lengths=lengths)


def packed_ones(lib, utils, *shape):
    return utils.pack_padded_sequence(lib.ones(*shape), [3, 5, 2], enforce_sorted=False)


REFUSED = {
    "features": lambda lib, u, module: module(packed_ones(lib, u, 5, 3, I + 1)),
    "dimensions": lambda lib, u, module: module(packed_ones(lib, u, 5, 3, I, I)),
    "no features": lambda lib, u, module: module(packed_ones(lib, u, 5, 3)),
    "batch of the state": lambda lib, u, module: module(packed_ones(lib, u, 5, 3, I), lib.ones(1, 2, H)),
    "layers of the state": lambda lib, u, module: module(packed_ones(lib, u, 5, 3, I), lib.ones(2, 3, H)),
    "state without a batch": lambda lib, u, module: module(packed_ones(lib, u, 5, 3, I), lib.ones(1, H)),
    "batch sizes": lambda lib, u, module: module(u.PackedSequence(lib.ones(3, I), lib.tensor([2, 2]))),
    "rising batch sizes": lambda lib, u, module: module(u.PackedSequence(lib.ones(3, I), lib.tensor([1, 2]))),
}


@pytest.mark.parametrize("call", REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_as_in_torch(call) -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError):
        call(torch, torch.nn.utils.rnn, torch.nn.GRU(I, H))
    with pytest.raises(RuntimeError, match=r"GRU|PackedSequence"):
        call(tg, rnn, nn.GRU(I, H))


def test_what_only_ours_can_get_wrong() -> None:
    packed = packed_ones(tg, rnn, 5, 3, I)
    with pytest.raises(ValueError, match="knows its lengths"):
        nn.LSTM(I, H)(packed, lengths=[3, 5, 2])
    with pytest.raises(ValueError, match="same dtype"):
        nn.LSTM(I, H)(packed.double())
    with pytest.raises(RuntimeError, match="sorted_indices must be a permutation of its 3 sequences"):
        nn.LSTM(I, H)(rnn.PackedSequence(packed.data, packed.batch_sizes, tg.tensor([1, 0]), None))
