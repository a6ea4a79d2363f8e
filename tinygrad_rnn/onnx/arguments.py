"""The example arguments of an export: which tensors they hold, what these are called, and other ones like them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..nn.utils.packed import PackedSequence
from ..tensor import Tensor
from .errors import OnnxExporterError


def tensors_in(value: Any, name: str) -> Iterator[tuple[str, Tensor]]:
    """The tensors in nested tuples, lists and dictionaries, each with a name made of its place."""
    if isinstance(value, PackedSequence):
        raise OnnxExporterError(
            f"onnx.export: {name} is a PackedSequence, which ONNX has not. Let the model take and return padded "
            f"tensors with their lengths, and pack inside (or call the layer with lengths=)"
        )
    if isinstance(value, Tensor):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from tensors_in(item, f"{name}_{key}" if name else str(key))
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            yield from tensors_in(item, f"{name}_{i}")


def exchanged(value: Any, replacements: Iterator[Tensor]) -> Any:
    """The same nest with other tensors."""
    if isinstance(value, Tensor):
        return next(replacements)
    if isinstance(value, dict):
        return {key: exchanged(item, replacements) for key, item in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*[exchanged(item, replacements) for item in value])
    if isinstance(value, (tuple, list)):
        return type(value)([exchanged(item, replacements) for item in value])
    return value


class Arguments:
    """The arguments of a call of `forward`, and the tensors in them: the inputs.

    Raises:
        TypeError: they do not fit the parameters of `forward`.
        ValueError: names that are too many, or twice the same.
    """

    def __init__(self, forward: Callable, args: Any, kwargs: dict[str, Any] | None, names: Sequence[str] | None):
        self.args = (args,) if isinstance(args, Tensor) else tuple(args)
        self.kwargs = dict(kwargs or {})
        signature = inspect.signature(forward)
        try:
            signature.bind(*self.args, **self.kwargs)
        except TypeError as error:
            raise TypeError(f"onnx.export: the example arguments do not fit the model's forward: {error}") from None
        self.parameters = [*_places(signature, len(self.args)), *self.kwargs]
        values = [*self.args, *self.kwargs.values()]
        found = [pair for name, value in zip(self.parameters, values) for pair in tensors_in(value, name)]
        self.arrays, self.names = [tensor.array for _, tensor in found], [name for name, _ in found]
        if names is not None:
            if len(names) > len(found):
                raise ValueError(
                    f"onnx.export: {len(names)} input_names {list(names)}, but the example arguments hold {len(found)} "
                    f"tensors {self.names}; give at most one name for each"
                )
            self.names[: len(names)] = names
        if twice := sorted({name for name in self.names if self.names.count(name) > 1}):
            raise ValueError(f"onnx.export: inputs must have different names, got {twice} more than once")

    def filled(self, arrays: Sequence[np.ndarray]) -> tuple[tuple, dict[str, Any]]:
        """(args, kwargs) with these arrays in place of the inputs."""
        return exchanged((self.args, self.kwargs), iter([Tensor(array) for array in arrays]))


def _places(signature: inspect.Signature, count: int) -> list[str]:
    """What the first so many arguments are called; those of *args are numbered."""
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}_{i}" for i in range(count - len(names))]
        names.append(parameter.name)
    return names[:count]


def resampled(
    array: np.ndarray, lengths: dict[int, int], run: int, place: int = 0, in_order: bool = False
) -> np.ndarray:
    """An array like another in a run of its own: other lengths along some axes, other numbers.

    What is the same in every run did not come from the input, and no two inputs are alike. The entries are those of
    the example, so that masks stay masks; floats are scaled a little, integers are lowered, though not below 1, so that
    class numbers stay classes and lengths lengths.

    Args:
        lengths: axis -> its length.
        place: which input it is.
        in_order: let what falls along an axis still fall, as lengths that must be sorted.
    """
    random = np.random.default_rng([run, place])
    for axis, n in lengths.items():
        chosen = random.integers(array.shape[axis], size=n)
        array = array.take(np.sort(chosen) if in_order else chosen, axis)
    if array.dtype.kind == "f":
        return (array * (1 + 0.1 * random.random(array.shape))).astype(array.dtype)
    if array.dtype.kind in "iu":
        most = np.maximum(array.astype(np.int64), 1)
        lowered = np.maximum(most - run * (place + 1), 1) if in_order else random.integers(1, most + 1)
        return np.where(array > 1, lowered, array).astype(array.dtype)
    return array.copy()
