"""Writing ONNX: nodes, initializers, names, and sizes as nodes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .errors import OnnxExporterError
from .graph import Graph, Step, Value, Wanted
from .sizes import Size

# What is computed at once where all inputs are constant: how weights are laid out for ONNX.
FOLDED: dict[str, Any] = {
    "Transpose": lambda x, perm: x.transpose(perm),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
    "Gather": lambda x, indices, axis: x.take(indices, axis),
    "Concat": lambda *xs, axis: np.concatenate(xs, axis),
}


class Builder:
    """An ONNX graph in the making. Tensors are known by their names.

    Args:
        graph: what is translated; its inputs keep their names.
        fold: compute what follows from constants alone.
        given: parameters are inputs of the ONNX graph, their numbers are left out.
    """

    def __init__(self, graph: Graph, reserved: Sequence[str], fold: bool = True, given: bool = False) -> None:
        self.graph, self.fold, self.given = graph, fold, given
        self.nodes: list = []
        self.arrays: dict[str, np.ndarray] = {}  # of the initializers
        self.parameters: dict[str, np.ndarray] = {}  # those that are given, where they are
        self.step: Step | None = None  # what is being translated
        self._names: dict[Value, str] = {x: x.name for x in graph.inputs}
        self._taken = dict.fromkeys([*reserved, *graph.names], 0)  # and how many were made of a name
        self._sizes: dict[tuple[str, ...], str] = {}
        self._constants: dict[tuple, str] = {}
        self._made: dict[tuple, Any] = {}  # what the nodes are, and their results
        self.packings: dict[Value, Any] = {}  # by the lengths: what was computed from them

    def free(self, name: str) -> str:
        """The name, or one like it that is free yet."""
        found = name
        while found in self._taken:
            self._taken[name] = count = self._taken.get(name, 0) + 1
            found = f"{name}_{count}"
        self._taken[found] = 0
        return found

    # --- nodes ----------------------------------------------------------------------------------------------

    def add(self, op_type: str, *inputs: str, outputs: int = 1, called: str = "", **attrs: Any) -> Any:
        """One node; the name of its output, or the list of their names where there are several.

        Nothing is random in ONNX here, so what was added before is not computed again.

        Args:
            inputs: names; "" for one that is left out.
            called: the name of the initializer that it becomes where all inputs are.
        """
        key = op_type, inputs, repr(attrs)
        if key not in self._made:
            if self.fold and op_type in FOLDED and all([name in self.arrays for name in inputs]):
                self._made[key] = self._folded(op_type, [self.arrays[name] for name in inputs], attrs, called)
            else:
                self._made[key] = self._node(op_type, inputs, outputs, attrs)
        return self._made[key]

    def _node(self, op_type: str, inputs: tuple[str, ...], outputs: int, attrs: dict[str, Any]) -> Any:
        from onnx.helper import make_node

        frames = [str(frame) for frame in self.step.scope if frame.kind != "op"] if self.step else []
        name = self.free("/".join(["", *frames[1:], op_type]).replace(" ", "_"))
        results = [f"{name}_output_{i}" for i in range(outputs)]
        while inputs and not inputs[-1]:
            inputs = inputs[:-1]
        self.nodes.append(make_node(op_type, inputs, results, name, **attrs))
        return results[0] if outputs == 1 else results

    def _folded(self, op_type: str, arrays: list[np.ndarray], attrs: dict[str, Any], called: str) -> str:
        if op_type == "Unsqueeze":  # its axes are an input
            arrays, attrs = arrays[:1], {"axes": arrays[1].tolist()}
        return self.constant(np.ascontiguousarray(FOLDED[op_type](*arrays, **attrs)), called)

    # --- values ---------------------------------------------------------------------------------------------

    def __getitem__(self, value: Value) -> str:
        """The name of a value."""
        if value not in self._names:
            self._names[value] = self._constant_value(value)
        return self._names[value]

    def __setitem__(self, value: Value, name: str) -> None:
        self._names[value] = name

    def _constant_value(self, value: Value) -> str:
        if value.kind == "hidden":
            raise Wanted(value.sources)
        if value.kind == "size":
            from .constants import sized

            return sized(self, value)
        if value.kind == "state" and self.given:
            name = self.free(value.name)
            self.parameters[name] = value.arrays[0]
            return name
        return self.constant(value.arrays[0], value.name)

    def constant(self, array: Any, name: str = "") -> str:
        """An initializer; equal small ones are one."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 16 and not name else None
        if key in self._constants:
            return self._constants[key]
        found = self.free(name or "constant")
        self.arrays[found] = array
        if key is not None:
            self._constants[key] = found
        return found

    def like(self, number: Any, value: Value) -> str:
        """A number in the dtype of a value."""
        return self.constant(np.asarray(number, value.dtype))

    def cast(self, value: Value, dtype: np.dtype) -> str:
        """A value in another dtype."""
        return self.to(self[value], dtype) if value.dtype != dtype else self[value]

    def to(self, name: str, dtype: Any) -> str:
        """What has that name in another dtype; to int64 only from another."""
        from onnx.helper import np_dtype_to_tensor_dtype

        return self.add("Cast", name, to=np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def integers(self) -> Iterator[Value]:
        """What integers that came by way of Python may have been: inputs, results so far, hidden results."""
        results = [value for value in self._names if value.kind == "result"]
        for value in [*self.graph.inputs, *results, *self.graph.hidden()]:
            if value.dtype.kind in "iub":
                yield value

    def certain(self, found: list[Value]) -> Value | None:
        """The first of the values that explain something, if it cannot be another input as well.

        Raises:
            OnnxExporterError: it can.
        """
        inputs = [value.name for value in found if value.kind == "input"]
        if len(inputs) > 1:
            raise OnnxExporterError(
                f"onnx.export: {self.step.where if self.step else 'a result'} takes integers that may have come from "
                f"any of the inputs {inputs}, which hold the same numbers; give an example in which they differ"
            )
        return found[0] if found else None

    # --- sizes ----------------------------------------------------------------------------------------------

    def ints(self, numbers: Sequence[int | Size]) -> str:
        """Numbers, some of them sizes, as int64 [len(numbers)]."""
        if not any([isinstance(n, Size) for n in numbers]):
            return self.constant(np.array(numbers, np.int64))
        parts = [self.size(n) if isinstance(n, Size) else self.constant(np.array([n], np.int64)) for n in numbers]
        return parts[0] if len(parts) == 1 else self.add("Concat", *parts, axis=0)

    def size(self, size: Size) -> str:
        """A size as int64 [1]."""
        found = self._product(size.axes)
        if size.factor != 1:
            found = self.add("Mul", found, self.ints([size.factor]))
        return self.add("Add", found, self.ints([size.offset])) if size.offset else found

    def scalar(self, number: int | Size) -> str:
        """A number, perhaps a size, as int64 []."""
        if not isinstance(number, Size):
            return self.constant(np.array(number, np.int64))
        return self.add("Squeeze", self.size(number), self.ints([0]))

    def _product(self, axes: tuple[str, ...]) -> str:
        if axes not in self._sizes:
            if len(axes) > 1:
                self._sizes[axes] = self.add("Mul", self._product(axes[:-1]), self._product(axes[-1:]))
            else:
                name, axis = self.graph.axes[axes[0]]
                self._sizes[axes] = self.add("Shape", name, start=axis, end=axis + 1)
        return self._sizes[axes]
