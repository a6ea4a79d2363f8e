"""Looking inside a recurrent layer: its states and gates at every step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..autograd.op import Op
from ..tensor import Tensor


@dataclass(frozen=True, eq=False, repr=False)
class LayerStates:
    """What one layer in one direction computed at every time step.

    Tensors [T, N, H], laid out as the layer's output ([N, T, H] with batch_first, [T, H] unbatched); of packed
    sequences padded, in the order before packing. Behind the end of a sequence they are zero.

    They have no graph, and share their memory with the output and with what the backward pass needs, so that
    looking costs nothing: take a clone() to write to. Of a cell in `Recurrent` they are the parts of its state.

    Attributes:
        name: "layer 0", "layer 0 reverse", "layer 1", ...
        h: [T, N, H], the state after each step; after the projection [T, N, P], if there is one.
        c: [T, N, H], of an LSTM the cell state after each step (in `Recurrent` a second part of the state), else None.
        gates: name -> [T, N, H], the activations by the names of the layer's equations: "i", "f", "g", "o" of an LSTM,
            "r", "z", "n" of a GRU, "z", "n" of a MinGRU, "f", "i", "n" of a MinLSTM, none of an RNN and in `Recurrent`.
    """

    name: str
    h: Tensor
    c: Tensor | None
    gates: dict[str, Tensor]

    def __repr__(self) -> str:
        parts = [f"h {list(self.h.shape)}", *([] if self.c is None else [f"c {list(self.c.shape)}"])]
        gates = f"; gates {', '.join(self.gates)}" if self.gates else ""
        return f"<{self.name}: {', '.join(parts)}{gates}>"


class Layer:
    """What is known of a layer in one direction while it runs, as `op` or in steps of `op`."""

    def __init__(self, op: Op, layer: int, reverse: bool, lengths: np.ndarray | None) -> None:
        self._op, self._reverse, self._lengths = op, reverse, lengths
        self._name = layer_name(layer, reverse)
        self._applied: list[dict[str, Any]] = []

    def known(self) -> dict[str, Any]:
        """To be filled by the next application of the operation."""
        self._applied.append({})
        return self._applied[-1]

    def done(self, x: Tensor, y: Tensor) -> None:
        """The layer has made y of x, [T, N, ...] or packed."""
        self._x, self._y = x.array, y.array

    def states(self, arrange: Callable[[Tensor], Tensor]) -> LayerStates:
        """`arrange` brings what has the form of y into that of the module's output."""
        from ..kernels.inside import by_step, inside  # they load Numba

        cell, _, grain = self._op.name.partition("_")
        each = [inside(cell, known) for known in (self._applied[::-1] if self._reverse else self._applied)]
        found = each[0]
        if grain == "step":
            join = np.concatenate if self._x.ndim == 2 else np.stack
            found = {name: join([step[name].reshape(-1, step[name].shape[-1]) for step in each]) for name in found}
        tensors = {name: arrange(Tensor(by_step(a, self._x, self._lengths))) for name, a in found.items()}
        return LayerStates(self._name, arrange(Tensor(self._y)), tensors.pop("c", None), tensors)


def layer_name(layer: int, reverse: bool) -> str:
    return f"layer {layer} reverse" if reverse else f"layer {layer}"


def states_of_cell(
    name: str, y: Tensor, made: list[tuple], lengths: np.ndarray | None, arrange: Callable[[Tensor], Tensor]
) -> LayerStates:
    """What a cell of the user's own made at each step.

    Args:
        y: [T, N, H], the output.
        made: T tuples, the states after each step in the order of time: the output, and possibly one more part.
        lengths, arrange: as for `Layer`.

    Raises:
        ValueError: the state has more parts.
    """
    parts = len(made[0])
    if parts > 2:
        raise ValueError(
            f"Recurrent: return_states shows a state of one part (h) or two (h, c), this cell's has {parts}; join the "
            f"others into one tensor, or append them to a list inside the cell"
        )
    c = np.stack([state[1].array for state in made]) if parts == 2 else None
    if c is not None and lengths is not None:
        c[np.arange(len(c))[:, None] >= lengths] = 0
    return LayerStates(name, arrange(Tensor(y.array)), None if c is None else arrange(Tensor(c)), {})
