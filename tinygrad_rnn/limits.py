"""What a dtype can hold, and what holds two of them."""

from __future__ import annotations

import numpy as np

from .autograd.graph import Tensor
from .autograd.promotion import castable, get_default_dtype, lift
from .autograd.promotion import result_type as _meeting


class finfo:
    """The limits of a dtype of floats, `type`: `finfo(float32).eps`; without argument of the default dtype.

    Raises:
        TypeError: a dtype of integers or bools.
    """

    def __init__(self, type=None) -> None:
        dtype = get_default_dtype() if type is None else np.dtype(type)
        if dtype.kind != "f":
            raise TypeError(f"torch.finfo() requires a floating point input type, got {dtype}; use iinfo")
        found = np.finfo(dtype)
        self.bits, self.dtype = int(found.bits), str(dtype)
        self.min, self.max, self.eps = float(found.min), float(found.max), float(found.eps)
        self.tiny = self.smallest_normal = float(found.tiny)
        self.resolution = float(found.resolution)

    def __repr__(self) -> str:
        return ", ".join([f"{name}={value}" for name, value in vars(self).items()]).join(["finfo(", ")"])


class iinfo:
    """The limits of a dtype of integers, `type`: `iinfo(int64).max`.

    Raises:
        TypeError: a dtype of floats or bools.
    """

    def __init__(self, type) -> None:
        dtype = np.dtype(type)
        if dtype.kind not in "iu":
            raise TypeError(f"torch.iinfo() requires an integer input type, got {dtype}")
        found = np.iinfo(dtype)
        self.bits, self.min, self.max, self.dtype = int(found.bits), int(found.min), int(found.max), str(dtype)

    __repr__ = finfo.__repr__


def can_cast(from_, to) -> bool:
    """Whether an in-place operation may keep a result of dtype `from_` in one of dtype `to`."""
    return castable(np.dtype(from_), np.dtype(to))


def result_type(tensor1, tensor2) -> np.dtype:
    """The dtype in which two tensors, or a tensor and a number, `tensor1` and `tensor2`, meet."""
    like = tensor1 if isinstance(tensor1, Tensor) else tensor2
    if not isinstance(like, Tensor):
        like = Tensor(np.zeros((), "?"))
    return _meeting([lift(x, like).array for x in (tensor1, tensor2)])
