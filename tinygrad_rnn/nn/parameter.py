"""Parameter: a tensor that a module finds when it is assigned as an attribute."""

from __future__ import annotations

import numpy as np

from ..autograd.graph import Leaf
from ..autograd.promotion import get_default_dtype
from ..tensor import Tensor


class Parameter(Tensor):
    """A leaf tensor that belongs to a module. It shares the memory of `data`.

    Args:
        data: float tensor (default: empty).
        requires_grad: False freezes it.
    """

    __slots__ = ()

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        array = np.empty(0, get_default_dtype()) if data is None else data.array
        super().__init__(array)
        self.requires_grad_(requires_grad)

    def __repr__(self) -> str:
        return f"Parameter containing:\n{super().__repr__()}"


def name_leaf(parameter: Tensor, name: str) -> None:
    """Let drawings and error messages call the parameter what its first module calls it."""
    if isinstance(parameter.node, Leaf) and parameter.node.name is None:
        parameter.node.name = name
