"""minGRU and minLSTM, whose gates do not see the state: whole-sequence products, then a scan.

    h_t = h_{t-1} + z * (n - h_{t-1})
    n = W_n x_t + b_n
    minGRU:   z = sigmoid(W_z x_t + b_z)
    minLSTM:  z = i / (f + i),  f = sigmoid(W_f x_t + b_f),  i = sigmoid(W_i x_t + b_i)

Source: Feng et al. 2024, "Were RNNs All We Needed?", in the form without logarithms.
"""

from __future__ import annotations

from ..autograd.op import Array, fused
from .activation import logsigmoid, sigmoid
from .linalg import linear
from .shape import chunk
from .unroll import unroll

KERNELS = "tinygrad_rnn.kernels.minimal:"


@fused(forward=KERNELS + "step", vjp=KERNELS + "step_vjp", outputs="h_next", hidden="sums", fresh=True)
def minimal_step(x: Array, h: Array, w: Array, b: Array | None = None, *, shared_out: bool = False):
    """One cell at one time step: x [N, I], h [N, H] -> h_next [N, H]; arguments as for `minimal_sequence`."""
    *gates, n = chunk(linear(x, w, b), 3 if shared_out else 2, -1)
    # i / (f + i), from logarithms lest both are too small
    z = sigmoid(logsigmoid(gates[1]) - logsigmoid(gates[0]) if shared_out else gates[0])
    return h + z * (n - h)


@fused(
    forward=KERNELS + "sequence", unrecorded=KERNELS + "inference", vjp=KERNELS + "sequence_vjp",
    outputs="y h_n", hidden="sums", fresh=True,
)  # fmt: skip
def minimal_sequence(
    x: Array, h: Array, w: Array, b: Array | None = None,
    *, shared_out: bool = False, reverse: bool = False, lengths=None,
):  # fmt: skip
    """One layer over all steps: x [T, N, I] -> y [T, N, H], h_n [N, H]; packed [R, I] -> [R, H].

    Args:
        x, h, reverse, lengths: as for `rnn_sequence`.
        w: [2H, I] for the gates z, n; with `shared_out` [3H, I] for f, i, n.
        b: [2H], [3H] or None.
        shared_out: minLSTM, whose two gates share out what is kept and what is new; otherwise minGRU.

    Returns:
        y, the output of every step, and h_n, the state after the last one.

    Source: Feng et al. 2024; see `MinGRU` and `MinLSTM` for the equations.
    """
    step = lambda x_t, states: (minimal_step(x_t, *states, w, b, shared_out=shared_out),)
    return unroll(step, x, (h,), reverse, lengths)
