"""The LSTM at three granularities, each one's body written in the next.

    i, f, g, o = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh      input, forget, candidate, output
    c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)         forget, then store
    h_t = sigmoid(o) * tanh(c_t)                              output; with a projection W_hr h_t

Source: Hochreiter & Schmidhuber 1997; forget gate of Gers et al. 2000; gate order and layouts of PyTorch.
"""

from __future__ import annotations

from ..autograd.op import Array, fused
from .activation import sigmoid, tanh
from .linalg import linear
from .shape import chunk
from .unroll import unroll

KERNELS = "tinygrad_rnn.kernels.lstm:"


@fused(
    forward=KERNELS + "step", vjp=KERNELS + "step_vjp", outputs="h_next c_next", hidden="gates", fresh=True
)  # fmt: skip
def lstm_step(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None = None, b_hh: Array | None = None, w_hr: Array | None = None,
):  # fmt: skip
    """One LSTM cell at one time step: x [N, I], h [N, P], c [N, H] -> h_next [N, P], c_next [N, H].

        i, f, g, o = W_ih x + b_ih + W_hh h + b_hh
        c_next = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h_next = sigmoid(o) * tanh(c_next)

    Args:
        x: [N, I], the input of the step, for N sequences side by side.
        h, c: [N, P] and [N, H], the state before it; P = H where there is no projection.
        w_ih: [4H, I]: the weights of i, f, g and o, one below the other.
        w_hh: [4H, P], in the same order.
        b_ih, b_hh: [4H], or None for zeros.
        w_hr: [P, H], the projection: h_next is then `w_hr` times what the equation says. None for none.

    Returns:
        (h_next, c_next), the state after the step; h_next is also its output.

    Raises:
        RuntimeError: a shape does not fit the others.

    Source: Hochreiter & Schmidhuber 1997; Gers et al. 2000; layouts of PyTorch.
    """
    i, f, g, o = chunk(linear(x, w_ih, b_ih) + linear(h, w_hh, b_hh), 4, -1)
    c_next = sigmoid(f) * c + sigmoid(i) * tanh(g)
    h_next = sigmoid(o) * tanh(c_next)
    return (h_next if w_hr is None else linear(h_next, w_hr)), c_next


@fused(
    forward=KERNELS + "sequence", unrecorded=KERNELS + "inference", vjp=KERNELS + "sequence_vjp",
    outputs="y h_n c_n", hidden="cs gates", fresh=True,
)  # fmt: skip
def lstm_sequence(
    x: Array, h: Array, c: Array, w_ih: Array, w_hh: Array,
    b_ih: Array | None = None, b_hh: Array | None = None, w_hr: Array | None = None,
    *, reverse: bool = False, lengths=None,
):  # fmt: skip
    """One LSTM layer over all steps: x [T, N, I] -> y [T, N, P], h_n [N, P], c_n [N, H]; packed [R, I] -> [R, P].

    Args:
        x, reverse, lengths: as for `rnn_sequence`.
        h, c: [N, P] and [N, H], the state before the first step.
        w_ih, w_hh, b_ih, b_hh, w_hr: as for `lstm_step`, of which it is a loop.

    Returns:
        y, the output of every step, and h_n and c_n, the state after the last one.
    """
    weights = w_ih, w_hh, b_ih, b_hh, w_hr
    return unroll(lambda x_t, states: lstm_step(x_t, *states, *weights), x, (h, c), reverse, lengths)
