"""Numbers in a box: a few as text, many as a strip of coloured cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from .style import STRIP_COLORS

FEW = 4  # entries that are shown as numbers
ROWS, COLUMNS = 4, 24  # cells at most
MIDDLE = len(STRIP_COLORS) // 2  # the colour of zero
NOT_FINITE = -1


@dataclass(frozen=True, slots=True)
class Strip:
    """A line of a box: what it shows, its cells, and the number that the last colour stands for (the first: minus it).

    Attributes:
        cells: rows of colours, each a place in style.STRIP_COLORS or NOT_FINITE.
    """

    caption: str
    cells: tuple[tuple[int, ...], ...]
    words: str

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a cell, in points."""
        columns, rows = len(self.cells[0]), len(self.cells)
        return max(3, min(8, 72 // columns)), 9 if rows == 1 else 5

    @property
    def extent(self) -> tuple[int, int]:
        """Width and height of all cells and their frame."""
        width, height = self.cell
        return width * len(self.cells[0]) + 2, height * len(self.cells) + 2


def shown(caption: str, x: Any) -> str | Strip:
    """The line that shows a number or an array."""
    x = np.asarray(x)
    if x.size <= FEW:
        return f"{caption}  {'  '.join([number_text(number) for number in x.ravel().tolist()]) or 'empty'}"
    cells = extremes(x.astype(np.float64))
    good = np.isfinite(cells)
    most = np.abs(cells[good]).max(initial=0.0)
    level = np.zeros(cells.shape) if most == 0 else np.where(good, cells, 0.0) / most
    places = np.where(good, np.rint((level + 1) * MIDDLE), NOT_FINITE).astype(int)
    words = f"±{most:.2g}" if most else "all 0"
    if bad := x.size - np.count_nonzero(np.isfinite(x)):
        words = f"{words}; {bad:,} not finite"
    return Strip(caption, tuple(map(tuple, places.tolist())), words)


def number_text(number: float) -> str:
    return f"{number + 0:.3g}"  # + 0: no minus in front of zero


def extremes(x: np.ndarray) -> np.ndarray:
    """At most ROWS x COLUMNS entries, the longer side lying: of each block the entry of the largest magnitude.

    A mean would let all large arrays fade to zero, and would hide the one entry that is not a number.
    """
    x = x.squeeze()
    x = x.reshape(-1, x.shape[-1])
    x = x.T if len(x) > x.shape[1] else x
    for axis, most in enumerate((ROWS, COLUMNS)):
        if x.shape[axis] > most:
            x = np.stack([_extreme(block, axis) for block in np.array_split(x, most, axis)], axis)
    return x


def _extreme(x: np.ndarray, axis: int) -> np.ndarray:
    where = np.abs(x).argmax(axis)  # of a nan, if there is one
    return np.take_along_axis(x, np.expand_dims(where, axis), axis).squeeze(axis)
