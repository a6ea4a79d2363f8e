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
from .nodes import Given, Trace

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


# --- values -------------------------------------------------------------------------------------------------------


def values(trace: Trace) -> dict[tuple[Any, int], Any]:
    """(application or leaf, output) -> its value, where the graph kept it, or what it kept gives it again."""
    known: dict[tuple[Any, int], Any] = {}
    for _, y in trace.outputs:
        known[trace.follow(y.node)] = y.data if y.node.plain_grad else y.array
    if trace.freed:
        return known
    for node in [*trace.nodes, *trace.inside]:
        if node.plain_grad:
            known |= {(value, 0): value.data for value in (node, *node.inputs) if value is not None}
        elif isinstance(node.saved, tuple):
            for name, x in zip(getattr(node.rule, "saves", ()), node.saved):
                if isinstance(x, np.ndarray):
                    _note(known, trace, node, name, x)
    for node in trace.nodes:
        op = node.op
        if (node, 0) in known or not op.single or getattr(op, "attrs", True) or op.variadic or op.body or op.hidden:
            continue
        sources = trace.sources(node)
        inputs = [s.node.array if isinstance(s.node, Given) else known.get((s.node, s.out)) for s in sources]
        if len(inputs) == len(op.inputs) and all([x is not None for x in inputs]):
            with np.errstate(all="ignore"):
                y = op.forward(*inputs)
            if np.shape(y) == node.shape:
                known[node, 0] = y
    return known


def _note(known: dict, trace: Trace, node: Any, name: str, x: np.ndarray) -> None:
    op = node.op
    if name in op.inputs and not op.variadic:
        link = node.inputs[op.inputs.index(name)]
        if link is not None:
            known.setdefault(trace.follow(link), x)
    elif name in op.outputs:
        known.setdefault((node, op.outputs.index(name)), x)


# --- operations ---------------------------------------------------------------------------------------------------


def operation(node: Any) -> dict[str, str]:
    """Name, description and the source of the gradient rule."""
    op = node.op
    return {"name": op.name, "doc": inspect.cleandoc(op.doc), "rule": rule_source(node)}


def rule_source(node: Any) -> str:
    """The text of the gradient rule; "" where there is no file to read it from."""
    op, own = node.op, getattr(node.rule, "function", None)  # a Function has a class with `backward`
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
