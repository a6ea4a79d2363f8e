"""RNN, LSTM and GRU over whole sequences, with PyTorch's arguments, parameter names and gate order."""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable

import numpy as np

from .. import ops
from ..autograd.scope import no_grad
from ..creation import empty
from ..ops.rows import take_rows
from ..tensor import Tensor
from . import init
from .cell import GRUCell, LSTMCell, RNNCell
from .granularity import get_granularity
from .layers import check_lengths, run_layers
from .module import Module
from .parameter import Parameter
from .states import Layer
from .utils.packed import PackedSequence, orders_of, packed_lengths
from .utils.packing import pad_packed_sequence


class RNNBase(Module):
    """What RNN, LSTM and GRU share: parameters, argument checks, layers, directions, batch layout.

    A subclass names its states, its gates and its operations. Arguments as for `LSTM`.
    """

    gates: int
    states: tuple[str, ...] = ("h",)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device=None,
        dtype=None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        for what, value, least in (("input_size", input_size, 1), ("hidden_size", hidden_size, 1),
                                   ("num_layers", num_layers, 1), ("proj_size", proj_size, 0)):  # fmt: skip
            if not isinstance(value, numbers.Integral):
                raise TypeError(f"{name}: {what} should be of type int, got: {type(value).__name__}")
            if value < least:
                raise ValueError(f"{name}: {what} must be at least {least}, got {value}")
        if isinstance(dropout, bool) or not isinstance(dropout, numbers.Number) or not 0 <= dropout <= 1:
            raise ValueError(f"{name}: dropout should be a number in range [0, 1], got {dropout!r}")
        if proj_size and (proj_size >= hidden_size or len(self.states) == 1):
            raise ValueError(
                f"{name}: proj_size must be smaller than hidden_size, and is for LSTM only; got {proj_size}"
            )
        self.input_size, self.hidden_size, self.num_layers = int(input_size), int(hidden_size), int(num_layers)
        self.bias, self.batch_first, self.dropout = bool(bias), bool(batch_first), float(dropout)
        self.bidirectional, self.proj_size = bool(bidirectional), int(proj_size)
        for layer in range(self.num_layers):
            for direction in range(self.directions):
                suffix = self._suffix(layer, direction)
                for part, shape in self._shapes(layer).items():
                    setattr(self, part + suffix, Parameter(empty(shape, dtype=dtype, device=device)))
        self.reset_parameters()

    @property
    def directions(self) -> int:
        """2 where the layer also reads from the end, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def output_size(self) -> int:
        """Features of h in one direction: hidden_size, or proj_size where there is a projection."""
        return self.proj_size or self.hidden_size

    def _suffix(self, layer: int, direction: int) -> str:
        return f"_l{layer}{'_reverse' if direction else ''}"

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Parameter name -> shape for one layer and direction."""
        rows = self.gates * self.hidden_size
        inputs = self.input_size if layer == 0 else self.output_size * self.directions
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, self.output_size)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes["weight_hr"] = (self.proj_size, self.hidden_size)
        return shapes

    def reset_parameters(self) -> None:
        """U(-k, k) with k = 1 / sqrt(hidden_size), for every parameter."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for parameter in self.parameters():
            init.uniform_(parameter, -bound, bound)

    def flatten_parameters(self) -> None:
        """Nothing to do here: kept because scripts call it."""

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [
            [getattr(self, part + self._suffix(layer, direction)) for part in self._shapes(layer)]
            for layer in range(self.num_layers)
            for direction in range(self.directions)
        ]

    def _weights(self, layer: int, direction: int) -> list:
        """w_ih, w_hh, b_ih, b_hh (and w_hr for cells with a projection), None where absent.

        One that is no parameter any more, but a tensor computed from another, is an attribute like any.
        """
        parts = ["weight_ih", "weight_hh", "bias_ih", "bias_hh"] + (["weight_hr"] if len(self.states) > 1 else [])
        suffix = self._suffix(layer, direction)
        held, others = self._parameters, self.__dict__
        return [held[name] if name in held else others.get(name) for name in [part + suffix for part in parts]]

    def _options(self) -> dict:
        """Further attributes of the operations."""
        return {}

    def forward(self, input: Tensor | PackedSequence, hx=None, lengths=None, return_states: bool = False):
        """Run the sequence.

        Args:
            input: [T, N, input_size] ([N, T, input_size] with batch_first; [T, input_size] unbatched), or a
                PackedSequence of the same.
            hx: initial state [L * D, N, H] (a pair (h, c) for the LSTM); zeros by default. Unbatched: without N.
            lengths: int [N] or None. Sequence n is taken to end after lengths[n] steps: its output is zero from
                there on and its final state is that of its last valid step.
            return_states: look inside: also return the states and gates of all steps.

        Returns:
            (output [T, N, D * H], final state in the form of hx). The output of a PackedSequence is one too; its
            states are in the order before packing. With return_states a tuple of `LayerStates` comes third, one for
            each layer and direction (layer 0, layer 0 reverse, layer 1, ...).

        Raises:
            RuntimeError: sizes that do not fit.
            ValueError: an input of 1 or more than 3 dimensions, or of another dtype than the weights.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx, lengths, return_states)
        name = type(self).__name__
        self._check_input(input)
        shape = input.array.shape
        batched = len(shape) == 3
        x = input if batched else ops.unsqueeze(input, 1)
        if batched and self.batch_first:
            x = ops.transpose(x, 0, 1)
        T, N = x.array.shape[:2]
        if T == 0:
            raise RuntimeError(f"{name}: Expected sequence length to be larger than 0, got input {shape}")
        lengths = check_lengths(lengths, T, N, name)
        seen: list[Layer] | None = [] if return_states else None
        y, final = self._run(x, self._initial(hx, N, batched), lengths, seen)

        def arrange(y: Tensor) -> Tensor:
            return ops.squeeze(y, 1) if not batched else ops.transpose(y, 0, 1) if self.batch_first else y

        if not batched:
            final = [ops.squeeze(state, 1) for state in final]
        return _returned(arrange(y), final, seen, arrange)

    def _forward_packed(self, packed: PackedSequence, hx, lengths, return_states: bool):
        """`forward` on rows that are laid out as the kernels want them, from layer to layer."""
        if lengths is not None:
            raise ValueError(f"{type(self).__name__}: a PackedSequence knows its lengths; leave `lengths` out")
        self._check_input(packed.data, packed=True)
        lengths = packed_lengths(packed)
        N = len(lengths)
        order, back = orders_of(packed, N)
        seen: list[Layer] | None = [] if return_states else None
        y, final = self._run(packed.data, self._initial(hx, N, True, order), lengths, seen)
        final = [_reordered(state, back) for state in final]
        padded = lambda y: pad_packed_sequence(packed._replace(data=y), self.batch_first)[0]
        return _returned(packed._replace(data=y), final, seen, padded)

    def _check_input(self, input: Tensor, packed: bool = False) -> None:
        name, dtype = type(self).__name__, self.weight_ih_l0.array.dtype
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: expected input to be a Tensor, got {type(input).__name__}")
        shape = input.array.shape
        if packed and len(shape) != 2:
            raise RuntimeError(f"{name}: expected packed data [R, input_size], got {len(shape)}D {shape}")
        if len(shape) not in (2, 3):
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {len(shape)}D instead")
        if shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name}: input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{shape[-1]} (input shape {shape})"
            )
        if input.array.dtype != dtype:
            raise ValueError(
                f"{name}: input and weights must have the same dtype, got {input.array.dtype} and {dtype}; "
                f"use input.to(module.weight_ih_l0.dtype)"
            )

    def _run(self, x: Tensor, states: list, lengths, seen: list[Layer] | None) -> tuple[Tensor, list[Tensor]]:
        """All layers: y, and each of the final states [L * D, N, H]. x is [T, N, I], or packed."""
        fine = get_granularity()
        op, options = (self.sequence_op if fine == "sequence" else self.step_op).op, self._options()

        def run(layer: int, direction: int, x: Tensor):
            weights = self._weights(layer, direction)
            start = [state[layer * self.directions + direction] for state in states]
            inside = None
            if seen is not None:
                seen.append(inside := Layer(op, layer, bool(direction), lengths))

            def apply(inputs: list, attributes: dict):  # all tensors: there is nothing to bind
                return op.apply(inputs, attributes, None if inside is None else inside.known())

            def one(x_t: Tensor, states: tuple) -> tuple:
                inputs = [x_t, *states, *weights]
                if fine == "step":
                    return _listed(apply(inputs, options))
                if inside is not None:  # single operations do not say which of them are gates
                    with no_grad():
                        apply(inputs, options)
                return _listed(op.body(*inputs, **options))

            if fine == "sequence":
                attributes = {**options, "reverse": bool(direction), "lengths": lengths}
                results = apply([x, *start, *weights], attributes)
            else:
                results = ops.unroll(one, x, tuple(start), bool(direction), lengths)
            if inside is not None:
                inside.done(x, results[0])
            return results

        y, finals = run_layers(run, x, self.num_layers, self.directions, self.dropout, self.training)
        stack = ops.stack if len(finals) > 1 else lambda states: ops.unsqueeze(states[0], 0)
        return y, [stack(states) for states in zip(*finals)]

    def _initial(self, hx, N: int, batched: bool, order: np.ndarray | None = None) -> list:
        """For each state, what every layer and direction starts from: [N, H] each, its rows in this order."""
        dtype = self.weight_ih_l0.array.dtype
        count = self.num_layers * self.directions
        sizes = [self.output_size, self.hidden_size][: len(self.states)]
        if hx is None:  # explicit zeros, so that step 0 looks like every other step
            return [[Tensor(np.zeros((N, size), dtype))] * count for size in sizes]
        given = [hx] if len(self.states) == 1 else hx
        name = type(self).__name__
        if len(self.states) > 1 and (not isinstance(hx, (tuple, list)) or len(hx) != 2):
            raise TypeError(f"{name}: hx must be a pair (h_0, c_0), got {type(hx).__name__}")
        found = []
        for what, state, size in zip(self.states, given, sizes):
            if not isinstance(state, Tensor):
                raise TypeError(f"{name}: {what}_0 must be a Tensor, got {type(state).__name__}")
            expected = (count, N, size) if batched else (count, size)
            if state.array.shape != expected:
                raise RuntimeError(
                    f"{name}: Expected {what}_0 of size {expected} (layers * directions, "
                    f"{'batch, ' if batched else ''}features), got {tuple(state.array.shape)}"
                )
            if state.array.dtype != dtype:
                raise RuntimeError(f"{name}: {what}_0 must be {dtype} like the weights, got {state.array.dtype}")
            found.append(ops.unbind(_reordered(state, order) if batched else ops.unsqueeze(state, 1)))
        return found

    def extra_repr(self) -> str:
        shown = [f"{self.input_size}, {self.hidden_size}"]
        defaults = dict(proj_size=0, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False)
        shown += [f"{name}={getattr(self, name)}" for name, value in defaults.items() if getattr(self, name) != value]
        return ", ".join(shown)


def _reordered(state: Tensor, order: np.ndarray | None) -> Tensor:
    """States [L * D, N, H] with their batch in this order."""
    if order is None:
        return state
    count, N = state.array.shape[:2]
    rows = take_rows(state, places=(np.arange(count)[:, None] * N + order).ravel())
    return ops.reshape(rows, state.array.shape)


def _returned(y, final: list[Tensor], seen: list[Layer] | None, arrange: Callable[[Tensor], Tensor]) -> tuple:
    """What `forward` returns; `arrange` brings the y of a layer into the form of the module's."""
    state = final[0] if len(final) == 1 else tuple(final)
    return (y, state) if seen is None else (y, state, tuple([layer.states(arrange) for layer in seen]))


def _listed(states) -> tuple:
    return states if isinstance(states, tuple) else (states,)


class RNN(RNNBase):
    """Elman network: h_t = tanh(W_ih x_t + b_ih + W_hh h_{t-1} + b_hh), or relu.

    Args:
        input_size, hidden_size: features of x_t and h_t (I, H).
        num_layers: stacked layers; each reads the outputs of the one below.
        nonlinearity: "tanh" or "relu".
        bias: whether there are b_ih, b_hh.
        batch_first: input and output as [N, T, ...] instead of [T, N, ...]; states are always [L * D, N, H].
        dropout: between layers, while training.
        bidirectional: a second set of weights reads the sequence from its end; outputs are concatenated.

    Parameters `weight_ih_l0` [H, I], `weight_hh_l0` [H, H], `bias_ih_l0`, `bias_hh_l0` [H], with `_l1`, ... for
    further layers and `_reverse` for the other direction, drawn from U(-k, k), k = 1 / sqrt(H).

    Source: `torch.nn.RNN`.
    """

    gates = RNNCell.gates
    sequence_op, step_op = staticmethod(ops.rnn_sequence), staticmethod(ops.rnn_step)

    def __init__(
        self, input_size: int, hidden_size: int, num_layers: int = 1, nonlinearity: str = "tanh", *args, **kwargs
    ):
        if nonlinearity not in ops.NONLINEARITIES:
            raise ValueError(f"RNN: Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'.")
        super().__init__(input_size, hidden_size, num_layers, *args, **kwargs)
        self.nonlinearity = nonlinearity

    def _options(self) -> dict:
        return {"nonlinearity": self.nonlinearity}


class LSTM(RNNBase):
    """Long short-term memory: gates decide what the cell state forgets, stores and shows.

        i, f, g, o = W_ih x_t + b_ih + W_hh h_{t-1} + b_hh
        c_t = sigmoid(f) * c_{t-1} + sigmoid(i) * tanh(g)
        h_t = sigmoid(o) * tanh(c_t)

    Arguments as for `RNN`; `proj_size` P > 0 projects h_t to P features by `weight_hr_l0` [P, H] (Sak et al.
    2014). The state is the pair (h [L * D, N, H or P], c [L * D, N, H]). Weights are stacked in the gate order
    i, f, g, o: `weight_ih_l0` [4H, I].

    Source: `torch.nn.LSTM`; Hochreiter & Schmidhuber 1997.
    """

    gates, states = LSTMCell.gates, ("h", "c")
    sequence_op, step_op = staticmethod(ops.lstm_sequence), staticmethod(ops.lstm_step)


class GRU(RNNBase):
    """Gated recurrent unit.

        r = sigmoid(W_ir x_t + b_ir + W_hr h_{t-1} + b_hr),  z likewise
        n = tanh(W_in x_t + b_in + r * (W_hn h_{t-1} + b_hn))
        h_t = (1 - z) * n + z * h_{t-1}

    Arguments as for `RNN`; `proj_size` must be 0. Weights are stacked in the gate order r, z, n: `weight_ih_l0`
    [3H, I].

    Source: `torch.nn.GRU`; Cho et al. 2014.
    """

    gates = GRUCell.gates
    sequence_op, step_op = staticmethod(ops.gru_sequence), staticmethod(ops.gru_step)
