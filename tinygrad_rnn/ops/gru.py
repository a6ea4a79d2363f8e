"""The GRU at three granularities, each one's body written in the next.

    r = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr)         reset
    z = sigmoid(W_iz x_t + b_iz + W_hz h_{t-1} + b_hz)         update
    n = tanh(W_in x_t + b_in + r * (W_hn h_{t-1} + b_hn))      candidate
    h_t = (1 - z) * n + z * h_{t-1}

Source: Cho et al. 2014, with the reset gate applied after the product as in PyTorch (and cuDNN).
"""

from __future__ import annotations

from ..autograd.op import Array, fused
from .activation import sigmoid, tanh
from .linalg import linear
from .shape import chunk
from .unroll import unroll

KERNELS = "tinygrad_rnn.kernels.gru:"


@fused(forward=KERNELS + "step", vjp=KERNELS + "step_vjp", outputs="h_next", hidden="gates", fresh=True)
def gru_step(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None
):  # fmt: skip
    """One GRU cell at one time step: x [N, I], h [N, H] -> h_next [N, H].

        r = sigmoid(W_ir x + b_ir + W_hr h + b_hr)
        z = sigmoid(W_iz x + b_iz + W_hz h + b_hz)
        n = tanh(W_in x + b_in + r * (W_hn h + b_hn))
        h_next = (1 - z) * n + z * h

    Args:
        x: [N, I], the input of the step, for N sequences side by side.
        h: [N, H], the state before it.
        w_ih: [3H, I]: W_ir, W_iz and W_in, one below the other.
        w_hh: [3H, H]: W_hr, W_hz and W_hn.
        b_ih, b_hh: [3H] in the same order, or None for zeros.

    Returns:
        h_next [N, H], the state after the step, which is also its output.

    Raises:
        RuntimeError: a shape does not fit the others.

    Source: Cho et al. 2014, as in PyTorch and cuDNN.
    """
    x_r, x_z, x_n = chunk(linear(x, w_ih, b_ih), 3, -1)
    h_r, h_z, h_n = chunk(linear(h, w_hh, b_hh), 3, -1)
    r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
    n = tanh(x_n + r * h_n)
    return (1 - z) * n + z * h


@fused(
    forward=KERNELS + "sequence", unrecorded=KERNELS + "inference", vjp=KERNELS + "sequence_vjp",
    outputs="y h_n", hidden="gates", fresh=True,
)  # fmt: skip
def gru_sequence(
    x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None = None, b_hh: Array | None = None,
    *, reverse: bool = False, lengths=None,
):  # fmt: skip
    """One GRU layer over all steps: x [T, N, I] -> y [T, N, H], h_n [N, H]; packed [R, I] -> [R, H].

    Args:
        x, h, reverse, lengths: as for `rnn_sequence`.
        w_ih, w_hh, b_ih, b_hh: as for `gru_step`, of which it is a loop.

    Returns:
        y, the output of every step, and h_n, the state after the last one.
    """
    weights = w_ih, w_hh, b_ih, b_hh
    return unroll(lambda x_t, states: (gru_step(x_t, *states, *weights),), x, (h,), reverse, lengths)
