"""One way to call every recurrent kernel, and a naive loop over rows and units to hold it against."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from types import ModuleType

import numpy as np

from tinygrad_rnn.kernels import gru, lstm, rnn

INPUT, HIDDEN, PROJECTED = 2, 3, 2
LENGTHS = {1: [4], 3: [2, 4, 1], 9: [1, 2, 2, 1, 2, 1, 1, 2, 0]}  # by batch, for four steps, not sorted


def settled(gradients):
    """Gradients as arrays; those of a step's weights are sums that wait for other steps."""
    return tuple(dx.settle() if hasattr(dx, "settle") else dx for dx in gradients)


@dataclass(frozen=True)
class Kind:
    """A kernel module, how many gates and states it has, and what its functions take besides arrays."""

    name: str
    module: ModuleType
    gates: int
    states: int = 1
    projected: bool = False
    attributes: tuple = ()

    def inputs(self, T, N, dtype=np.float64, bias=True, H=HIDDEN, seed=0):
        """x, h, (c), w_ih, w_hh, b_ih, b_hh, (w_hr) as the kernel takes them."""
        normal = np.random.default_rng(seed).standard_normal
        G, P = self.gates * H, PROJECTED if self.projected else H
        shapes = [(T, N, INPUT), (N, P), (N, H)][: 1 + self.states]
        shapes += [(G, INPUT), (G, P), (G,), (G,)]
        arrays = [normal(shape).astype(dtype) for shape in shapes]
        if not bias:
            arrays[-2:] = [None, None]
        if self.states == 2:
            arrays.append(normal((P, H)).astype(dtype) if self.projected else None)
        return arrays

    def cotangents(self, outputs, seed=1):
        """A random gradient for each of y, h_n, (c_n)."""
        normal = np.random.default_rng(seed).standard_normal
        return [normal(a.shape).astype(a.dtype) for a in outputs]

    def sequence(self, inputs, reverse=False, lengths=None):
        """(y, h_n, (c_n)) and the arrays saved for the gradient."""
        results = self.module.sequence(*inputs, *self.attributes, reverse, lengths)
        return results[: 1 + self.states], (results[0], *results[1 + self.states :])

    def sequence_vjp(self, cotangents, inputs, saved, reverse=False, lengths=None, needs=None):
        """The gradient of every input; all are wanted unless `needs` says otherwise."""
        needs = (True,) * len(inputs) if needs is None else needs
        found = self.module.sequence_vjp(*cotangents, *inputs, *saved, *self.attributes, reverse, lengths, needs)
        return settled(found)

    def gradients(self, inputs, reverse=False, lengths=None, needs=None):
        """Forward, then backward from random gradients of the outputs."""
        outputs, saved = self.sequence(inputs, reverse, lengths)
        return self.sequence_vjp(self.cotangents(outputs), inputs, saved, reverse, lengths, needs)

    def step(self, x, *others):
        """(h_next, (c_next)) and the arrays saved for the gradient."""
        results = self.module.step(x, *others, *self.attributes)
        if self.gates == 1:
            return (results,), (results,)
        return results[: self.states], results[1:]

    def step_vjp(self, cotangents, inputs, saved, needs):
        """The gradient of every input of `step`."""
        return settled(self.module.step_vjp(*cotangents, *inputs, *saved, *self.attributes, needs))

    def __str__(self):
        return self.name


KINDS = [
    Kind("tanh", rnn, gates=1, attributes=("tanh",)),
    Kind("relu", rnn, gates=1, attributes=("relu",)),
    Kind("gru", gru, gates=3),
    Kind("lstm", lstm, gates=4, states=2),
    Kind("lstm projected", lstm, gates=4, states=2, projected=True),
]


def lengths_for(N, T):
    """Mixed lengths for N rows, none longer than T."""
    return np.minimum(np.array(LENGTHS.get(N, []), dtype=np.int64), T)


def naive_sequence(kind, inputs, reverse, lengths):
    """(y, h_n, (c_n)) in float64, one row, one step and one unit at a time."""
    x, *states = (a.astype(np.float64) for a in inputs[: 1 + kind.states])
    weights = [None if a is None else a.astype(np.float64) for a in inputs[1 + kind.states :]]
    T, N, _ = x.shape
    y = np.zeros((T, N, states[0].shape[1]))
    last = [np.zeros_like(state) for state in states]
    for n in range(N):
        state = [s[n] for s in states]
        steps = range(T if lengths is None else lengths[n])
        for t in reversed(steps) if reverse else steps:
            state = naive_cell(kind, x[t, n], state, *weights)
            y[t, n] = state[0]
        for array, row in zip(last, state, strict=True):
            array[n] = row
    return y, *last


def naive_cell(kind, x, state, w_ih, w_hh, b_ih, b_hh, w_hr=None):
    """The next state of one row, unit by unit, straight from the textbook."""
    if b_ih is None:
        b_ih = b_hh = np.zeros(len(w_ih))
    h, H = state[0], len(state[-1])
    of_x = [sum(w_ih[k] * x) + b_ih[k] for k in range(len(w_ih))]
    of_h = [sum(w_hh[k] * h) + b_hh[k] for k in range(len(w_hh))]
    if kind.gates == 1:
        squash = np.tanh if kind.attributes == ("tanh",) else lambda a: max(a, 0.0)
        return [np.array([squash(of_x[j] + of_h[j]) for j in range(H)])]
    if kind.gates == 3:
        return [np.array([naive_gru_unit(of_x[j::H], of_h[j::H], h[j]) for j in range(H)])]
    sums = np.add(of_x, of_h)
    pairs = [naive_lstm_unit(sums[j::H], state[1][j]) for j in range(H)]
    h_next, c_next = (np.array(a) for a in zip(*pairs, strict=True))
    return [h_next if w_hr is None else np.array([sum(row * h_next) for row in w_hr]), c_next]


def naive_gru_unit(of_x, of_h, h):
    """h' from the three sums of x and the three of h, in the order r, z, n."""
    r, z = (naive_sigmoid(of_x[k] + of_h[k]) for k in range(2))
    n = np.tanh(of_x[2] + r * of_h[2])
    return (1 - z) * n + z * h


def naive_lstm_unit(sums, c):
    """(h', c') from the four sums, in the order i, f, g, o."""
    i, f, o = (naive_sigmoid(sums[k]) for k in (0, 1, 3))
    c_next = f * c + i * np.tanh(sums[2])
    return o * np.tanh(c_next), c_next


def naive_sigmoid(a):
    return 1 / (1 + np.exp(-a))


def central_differences(loss, arrays, step=1e-6):
    """d loss / d array for every array, one entry at a time; None stays None."""
    gradients = []
    for array in arrays:
        if array is None:
            gradients.append(None)
            continue
        gradient = np.zeros_like(array)
        for index in product(*map(range, array.shape)):
            centre = array[index]
            array[index] = centre + step
            above = loss()
            array[index] = centre - step
            gradient[index] = (above - loss()) / (2 * step)
            array[index] = centre
        gradients.append(gradient)
    return gradients


def assert_all_close(actual, expected, **tolerance):
    """Entry by entry; None only where None is expected."""
    assert len(actual) == len(expected)
    for a, b in zip(actual, expected, strict=True):
        if b is None:
            assert a is None
        else:
            assert a.shape == b.shape
            np.testing.assert_allclose(a, b, **tolerance)
