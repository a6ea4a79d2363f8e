"""Who is running: module path and time step, and whether operations are recorded at all.

Every node keeps the tuple of frames that was current when it was made. The engine never looks at it;
error messages and drawings do.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator
from contextvars import ContextVar
from functools import partial, wraps
from inspect import isgeneratorfunction
from typing import Any, NamedTuple


class Frame(NamedTuple):
    """One level of "where": a module call, a time step, an opened operation or a gradient rule."""

    kind: str  # "module", "layer", "step", "op" or "vjp"
    name: str
    index: int | None = None  # type: ignore[assignment]  # of a module the number of the call, of a step its number
    owner: int | None = None  # of a module its serial number: two modules may share a name

    def __str__(self) -> str:
        if self.kind == "step":
            return f"{self.name}={self.index}"
        return self.name if self.kind != "vjp" else f"d{self.name}"


Scope = tuple[Frame, ...]

# One variable answers both questions of the hot path: None means "do not record", a tuple of frames
# means "record, and this is where we are". The second keeps the frames while nothing is recorded.
_recording: ContextVar[Scope | None] = ContextVar("recording", default=())
_frames: ContextVar[Scope] = ContextVar("frames", default=())
recording: Callable[[], Scope | None] = _recording.get
frames: Callable[[], Scope] = _frames.get
set_recording, set_frames = _recording.set, _frames.set  # not of Python: Ctrl-C cannot come before they act

# The levels of forward differentiation that are open, outermost first (`forward_ad`).
_levels: ContextVar[tuple] = ContextVar("levels", default=())
levels: Callable[[], tuple] = _levels.get


class Passing(tuple):
    """The third answer, where a level is open: "record nothing to go back through, but let tangents pass on"."""

    __slots__ = ()


def _switched(scope: Scope, record: bool) -> Scope | None:
    """What `recording` answers at `scope` from now on."""
    return scope if record else Passing(scope) if levels() else None


def push(frame: Frame):
    """Enter a frame; the cheap form for module calls. Give the result to `pop`."""
    inner, now = frames() + (frame,), recording()
    then = inner if now.__class__ is tuple else None if now is None else Passing(inner)
    return _frames.set(inner), _recording.set(then)


def pop(tokens) -> None:
    """Leave a frame entered by `push`."""
    _frames.reset(tokens[0])
    _recording.reset(tokens[1])


def resume(scope: Scope, record: Scope | None) -> None:
    """Be where `frames()` and `recording()` said one was."""
    try:
        _frames.set(scope)
    finally:
        _recording.set(record)


class at:
    """Nodes made inside carry exactly `scope`; `record` switches recording, None leaves it as it is."""

    __slots__ = ("record", "scope", "tokens")

    def __init__(self, scope: Scope, record: bool | None = None) -> None:
        self.scope, self.record = scope, record

    def __enter__(self) -> None:
        if self.record is None and recording() is None:
            then = None
        else:
            then = _switched(self.scope, is_grad_enabled() if self.record is None else self.record)
        self.tokens = _frames.set(self.scope), _recording.set(then)

    def __exit__(self, *error: object) -> None:
        pop(self.tokens)


def within(frame: Frame) -> AbstractContextManager[None]:
    """Nodes made inside carry one more frame."""
    return at(frames() + (frame,))


def step(t: int, name: str = "t") -> AbstractContextManager[None]:
    """Say that what happens inside is time step `t`; also around plain Tensor or Value expressions.

    Args:
        t: its number.
        name: what the steps are called in drawings and messages: "t" gives t=0, t=1, ...

    Example:
        >>> from tinygrad_rnn import Value, step
        >>> h, w = Value(0.0), Value(0.5)
        >>> for t, x in enumerate([1.0, -1.0]):
        ...     with step(t):
        ...         h = (w * h + x).tanh()
    """
    return within(Frame("step", name, int(t)))


def path(scope: Scope) -> str:
    """A scope in words, outermost first: `model / encoder / t=3`; empty at top level."""
    return " / ".join(map(str, scope))


def places(scope: Scope) -> Scope:
    """Where in the user's program; not which operation was opened or differentiated there."""
    return tuple([frame for frame in scope if frame.kind in ("module", "layer", "step")])


def is_grad_enabled() -> bool:
    """Whether operations are recorded now."""
    return recording().__class__ is tuple


def _switch(record: bool) -> None:
    _recording.set(_switched(frames(), record))


class _Mode(ContextDecorator):
    """A recording mode as a context manager, and as a decorator with or without parentheses."""

    record = False

    def __new__(cls, function: Callable | None = None):
        mode = super().__new__(cls)
        if callable(function):  # @no_grad without parentheses
            mode.__init__()  # type: ignore[misc]
            return mode(function)
        return mode

    def __init__(self, *_: object) -> None:
        self._old: list[bool] = []

    def _recreate_cm(self):  # a decorated function may call itself: each call has its own instance
        return type(self)()

    def __call__(self, function):
        if isgeneratorfunction(function):
            return _generator_in(self._recreate_cm, function)
        return super().__call__(function)

    def __enter__(self) -> None:
        self._old.append(is_grad_enabled())
        _switch(self.record)

    def __exit__(self, *error: object) -> None:
        _switch(self._old.pop())


def _generator_in(mode: Callable[[], AbstractContextManager], function: Callable) -> Callable:
    """A generator function whose body, but nothing of its caller, runs in the mode."""

    @wraps(function)
    def generator(*args, **kwargs):
        inner = function(*args, **kwargs)
        resume = partial(inner.send, None)
        while True:
            with mode():
                try:
                    item = resume()
                except StopIteration as stop:
                    return stop.value
            try:
                resume = partial(inner.send, (yield item))
            except GeneratorExit:
                with mode():
                    inner.close()
                raise
            except BaseException as error:
                resume = partial(inner.throw, error)

    return generator


class no_grad(_Mode):
    """Record nothing inside: results do not require grad. Tangents pass (`forward_ad`).

    Used as `with no_grad():`, or as a decorator of a `function`, with or without parentheses. Source: `torch.no_grad`.
    """


class enable_grad(_Mode):
    """Record inside, also within `no_grad`.

    Used as `with enable_grad():`, or as a decorator of a `function`. Source: `torch.enable_grad`.
    """

    record = True


class inference_mode(_Mode):
    """Record nothing inside: `no_grad` through which tangents do not pass either. No book-keeping is skipped besides.

    With `mode=False` it records instead, as `enable_grad` does; as a decorator it may stand without parentheses.

    Source: `torch.inference_mode`; its results may, unlike torch's, be used in recorded operations later.
    """

    def __new__(cls, mode: bool | Callable = True):
        return super().__new__(cls, mode if callable(mode) else None)

    def __init__(self, mode: bool | Callable = True) -> None:
        super().__init__()
        self.record = mode is False

    def __enter__(self) -> None:
        super().__enter__()
        if not self.record:
            _recording.set(None)  # not even tangents pass

    def _recreate_cm(self):
        return inference_mode(not self.record)


class Setting(ContextDecorator):
    """A mode that is set from now on, inside a `with` block, or for a decorated function.

    Attributes:
        read: says how the mode is.
        write: sets it.
    """

    read: Callable[[], Any]
    write: Callable[[Any], None]

    def __init__(self, mode: bool) -> None:
        self.mode = bool(mode)
        self._old = self.read()
        self.write(self.mode)

    def __call__(self, function):
        self.write(self._old)  # a decorator switches inside the function only
        if isgeneratorfunction(function):
            return _generator_in(self._recreate_cm, function)
        return super().__call__(function)

    def _recreate_cm(self):
        return type(self)(self.mode)

    def __enter__(self) -> None:
        self.write(self.mode)

    def __exit__(self, *error: object) -> None:
        self.write(self._old)


class set_grad_enabled(Setting):
    """Switch recording on (`mode` True) or off: from now on, inside a `with` block, or for a decorated function.

    Source: `torch.set_grad_enabled`.
    """

    read = staticmethod(is_grad_enabled)
    write = staticmethod(_switch)
