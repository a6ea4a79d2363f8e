"""What functions with two results return, as in `torch.return_types`: a pair with the names `values`, `indices`."""

from __future__ import annotations

from typing import NamedTuple

from .autograd.handle import Tensor


class Chosen(NamedTuple):
    """Elements chosen along one dimension, and their places in it (int64)."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return f"return_types.{type(self).__name__}(\nvalues={self.values!r},\nindices={self.indices!r})"


class kthvalue(Chosen):
    """Of `kthvalue`."""


class max(Chosen):
    """Of `max` along a dimension."""


class median(Chosen):
    """Of `median` along a dimension."""


class min(Chosen):
    """Of `min` along a dimension."""


class sort(Chosen):
    """Of `sort`."""


class topk(Chosen):
    """Of `topk`."""
