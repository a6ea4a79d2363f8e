"""What is timed: the same sizes, weights and data for every library, from the same numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
MINIMAL = {"MinGRU": 2, "MinLSTM": 3}  # gates and candidate, which do not see the state


class Work(NamedTuple):
    """Something to time."""

    call: Callable[[], Any]
    arrays: Callable[[Any], Mapping[str, Any]]  # what a call computed, from what it returned
    flops: float = 0.0  # of a call, where the work is what counts its own operations


class Layer(NamedTuple):
    """A recurrent layer, or several on top of each other, and what is done with it."""

    cell: str  # a key of GATES or MINIMAL
    T: int
    N: int
    I: int
    H: int
    layers: int = 1
    dtype: str = "float32"
    training: bool = True
    loop: bool = False  # one call of a cell per time step, in the caller's own loop

    @property
    def flops(self) -> float:
        """Floating-point operations of the matrix products; the backward pass has two for each one forward."""
        inputs = [self.I] + [self.H] * (self.layers - 1)
        states = 0 if self.cell in MINIMAL else self.H
        forward = sum([2 * self.T * self.N * self.rows * (size + states) for size in inputs])
        return forward * (3 if self.training else 1)

    @property
    def rows(self) -> int:
        """Of a weight."""
        return (GATES | MINIMAL)[self.cell] * self.H

    @property
    def sizes(self) -> dict[str, int]:
        """By their names."""
        return {name: getattr(self, name) for name in ("T", "N", "I", "H", "layers")}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Parameters under PyTorch's names."""
        found: dict[str, tuple[int, ...]] = {}
        for k in range(self.layers):
            end = "" if self.loop else f"_l{k}"
            found[f"weight_ih{end}"] = (self.rows, self.H if k else self.I)
            found[f"bias_ih{end}"] = (self.rows,)
            if self.cell in GATES:
                found[f"weight_hh{end}"] = (self.rows, self.H)
                found[f"bias_hh{end}"] = (self.rows,)
        return found

    def __str__(self) -> str:
        return f"{self.cell}{'Cell' if self.loop else ''} {self.T}, {self.N}, {self.I}, {self.H}, {self.layers}"


class Product(NamedTuple):
    """The product that every time step waits for: of the state, or backward of the gradient of the sums.

    Forward h [N, H] times W_hh^T [H, G H] is added to the input's part, backward dz [N, G H] times W_hh [G H, H] is
    dh; G is the number of gates.
    """

    cell: str  # a key of GATES
    T: int  # such products make one call
    N: int
    H: int
    backward: bool = False

    @property
    def flops(self) -> float:
        """Floating-point operations of all steps."""
        return 2.0 * self.T * self.N * GATES[self.cell] * self.H * self.H

    @property
    def operands(self) -> tuple[np.ndarray, np.ndarray]:
        """The left factor, and the weight W_hh [G H, H]."""
        w = weights({"w": (GATES[self.cell] * self.H, self.H)}, self.H, "float32")["w"]
        return normal((self.N, w.shape[0 if self.backward else 1]), "float32", seed=1), w

    def __str__(self) -> str:
        K, columns = (GATES[self.cell] * self.H, self.H)[:: 1 if self.backward else -1]
        return f"{self.cell} [{self.N}, {K}] x [{K}, {columns}]"


def normal(shape: tuple[int, ...], dtype: str, seed: int) -> np.ndarray:
    """Random data."""
    return np.random.default_rng(seed).standard_normal(shape, np.dtype(dtype).type)


def weights(shapes: Mapping[str, tuple[int, ...]], hidden: int, dtype: str) -> dict[str, np.ndarray]:
    """Random parameters of the size that recurrent layers begin with, up to 1 / sqrt(H)."""
    chance = np.random.default_rng(0)
    bound = hidden**-0.5
    return {name: chance.uniform(-bound, bound, shape).astype(dtype) for name, shape in shapes.items()}


def digest(arrays: Mapping[str, Any]) -> dict[str, float]:
    """One number for each array, by which libraries are seen to have computed the same."""
    return {name: float(np.abs(np.asarray(array, np.float64)).mean()) for name, array in arrays.items()}
