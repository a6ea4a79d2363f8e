"""What is known of an application besides its place: formula, rule, value, as far as the graph kept it."""

from __future__ import annotations

import ast
import inspect
import linecache
import math
from collections.abc import Callable
from functools import lru_cache
from textwrap import dedent
from typing import Any

import numpy as np

from ..autograd.op import resolve
from .nodes import Result, Trace

SMALL = 16  # numbers of an array that are shown one by one
BINS = 16


def brief(x: Any) -> list[Any]:
    """An array as [its norm, and if it is small its numbers]."""
    flat = np.asarray(x, np.float64).ravel()
    return [_number(np.linalg.norm(flat)), *(map(_number, flat) if flat.size <= SMALL else ())]


def statistics(x: Any) -> dict[str, Any]:
    """Range, mean, deviation and histogram of an array, and if it is small its numbers."""
    flat = np.asarray(x, np.float64).ravel()
    finite = flat[np.isfinite(flat)]
    found: dict[str, Any] = {"size": flat.size, "odd": flat.size - finite.size}
    if finite.size and flat.size > 1:
        with np.errstate(all="ignore"):
            ends = finite.min(), finite.max(), finite.mean(), finite.std(), np.linalg.norm(finite)
        found |= dict(zip(("min", "max", "mean", "std", "norm"), map(_number, ends)))
        if np.isfinite(ends[1] - ends[0]):
            found["bins"] = np.histogram(finite, BINS)[0].tolist()
    if flat.size <= SMALL:
        found["numbers"] = [*map(_number, flat)]
    return found


def _number(x: Any) -> float | str:
    """Six digits; JSON has no infinity and no NaN, the page reads their names."""
    x = float(x)
    if math.isfinite(x):
        return float(f"{x:.6g}")
    return "NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity"


def numbers(trace: Trace) -> dict[Result, float]:
    """What the Values of a graph hold."""
    values = [value for node in trace.nodes if node.plain_grad for value in (node, *node.inputs) if value is not None]
    return {(value, 0): value.data for value in values}


# --- operations ---------------------------------------------------------------------------------------------------


def operation(node: Any) -> dict[str, str]:
    """Name, description and the source of the gradient rule."""
    op = node.op
    return {"name": op.name, "doc": inspect.cleandoc(op.doc), "rule": rule_source(node)}


def rule_source(node: Any) -> str:
    """The text of the gradient rule; "" where there is no file to read it from."""
    while node.op is None and node.inputs:  # one of several outputs
        node = node.inputs[0]
    op, own = node.op, getattr(node.rule, "function", None)  # a Function has a class with `backward`
    if op is None:
        return ""  # a leaf
    rules = [own.backward] if own else list(op.partials.values()) or [op._joint]
    texts: dict[str, None] = {}
    for rule in rules:
        if rule is not None:
            texts[_source(resolve(rule))] = None
    return "\n".join(text for text in texts if text)


def _source(function: Callable) -> str:
    try:
        if function.__name__ != "<lambda>":
            return dedent(inspect.getsource(function)).strip()
        file, line = function.__code__.co_filename, function.__code__.co_firstlineno
        first, last = max([span for span in _statements(file) if span[0] <= line <= span[1]])
        return dedent("".join(linecache.getlines(file)[first - 1 : last])).strip()
    except (OSError, TypeError, ValueError, SyntaxError, AttributeError):
        return ""


@lru_cache(maxsize=32)
def _statements(file: str) -> list[tuple[int, int]]:
    """(first line, last line) of each statement: a lambda is shown with the call it is written in."""
    tree = ast.parse("".join(linecache.getlines(file)))
    return [(each.lineno, each.end_lineno or each.lineno) for each in ast.walk(tree) if isinstance(each, ast.stmt)]


def dtype_name(node: Any, value: Any) -> str:
    kept = [x.dtype for x in (node, value) if getattr(x, "dtype", None) is not None]
    return str(kept[0]) if kept else "float" if isinstance(value, float) else ""
