"""Which line of the user's code made a node: remembered where that is asked for, free where it is not."""

from __future__ import annotations

import contextlib
import linecache
import os
import re
import sys
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from .scope import Scope, Setting, at


class Source(NamedTuple):
    """A line of the user's code. `str` of it is what error messages say: `folder/file.py:12`."""

    file: str  # as its code object calls it; not always a file
    line: int

    @property
    def short(self) -> str:
        """`file.py:12`; of a notebook `In[3]:12`."""
        return f"{_cell(self.file) or os.path.basename(self.file)}:{self.line}"

    @property
    def text(self) -> str:
        """What is written there; "" where it cannot be read."""
        try:
            return linecache.getline(self.file, self.line).strip()
        except ValueError:  # a name that no file can have
            return ""

    def __str__(self) -> str:
        return f"{_cell(self.file) or self.file}:{self.line}"


def _cell(file: str) -> str:
    """What a notebook calls the cell whose code has this name; "" if it is none."""
    if "ipy" not in file:
        return ""
    if numbered := re.fullmatch(r"<ipython-input-(\d+)-\w+>", file):
        return f"In[{numbered[1]}]"
    if not re.search(r"[/\\](ipykernel_\d+[/\\]|ipython-input-)[^/\\]*\.py$", file):
        return ""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    named = getattr(getattr(shell, "compile", None), "format_code_name", lambda _: None)(file)
    return named[1] if named else "cell"


# --- finding the line -----------------------------------------------------------------------------------------------

_PACKAGE = os.path.dirname(os.path.dirname(Source.__str__.__code__.co_filename))
_NOT_THE_USERS = (os.path.join(_PACKAGE, ""), os.path.join(os.path.dirname(np.__file__), ""), "<frozen ")
_PYTHON = os.path.join(os.path.dirname(contextlib.__file__), "")

_source = cache(Source)  # one object for all nodes of a line


@cache
def _is_users(file: str) -> bool:
    """Whether code is neither this package's nor of what may stand between it and the user: Python's library, NumPy."""
    if file.startswith(_NOT_THE_USERS):
        return False
    return not file.startswith(_PYTHON) or f"-packages{os.sep}" in file


def caller() -> Source | None:
    """The innermost line of the user's code that is running; None if there is none."""
    frame = sys._getframe(1)
    while frame is not None:
        if _is_users(file := frame.f_code.co_filename):
            return _source(file, frame.f_lineno or 0)
        frame = frame.f_back  # type: ignore[assignment]
    return None


# --- remembering it -------------------------------------------------------------------------------------------------

recorders: list[None] = []  # as many as contexts ask for lines: every new node looks whether it is empty, no further
witnesses: list[Callable[[Any], None]] = []  # who else wants to see new nodes, while `recorders` is not empty


class Recorder:
    """A wish to remember lines, in force as long as a context holds it: a thread that ends takes its own along."""

    __slots__ = ("line",)

    def __init__(self, line: Source | None = None) -> None:
        self.line = line  # that of every node; None to look which one runs
        recorders.append(None)

    def __del__(self, forget=recorders.pop) -> None:
        forget()


_recorder: ContextVar[Recorder | None] = ContextVar("recorder", default=None)


def remember(node: Any) -> None:
    """Give a new node its line, where that is asked for. Called only if there are `recorders`."""
    if (recorder := _recorder.get()) is not None:
        node._source = recorder.line or caller()
    for witness in witnesses:
        witness(node)


class at_line(at):
    """Nodes made inside have exactly this scope and this line, or none, instead of the one that runs."""

    __slots__ = ("line", "token")

    def __init__(self, scope: Scope, line: Source | None, record: bool | None = True) -> None:
        super().__init__(scope, record)
        self.line = line

    def __enter__(self) -> None:
        super().__enter__()
        self.token = _recorder.set(None if self.line is None else Recorder(self.line))

    def __exit__(self, *error: object) -> None:
        _recorder.reset(self.token)
        super().__exit__(*error)


class record_source(Setting):
    """Remember for every new node, as `node.source`, the line of your code that made it.

    From now on, inside a `with` block, or for a decorated function; `record_source(False)` ends it. Like the other
    modes it holds for the thread or task that enters it. A node made inside a layer of this package has the line that
    called the layer. A gradient recorded by `create_graph` has the line of the operation whose gradient it is: the
    line of `backward()` would be the same for all of them.

    Drawings show the lines (`draw(y, show="source")`), and error messages name them.

    Raises:
        TypeError: the mode is not True or False.

    Example:
        >>> import tinygrad_rnn as tg
        >>> x = tg.tensor(2.0, requires_grad=True)
        >>> with tg.autograd.record_source():
        ...     y = x * x
        >>> y.node.source.line
        2
    """

    def __init__(self, mode: bool = True) -> None:
        if not isinstance(mode, bool):
            raise TypeError(
                f"record_source: expected True or False, got {type(mode).__name__}; a function is decorated with "
                f"@record_source(), with parentheses"
            )
        super().__init__(mode)

    @staticmethod
    def read() -> Recorder | None:
        return _recorder.get()

    @staticmethod
    def write(mode: Any) -> None:
        _recorder.set(Recorder() if mode is True else mode or None)
