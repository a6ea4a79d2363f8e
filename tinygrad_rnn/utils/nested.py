"""Tensors in tuples, lists and dicts of them, as states of networks come."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..tensor import Tensor


def tensors_in(tree: Any) -> list[Tensor]:
    """The tensors in tuples, lists and dicts of them, in order."""
    found: list[Tensor] = []
    mapped(found.append, tree)
    return found


def mapped(change: Callable[[Tensor], Any], tree: Any) -> Any:
    """The same tuples, lists and dicts, with `change(tensor)` in place of each tensor; what else is there stays."""
    if isinstance(tree, Tensor):
        return change(tree)
    if isinstance(tree, (tuple, list)):
        parts = [mapped(change, part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: mapped(change, part) for key, part in tree.items()}
    return tree
