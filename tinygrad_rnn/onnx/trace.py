"""One run of a model, written down: every operation, and where each of its inputs came from.

An array is known by its identity, or else by the memory it shows, so that detach(), .data and numpy() lead no one
astray. What was neither given nor computed by an operation is a constant, kept as it was when it was used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from ..autograd.graph import Tensor
from ..autograd.listen import listening
from ..autograd.op import Op
from ..autograd.scope import Scope, frames, no_grad, path
from ..autograd.view import place
from ..autograd.writes import owner
from ..nn.granularity import granularity
from .arguments import Arguments, tensors_in
from .errors import OnnxExporterError
from .table import REASONS, TRANSLATIONS


class Source(NamedTuple):
    """Where an array came from: input `at`, the parameter or buffer `at`, constant `at`, output `output` of the
    operation applied `at`-th."""

    kind: str  # "input", "state", "constant" or "result"
    at: Any
    output: int = 0


class Held(NamedTuple):
    """An array among the attributes of an operation: an index, lengths."""

    source: Source


class Application(NamedTuple):
    op: Op
    inputs: list[Source | None]
    attrs: dict[str, Any]
    outputs: list[np.ndarray]
    scope: Scope

    @property
    def where(self) -> str:
        return f"`{self.op.name}`" + (f" in {path(self.scope)}" if self.scope else "")


class Trace:
    """What a run computed, told operation by operation.

    Args:
        inputs: the arrays given to the model.
        state: its parameters and buffers.
    """

    def __init__(self, inputs: Sequence[np.ndarray], state: dict[str, np.ndarray]) -> None:
        self.inputs, self.state = list(inputs), state
        self.constants: list[np.ndarray] = []
        self.applications: list[Application] = []
        self.outputs: list[Source] = []
        self.output_names: list[str] = []
        self.overwritten: set[Source] = set()  # of which the arrays hold other numbers by now
        self.writers: dict[int, str] = {}  # by the id of the memory's owner: who wrote to it last
        self._owners: list[np.ndarray] = []  # of these: kept, so that ids stay
        self._sources: dict[int, Source | None] = {}  # by the id of an array; None for one that was overwritten
        self._first: dict[tuple, np.ndarray] = {}  # by the memory they show: the first that was known
        self._sharing: dict[int, list[np.ndarray]] = {}  # by the id of their memory's owner; kept, so that ids stay
        for at, array in enumerate(inputs):
            self._know(array, Source("input", at))
        for name, array in state.items():
            self._know(array, Source("state", name))

    def _know(self, array: np.ndarray, source: Source | None) -> None:
        self._sources[id(array)] = source
        self._first.setdefault(shown(array), array)
        self._sharing.setdefault(id(owner(array)), []).append(array)

    def source(self, array: np.ndarray) -> Source:
        """Where an array came from; from nowhere, it is a constant."""
        if id(array) not in self._sources:
            array = self._first.get(shown(array), array)
        if id(array) not in self._sources:
            self.constants.append(array.copy())
            self._know(array, Source("constant", len(self.constants) - 1))
            if id(owner(array)) in self.writers:
                self.writers[id(self.constants[-1])] = self.writers[id(owner(array))]
        if (found := self._sources[id(array)]) is None:
            raise OnnxExporterError(
                f"onnx.export: {self.writers[id(owner(array))]} wrote to part of a computed tensor in place, and "
                f"ONNX has no writing in place. Compute a new tensor instead: where, cat, stack, masked_fill"
            )
        return found

    def array(self, source: Source) -> np.ndarray:
        """What came from there."""
        if source.kind == "result":
            return self.applications[source.at].outputs[source.output]
        return {"input": self.inputs, "state": self.state, "constant": self.constants}[source.kind][source.at]  # type: ignore[index]

    # --- what it is told ---------------------------------------------------------------------------------------

    def applied(self, op: Op, inputs: list[np.ndarray | None], attrs: dict[str, Any], outputs: list[np.ndarray]):
        if op.body and not (op.name in TRANSLATIONS or op.name in REASONS):  # the user's own: its body is told instead
            for y, same in zip(outputs, opened(op, inputs, attrs)):
                self._know(y, self.source(same.array))
            return
        sources = [None if x is None else self.source(x) for x in inputs]
        held = {name: self._held(value) for name, value in attrs.items()}
        for i, y in enumerate(outputs):
            self._know(y, Source("result", len(self.applications), i))
        self.applications.append(Application(op, sources, held, outputs, frames()))

    def _held(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return Held(self.source(value))
        if value.__class__ in (tuple, list):
            return type(value)([self._held(item) for item in value])
        return value

    def written(self, array: np.ndarray, writer: str, result: np.ndarray | None) -> None:
        """The memory holds other numbers: all of `array` that result, the others that share it nobody knows what."""
        own = owner(array)
        self.writers[id(own)] = writer
        self._owners.append(own)
        for other in self._sharing.pop(id(own), []):
            self._first.pop(shown(other), None)
            if (source := self._sources.pop(id(other), None)) is not None:
                self.overwritten.add(source)
            if source is None or source.kind != "constant":  # a constant is looked at again when it is used
                self._know(other, None)
        if result is not None and result.dtype == array.dtype:
            self._know(array, self._sources.get(id(result)))


def opened(op: Op, inputs: list[np.ndarray | None], attrs: dict[str, Any]) -> tuple:
    """The results of an operation's body."""
    ys = op.body(*[None if x is None else Tensor(x) for x in inputs], **attrs)
    return ys if isinstance(ys, tuple) else (ys,)


def shown(array: np.ndarray) -> tuple:
    """The memory that an array shows, and how."""
    return place(array), array.dtype


@contextmanager
def restored(arrays: Sequence[np.ndarray]) -> Iterator[None]:
    """The arrays hold afterwards what they held before."""
    before = [array.copy() for array in arrays]
    try:
        yield
    finally:
        for array, numbers in zip(arrays, before):
            if not np.array_equal(array, numbers):
                array[...] = numbers


def traced(model: Callable, arguments: Arguments, arrays: Sequence[np.ndarray], state: dict[str, np.ndarray]) -> Trace:
    """The model's run on these inputs."""
    trace = Trace(arrays, state)
    args, kwargs = arguments.filled(arrays)
    with no_grad(), granularity("sequence"), listening(trace):
        result = model(*args, **kwargs)
        for name, tensor in tensors_in(result, "output"):
            trace.outputs.append(trace.source(tensor.array))
            trace.output_names.append(name)
    if not trace.outputs:
        raise OnnxExporterError(f"onnx.export: the model must return tensors, got {type(result).__name__}")
    return trace
