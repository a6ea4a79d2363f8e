"""What goes over the line between a loader and a worker: an epoch with an index, and back an epoch with a batch."""

from __future__ import annotations

import pickle
import traceback
from io import BytesIO
from typing import Any, NoReturn


def pack(epoch: int, content: Any) -> memoryview:
    """Both as bytes, one after the other: whose epoch it is must be known even where the content cannot be read."""
    message = BytesIO()
    pickle.dump(epoch, message)
    pickle.dump(content, message, protocol=5)  # protocol 5 copies an array once less
    return message.getbuffer()


def opened(message: bytes) -> tuple[int, BytesIO]:
    """The epoch, and what `pickle.load` reads the content from."""
    rest = BytesIO(message)
    return pickle.load(rest), rest


class Failure:
    """An exception on its way to another process: the traceback is its text there, as in torch."""

    def __init__(self, error: Exception, where: str) -> None:
        self.kind = type(error)
        self.text = f"Caught {self.kind.__name__} {where}.\nOriginal {''.join(traceback.format_exception(error))}"

    def pack(self, epoch: int) -> memoryview:
        """As bytes; as a RuntimeError, if the type of the exception cannot be imported elsewhere."""
        try:
            return pack(epoch, self)
        except Exception:
            self.kind = RuntimeError
            return pack(epoch, self)

    def reraise(self) -> NoReturn:
        """Raise it here; as a RuntimeError, if its type takes other arguments than a text."""
        try:
            error: Exception = self.kind(Verbatim(self.text))
        except Exception:
            error = RuntimeError(self.text)
        raise error


class Verbatim(str):
    """A text that is its own repr: a KeyError shows the repr of what it is given."""

    __repr__ = str.__str__
