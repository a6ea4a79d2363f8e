"""Training on tasks: networks as described, exact repetition, the goal, and a stop in words where numbers end."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinygrad_rnn import nn
from tinygrad_rnn.divergence import Diverged
from tinygrad_rnn.random import manual_seed
from tinygrad_rnn.serialization import load
from tinygrad_rnn.tasks import CELLS, TASKS, Adding, Copying, Reber, network, recurrent, state_jacobian, train
from tinygrad_rnn.tensor import Tensor

SHORT = Adding(6)


def small(cell="gru", **changes):
    return replace(SHORT.setup(cell), **{"hidden": 8, "updates": 6, "every": 2, **changes})


def run(cell="gru", seed=0, **options):
    setup = small(cell)
    net = network(SHORT, cell, setup, seed)
    return net, train(SHORT, net, setup, seed, **options)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("name", TASKS)
def test_every_cell_learns_something_of_every_task(name, cell):
    task = TASKS[name]()
    setup = replace(task.setup(cell), hidden=5, batch=2, updates=2, every=1)
    net = network(task, cell, setup, 0)
    before = [p.array.copy() for p in net.parameters()]
    curve = train(replaced(task, heldout=3), net, setup, to_the_end=True)
    assert [point.update for point in curve.points] == [1, 2]
    assert all(np.isfinite(point).all() for point in curve.points)
    assert not any((p.array == old).all() for p, old in zip(net.parameters(), before, strict=True))


def replaced(task, **attributes):
    vars(task).update(attributes)
    return task


def test_the_seed_decides_everything():
    (_, one), (_, again), (_, other) = run(seed=3), run(seed=3), run(seed=4)
    assert one.points == again.points
    assert one.points != other.points


def test_it_stops_at_the_goal_or_goes_on_to_the_end():
    easy = replaced(Adding(6), goal=10.0)
    setup = small()
    assert [p.update for p in train(easy, network(easy, "gru", setup, 0), setup).points] == [2]
    curve = train(easy, network(easy, "gru", setup, 0), setup, to_the_end=True)
    assert [p.update for p in curve.points] == [2, 4, 6]
    assert curve.solved
    assert curve.figure == curve.points[-1].figure


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_gated_networks_solve_a_short_adding_problem(cell):
    task = Adding(10)
    setup = replace(task.setup(cell), hidden=32)
    assert train(task, network(task, cell, setup, 0), setup).solved


def test_padding_has_no_part_in_what_a_network_says():
    manual_seed(0)
    task, cut = Reber(), None
    batch = task.batch(np.random.default_rng(0), 4)
    net = network(task, "lstm", task.setup("lstm"), 0)
    together = net(Tensor(batch.x), batch.lengths).array
    for n, length in enumerate(batch.lengths):
        cut = net(Tensor(batch.x[:length, n : n + 1])).array
        np.testing.assert_allclose(together[:length, n], cut[:, 0], rtol=1e-5, atol=1e-6)


# --- how networks begin --------------------------------------------------------------------------------------------


def test_relu_begins_as_the_identity_and_forget_gates_as_told():
    relu = recurrent("relu", 3, 6, layers=2)
    for layer in range(2):
        np.testing.assert_array_equal(getattr(relu, f"weight_hh_l{layer}").array, np.eye(6))
        assert not getattr(relu, f"bias_ih_l{layer}").array.any()
        assert 0 < np.abs(getattr(relu, f"weight_ih_l{layer}").array).max() < 0.01
    lstm = recurrent("lstm", 3, 6, forget_bias=4.0)
    np.testing.assert_array_equal((lstm.bias_ih_l0.array + lstm.bias_hh_l0.array)[6:12], 4)
    assert Copying().setup("lstm").forget_bias == 4
    for gate in recurrent("lstm", 3, 6, forget_bias=4.0, orthogonal=True).weight_hh_l0.array.reshape(4, 6, 6):
        np.testing.assert_allclose(gate @ gate.T, np.eye(6), atol=1e-6)
    gru = recurrent("gru", 3, 6, orthogonal=True)
    assert not gru.bias_ih_l0.array.any()
    assert 0.9 < np.abs(gru.weight_ih_l0.array).max() / np.sqrt(6 / 9) <= 1
    with pytest.raises(ValueError, match="expected a cell of tanh, relu, gru, lstm, got 'irnn'"):
        recurrent("irnn", 3, 6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_gradient_of_a_relu_network_that_begins_as_the_identity_is_the_identity(dtype):
    rnn = recurrent("relu", 2, 20)
    jacobian = state_jacobian(rnn.double() if dtype == "float64" else rnn, 1000)
    assert jacobian.dtype == dtype
    np.testing.assert_array_equal(jacobian, np.eye(20))


def test_the_gradient_of_a_tanh_network_is_the_product_of_its_steps_and_vanishes():
    manual_seed(0)
    rnn = nn.RNN(2, 5).double()
    w, b = rnn.weight_hh_l0.array, rnn.bias_ih_l0.array + rnn.bias_hh_l0.array
    h, expected = np.ones(5), np.eye(5)
    for _ in range(7):
        h = np.tanh(w @ h + b)
        expected = (1 - h**2)[:, None] * w @ expected
    np.testing.assert_allclose(state_jacobian(rnn, 7), expected, rtol=1e-9)
    assert np.linalg.norm(state_jacobian(rnn, 1000)) < 1e-12


# --- where numbers end ---------------------------------------------------------------------------------------------


class Spoilt(Adding):
    """A number that is none, in the third step of the fifth batch."""

    def __init__(self) -> None:
        super().__init__(6)
        self.made = -1  # the first one is held out

    def batch(self, random, size, heldout=False):
        batch = super().batch(random, size, heldout)
        self.made += 1
        if self.made == 5:
            batch.x[2, 1, 0] = np.nan
        return batch


def test_a_loss_that_is_no_number_stops_and_leaves_the_last_good_parameters(tmp_path):
    setup, seen, task = small(), [], Spoilt()
    net = network(task, "gru", setup, 0)
    file = tmp_path / "good.safetensors"
    expected = (
        r"^update 5: the loss became nan: the first is the input `x` \(nan\) of `linear` in Network / rnn / 0 / t=2\. "
        r"The network has its parameters of update 4 and in .*good\.safetensors$"
    )
    with pytest.raises(Diverged, match=expected):
        train(task, net, setup, checkpoint=file, show=lambda point: seen.append(point.update))
    assert seen == [2, 4]
    good, saved = network(SHORT, "gru", setup, 0), load(file)
    train(SHORT, good, replace(setup, updates=4), 0)
    for (name, p), q in zip(net.named_parameters(), good.parameters(), strict=True):
        np.testing.assert_array_equal(p.array, q.array)
        np.testing.assert_array_equal(p.array, saved[name].array)


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_a_training_that_explodes_names_where():
    setup = small("relu")
    net = network(SHORT, "relu", setup, 0)
    nn.init.constant_(net.rnn.weight_hh_l0, 1e30)
    nn.init.constant_(net.rnn.weight_ih_l0, 1.0)
    with pytest.raises(Diverged, match=r"^update 1: the loss became .* in Network / rnn / 0 / t=2 .*of update 0$"):
        train(SHORT, net, setup)
