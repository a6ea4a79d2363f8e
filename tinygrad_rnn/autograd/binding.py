"""What the parameters of an operation mean, and how the arguments of a call are sorted into them."""

from __future__ import annotations

import operator
from collections.abc import Callable
from inspect import Parameter
from re import findall
from typing import Annotated, Any

Array = Annotated[Any, "Array"]  # what a forward function or a rule is given: an ndarray, a Tensor or a float
ArrayInt = Annotated[Any, "ArrayInt"]  # the same, for an input that keeps its own dtype: indices
ArrayBool = Annotated[Any, "ArrayBool"]  # the same, for an input that keeps its own dtype: masks
Ints = tuple[int, ...]  # what forward is given
Dims = Any  # None, an int or a tuple of ints

MISSING = object()
INPUTS = {"x": "input", "a": "input", "b": "other"}  # PyTorch's names for what the mathematics here calls so
SPELLINGS = {
    "axis": "dim", "keepdims": "keepdim", "axes": "dims", "axis0": "dim0", "axis1": "dim1",
    "split_size": "split_size_or_sections",
}  # fmt: skip
PACKAGE = __name__.partition(".")[0]


def bind(op, args: tuple, kwargs: dict[str, Any]) -> tuple[tuple, dict[str, Any]]:
    """Sort a call's arguments into inputs and attributes, PyTorch's and NumPy's spellings alike."""
    if not kwargs.keys() <= op.attrs.keys():
        kwargs = {spelled(op, name): value for name, value in kwargs.items()}
    if op.variadic:
        inputs, rest = args, ()
    else:
        n = len(op.inputs)
        inputs, rest = args[:n], args[n:]
        if len(inputs) < n:
            left_out = [(name, None if name in op.optional else MISSING) for name in op.inputs[len(inputs) :]]
            inputs += tuple([kwargs.pop(name, missing) for name, missing in left_out])
            if MISSING in [x for x in inputs if x.__class__ is object]:
                raise TypeError(f"{op.name}() takes {', '.join(op.inputs)}; {len(args)} given")
    attrs = dict(op.attrs)
    names = op.positional
    if rest:
        if len(rest) > len(names) and names and op.converters.get(names[-1]) is ints:
            rest = (*rest[: len(names) - 1], rest[len(names) - 1 :])  # x.reshape(2, 3)
        if len(rest) > len(names):
            raise TypeError(f"{op.name}() takes {[*op.inputs, *names]}; {len(args)} arguments given")
        attrs.update(zip(names, rest, strict=False))
    for name, value in kwargs.items():
        if name not in attrs:
            raise TypeError(f"{op.name}() got an unexpected keyword argument '{name}'")
        if name in names[: len(rest)]:
            raise TypeError(f"{op.name}() got multiple values for argument '{name}'")
        attrs[name] = value
    for name in op.required:
        if attrs[name] is Parameter.empty:
            raise TypeError(f"{op.name}() missing required argument '{name}'")
    for name, convert in op.converters.items():
        attrs[name] = convert(attrs[name], op, name)
    return inputs, attrs


def spelled(op, name: str) -> str:
    """A keyword by the name it has here; inputs also by PyTorch's names."""
    name = SPELLINGS.get(name, name)
    if name in op.inputs or name in op.attrs:
        return name
    return {"input": op.inputs[0], **{INPUTS.get(own, own): own for own in op.inputs}}.get(name, name)


def is_input(p: Parameter) -> bool:
    """Whether a parameter is an input; else it is an attribute."""
    if p.kind is Parameter.KEYWORD_ONLY:
        return False
    if p.annotation is Parameter.empty:
        return p.default is Parameter.empty
    return bool({"Array", "ArrayInt", "ArrayBool", "ndarray", "Tensor"} & words(p))


def words(p: Parameter) -> set[str]:
    """The names in an annotation, whether it is still text or was evaluated."""
    found = p.annotation.__name__ if isinstance(p.annotation, type) else str(p.annotation)
    return set(findall(r"\w+", found)) - {"np", "numpy", "typing", "Annotated", "Any", "tg"}


def to_index(value, op, name: str):
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{op.name}(): {name} must be an int, got {type(value).__name__}: {value!r}") from None


def ints(value, op, name: str):
    return tuple([to_index(v, op, name) for v in (value if isinstance(value, (tuple, list)) else (value,))])


def dims(value, op, name: str):
    """None, one dimension, or several."""
    if value is None:
        return None
    return ints(value, op, name) if isinstance(value, (tuple, list)) else to_index(value, op, name)


def to_bool(value, op, name: str):
    return bool(value)


# What an attribute's annotation means: conversion and check at the call.
CONVERTERS: dict[Any, Callable] = {"int": to_index, "Ints": ints, "Dims": dims, "bool": to_bool}
# Values of these classes pass as they are.
READY: dict[Callable, tuple] = {to_index: (int,), dims: (int, type(None)), to_bool: (bool,)}
