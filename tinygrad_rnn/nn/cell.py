"""RNNCell, LSTMCell and GRUCell: one time step, for loops of your own."""

from __future__ import annotations

import math

from .. import ops
from ..creation import empty, zeros
from ..tensor import Tensor
from . import init
from .granularity import get_granularity
from .module import Module
from .parameter import Parameter


class RNNCellBase(Module):
    """Parameters and checks that the cells share. The states are [N, H], or [H] for unbatched input.

    Arguments as for `RNNCell`. A subclass has the attributes below; one with other parameters also its own `forward`.

    Attributes:
        gates: how many times H rows the weights and biases have.
        states: the names of its states, `("h",)` unless it says `("h", "c")`.
        step_op: a `fused` operation (x, *states, w_ih, w_hh, b_ih, b_hh) -> the next state, or a tuple of two.
    """

    gates: int
    states: tuple[str, ...] = ("h",)

    def __init__(self, input_size: int, hidden_size: int, bias: bool = True, device=None, dtype=None) -> None:
        super().__init__()
        for what, value in (("input_size", input_size), ("hidden_size", hidden_size)):
            if value < 1:
                raise RuntimeError(f"{type(self).__name__}: {what} must be at least 1, got {value}")
        self.input_size, self.hidden_size, self.bias = int(input_size), int(hidden_size), bool(bias)
        rows, options = self.gates * self.hidden_size, {"dtype": dtype, "device": device}
        self.weight_ih = Parameter(empty(rows, input_size, **options))
        self.weight_hh = Parameter(empty(rows, hidden_size, **options))
        self.register_parameter("bias_ih", Parameter(empty(rows, **options)) if bias else None)
        self.register_parameter("bias_hh", Parameter(empty(rows, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """U(-k, k) with k = 1 / sqrt(hidden_size), for every parameter."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def _options(self) -> dict:
        """Further attributes of the operation."""
        return {}

    def forward(self, input: Tensor, hx=None):
        """One step.

        Args:
            input: [N, input_size], or [input_size].
            hx: state [N, hidden_size] (a pair (h, c) for the LSTM), or without N; zeros by default.

        Returns:
            The next state, in the form of hx.
        """
        name, H = type(self).__name__, self.hidden_size
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: expected input to be a Tensor, got {type(input).__name__}")
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        if input.array.shape[-1] != self.input_size:
            raise RuntimeError(f"{name}: expected {self.input_size} input features, got {tuple(input.array.shape)}")
        dtype = self.weight_ih.array.dtype
        if input.array.dtype != dtype:
            raise RuntimeError(f"{name}: input is {input.array.dtype} and the weights are {dtype}; convert one of them")
        batch = input.array.shape[:-1]
        if hx is None:
            given = [zeros(*batch, H, dtype=dtype) for _ in self.states]
        elif len(self.states) == 1:
            given = [hx]
        elif isinstance(hx, (tuple, list)) and len(hx) == 2:
            given = list(hx)
        else:
            raise TypeError(f"{name}: hx must be a pair (h, c), got {type(hx).__name__}")
        for what, state in zip(self.states, given):
            if not isinstance(state, Tensor):
                raise TypeError(f"{name}: state {what} must be a Tensor, got {type(state).__name__}")
            if state.array.shape != (*batch, H):
                raise RuntimeError(
                    f"{name}: state {what} must have shape {(*batch, H)}, got {tuple(state.array.shape)}"
                )
        if not batch:
            input, given = ops.unsqueeze(input, 0), [ops.unsqueeze(state, 0) for state in given]
        step = self.step_op.op.body if get_granularity() == "op" else self.step_op
        new = step(input, *given, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh, **self._options())
        if batch:
            return new
        return tuple([ops.squeeze(state, 0) for state in new]) if isinstance(new, tuple) else ops.squeeze(new, 0)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + ("" if self.bias else ", bias=False")


class RNNCell(RNNCellBase):
    """One step of an Elman network: h' = tanh(W_ih x + b_ih + W_hh h + b_hh), or relu.

    Called as `cell(x, h)`: x [N, I] and h [N, H] give h' [N, H]; both also without N. Zeros where h is left out.

    Args:
        input_size, hidden_size: features of x and h (I, H).
        bias: whether there are b_ih, b_hh.
        nonlinearity: "tanh" or "relu".

    Parameters `weight_ih` [H, I], `weight_hh` [H, H], `bias_ih` and `bias_hh` [H], drawn from U(-k, k),
    k = 1 / sqrt(H).

    Raises:
        RuntimeError: a size below 1, another nonlinearity; in a call, a shape or dtype that does not fit.

    Source: `torch.nn.RNNCell`.
    """

    gates = 1
    step_op = staticmethod(ops.rnn_step)

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, nonlinearity: str = "tanh", device=None, dtype=None
    ):
        if nonlinearity not in ops.NONLINEARITIES:
            raise RuntimeError(f"RNNCell: Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, bias, device, dtype)
        self.nonlinearity = nonlinearity

    def _options(self) -> dict:
        return {"nonlinearity": self.nonlinearity}

    def extra_repr(self) -> str:
        return super().extra_repr() + ("" if self.nonlinearity == "tanh" else f", nonlinearity={self.nonlinearity}")


class LSTMCell(RNNCellBase):
    """One step of an LSTM: (h', c') from x and (h, c); the equations are those of `lstm_step`.

    Called as `cell(x, (h, c))`: x [N, I], h and c [N, H] give the pair (h', c'); all also without N. Zeros where the
    pair is left out.

    Parameters `weight_ih` [4H, I], `weight_hh` [4H, H], `bias_ih` and `bias_hh` [4H], in the gate order i, f, g, o.

    Arguments, initial values and errors as for `RNNCell`. Source: `torch.nn.LSTMCell`.
    """

    gates, states = 4, ("h", "c")
    step_op = staticmethod(ops.lstm_step)


class GRUCell(RNNCellBase):
    """One step of a GRU: h' from x and h; the equations are those of `gru_step`.

    Called as `cell(x, h)`: x [N, I] and h [N, H] give h' [N, H]; both also without N. Zeros where h is left out.

    Parameters `weight_ih` [3H, I], `weight_hh` [3H, H], `bias_ih` and `bias_hh` [3H], in the gate order r, z, n.

    Arguments, initial values and errors as for `RNNCell`. Source: `torch.nn.GRUCell`.
    """

    gates = 3
    step_op = staticmethod(ops.gru_step)
