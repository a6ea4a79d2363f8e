"""Ctrl-C that waits: what must not stop halfway, such as the step of an optimiser, is done as a whole."""

from __future__ import annotations

import _signal  # without the names that `signal` gives to numbers: these would take 15 us a step
import threading
from typing import Any


class uninterrupted:
    """Inside the `with` block Ctrl-C (SIGINT) is noted; its handler, which raises KeyboardInterrupt, runs at the end.

    In threads other than the main one nothing is to be done: Python runs no handler there. A SIGINT that is ignored
    stays ignored, and one that kills the process at once still does. Keep the block short.
    """

    __slots__ = ("came", "handler")

    def __enter__(self) -> None:
        self.came: Any = None
        self.handler: Any = None
        if threading.get_ident() == threading.main_thread().ident:
            handler = _signal.getsignal(_signal.SIGINT)
            if callable(handler):
                self.handler = handler  # known before ours is in place: from then on nothing comes between
                _signal.signal(_signal.SIGINT, self._note)

    def __exit__(self, *error: object) -> None:
        if self.handler is not None:
            _signal.signal(_signal.SIGINT, self.handler)
            if self.came is not None:
                self.handler(*self.came)

    def _note(self, *came: Any) -> None:
        self.came = came
