"""A logarithmic scale for the norms of gradients: from a number to a tone, a key of style.TONES."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor, isfinite, log10
from typing import NamedTuple

from .style import RAMP

CLASSES = len(RAMP)
DECADES = (1, 2, 3, 5, 10, 20, 50, 100)  # that one class may span: all that float64 holds fits


class Scale(NamedTuple):
    """The highest class ends below 10 ** top; each spans so many decades.

    The lower end is never nearer than one decade for each class: a gradient that is preserved keeps one tone, it
    is not stretched over all of them.
    """

    top: int
    decades: int

    @classmethod
    def over(cls, norms: Iterable[float | None]) -> Scale:
        """The scale that holds all norms that are positive and finite."""
        exponents = [floor(log10(norm)) for norm in norms if norm and isfinite(norm)]
        if not exponents:
            return cls(1, 1)
        top, bottom = max(exponents) + 1, min(exponents)
        return cls(top, next(each for each in DECADES if top - CLASSES * each <= bottom))

    def tone(self, norm: float | None) -> str:
        """From "0" (small) to "6" (large), or "zero", "not finite", "none" where no gradient flows."""
        if norm is None:
            return "none"
        if not isfinite(norm):
            return "not finite"
        if not norm:
            return "zero"
        return str(CLASSES - 1 - (self.top - 1 - floor(log10(norm))) // self.decades)

    @property
    def ticks(self) -> list[int]:
        """The exponents of ten at which classes begin and end, from the lowest."""
        return [self.top - self.decades * k for k in range(CLASSES, -1, -1)]
