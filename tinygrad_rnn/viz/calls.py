"""The calls of recurrent layers in a graph: which of them go on from each other, and the steps of each.

At default speed a layer is one node for a whole sequence, and its body shows a node for every step. A cell in a loop
of the user's own is such a node already, and so are the steps of a layer that was recorded one by one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from ..autograd.backward import expand, fetch, freed_error, sweep
from ..autograd.graph import Node, port
from ..autograd.scope import Scope, no_grad
from ..autograd.writes import Writes
from .nodes import below

CELLS, GRAINS = ("rnn", "gru", "lstm", "minimal"), ("sequence", "step")


def cotangents(roots: list, dys: list, wanted: Iterable[Node]) -> dict[Node, Any]:
    """What arrives at `wanted` when `dys` are pulled back from `roots`; nothing is kept, freed or recorded."""
    with np.errstate(all="ignore"), no_grad():
        return sweep(roots, dys, retain_graph=True, wanted=frozenset(wanted))


def outputs_of(node: Node) -> list[Node]:
    """Where the cotangent of each output arrives."""
    return [node] if node.op.single else [port(node, i) for i in range(len(node.op.outputs))]


def arrays_of(node: Node) -> dict[str, Any]:
    """Inputs, results and attributes of a fused node, by name."""
    return dict(zip(node.rule.saves, node.saved, strict=True))


class Call:
    """One node of the user's graph: a layer over T steps, or a cell over one.

    Attributes:
        cell: "rnn", "gru", "lstm", "mingru" or "minlstm".
        final: where the cotangent of the last h arrives.
        valid: bool [T, N], which sequences still go on at which step.
        steps: the cell's nodes in order of time, once it is opened.

    Raises:
        RuntimeError: a backward pass has freed the node, or what it saved was overwritten.
    """

    def __init__(self, node: Node) -> None:
        fetch(node)
        if node.saved.__class__ is not tuple:
            raise freed_error(node)
        Writes.check(node)
        known, self.node, self.outputs = arrays_of(node), node, outputs_of(node)
        self.cell, _, grain = node.op.name.partition("_")
        if self.cell == "minimal":
            self.cell = "minlstm" if known["shared_out"] else "mingru"
        self._is_step = grain == "step"
        self.final = self.outputs[0 if self._is_step else 1]
        x, N, lengths = known["x"], len(known["h"]), known.get("lengths")
        if lengths is None:
            self.valid = np.ones((1 if self._is_step else len(x), N), bool)
        else:
            T = lengths.max() if x.ndim == 2 else len(x)  # packed, or padded
            self.valid = np.arange(T)[:, None] < lengths
        self.time = time_of(node)
        self.steps: list[Node] = []
        self._results: tuple = ()
        self._arrivals: list[list[Node]] = []

    def open(self) -> None:
        """Lay the steps open; that runs a layer's body once more."""
        if self._is_step:
            self.steps, self._arrivals = [self.node], [self.outputs]
            return
        aliases, self._results = expand(self.node)
        inner = below([y.node for y in self._results], stop={x.node for x in aliases if x is not None})
        self.steps = sorted([node for node in inner if cell_of(node)], key=time_of)
        self._arrivals = [outputs_of(step) for step in self.steps]

    def pull(self, dys: dict[Node, Any]) -> list[list]:
        """From the cotangents of the outputs those of h and, where there is one, c after each step; None for zero."""
        if not self._is_step:
            given = [(y.node, dys[out]) for y, out in zip(self._results, self.outputs, strict=True) if out in dys]
            wanted = [out for outs in self._arrivals for out in outs]
            dys = cotangents([node for node, _ in given], [dy for _, dy in given], wanted)
        return [[dys.get(out) for out in outs] for outs in self._arrivals]


class Run:
    """Calls of one layer in one direction, each of which goes on from the last state of another, in order of time.

    Attributes:
        final: where the cotangent of h after the last step arrives; with `reverse` that is the first in time.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.calls: list[Call] = []

    def settle(self) -> None:
        """Nothing more comes."""
        self.final = self.calls[-1].final
        if self.calls[0].time > self.calls[-1].time:  # recorded one by one, from the end
            self.calls.reverse()
        if len(sizes := {call.valid.shape[1] for call in self.calls}) > 1:
            raise ValueError(
                f"gradient_flow: {self.name} goes on with another batch size than it began with ({sorted(sizes)}): its "
                f"sequences cannot be followed from step to step"
            )

    @property
    def cell(self) -> str:
        return self.calls[0].cell

    @property
    def outputs(self) -> list[Node]:
        return [out for call in self.calls for out in call.outputs]

    @property
    def steps(self) -> list[Node]:
        return [step for call in self.calls for step in call.steps]

    @property
    def valid(self) -> np.ndarray:
        """bool [T, N], which sequences still go on at which step."""
        return np.concatenate([call.valid for call in self.calls])

    def open(self) -> None:
        for call in self.calls:
            call.open()

    def pull(self, dys: dict[Node, Any]) -> list[list]:
        """From the cotangents of the calls' outputs those of h and c after each step."""
        return [pulled for call in self.calls for pulled in call.pull(dys)]


def runs_of(root: Node, module: Any) -> list[Run]:
    """Every run of a recurrent layer of `module` below a node, oldest first.

    A call whose initial state comes, by whatever way, from the last call of a run goes on with that run: a decoder
    called step by step, a text read in pieces. Any other begins a run of its own.
    """
    paths = {member._serial: path for path, member in module.named_modules()}
    found: list[Run] = []
    places: dict[tuple, tuple[list[Run], dict[Node, Run]]] = {}  # of each layer: its runs, and which call ends which
    for node in below([root]):
        if cell_of(node) is None or (place := place_of(node.scope, paths)) is None:
            continue
        runs, ends = places.setdefault(place, ([], {}))
        _refuse_masks(node)
        if (end := _goes_on_from(node, ends)) is not None:
            run = ends.pop(end)
        else:
            owner, layer = place
            name = " ".join([part for part in (paths[owner], layer) if part]) or type(module).__name__
            run = Run(f"{name}, run {len(runs) + 1}" if runs else name)
            runs.append(run)
            found.append(run)
        run.calls.append(Call(node))
        ends[node] = run
    for run in found:
        run.settle()
    return found


def cell_of(node: Node) -> str | None:
    """Of lstm_sequence and lstm_step it is "lstm"; of other operations None."""
    if node.op is None or not node.op.body:
        return None
    cell, _, grain = node.op.name.partition("_")
    return cell if cell in CELLS and grain in GRAINS else None


def time_of(node: Node) -> int:
    """The number of the innermost time step around a node."""
    return next((frame.index or 0 for frame in reversed(node.scope) if frame.kind == "step"), 0)


def place_of(scope: Scope, paths: dict[Any, str]) -> tuple[Any, str] | None:
    """The innermost module that is known, by its serial number, and the layer."""
    owners = [frame.owner for frame in scope if frame.kind == "module" and frame.owner in paths]
    layers = [f"layer {frame.name}" for frame in scope if frame.kind == "layer"]
    return (owners[-1], layers[-1] if layers else "") if owners else None


def _state_links(node: Node) -> list[Node]:
    """What the initial states were computed by."""
    links = zip(node.op.inputs, node.inputs, strict=True)
    return [link for name, link in links if name in ("h", "c") and link is not None]


def _goes_on_from(node: Node, ends: dict[Node, Run]) -> Node | None:
    """Which of the calls in `ends` the initial state of this one depends on."""
    waiting, seen = _state_links(node) if ends else [], set()
    while waiting:
        link = waiting.pop()
        if link in ends:
            return link
        if link not in seen:
            seen.add(link)
            waiting += [source for source in link.inputs if source is not None]
    return None


def _refuse_masks(node: Node) -> None:
    masked = any([link.op is not None and link.op.name == "where" for link in _state_links(node)])
    if masked and node.op.name.endswith("_step"):
        raise ValueError(
            f"gradient_flow: {node.describe()} gets its state from `where`, as padded sequences that are recorded step "
            f"by step do: which of them still go on is not known. Record the layer at its default granularity, "
            f"'sequence', with lengths=."
        )
