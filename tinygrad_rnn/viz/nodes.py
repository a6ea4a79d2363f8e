"""From a tensor to a list: every application below it in creation order, fused nodes opened as asked.

Nothing here recurses and nothing runs user code, so a chain of a million operations is no special case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np

from ..autograd.backward import Freed, alias, expand, fetch
from ..autograd.graph import LEAF, PORT, Leaf, Node
from ..autograd.writes import Writes
from .settle import settled

Root = tuple[str, Any]  # what the user calls an output, and its handle
Result = tuple[Any, int]  # a node, and which of its outputs


class Given:
    """An input that needs no gradient: no node, but an array that a rule saved."""

    __slots__ = ("array", "dtype", "name", "shape", "traced")

    def __init__(self, name: str, shape: tuple, dtype: Any, array: Any = None, traced: bool = False) -> None:
        self.name, self.shape, self.dtype, self.array = name, shape, dtype, array
        self.traced = traced  # the graph was freed: zeros stand for the values


class Source(NamedTuple):
    """Where one input of a node comes from: a Leaf, a Given, or output number `out` of another node."""

    node: Any
    out: int
    slot: int  # which input
    via: tuple[Any, int] | None = None  # the node that reads it and its slot, where that is another one


class Trace:
    """The applications below some outputs, oldest first.

    Args:
        outputs: (name, handle) of each; a handle is a Tensor or a Value.
        opens: which fused nodes to look into: "none", those whose body makes time "steps", or "all".
    """

    def __init__(self, outputs: list[Root], opens: str = "none") -> None:
        self.outputs = outputs
        self.nodes: list[Node] = []
        self.names: dict[tuple[Node, int], str] = {}  # what an opened operation calls a result of its body
        self._bodies: dict[Node, tuple[Node | None, ...]] = {}  # opened node -> the nodes of its outputs
        self._same: dict[Node, Node | None] = {}  # alias -> what it stands for
        self._given: dict[Any, Given] = {}
        self._turned: dict[tuple, Given] = {}  # where its numbers lie -> the input, however it is transposed
        self._named: dict[Any, Given | None] = {}  # memory -> what an opened operation calls it, if that is one thing
        self.inside: dict[Node, slice] = {}  # opened node -> where in `nodes` what it consists of is
        self.freed = False  # whether an opened operation was freed: its body then ran on zeros
        self._makes_steps: dict[str, bool] = {}  # fused operation -> whether its body walks through time
        self.hollow: set[Node] = set()  # from inside a node whose saved arrays are gone or overwritten
        self.arrays: list[tuple[Node, np.ndarray]] = []  # what the inputs and outputs of opened nodes hold
        self._alike: dict[tuple, Node] = {}  # what a node of a body computes -> that node
        self._again: dict[Node, Node] = {}  # node that a recorded backward pass computed again -> the first
        nodes = below([y.node for _, y in outputs])
        self._recorded = any([is_gradient(node) for node in nodes])  # whether a backward pass is part of the graph
        self._collect(nodes, opens)
        if self._recorded:
            opened = {i for each in self.inside.values() for i in range(each.start, each.stop)}
            loose = [i not in opened and is_gradient(node) for i, node in enumerate(self.nodes)]
            self.nodes = settled(self.nodes, loose, lambda node: [source.node for source in self.sources(node)])

    def _collect(self, nodes: list[Node], opens: str) -> None:
        waiting: list[tuple[Node | None, int, Iterator[Node]]] = [(None, 0, iter(nodes))]
        while waiting:
            opened, start, rest = waiting[-1]
            for node in rest:
                if node.rule is LEAF or node.rule is PORT or node.op is alias.op:
                    continue
                if node.op.body and opens != "none" and (inner := self._look_into(node, opens)):
                    waiting.append((node, len(self.nodes), iter(inner)))
                    break
                if not (self._recorded and self._is_again(node, inside=opened is not None)):
                    self.nodes.append(node)
            else:
                waiting.pop()
                if opened is not None:
                    self.inside[opened] = slice(start, len(self.nodes))

    def _is_again(self, node: Node, inside: bool) -> bool:
        """Whether this is a node of a body that the backward pass of a fused node ran again, to differentiate it.

        The graph says so twice what is known already; it is drawn once.
        """
        again, sources = is_gradient(node), self.sources(node)
        if not (again or inside):
            return False
        key = node.op, *map(_identity, sources), *map(repr, attributes_of(node))
        first = self._alike.get(key) if again else self._alike.setdefault(key, node)
        if first is None or first is node:
            return False
        self._again[node] = first
        return True

    def _look_into(self, node: Node, opens: str) -> list[Node]:
        """What a fused node consists of, or nothing if it is to be left as it is."""
        if opens == "steps" and not self._makes_steps.get(node.op.name, True):
            return []
        inner = self.open(node)
        if opens == "steps" and node.op.name not in self._makes_steps:
            depth = steps_in(node)
            self._makes_steps[node.op.name] = any([steps_in(each) > depth for each in inner])
        if opens == "steps" and not self._makes_steps[node.op.name]:
            del self._bodies[node]
            return []
        return inner

    def open(self, node: Node) -> list[Node]:
        """What a fused node consists of, oldest first."""
        aliases, outputs = expand(node)
        traced = isinstance(node.saved, Freed) or node in self.hollow
        hollow = traced or overwritten(node)
        self.freed |= traced
        for name, entry, link in zip(node.op.inputs, aliases, node.inputs, strict=True):
            if entry is None:
                continue
            if entry.node is not None:
                self._same[entry.node] = link
                if not hollow:
                    self.arrays.append((link, entry.array))
            else:  # the name that the fused operation has for it tells more than that of a primitive
                given = self._given_array(name, entry.array, traced)
                known = self._named.setdefault(_memory(entry.array), given)
                self._named[_memory(entry.array)] = given if known is given else None
        self._bodies[node] = tuple([y.node for y in outputs])
        for name, y in zip(node.op.outputs, outputs):
            if y.node is not None and y.node not in self._same:
                self.names[self._port(y.node)] = name
        inner = below([y.node for y in outputs], stop=self._same)
        if hollow:
            self.hollow.update(inner)
        else:
            self.arrays += [(y.node, y.array) for y in outputs if y.node is not None]
        return inner

    @property
    def opened(self) -> list[Node]:
        """The nodes that were looked into."""
        return [*self._bodies]

    def result_name(self, node: Any, out: int) -> str:
        """What its operation calls a result, or how a result is called that has no name."""
        if isinstance(node, Given):
            return node.name
        if node.rule is LEAF or node.op.single:
            return self.names.get((node, out), "y")
        first = node.op.outputs[0]
        return f"{first[1:]}[{out}]" if first.startswith("*") else node.op.outputs[out].removesuffix("_next")

    def _port(self, node: Node) -> tuple[Node, int]:
        return (node.inputs[0], node.saved) if node.rule is PORT else (node, 0)

    def follow(self, link: Node) -> tuple[Node, int]:
        """The application behind a link, and which of its outputs."""
        while True:
            if link in self._same:
                link = self._same[link]  # type: ignore[assignment]
                continue
            if link.op is alias.op:
                link = link.inputs[0]
                continue
            node, out = self._port(link)
            node = self._again.get(node, node)
            body = self._bodies.get(node)
            if body is None:
                return node, out
            link = body[out]  # type: ignore[assignment]

    def sources(self, node: Node, only: int | None = None) -> list[Source]:
        """Where the inputs of a node, or only one of them, come from, as far as anything is known about them."""
        found = []
        for slot, link in enumerate(node.inputs) if only is None else [(only, node.inputs[only])]:
            if link is not None:
                found.append(Source(*self.follow(link), slot))
            elif (given := self.given(node, slot)) is not None:
                found.append(Source(given, 0, slot))
        return found

    def given(self, node: Node, slot: int) -> Given | None:
        """The input without a gradient that a node saved; one object for every user of one array."""
        op, saved = node.op, node.saved
        if op.variadic or saved is None:
            return None
        name = op.inputs[slot]
        if isinstance(saved, Freed):
            kind = saved.inputs[name]
            return None if kind is None else self._given.setdefault((node, slot), Given(name, *kind))
        x = dict(zip(node.rule.saves, saved, strict=False)).get(name)
        if isinstance(x, np.ndarray):
            turned = self._turned.get(numbers_of(x)) if is_gradient(node) else None  # a rule wants the transpose of x
            return turned or self._named.get(_memory(x)) or self._given_array(name, x, node in self.hollow)
        if isinstance(x, float):
            return self._given.setdefault((node, slot), Given(name, (), None, x))
        return None

    def _given_array(self, name: str, x: np.ndarray, traced: bool) -> Given:
        key = name, *_memory(x)
        if key not in self._given:
            self._given[key] = Given(name, x.shape, x.dtype, x, traced)
            self._turned.setdefault(numbers_of(x), self._given[key])
        return self._given[key]


def below(roots: Iterable[Node | None], stop: Any = ()) -> list[Node]:
    """Every node from which a root was computed, roots included, oldest first; not beyond `stop`."""
    seen = {node for node in roots if node is not None and node not in stop}
    waiting = list(seen)
    while waiting:
        for node in waiting.pop().inputs:
            if node is not None and node not in seen and node not in stop:
                seen.add(node)
                waiting.append(node)
    return sorted(seen, key=_created)


def fetch_all(outputs: list[Root]) -> None:
    """Let the nodes of checkpoints have what they saved: a gradient needs it, and the functions run again for it."""
    for node in below([y.node for _, y in outputs]):
        fetch(node)


def _memory(x: np.ndarray) -> tuple:
    """Views of the same numbers are one input; a Given keeps the memory from being used again."""
    return x.__array_interface__["data"][0], x.shape, x.strides, x.dtype.str


def numbers_of(x: np.ndarray) -> tuple:
    """Where the numbers of an array lie, however it is transposed."""
    return x.__array_interface__["data"][0], x.size, x.dtype.str


def _identity(source: Source) -> tuple:
    """What an input is; of an array, its numbers."""
    node = source.node
    if not isinstance(node, Given):
        return source.slot, node, source.out
    return source.slot, node.shape, str(node.dtype), node.array if node.dtype is None else node.array.tobytes()


def attributes_of(node: Node) -> list[Any]:
    """What a node knows besides its inputs and outputs."""
    saved = node.saved.attrs if isinstance(node.saved, Freed) else dict(zip(node.rule.saves, node.saved or ()))
    return [x for name, x in saved.items() if name in node.op.attrs]


def is_gradient(node: Node) -> bool:
    """Whether a recorded backward pass made it."""
    return any([frame.kind == "vjp" for frame in node.scope])


def _created(node: Node) -> int:
    return node.seq


def overwritten(node: Node) -> bool:
    """Whether something that a node saved was written to since."""
    if node.seq < Writes.last:
        try:
            Writes.check(node)
        except RuntimeError:
            return True
    return False


def shape_of(node: Any, out: int) -> tuple:
    shape = node.shape
    return shape[out] if shape and isinstance(shape[0], tuple) else shape


def steps_in(node: Node) -> int:
    return sum([frame.kind == "step" for frame in node.scope])


def roots(x: Any, label: str = "") -> list[Root]:
    """The tensors in a nest of tuples, lists and dicts, with the path to each."""
    found, waiting = [], [(label, x)]
    while waiting:
        path, item = waiting.pop()
        if isinstance(item, dict):
            waiting += [(f"{path}[{key!r}]" if path else str(key), each) for key, each in reversed(item.items())]
        elif isinstance(item, (tuple, list)):
            waiting += [(f"{path}[{i}]", each) for i, each in reversed([*enumerate(item)])]
        elif hasattr(item, "node"):
            found.append((path, item))
        elif item is not None:
            raise TypeError(f"draw: expected a Tensor, a Value or a nest of them, got {type(item).__name__}")
    return found


def drawable(x: Any) -> list[Root]:
    """The outputs that have a graph; an error that says why if there is none."""
    found = roots(x)
    if not found:
        raise ValueError("draw: there is no tensor in what was given")
    with_graph = [(path, y) for path, y in found if y.node is not None]
    if not with_graph:
        raise ValueError(
            "draw: nothing to draw, the tensor has no graph: nothing that it was computed from requires grad, or "
            "it was made under no_grad(), or it was detach()ed"
        )
    if all([isinstance(y.node, Leaf) for _, y in with_graph]):
        raise ValueError("draw: nothing to draw, the tensor is a leaf: it was not computed from anything")
    return with_graph
