"""An LSTM cell whose sums are normalised: its output does not depend on the scale of a weight matrix."""

from __future__ import annotations

import math

from .. import ops
from ..creation import empty, zeros
from ..tensor import Tensor
from . import init
from .module import Module
from .normalization import LayerNorm
from .parameter import Parameter


class LayerNormLSTMCell(Module):
    """One step of an LSTM with layer normalization.

        i, f, g, o = LN(W_ih x) + LN(W_hh h)                 the first LN holds the bias
        c' = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h' = sigmoid(o) * tanh(LN(c'))

    Args:
        input_size, hidden_size: features of x and h (I, H).
        eps: added to each variance.

    Inputs and outputs as for `LSTMCell`; `Recurrent` makes a layer of it. Parameters `weight_ih` [4H, I], `weight_hh`
    [4H, H] in the gate order i, f, g, o, drawn from U(-k, k), k = 1 / sqrt(H); `norm_ih`, `norm_hh` (4H, without bias)
    and `norm_c` (H).

    Example:
        >>> import tinygrad_rnn as tg
        >>> layer = tg.nn.Recurrent(tg.nn.LayerNormLSTMCell(3, 4))
        >>> y, (h, c) = layer(tg.randn(5, 2, 3))
        >>> y.shape
        Size([5, 2, 4])

    Source: Ba, Kiros & Hinton 2016, equations 20-22.
    """

    def __init__(self, input_size: int, hidden_size: int, eps: float = 1e-5, device=None, dtype=None) -> None:
        super().__init__()
        for what, value in (("input_size", input_size), ("hidden_size", hidden_size)):
            if value < 1:
                raise ValueError(f"LayerNormLSTMCell: {what} must be at least 1, got {value}")
        self.input_size, self.hidden_size = int(input_size), int(hidden_size)
        rows, options = 4 * self.hidden_size, {"device": device, "dtype": dtype}
        self.weight_ih = Parameter(empty(rows, self.input_size, **options))
        self.weight_hh = Parameter(empty(rows, self.hidden_size, **options))
        self.norm_ih = LayerNorm(rows, eps, **options)
        self.norm_hh = LayerNorm(rows, eps, bias=False, **options)
        self.norm_c = LayerNorm(self.hidden_size, eps, **options)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """U(-k, k) with k = 1 / sqrt(hidden_size), for the weights."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in (self.weight_ih, self.weight_hh):
            init.uniform_(weight, -bound, bound)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        """(h', c') from x [N, I] and (h, c), each [N, H]; zeros by default. Unbatched: without N."""
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"LayerNormLSTMCell: expected {self.input_size} input features, got {tuple(input.shape)}"
            )
        if hx is None:
            hx = (zeros(*input.shape[:-1], self.hidden_size, dtype=self.weight_hh.dtype),) * 2
        h, c = hx
        sums = self.norm_ih(ops.linear(input, self.weight_ih)) + self.norm_hh(ops.linear(h, self.weight_hh))
        i, f, g, o = ops.chunk(sums, 4, -1)
        c = ops.sigmoid(f) * c + ops.sigmoid(i) * ops.tanh(g)
        return ops.sigmoid(o) * ops.tanh(self.norm_c(c)), c

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}"
