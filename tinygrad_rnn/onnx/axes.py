"""Which axes of the inputs are dynamic, said in PyTorch's two ways: dynamic_axes by name, dynamic_shapes by place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..tensor import Tensor
from .arguments import Arguments

Axes = dict[int, dict[int, str]]  # input or output -> axis -> its name


class Named:
    """What a call says of dynamic axes.

    Args:
        arguments: the example.
        outputs: the names of the outputs that were given.

    Attributes:
        inputs: of each input its dynamic axes by name.
        outputs: the names that were given to axes of outputs, by the output's name.

    Raises:
        ValueError: a name that no input or output has, an axis that is not there, or one name for two lengths.
    """

    def __init__(
        self, arguments: Arguments, outputs: Sequence[str], dynamic_axes: Mapping | None, dynamic_shapes: Any
    ) -> None:
        if dynamic_axes and dynamic_shapes:
            raise ValueError("onnx.export: give dynamic_axes or dynamic_shapes, not both: they say the same")
        self.inputs: Axes = {}
        self.outputs: dict[str, dict[int, str]] = {}
        self._arguments = arguments
        self._unnamed: list[tuple[int, int]] = []
        for name, axes in (dynamic_axes or {}).items():
            if name in arguments.names:
                self._add(arguments.names.index(name), axes, name)
            elif name in outputs:
                self.outputs[name] = dict(axes) if isinstance(axes, Mapping) else {}
            else:
                raise ValueError(
                    f"onnx.export: dynamic_axes has {name!r}, but the inputs are called {arguments.names} and the "
                    f"outputs {list(outputs) or '(no output_names given)'}; give input_names and output_names"
                )
        for i, axes in enumerate(places(arguments, dynamic_shapes) if dynamic_shapes else ()):
            self._add(i, axes, arguments.names[i])
        self._name_unnamed()
        self.lengths = self._lengths()

    def _add(self, i: int, axes: Any, name: str) -> None:
        ndim = self._arguments.arrays[i].ndim
        if axes is not None and not isinstance(axes, (Mapping, list, tuple, set)):
            raise ValueError(f"onnx.export: the dynamic axes of {name} must be a dict or a list, got {axes!r:.60}")
        for axis, label in axes.items() if isinstance(axes, Mapping) else [(axis, True) for axis in axes or ()]:
            if not isinstance(axis, int) or not -ndim <= axis < ndim:
                raise ValueError(f"onnx.export: input {name} has {ndim} dimensions and no axis {axis!r}")
            if label is None or (isinstance(label, int) and not isinstance(label, bool)):
                continue  # dynamic_shapes says: this one is as it is
            label = label if isinstance(label, str) else getattr(label, "__name__", None)
            if label is None:
                self._unnamed.append((i, axis % ndim))
            else:
                self.inputs.setdefault(i, {})[axis % ndim] = label

    def _name_unnamed(self) -> None:
        """Axes without a name are one axis where their lengths are the same, except within one input."""
        arrays, names = self._arguments.arrays, self._arguments.names
        found: dict[int, list[str]] = {}  # length -> names
        for i, axis in self._unnamed:
            mine = self.inputs.setdefault(i, {})
            known = found.setdefault(arrays[i].shape[axis], [])
            name = next((name for name in known if name not in mine.values()), None)
            if name is None:
                name = f"{names[i]}_dim_{axis}"
                known.append(name)
            mine[axis] = name

    def _lengths(self) -> dict[str, int]:
        """The length of each axis in the example."""
        found: dict[str, int] = {}
        arguments = self._arguments
        for i, axes in self.inputs.items():
            for axis, name in axes.items():
                n = arguments.arrays[i].shape[axis]
                if found.setdefault(name, n) != n or not n:
                    raise ValueError(
                        f"onnx.export: the dynamic axis {name!r} is {n} long in the example {arguments.names[i]}"
                        + (f" and {found[name]} in another input; one name is for one length" if n else ": give one")
                    )
        return found

    def origin(self) -> dict[str, tuple[str, int]]:
        """Of each dynamic axis an input that has it, and which of its axes it is."""
        names = self._arguments.names
        return {name: (names[i], axis) for i, axes in self.inputs.items() for axis, name in axes.items()}


def places(arguments: Arguments, shapes: Any) -> list[Any]:
    """What dynamic_shapes says of each input; it is nested as the arguments are, by place or by forward's names."""
    values = [*arguments.args, *arguments.kwargs.values()]
    if not isinstance(shapes, Mapping):
        shapes = dict(zip(arguments.parameters, shapes, strict=False))
    if unknown := sorted(set(shapes) - set(arguments.parameters)):
        raise ValueError(f"onnx.export: dynamic_shapes has {unknown}; forward's arguments are {arguments.parameters}")
    return [each for name, value in zip(arguments.parameters, values) for each in _parallel(value, shapes.get(name))]


def _parallel(value: Any, said: Any) -> Iterator[Any]:
    """What is said of each tensor in a nest; a tensor's axes by number, or one after another."""
    if isinstance(value, Tensor):
        yield dict(enumerate(said)) if isinstance(said, (list, tuple)) else said
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _parallel(item, said and said.get(key))
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            yield from _parallel(item, said and said[i])
