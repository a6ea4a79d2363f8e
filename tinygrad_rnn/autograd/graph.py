"""The graph: Node, the record of one application; Tensor, a handle on an array and the node that made it.

Links point from newer to older nodes only, so the graph has no cycle, and no handle is ever in it.
"""

from __future__ import annotations

import os
from itertools import count
from threading import Lock
from typing import Any

import numpy as np

from .handle import Tensor
from .scope import Scope, levels, path
from .source import Source, recorders, remember
from .writes import Writes, next_seq

_depositing = Lock()  # several threads may run backward into one leaf
if hasattr(os, "register_at_fork"):  # else a child would wait for ever for a thread that it does not have
    os.register_at_fork(
        before=_depositing.acquire, after_in_parent=_depositing.release, after_in_child=_depositing.release
    )


class Node:
    """One application of an operation.

    Attributes:
        rule: how to pull a cotangent back.
        inputs: a Node for each input that requires grad, None for the others.
        saved: what the rule's signature names; None once it was freed.
        scope: the modules and time steps it was made in.
        shape: of the output; of a node with several outputs, the tuple of their shapes.
        seq: its number. Inputs are older than outputs, so creation order is topological.
        watch: who wants to know its cotangent, where anyone does.
        tangents: of what it made, where it has any.
    """

    __slots__ = ("rule", "inputs", "saved", "scope", "shape", "seq", "watch", "tangents", "_source")
    observed = False  # whether the sweep must tell anyone the cotangent of this node
    plain_grad = False  # whether `.grad` is a number on the node itself (a Value)
    tangents: dict[Any, Any]

    def __init__(self, rule, inputs: tuple, saved: Any, scope: Scope, shape: tuple) -> None:
        self.rule = rule  # an op.Rule; LEAF and PORT are not applications
        self.inputs = inputs
        self.saved = saved
        self.scope = scope
        self.shape = shape
        self.seq = next_seq()
        if recorders:
            remember(self)

    @property
    def op(self):
        """The operation applied; None for a leaf."""
        return self.rule.op

    @property
    def name(self) -> str:
        """The name of the operation; "leaf" where there is none."""
        return self.rule.op.name if self.rule.op else self.inputs[0].name if self.inputs else "leaf"

    @property
    def source(self) -> Source | None:
        """The line of the user's code that made it, where `record_source` was on."""
        return getattr(self, "_source", None)

    def handle(self, array):
        """A tensor that holds `array` and continues the graph here."""
        return Tensor(array, self)

    def observe(self) -> Watch:
        """From now on the sweep tells this node's Watch the cotangent."""
        if not self.observed:
            self.__class__ = ObservedNode  # the layout is the same: unobserved nodes pay nothing
            self.watch = Watch()
        return self.watch

    def describe(self) -> str:
        """For error messages: operation, output shape, where."""
        where = f" in {path(self.scope)}" if self.scope else ""
        where += f", made at {self.source}" if self.source else ""
        return f"`{self.name}` (node {self.seq}, output shape {self.shape}{where})"

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


class Watch:
    """Who wants to know a node's cotangent: hooks, and with `retain_grad` the tensor's user."""

    __slots__ = ("hooks", "retains", "grad")

    def __init__(self) -> None:
        self.hooks: dict[int, Any] = {}  # in order of registration
        self.retains = False
        self.grad: Tensor | None = None

    def run_hooks(self, dy):
        """What the hooks make of the cotangent; a hook that returns None leaves it."""
        for hook in tuple(self.hooks.values()):
            tensor = dy if isinstance(dy, Tensor) else Tensor(np.asarray(dy))
            if (changed := hook(tensor)) is not None:
                check_hooked(hook, tensor, changed)
                dy = changed if isinstance(dy, Tensor) else changed.array
        return dy


def check_hooked(hook, dy: Tensor, changed) -> None:
    """Refuse what cannot stand for the gradient dy."""
    name = getattr(hook, "__name__", repr(hook))
    if not isinstance(changed, Tensor):
        raise TypeError(f"hook '{name}' returned {type(changed).__name__}, expected a Tensor or None")
    if changed.array.shape != dy.array.shape:
        raise RuntimeError(f"hook '{name}' has changed the size of value: {dy.array.shape} to {changed.array.shape}")


_hook_number = count().__next__


class RemovableHandle:
    """What registering a hook returns: `remove()` takes the hook off again. Also a context manager."""

    def __init__(self, hooks: dict[int, Any], hook: Any) -> None:
        self._hooks, self._key = hooks, _hook_number()
        hooks[self._key] = hook

    def remove(self) -> None:
        self._hooks.pop(self._key, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class ObservedNode(Node):
    __slots__ = ()
    observed = True

    def receive(self, dy, deposit: bool, own: bool):
        dy = self.watch.run_hooks(dy)
        if deposit and self.watch.retains:
            self.watch.grad = accumulated(self.watch.grad, dy)
        return dy


class NoRule:
    """Stands where a node is not the application of an operation."""

    op = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return self.name


LEAF, PORT = NoRule("leaf"), NoRule("port")


class Leaf(Node):
    """Where a gradient comes to rest: the leaf, not the tensor, owns `.grad`."""

    __slots__ = ("dtype", "grad", "name")  # name: what its module calls it
    observed = True

    def __init__(self, array: np.ndarray, name: str | None = None) -> None:
        super().__init__(LEAF, (), (), (), array.shape)
        self.grad: Tensor | None = None
        self.dtype = array.dtype
        self.name = name  # type: ignore[assignment,misc]
        self.watch = Watch()

    def observe(self) -> Watch:
        return self.watch

    def receive(self, dy, deposit: bool, own: bool):
        if self.watch.hooks:
            dy, own = self.watch.run_hooks(dy), False  # a hook may have kept it
        if deposit:
            with _depositing:
                self.grad = accumulated(self.grad, dy, self.dtype, own)
        return dy

    def describe(self) -> str:
        return f"leaf {self.name or ''}(node {self.seq}, shape {self.shape})"


def accumulated(grad: Tensor | None, dy, dtype=None, own: bool = False) -> Tensor:
    """grad + dy, in place where nothing is recorded; the first one is copied unless it is known to be our own.

    A copy because dy may be a read-only expansion, or the very array that another leaf receives.
    """
    if isinstance(dy, Tensor):  # create_graph: stays connected
        return Tensor(dy.array.copy(), dy.node) if grad is None else grad + dy
    if grad is None:
        return Tensor(dy if own and dy.__class__ is np.ndarray and dy.dtype == dtype else np.array(dy, dtype))
    if grad.node is not None or not grad.array.flags.writeable:
        return Tensor(grad.array + dy)
    grad.array += dy
    Writes.note(grad.array, "the accumulation of a gradient")
    return grad


def port(node: Node, index: int) -> Node:
    """Output `index` of a node that has several."""
    return Node(PORT, (node,), index, node.scope, node.shape[index])


# --- tangents (`forward_ad`) -----------------------------------------------------------------------------------------


class Dual(Node):
    """Stands for a tensor that has tangents but no past: no sweep goes on from here."""

    __slots__ = ()

    def __init__(self, tangents: dict, shape: tuple) -> None:
        super().__init__(LEAF, (), (), (), shape)
        self.tangents = tangents


NO_TANGENTS: dict = {}  # never written to, as all that nodes have: a change is a new dict


def tangents(node: Node | None) -> dict[Any, Tensor]:
    """The tangents of what a node made, by the level of forward differentiation to which they belong."""
    return getattr(node, "tangents", NO_TANGENTS)


def has_past(node: Node | None) -> bool:
    """Whether gradients are wanted here: what `requires_grad` says."""
    return node is not None and node.__class__ is not Dual


def travels(xs) -> bool:
    """Whether a tangent of an open level is on its way with one of these tensors."""
    return any([level in tangents(getattr(x, "node", None)) for level in levels() for x in xs])


def without_past(x: Tensor) -> Tensor:
    """The same numbers, through which no gradient goes further back; tangents stay."""
    return Tensor(x.array, Dual(tangents(x.node), x.array.shape) if travels([x]) else None)


def as_leaf(x: Tensor) -> Tensor:
    """The same numbers where a gradient comes to rest; tangents stay."""
    leaf = Leaf(x.array)
    leaf.tangents = tangents(x.node)
    return Tensor(x.array, leaf)
