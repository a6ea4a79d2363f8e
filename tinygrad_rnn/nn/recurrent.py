"""Recurrent: unroll a cell of your own with layers, directions and lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import ops
from ..ops.rows import take_rows
from ..tensor import Tensor
from .container import ModuleList
from .layers import check_lengths, run_layers
from .module import Module
from .states import LayerStates, layer_name, states_of_cell
from .utils.packed import PackedSequence, layout_of
from .utils.packing import pad_packed_sequence


class Recurrent(Module):
    """Apply a cell at every time step: state_t = cell(x_t, state_{t-1}), y_t the first of the states.

    Args:
        cell: a module with forward(x_t [N, I], state) -> next state, a tensor [N, H] or a tuple of them whose first
            is the output; it is given state None at first, unless it has a method `initial_state(x_t)`, and told that
            a sequence begins if it has a method `begin()`. For several layers or directions, a list of L * D such
            modules (layer 0, layer 0 reverse, layer 1, ...), or a function (layer, direction) -> cell.
        num_layers, bidirectional, batch_first, dropout: as for `LSTM`.

    Example:
        >>> import tinygrad_rnn as tg
        >>> net = tg.nn.Recurrent(tg.nn.GRUCell(3, 4))
        >>> y, h = net(tg.randn(5, 2, 3))
        >>> y.shape, h.shape
        (Size([5, 2, 4]), Size([2, 4]))
    """

    def __init__(
        self,
        cell: Module | Sequence[Module] | Callable[[int, int], Module],
        num_layers: int = 1,
        bidirectional: bool = False,
        batch_first: bool = False,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.num_layers, self.bidirectional = int(num_layers), bool(bidirectional)
        self.batch_first, self.dropout = bool(batch_first), float(dropout)
        count = self.num_layers * self.directions
        if isinstance(cell, Module) and not isinstance(cell, ModuleList):
            cells = [cell]
        elif callable(cell) and not isinstance(cell, ModuleList):
            cells = [cell(layer, d) for layer in range(self.num_layers) for d in range(self.directions)]
        else:
            cells = list(cell)
        if len(cells) != count:
            raise ValueError(
                f"Recurrent: {self.num_layers} layers in {self.directions} directions need {count} cells, got "
                f"{len(cells)}; give a list of cells or a function (layer, direction) -> cell"
            )
        self.cells = ModuleList(cells)

    @property
    def directions(self) -> int:
        """2 where the layer also reads from the end, else 1."""
        return 2 if self.bidirectional else 1

    def forward(
        self, input: Tensor | PackedSequence, state: Any = None, lengths=None, return_states: bool = False
    ) -> tuple:
        """Run the sequence.

        Args:
            input: [T, N, I] ([N, T, I] with batch_first), or a PackedSequence of the same.
            state: the initial state: what the cell takes; with several layers or directions a list of them.
            lengths: int [N] or None, as for `LSTM`.
            return_states: also return the states of all steps. What else goes on in a cell, only the cell knows.

        Returns:
            (y [T, N, D * H], final state in the form of `state`). For a PackedSequence y is one too. With return_states
            a tuple of `LayerStates` comes third, as of `LSTM`, but without gates.

        Raises:
            TypeError: the input is not a Tensor.
            RuntimeError: it has no time step.
            ValueError: it has not three dimensions; lengths or the number of states do not fit; with return_states
                the state has more than two parts.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, state, lengths, return_states)
        if not isinstance(input, Tensor):
            raise TypeError(f"Recurrent: expected input to be a Tensor, got {type(input).__name__}")
        if input.ndim != 3:
            raise ValueError(f"Recurrent: expected input [T, N, I], got shape {tuple(input.shape)}")
        x = ops.transpose(input, 0, 1) if self.batch_first else input
        T, N = x.array.shape[:2]
        if T == 0:
            raise RuntimeError(f"Recurrent: expected at least one time step, got input {tuple(input.shape)}")
        lengths = check_lengths(lengths, T, N, "Recurrent")
        several = len(self.cells) > 1
        if several and state is not None and len(state) != len(self.cells):
            raise ValueError(f"Recurrent: expected {len(self.cells)} initial states, got {len(state)}")
        paired = [False]
        seen: list[LayerStates] = []

        def arrange(y: Tensor) -> Tensor:
            return ops.transpose(y, 0, 1) if self.batch_first else y

        def run(layer: int, direction: int, x: Tensor):
            i = layer * self.directions + direction
            cell, start = self.cells[i], state[i] if several and state is not None else state
            if hasattr(cell, "begin"):
                cell.begin()
            if start is None and hasattr(cell, "initial_state"):
                start = cell.initial_state(x[0])

            made: list[tuple] = []

            def step(x_t: Tensor, states: tuple | None) -> tuple:
                if states is not None and not paired[0]:
                    states = states[0]
                new = cell(x_t, states)
                paired[0] = isinstance(new, (tuple, list))
                new = tuple(new) if paired[0] else (new,)
                if return_states:
                    made.append(new)
                return new

            paired[0] = isinstance(start, (tuple, list))
            start = start if start is None else tuple(start) if paired[0] else (start,)
            results = ops.unroll(step, x, start, bool(direction), lengths)
            if return_states:
                in_time = made[::-1] if direction else made
                seen.append(states_of_cell(layer_name(layer, bool(direction)), results[0], in_time, lengths, arrange))
            return results

        y, finals = run_layers(run, x, self.num_layers, self.directions, self.dropout, self.training)
        final = [states if paired[0] else states[0] for states in finals]
        results = arrange(y), final if several else final[0]
        return (*results, tuple(seen)) if return_states else results

    def _forward_packed(self, packed: PackedSequence, state: Any, lengths, return_states: bool) -> tuple:
        """A cell of the user's own may count on the whole batch in its order: the sequences are padded for it."""
        if lengths is not None:
            raise ValueError("Recurrent: a PackedSequence knows its lengths; leave `lengths` out")
        x, lengths = pad_packed_sequence(packed, self.batch_first)
        y, *others = self.forward(x, state, lengths, return_states)
        places, _ = layout_of(packed).padded(x.shape[int(self.batch_first)], self.batch_first)
        return packed._replace(data=take_rows(y, places=places)), *others

    def extra_repr(self) -> str:
        defaults = dict(num_layers=1, bidirectional=False, batch_first=False, dropout=0.0)
        return ", ".join(f"{k}={getattr(self, k)}" for k, v in defaults.items() if getattr(self, k) != v)
