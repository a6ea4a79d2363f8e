"""View: a tensor that shares memory with another, and keeps its place in the graph right after writes."""

from __future__ import annotations

import numpy as np

from .graph import Node, Tensor
from .scope import at, frames


class View(Tensor):
    """A tensor whose memory is (part of) that of `root`, reached by the view operations in `path`.

    After a write to the root, through whatever view, the root has a newer node; reading the view's node
    then views that one anew. (Re-pointing only the handle written to would give wrong gradients for
    `v = b[0]; v.mul_(5); b.sum()`.) `path` is a chain of pairs, so that views of views cost one pair each
    and keep no handle but the root alive.
    """

    __slots__ = ("root", "path", "_node", "_seen")

    def __init__(self, array, root: Tensor, path: tuple | None, node: Node | None) -> None:
        self.array = array
        self.root = root
        self.path = path  # (path of the tensor viewed, op, attributes), None for the root
        self._node = node
        self._seen = root.node  # the root's node that `_node` continues

    @property
    def node(self) -> Node | None:
        if self.root.node is not self._seen:
            self.renew()
        return self._node

    @node.setter
    def node(self, node: Node | None) -> None:
        """Given a node of its own (requires_grad_, detach_) it is a view no longer, but its own root."""
        self.root = Tensor(self.array, node)
        self.path = None
        self._node = self._seen = node

    def renew(self) -> None:
        """Continue at the root's node of now."""
        with at(frames(), record=True):
            anew = apply_path(self.root, self.path)
        if place(anew.array) != place(self.array):
            raise RuntimeError(
                f"a view of shape {tuple(self.array.shape)} is stale: after it was taken, the tensor it belongs to "
                f"was given another shape or other memory in place. Take the view again."
            )
        self._seen, self._node = self.root.node, anew.node


class Output:
    """Stands in a path for one output of a view operation that has several."""

    def __init__(self, op, index: int) -> None:
        self.op, self.index = op, index

    def __call__(self, x, **attrs):
        return self.op(x, **attrs)[self.index]


def steps(path) -> list[tuple]:
    """The view operations of a path with their attributes, outermost memory first."""
    found = []
    while path is not None:
        path, op, attrs = path
        found.append((op, attrs))
    return found[::-1]


def place(array: np.ndarray) -> tuple:
    """Which memory an array shows, and how."""
    return array.__array_interface__["data"][0], array.shape, array.strides


def apply_path(x, path):
    """The view of `x` (a tensor or an array) that `path` describes."""
    for op, attrs in steps(path):
        x = op(x, **attrs)
    return x


def shares(y, x) -> bool:
    """Whether a view operation gave a view (a reshape may have had to copy)."""
    return y is x or (y.base is not None and (y.base is x or y.base is x.base))
