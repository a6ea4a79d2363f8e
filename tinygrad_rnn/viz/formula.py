"""Gradient rules as formulas, read from their source: `dx = dy * (1 - y * y)`."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from ..autograd.op import resolve


def formulas(node: Any) -> list[str]:
    """What the rule of an application sends to each input that wants it; empty if that is not written as a formula."""
    found = []
    for name, link in zip(node.op.inputs, node.inputs):
        if link is not None and (rule := node.op.partials.get(name)) is not None:
            found.append((f"d{name}", formula(resolve(rule))))
    return [f"{name} = {text}" for name, text in found if text]


@lru_cache(maxsize=512)
def formula(function: Callable) -> str:
    """The body of a lambda; "" where there is no source to read it from."""
    code = getattr(function, "__code__", None)
    if code is None or code.co_name != "<lambda>":
        return ""
    places = {(line, column) for line, _, column, _ in code.co_positions()}  # of several lambdas in a line, this one
    found = [each.body for each in _lambdas(code.co_filename) if (each.body.lineno, each.body.col_offset) in places]
    return ast.unparse(found[0]) if len(found) == 1 else ""


@lru_cache(maxsize=32)
def _lambdas(file: str) -> list[ast.Lambda]:
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return []
    return [each for each in ast.walk(tree) if isinstance(each, ast.Lambda)]
