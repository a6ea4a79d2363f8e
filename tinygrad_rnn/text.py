"""Text for character models: reading it, numbering its characters, cutting it into parallel streams."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

__all__ = ["TextError", "Vocabulary", "batches", "load_text", "split", "stdlib_text"]


class TextError(ValueError):
    """A text that cannot be used: binary, empty, too short, or with characters nobody has seen."""


class Vocabulary:
    """The distinct characters of a text, numbered from 0 in the order of their code points.

    Args:
        characters: any text; `Vocabulary("hello")` is that of "ehlo".

    Example:
        >>> vocabulary = Vocabulary("hello")
        >>> vocabulary.encode("hole")
        array([1, 3, 2, 0])
        >>> vocabulary.decode([1, 3, 2, 0])
        'hole'
    """

    def __init__(self, characters: Iterable[str]) -> None:
        self.characters = "".join(sorted(set(characters)))
        self._points = _code_points(self.characters)

    def encode(self, text: str) -> np.ndarray:
        """The numbers of the characters of a text, int64 of its length.

        Raises:
            TextError: naming the characters that are not in the vocabulary.
        """
        points = _code_points(text)
        ids = np.searchsorted(self._points, points)
        if unknown := sorted(set(text) - set(self.characters)):
            more = "" if len(unknown) <= 10 else f" and {len(unknown) - 10} more"
            raise TextError(
                f"the vocabulary of {len(self)} characters does not have {', '.join(map(repr, unknown[:10]))}{more}"
            )
        return ids

    def decode(self, ids) -> str:
        """The text with these numbers: any one-dimensional sequence, array or Tensor of whole numbers."""
        return "".join([self.characters[i] for i in np.asarray(ids, np.int64).ravel()])

    def __len__(self) -> int:
        return len(self.characters)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.characters == other.characters

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"Vocabulary({self.characters!r})"


def _code_points(text: str) -> np.ndarray:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def load_text(paths: str | os.PathLike | Iterable[str | os.PathLike]) -> str:
    """The text of one or several UTF-8 files, joined by line ends.

    Raises:
        FileNotFoundError: where a file is missing; other OSErrors where it cannot be read.
        TextError: where it is empty or is not text; like the others it names the file. Also where none is given.
    """
    if isinstance(paths, (str, os.PathLike)):
        paths = [paths]
    texts = [_read(Path(path)) for path in paths]
    if not texts:
        raise TextError("expected one file or several to read text from, got none")
    return "\n".join(texts)


def _read(path: Path) -> str:
    data = path.read_bytes()
    try:
        text = data.decode("utf-8-sig")  # without the mark that some editors put first
    except UnicodeDecodeError as error:
        raise TextError(
            f"{path} is not UTF-8 text (byte 0x{data[error.start]:02x} at position {error.start})"
        ) from None
    if "\0" in text:
        raise TextError(f"{path} is binary, not text (a zero byte at position {data.index(0)})")
    if not text.strip():
        raise TextError(f"{path} is empty")
    return text.replace("\r\n", "\n")


def stdlib_text() -> str:
    """Prose and code that every Python installation has: the help topics of `pydoc`, in the order of their names.

    On Python 3.11 it is 465,048 characters, 103 of them distinct.
    """
    try:
        from pydoc_data.topics import topics
    except ImportError:
        raise TextError("this Python was packaged without pydoc_data.topics: give a text file instead") from None
    return "\n".join([topics[name] for name in sorted(topics)])


def split(text: str, heldout: float = 0.1) -> tuple[str, str]:
    """A text to learn from, and its end, which the model never sees in training.

    Args:
        text: at least two characters.
        heldout: the share of the second part, between 0 and 1.

    Raises:
        TextError: where one of the parts would be empty.
    """
    cut = round(len(text) * (1 - heldout))
    if not 0 < cut < len(text):
        raise TextError(f"a text of {len(text)} characters cannot be split with a share of {heldout} held out")
    return text[:cut], text[cut:]


class batches(Sequence):  # used like a function: for x, y in batches(ids, n, t)
    """The text as N parallel streams, cut into chunks of T steps; the target is the next character.

    Stream j reads on from chunk to chunk, so the state of a recurrent network is carried along. The few
    characters that do not fill the streams at the end are left out.

    Args:
        ids: numbers of the characters, int64 [length].
        n: streams, N.
        t: steps in a chunk, T.
        rest: whether the last chunk may be shorter than T; else that is left out too.

    Yields:
        input and target, both int64 [T, N]: target[k] is input[k + 1].

    Raises:
        TextError: where the text does not fill one chunk.
        ValueError: where there would be no streams or no steps.
    """

    def __init__(self, ids: np.ndarray, n: int, t: int, rest: bool = False) -> None:
        if n < 1 or t < 1:
            raise ValueError(f"batches: expected one stream and one step or more, got {n} streams of {t} steps")
        length = (len(ids) - 1) // n  # of a stream
        needed = n * (1 if rest else t) + 1
        if len(ids) < needed:
            streams = ("1 stream" if n == 1 else f"{n} streams") + ("" if rest else f" of {t} steps")
            raise TextError(
                f"the text is too short: it has {len(ids):,} characters, and {needed:,} are needed for {streams}; give "
                f"a longer one, or ask for fewer streams or steps"
            )
        self.ids = ids
        self._inputs = ids[: n * length].reshape(n, length).T
        self._targets = ids[1 : n * length + 1].reshape(n, length).T
        self._starts = range(0, length if rest else length - t + 1, t)
        self._t = t

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, k):
        start = self._starts[k]
        window = slice(start, start + self._t)
        return np.ascontiguousarray(self._inputs[window]), np.ascontiguousarray(self._targets[window])
