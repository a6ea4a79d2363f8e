"""What the generators of samples draw: shapes that broadcast, dimensions, numbers, layouts in memory.

Hypothesis decides what matters and shrinks it: shapes, options, which numbers are special. The numbers
themselves come from a generator that it seeds, a thousand times faster than one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st

LAYOUTS = ("C", "F", "reversed", "gaps", "read-only")
# Zeros of both signs, ties, the tiny and the huge (also for float32), where exponentials over- and underflow.
SPECIAL = np.array([0.0, -0.0, 1, 1, -1, 0.5, 20.5, -20.5, 89, -104, 1e-30, -1e-30, 1e30, -1e30, np.inf, -np.inf])


class Draw:
    """One sample's choices."""

    def __init__(self, draw: Callable) -> None:
        self._draw = draw
        self.random = np.random.default_rng(self.number(0, 2**32 - 1))

    def number(self, low: int, high: int) -> int:
        return self._draw(st.integers(low, high))

    def flag(self) -> bool:
        return self._draw(st.booleans())

    def seldom(self) -> bool:
        return self.number(0, 5) == 5

    def one_of(self, *options: Any) -> Any:
        return options[self.number(0, len(options) - 1)]

    def some_of(self, options: int, least: int = 1) -> list[int]:
        """At least so many of the first numbers, in any order."""
        order = self.random.permutation(options).tolist()
        return order[: self.number(least, options)] if options else order

    # --- shapes -------------------------------------------------------------------------------------------------------

    def shape(self, low: int = 0, high: int = 3, least: int = 0) -> tuple[int, ...]:
        """`low` to `high` dimensions of at least `least` and at most 3; seldom one of them is 0."""
        sides = [self.number(max(least, 1), 3) for _ in range(self.number(low, high))]
        if sides and not least and self.seldom():
            sides[self.number(0, len(sides) - 1)] = 0
        return tuple(sides)

    def broadcasting(self, n: int, whole: int | None = None) -> list[tuple[int, ...]]:
        """n shapes that broadcast, number `whole` being that of the result: leading dimensions left out, others 1."""
        full = self.shape()
        cut = lambda: tuple([1 if self.seldom() else side for side in full[self.number(0, len(full)) if full else 0 :]])
        return [full if i == whole or self.flag() else cut() for i in range(n)]

    def dim(self, ndim: int) -> int:
        """A dimension, counted from either end; a number has one for every function that takes one."""
        return self.number(-max(ndim, 1), max(ndim, 1) - 1)

    def dims(self, ndim: int) -> tuple[int, ...]:
        """Some dimensions, one at least, each counted from either end."""
        return tuple([d - ndim if self.flag() else d for d in self.some_of(ndim)])

    def reduced(self, ndim: int, several: bool = True) -> int | tuple[int, ...] | None:
        """What a reduction is over: everything, one dimension, several."""
        kind = self.number(0, 2 if several and ndim else 1)
        return None if kind == 0 else self.dim(ndim) if kind == 1 else self.dims(ndim)

    # --- numbers ------------------------------------------------------------------------------------------------------

    def uniform(self, shape: tuple, low: float = -2.0, high: float = 2.0, off: tuple = ()) -> np.ndarray:
        """Uniform, but at least 0.05 off some numbers: off kinks and poles."""
        x = self.random.uniform(low, high, shape)
        for kink in off:
            x = np.where(np.abs(x - kink) < 0.05, kink + np.where(x < kink, -0.05, 0.05), x)
        return np.asarray(x)

    def distinct(self, *shapes: tuple) -> list[np.ndarray]:
        """Arrays with no two numbers, nor one and 0, nearer than 0.06."""
        sizes = [int(np.prod(shape)) for shape in shapes]
        x = (self.random.permutation(sum(sizes)) - sum(sizes) // 2 + 0.37) * 0.17
        return [part.reshape(shape) for part, shape in zip(np.split(x, np.cumsum(sizes)[:-1]), shapes, strict=True)]

    def ties(self, shape: tuple, high: int = 3) -> np.ndarray:
        """Few different numbers, zeros of both signs among them."""
        return self.random.choice([-0.0, *range(high)], shape)

    def special(self, shape: tuple, but: tuple = (), nan: bool = True) -> np.ndarray:
        """Of those above, and nan."""
        allowed = [x for x in SPECIAL if not any(x == y and np.signbit(x) == np.signbit(y) for y in but)]
        return np.asarray(self.random.choice([*allowed, np.nan] if nan else allowed, shape))

    def integers(self, shape: tuple, high: int, low: int = 0) -> np.ndarray:
        return np.asarray(self.random.integers(low, high, shape))

    def mask(self, shape: tuple) -> np.ndarray:
        return np.asarray(self.random.random(shape) < 0.5)

    # --- memory -------------------------------------------------------------------------------------------------------

    def laid(self, x: np.ndarray | None) -> np.ndarray | None:
        """The same numbers otherwise in memory."""
        if x is None or not x.ndim:
            return x
        layout = self.one_of(*LAYOUTS)
        if layout == "reversed":  # strides below 0
            back = (slice(None, None, -1),) * x.ndim
            return x[back].copy()[back]
        if layout == "gaps":
            wide = np.zeros([2 * n for n in x.shape[::-1]], x.dtype).T
            wide[(slice(1, None, 2),) * x.ndim] = x
            return wide[(slice(1, None, 2),) * x.ndim]
        y = np.array(x, order="F" if layout == "F" else "C")
        y.flags.writeable = layout != "read-only"
        return y


FAMILIES: dict[str, Callable[[Draw, str], Any]] = {}  # the generator of an operation's samples


def family(names: str) -> Callable:
    """Declare a generator (draw, name) -> Sample for these operations."""

    def declare(generate: Callable) -> Callable:
        for name in names.split():
            assert name not in FAMILIES, name
            FAMILIES[name] = generate
        return generate

    return declare
