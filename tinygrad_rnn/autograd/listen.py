"""Listening to operations as they are applied to tensors, whatever requires grad: what an export writes down.

A graph remembers what a backward pass needs. That is not all that was computed: integers, comparisons and constants
are not in it, nor is what a rule has no use for. Whoever needs everything listens. While nobody does, this costs
nothing: there is no question to ask, the engine itself is exchanged for as long as somebody listens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, Protocol

import numpy as np

from . import fastcall
from .graph import Tensor
from .op import Op
from .writes import Writes


class Listener(Protocol):
    def applied(self, op: Op, inputs: list[np.ndarray | None], attrs: dict[str, Any], outputs: list[np.ndarray]): ...

    def written(self, array: np.ndarray, writer: str, result: np.ndarray | None): ...


class Watcher(Protocol):
    def applied(self, op: Any, inputs: Sequence[Tensor | None], attrs: dict[str, Any], results: Sequence[Tensor]): ...

    def written(self, array: np.ndarray, writer: str, value: np.ndarray | None): ...


_listener: ContextVar[Listener | None] = ContextVar("listener", default=None)
_watcher: Watcher | None = None
_exchange = Lock()
_listening = 0  # in how many threads
_apply: Callable = Op.apply
_note: Callable = Writes.note.__func__  # type: ignore[attr-defined]


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Inside, and in this thread, tell `listener` every application and every write in place, in order.

    Of a write it hears the array that was written to and, if an operation's result was put there, that result.
    Inputs come as the operation gets them, in one dtype where it asks for that: casts are told before. What an
    operation computes within itself is not told.
    """
    _count(1)
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)
        _count(-1)


def watch(watcher: Watcher | None) -> None:
    """From now on and in all threads, tell this one every application, with its tensors, and every write; None: nobody.

    Applications of an `autograd.Function` are among them.
    """
    global _watcher
    _watcher = watcher
    _count(0)


def watching() -> Watcher | None:
    """Who is told everything in all threads."""
    return _watcher


def _count(change: int) -> None:
    """Open the long way with the first listener, the short ones again after the last."""
    global _listening
    with _exchange:
        _listening += change
        on = _listening > 0 or _watcher is not None
        fastcall.quick = _Nobody if on else Tensor
        Op.apply = _applied if on else _apply  # type: ignore[method-assign]
        Writes.note = classmethod(_noted if on else _note)  # type: ignore[method-assign,assignment]


class _Nobody:
    """What no tensor is."""


def _applied(self: Op, tensors: list, attrs: dict[str, Any], known: Any = None):
    result = _apply(self, tensors, attrs, known)  # exchanges what it casts in the list of inputs
    results = result if isinstance(result, tuple) else (result,)
    if (listener := _listener.get()) is not None:
        inputs = [None if x is None else x.array for x in tensors]
        listener.applied(self, inputs, attrs, [y.array for y in results])
    if (watcher := _watcher) is not None:
        watcher.applied(self, tensors, attrs, results)
    return result


def _noted(
    cls: type[Writes], array: np.ndarray, writer: str, result: np.ndarray | None = None, value: np.ndarray | None = None
) -> None:
    _note(cls, array, writer)
    if (listener := _listener.get()) is not None:
        listener.written(array, writer, result)
    if (watcher := _watcher) is not None:
        watcher.written(array, writer, value if result is None else result)
