"""The name under which graphs and errors show an operation that serves a public function of another signature."""

from __future__ import annotations

from collections.abc import Callable


def called(name: str) -> Callable:
    """Name the function below as the public one: `@primitive` then declares the operation `name`."""

    def rename(forward: Callable) -> Callable:
        forward.__name__ = forward.__qualname__ = name
        return forward

    return rename
