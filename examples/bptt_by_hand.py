"""Backpropagation through time by hand, for RNN, LSTM and GRU, against the engine's.

    python examples/bptt_by_hand.py --cell lstm -o lstm-backward.svg

Every step computes given = W_ih x_t + b_ih and kept = W_hh h_{t-1} + b_hh, all gates in one product. What a cell makes
of these two and of its state stands below, its gradient beside it. The engine does it twice: by its fused layer, one
operation over all steps, and by the graph unrolled down to primitives. The picture is one step, forward and backward.
Expected: in float64 outputs, last states and the gradients of all weights, inputs and first states differ by less than
1e-12 (about 1e-14, of numbers up to 24).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _training import whole

import tinygrad_rnn as tg
from tinygrad_rnn import nn

Array = np.ndarray
INPUT, HIDDEN, BATCH = 5, 6, 4
GRANULARITIES = {"fused layer": "sequence", "unrolled graph": "op"}


def sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


# --- the cells: the next state, and how its gradient goes back to `given`, to `kept` and to the state before ---------


def rnn(given: Array, kept: Array, h: Array):
    """h_t = tanh(given + kept)"""
    h_next = np.tanh(given + kept)

    def back(dh_next):
        dz = dh_next * (1 - h_next**2)
        return dz, dz, (np.zeros_like(h),)  # h_{t-1} comes in by `kept` alone

    return (h_next,), back


def lstm(given: Array, kept: Array, h: Array, c: Array):
    """i, f, g, o = given + kept;   c_t = s(f) c_{t-1} + s(i) tanh(g);   h_t = s(o) tanh(c_t)"""
    i, f, g, o = np.split(given + kept, 4, axis=1)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c_next = f * c + i * g
    shown = np.tanh(c_next)
    h_next = o * shown

    def back(dh_next, dc_next):
        dc_next = dc_next + dh_next * o * (1 - shown**2)  # both ways out of c_t: to the step after, and into h_t
        di, df, dg, do = dc_next * g, dc_next * c, dc_next * i, dh_next * shown
        dz = np.hstack([di * i * (1 - i), df * f * (1 - f), dg * (1 - g**2), do * o * (1 - o)])
        return dz, dz, (np.zeros_like(h), dc_next * f)  # along c there is no weight on the way

    return (h_next, c_next), back


def gru(given: Array, kept: Array, h: Array):
    """r, z = s(given + kept);   n = tanh(given + r kept);   h_t = (1 - z) n + z h_{t-1}"""
    (given_r, given_z, given_n), (kept_r, kept_z, kept_n) = np.split(given, 3, axis=1), np.split(kept, 3, axis=1)
    r, z = sigmoid(given_r + kept_r), sigmoid(given_z + kept_z)
    n = np.tanh(given_n + r * kept_n)
    h_next = (1 - z) * n + z * h

    def back(dh_next):
        dn = dh_next * (1 - z) * (1 - n**2)
        dr = dn * kept_n * r * (1 - r)
        dz = dh_next * (h - n) * z * (1 - z)
        return np.hstack([dr, dz, dn]), np.hstack([dr, dz, dn * r]), (dh_next * z,)

    return (h_next,), back


class Kind(NamedTuple):
    """A cell: by hand, as the engine's layer and cell, how many gates its weights are for, the names of its states."""

    step: Callable[..., Any]
    layer: type[nn.Module]
    cell: type[nn.Module]
    gates: int
    states: str


CELLS = {
    "rnn": Kind(rnn, nn.RNN, nn.RNNCell, 1, "h"),
    "lstm": Kind(lstm, nn.LSTM, nn.LSTMCell, 4, "hc"),
    "gru": Kind(gru, nn.GRU, nn.GRUCell, 3, "h"),
}


# --- the layer: through time, and back -------------------------------------------------------------------------------


def by_hand(cell: str, w: dict[str, Array], x: Array, states: list[Array], dy: Array, dstates: list[Array]):
    """What a layer returns, and the gradient of everything that goes in.

    Args:
        cell: its name.
        w: W_ih [G H, I], W_hh [G H, H], b_ih and b_hh [G H], for a cell of G gates.
        x: [T, N, I].
        states: the first ones, h and for an LSTM c, [N, H].
        dy, dstates: the gradients of the output [T, N, H] and of the last states.
    """
    kind, hs, backs = CELLS[cell], [states[0]], []
    for x_t in x:
        states, back = kind.step(x_t @ w["W_ih"].T + w["b_ih"], states[0] @ w["W_hh"].T + w["b_hh"], *states)
        hs.append(states[0])
        backs.append(back)
    found = {"y": np.stack(hs[1:])} | {f"{name}_T": state for name, state in zip(kind.states, states)}

    dw, dx = {name: np.zeros_like(weight) for name, weight in w.items()}, np.zeros_like(x)
    for t in reversed(range(len(x))):
        dh, *dc = dstates
        dgiven, dkept, (dh, *dc) = backs[t](dh + dy[t], *dc)  # h_t is also the output of step t
        dw["W_ih"] += dgiven.T @ x[t]  # the same weights at every step: their gradients add up
        dw["W_hh"] += dkept.T @ hs[t]
        dw["b_ih"] += dgiven.sum(0)
        dw["b_hh"] += dkept.sum(0)
        dx[t] = dgiven @ w["W_ih"]
        dstates = [dh + dkept @ w["W_hh"], *dc]  # on to the step before
    gradients = dw | {"x": dx} | {f"{name}_0": dstate for name, dstate in zip(kind.states, dstates)}
    return found | {f"d{name}": gradient for name, gradient in gradients.items()}


def by_engine(cell: str, w: dict[str, Array], x: Array, states: list[Array], dy: Array, dstates: list[Array]):
    """The same by the engine, at the granularity that is set."""
    kind = CELLS[cell]
    layer = kind.layer(x.shape[2], states[0].shape[1]).double()
    parameters = dict(zip(w, layer.parameters(), strict=True))  # in the order in which they are made
    for name, p in parameters.items():
        p.data.copy_(tg.tensor(w[name]))
    inputs = {"x": x} | {f"{name}_0": state for name, state in zip(kind.states, states)}
    given = {name: tg.tensor(array, requires_grad=True) for name, array in inputs.items()}
    first = [given[f"{name}_0"][None] for name in kind.states]
    y, last = layer(given["x"], tuple(first) if len(first) > 1 else first[0])
    last = [state[0] for state in (last if isinstance(last, tuple) else [last])]
    loss = sum([(end * tg.tensor(dend)).sum() for end, dend in zip([y, *last], [dy, *dstates])])
    loss.backward()
    found = {"y": y} | {f"{name}_T": state for name, state in zip(kind.states, last)}
    found |= {f"d{name}": leaf.grad for name, leaf in (parameters | given).items()}
    return {name: tensor.detach().numpy() for name, tensor in found.items()}


def problem(cell: str, steps: int, seed: int) -> tuple[Any, ...]:
    """Random weights, inputs, first states, and gradients of what comes out."""
    normal = np.random.default_rng(seed).standard_normal
    rows = CELLS[cell].gates * HIDDEN
    shapes = {"W_ih": (rows, INPUT), "W_hh": (rows, HIDDEN), "b_ih": (rows,), "b_hh": (rows,)}
    w = {name: 0.5 * normal(shape) for name, shape in shapes.items()}
    states, dstates = ([normal((BATCH, HIDDEN)) for _ in CELLS[cell].states] for _ in range(2))
    return w, normal((steps, BATCH, INPUT)), states, normal((steps, BATCH, HIDDEN)), dstates


def differences(cell: str, granularity: str, steps: int = 50, seed: int = 0) -> dict[str, float]:
    """The largest difference between hand and engine, of outputs (y, h_T, ...) and of gradients (dW_ih, ...)."""
    given = problem(cell, steps, seed)
    with tg.granularity(granularity):
        found = by_engine(cell, *given)
    hand = by_hand(cell, *given)
    return {name: float(np.abs(array - found[name]).max()) for name, array in hand.items()}


def largest_difference(cell: str, steps: int = 50, seed: int = 0) -> float:
    """Of all of them, of the fused layer as of the unrolled graph; cell is "rnn", "lstm" or "gru"."""
    return max([max(differences(cell, name, steps, seed).values()) for name in GRANULARITIES.values()])


def picture(cell: str, path: Path) -> None:
    """One step down to its operations, forward and backward beside each other."""
    kind = CELLS[cell]
    x, *states = [tg.randn(1, size, requires_grad=True) for size in (2, *[3 for _ in kind.states])]
    after = kind.cell(2, 3)(x, tuple(states) if len(states) > 1 else states[0])
    h = after[0] if isinstance(after, tuple) else after
    tg.draw(h.sum(), level="op", params=dict(zip(["x", *kind.states], [x, *states])), backward=True).save(path)
    print(f"picture: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cell", choices=list(CELLS), default="lstm", help="whose step is drawn")
    parser.add_argument("--steps", type=whole, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", dest="steps", action="store_const", const=5, help="5 steps")
    parser.add_argument("-o", "--out", type=Path, default=Path("lstm-backward.svg"))
    options = parser.parse_args()
    for cell in CELLS:
        hand = by_hand(cell, *problem(cell, options.steps, options.seed))
        print(f"{cell}, {options.steps} steps; numbers up to {max(np.abs(array).max() for array in hand.values()):.1f}")
        for words, granularity in GRANULARITIES.items():
            apart = differences(cell, granularity, options.steps, options.seed)
            each = "  ".join(f"{name} {difference:.0e}" for name, difference in apart.items())
            print(f"  {words:14}  {max(apart.values()):.1e} apart at most:  {each}")
    picture(options.cell, options.out)


if __name__ == "__main__":
    main()
