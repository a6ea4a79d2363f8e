"""The recurrent cells as naive NumPy, one row and one step at a time: what everything else is held against."""

from __future__ import annotations

import numpy as np


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def lstm_cell(x, states, w_ih, w_hh, b_ih=0.0, b_hh=0.0, w_hr=None):
    h, c = states
    i, f, g, o = np.split(w_ih @ x + b_ih + w_hh @ h + b_hh, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
    return (h if w_hr is None else w_hr @ h), c


def gru_cell(x, states, w_ih, w_hh, b_ih=0.0, b_hh=0.0):
    (h,) = states
    size = len(h)
    given, kept = w_ih @ x + b_ih, w_hh @ h + b_hh
    r = sigmoid(given[:size] + kept[:size])
    z = sigmoid(given[size : 2 * size] + kept[size : 2 * size])
    n = np.tanh(given[2 * size :] + r * kept[2 * size :])
    return ((1 - z) * n + z * h,)


def rnn_cell(x, states, w_ih, w_hh, b_ih=0.0, b_hh=0.0, nonlinearity="tanh"):
    z = w_ih @ x + b_ih + w_hh @ states[0] + b_hh
    return (np.tanh(z) if nonlinearity == "tanh" else np.maximum(z, 0),)


CELLS = {"LSTM": lstm_cell, "GRU": gru_cell, "RNN": rnn_cell}


def run(cell, x, states, *weights, reverse=False, lengths=None, **options):
    """y [T, N, H] and the final states, row by row: each row is run alone for its own length."""
    weights = [0.0 if w is None and k in (2, 3) else w for k, w in enumerate(weights)]
    T, N, _ = x.shape
    ys, finals = np.zeros((T, N, states[0].shape[1])), [state.copy() for state in states]
    for n in range(N):
        row = tuple(state[n] for state in states)
        steps = range(T if lengths is None else int(lengths[n]))
        for t in reversed(steps) if reverse else steps:
            row = cell(x[t, n], row, *weights, **options)
            ys[t, n] = row[0]
        for final, state in zip(finals, row):
            final[n] = state
    return ys, *finals
