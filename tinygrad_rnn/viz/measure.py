"""How large a box will be, without asking a font: an estimate that errs on the large side."""

from __future__ import annotations

import unicodedata

from . import style
from .picture import Box, Pin
from .strip import Strip

NARROW, WIDE = set("ijltfr.,:;|!'()[]{}/\\ \"`-"), set("mwMW@%…⋯")


def text_width(text: str, size: float, bold: bool = False) -> float:
    """In points."""
    ems = 0.0
    for c in text:
        if c in NARROW:
            ems += 0.41
        elif c in WIDE or c.isupper():
            ems += 0.86 if c in WIDE else 0.74
        else:
            ems += 1.05 if unicodedata.east_asian_width(c) in "WF" else 0.65
    return ems * size * (1.08 if bold else 1.0)


def size(box: Box) -> tuple[float, float]:
    """Width and height of a box, in points."""
    if isinstance(box, Pin) and not box.title:
        return 8.0, 8.0
    lines = [line for line in box.lines if line]
    notes = [text_width(line[:60], style.SMALL) for line in lines if not isinstance(line, Strip)]
    strips = [line for line in lines if isinstance(line, Strip)]
    subscript = text_width(box.subscript, style.TITLE * 0.7)
    title = text_width(box.title[:60], style.TITLE, bold=bool(lines)) + subscript if box.title else 0.0
    width = max([title, *notes, _strips_width(strips)]) + 16
    height = (15.0 if box.title else 0.0) + 12.6 * len(notes) + (11 if lines else 7) + (3 if box.subscript else 0)
    if strips:  # then the lines are the rows of a table
        height = 15.2 + 12.8 * len(notes) + sum([max(12.8, strip.extent[1] + 2.0) for strip in strips]) + 8.0
    return max(width, 26.0), max(height, 22.0)


def _strips_width(strips: list[Strip]) -> float:
    """Captions, cells and words stand in columns."""
    if not strips:
        return 0.0
    captions = max([text_width(strip.caption, style.SMALL) for strip in strips])
    words = max([text_width(strip.words, style.SMALL) for strip in strips])
    return captions + max([strip.extent[0] for strip in strips]) + words + 8
