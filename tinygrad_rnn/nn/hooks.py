"""Hooks of a module; for those of backward, an identity around its inputs and one around its outputs that tell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..autograd.op import primitive
from ..tensor import RemovableHandle, Tensor


def replaced(given: tuple, changed: Any) -> tuple:
    """What a hook returns, or what it was given if that is None."""
    if changed is None:
        return given
    return changed if isinstance(changed, tuple) else (changed,)


def registered(hooks: dict, hook: Any, prepend: bool) -> RemovableHandle:
    """The handle of a hook that runs after, or before, those that there are."""
    others = dict(hooks) if prepend else {}
    for key in others:
        del hooks[key]
    handle = RemovableHandle(hooks, hook)
    hooks.update(others)
    return handle


@primitive(outputs="*ys")
def tell(*xs, told):
    """y_i = x_i; in the backward pass `told` sees the cotangents and may replace them."""
    return tuple(xs)


tell.vjp(lambda dys, told: told(dys))


def gate(values: tuple, told: Callable[[tuple], tuple | None]) -> tuple:
    """The values, with the tensors among them that require grad passed through one `tell` node."""
    which = [i for i, x in enumerate(values) if isinstance(x, Tensor) and x.requires_grad]
    if not which:
        return values

    def pull(dys: list):
        full: list[Tensor | None] = [None] * len(values)
        for i, dy in zip(which, dys):
            full[i] = dy if isinstance(dy, Tensor) else Tensor(dy)
        changed = told(tuple(full))
        if changed is None:
            return tuple(dys)
        return tuple([c if isinstance(dys[0], Tensor) or c is None else c.array for c in (changed[i] for i in which)])

    passed = list(values)
    for i, y in zip(which, tell(*[values[i] for i in which], told=pull)):
        passed[i] = y
    return tuple(passed)
