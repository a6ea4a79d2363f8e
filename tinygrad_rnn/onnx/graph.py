"""What several runs of a model have in common: one graph, in which sizes are expressions.

Runs at other sizes must apply the same operations to the same things. What they do not agree on is a Python loop or a
branch that depends on the data or its size, and no graph can say that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import numpy as np

from ..autograd.scope import Scope
from .errors import OnnxExporterError
from .sizes import Runs, Size
from .trace import Application, Held, Source, Trace

LOOP = (
    "A graph has no Python loops and branches that depend on data or its size. Let nn.RNN, LSTM or GRU walk through "
    "time, or leave the axis out of dynamic_axes: then the loop is written out for the length of the example."
)


class Wanted(Exception):
    """A hidden result turns out to be needed: the graph is to be made with it."""

    def __init__(self, sources: Sequence[Source]) -> None:
        super().__init__(sources)
        self.sources = sources


class Value:
    """A tensor of the graph.

    Attributes:
        arrays: what it was in each run.
        kind: "input", "state" (a parameter or buffer), "constant" (the same in every run), "size" (a constant that
            differs from run to run), "result", or "hidden" (a result that no step is there for).
        name: of an input, parameter or buffer; else "".
        step: the step that computes it, of a result.
    """

    def __init__(self, arrays: Sequence[np.ndarray], kind: str, name: str = "", step: Step | None = None) -> None:
        self.arrays, self.kind, self.name, self.step = arrays, kind, name, step
        self.sources: Sequence[Source] = ()  # of a hidden one
        if kind == "constant" and not all([identical(arrays[0], other) for other in arrays[1:]]):
            self.kind = "size"

    @property
    def dtype(self) -> np.dtype:
        return self.arrays[0].dtype

    @property
    def ndim(self) -> int:
        return self.arrays[0].ndim

    @property
    def fixed(self) -> bool:
        """Whether it is the same whatever the inputs are."""
        return self.kind in ("state", "constant")

    @property
    def zero(self) -> bool:
        """Whether it is zero everywhere, whatever the inputs hold: made of zeros that are constants."""
        if self.kind not in ("constant", "size", "result") or any([array.any() for array in self.arrays]):
            return False
        return self.step is None or all([x is None or x.zero for x in self.step.inputs])


class Step:
    """One operation of the graph; its attributes by their names, numbers that are sizes as `Size`.

    Attributes:
        inputs: a Value each, None for one that was left out.
        outputs: those of which use is made, by their places.
    """

    def __init__(self, applications: list[Application], inputs: list[Any], graph: Graph) -> None:
        self.applications, self.inputs, self.graph = applications, inputs, graph
        self.outputs: dict[int, Value] = {}

    @property
    def op(self) -> str:
        return self.applications[0].op.name

    @property
    def scope(self) -> Scope:
        return self.applications[0].scope

    @property
    def where(self) -> str:
        return self.applications[0].where

    @property
    def y(self) -> Value:
        """The one output."""
        return self.outputs[0]

    def __getitem__(self, attr: str) -> Any:
        return self.graph.common([each.attrs[attr] for each in self.applications], f"{attr} of {self.where}")


class Graph:
    """The steps in order, from the inputs to the outputs.

    Args:
        traces: the runs, at the lengths that `runs` tells.
        names: of the inputs.
        axes: of each dynamic axis an input that has it, and where.
        fold: compute what follows from parameters alone.
        also: hidden results that are needed.

    Raises:
        OnnxExporterError: the runs differ in more than sizes.
    """

    def __init__(
        self,
        traces: Sequence[Trace],
        runs: Runs,
        names: Sequence[str],
        axes: dict[str, tuple[str, int]],
        fold: bool,
        also: Sequence[Sequence[Source]] = (),
    ) -> None:
        self.traces, self.runs, self.names, self.axes, self.fold = traces, runs, names, axes, fold
        self._values: dict[tuple, Value] = {}
        self.inputs = [self._value([Source("input", i)] * len(traces)) for i in range(len(names))]
        self.steps: list[Step] = []
        alive = [live(trace, [sources[run] for sources in also]) for run, trace in enumerate(traces)]
        self._alive = [list(each) for each in alive]
        self._places = [{at: place for place, at in enumerate(each)} for each in alive]
        for place, each in enumerate(zip_longest(*alive)):
            applications = [None if at is None else t.applications[at] for t, at in zip(traces, each)]
            self._add(place, applications, alive[0].get(each[0], set()))
        counts = [len(trace.outputs) for trace in traces]
        if len(set(counts)) > 1:
            raise OnnxExporterError(f"onnx.export: at other sizes the model returns {counts} tensors. {LOOP}")
        self.outputs = [self._value(sources) for sources in zip(*[trace.outputs for trace in traces])]

    def _add(self, place: int, applications: list[Application | None], used: set[int]) -> None:
        """The step that these applications have in common; what does not depend on an input is computed already."""
        found = [each for each in applications if each is not None]
        first = found[0]
        alike = all([(each.op, len(each.inputs)) == (first.op, len(first.inputs)) for each in found])
        if len(found) < len(applications) or not alike:
            raise self._differs(applications)
        inputs = [self._optional(sources) for sources in zip(*[each.inputs for each in found])]
        step = Step(found, inputs, self)
        fixed = all([x is None or x.kind == "constant" or (x.kind == "state" and self.fold) for x in inputs])
        if max(used) >= min([len(each.outputs) for each in found]):
            raise self._other_results(step.where)
        for i in used:
            arrays = [each.outputs[i] for each in found]
            folded = fixed and not self._overwritten(place, i) and all([identical(arrays[0], y) for y in arrays])
            value = Value(arrays, "constant" if folded else "result", self._named(inputs, first), step)
            self._values["result", place, i] = step.outputs[i] = value
        if any([value.kind == "result" for value in step.outputs.values()]):
            self.steps.append(step)

    def _overwritten(self, place: int, output: int) -> bool:
        """Whether the numbers of a result were lost: something wrote to its memory later."""
        return any(
            [Source("result", each[place], output) in t.overwritten for t, each in zip(self.traces, self._alive)]
        )

    def _optional(self, sources: tuple) -> Value | None:
        return None if None in sources else self._value(sources)

    @staticmethod
    def _named(inputs: list[Value | None], application: Application) -> str:
        """What to call something computed from parameters alone."""
        name = next((x.name for x in inputs if x is not None and x.kind == "state"), "")
        return f"{name}.{application.op.name}" if name else ""

    def _differs(self, applications: list[Application | None]) -> OnnxExporterError:
        what = [each.where if each else "the end" for each in applications]
        other = next((w for w in what if w != what[0]), what[0])
        return OnnxExporterError(
            f"onnx.export: the model computes otherwise at other sizes: {what[0]} or {other}, at "
            f"{self.runs.lengths[0]} and {self.runs.lengths[1]}. {LOOP}"
        )

    @staticmethod
    def _other_results(where: str) -> OnnxExporterError:
        return OnnxExporterError(f"onnx.export: at other sizes the model uses other results of {where}. {LOOP}")

    def _value(self, sources: Sequence[Source]) -> Value:
        """The value that came from these sources, one in each run."""
        keys = []
        for run, (kind, at, output) in enumerate(sources):
            keys.append((kind, self._places[run][at] if kind == "result" else at, output))
        first = keys[0]
        if first[0] == "constant" and all([kind == "constant" for kind, *_ in keys]):
            key: tuple = ("constant", *[at for _, at, _ in keys])
        elif len(set(keys)) == 1:
            key = first
        else:
            raise self._other_results(self._maker(sources))
        if key not in self._values:
            arrays = [trace.array(source) for trace, source in zip(self.traces, sources)]
            kind, at = first[:2]
            name = self.names[at] if kind == "input" else str(at) if kind == "state" else ""
            self._values[key] = Value(arrays, kind, name)
        return self._values[key]

    def _maker(self, sources: Sequence[Source]) -> str:
        for trace, source in zip(self.traces, sources):
            if source.kind == "result":
                return trace.applications[source.at].where
        return "its operations"

    def hidden(self) -> Iterator[Value]:
        """Vectors of integers that were computed, though no operation took them: perhaps Python or NumPy did."""
        for at, each in enumerate(zip(*[trace.applications for trace in self.traces])):
            arrays = [application.outputs[0] for application in each]
            first = arrays[0]
            alike = all([(a.dtype, a.ndim) == (first.dtype, 1) for a in arrays])
            if alike and first.dtype.kind in "iu" and at not in self._places[0]:
                value = Value(arrays, "hidden")
                value.sources = [Source("result", at)] * len(arrays)
                yield value

    def check_example(self, example: Trace, also: Sequence[Source]) -> None:
        """Refuse a graph that is not what the model does on the example: lengths of 1 may take a way of their own.

        Raises:
            OnnxExporterError: the model applied other operations there.
        """
        for at, other in zip_longest(live(example, also), self._alive[0]):
            here = None if at is None else example.applications[at]
            there = None if other is None else self.traces[0].applications[other]
            if here is None or there is None or here.op is not there.op:
                what = [each.where if each else "the end" for each in (here, there)]
                raise OnnxExporterError(
                    f"onnx.export: on the example the model computes otherwise than at {self.runs.lengths[0]}: "
                    f"{what[0]}, not {what[1]}. {LOOP}"
                )

    # --- what is the same in all runs ---------------------------------------------------------------------------

    def common(self, values: Sequence[Any], what: str) -> Any:
        """What a number, or anything made of numbers, is in general: the same, or a Size.

        Raises:
            OnnxExporterError: it differs from run to run, and not as sizes do.
        """
        first = values[0]
        if isinstance(first, Held) and all([isinstance(v, Held) for v in values]):
            return self._value([v.source for v in values])
        if any([type(v) is not type(first) for v in values]):
            raise self.unexplained(what, values)
        if isinstance(first, slice):
            parts = [self.common(part, what) for part in zip(*[(v.start, v.stop, v.step) for v in values])]
            return slice(*parts)
        if isinstance(first, (tuple, list)):
            if len({len(v) for v in values}) > 1:
                raise self.unexplained(what, values)
            return type(first)([self.common(items, what) for items in zip(*values)])
        if all([v == first for v in values]):
            return first
        found = self.runs.explain(values) if type(first) is int else None
        if found is None:
            raise self.unexplained(what, values)
        return found

    def unexplained(self, what: str, values: Sequence[Any]) -> OnnxExporterError:
        shown = [said(value) for value in values]
        other = next((run for run, each in enumerate(shown) if each != shown[0]), 1)
        return OnnxExporterError(
            f"onnx.export: {what} depends on the data or its size in a way that cannot be written down: it was "
            f"{shown[0]:.60} at {self.runs.lengths[0]} and {shown[other]:.60} at {self.runs.lengths[other]}. Compute "
            f"it from the inputs with operations on tensors (not with Python numbers, NumPy or writes in place), or "
            f"leave the axis out of dynamic_axes."
        )

    def shape(self, value: Value, what: str = "a shape") -> tuple[int | Size, ...]:
        """The shape of a value, its sizes as expressions."""
        return self.common([array.shape for array in value.arrays], what)


def live(trace: Trace, also: Sequence[Source]) -> dict[int, set[int]]:
    """The applications of which the outputs are made, in order, and which of their results are used."""
    found: dict[int, set[int]] = {}
    todo = [*trace.outputs, *also]
    while todo:
        kind, at, output = todo.pop()
        if kind == "result" and output not in found.setdefault(at, set()):
            application = trace.applications[at]
            if not found[at]:
                todo += [x for x in application.inputs if x is not None]
                todo += [held.source for value in application.attrs.values() for held in arrays_in(value)]
            found[at].add(output)
    return dict(sorted(found.items()))


def arrays_in(value: Any) -> list[Held]:
    if isinstance(value, Held):
        return [value]
    return [held for item in value for held in arrays_in(item)] if value.__class__ in (tuple, list) else []


def said(value: Any) -> str:
    """A value in an error message."""
    if isinstance(value, np.ndarray):
        return repr(value.tolist()) if value.size <= 4 else f"{value.dtype} {value.shape}"
    return repr(value)


def identical(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays are the same to the last bit, nan included."""
    return a is b or (a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes())
