"""What the tests know about an operation: a `Sample` is one call of it, and what must hold there.

A module `samples_*.py` beside this file has a list `SAMPLES`; `test_registry.py` finds it, and asks of every
sample that values agree with the reference, that derivatives of first and second order agree with central
differences, that float32 stays float32, that strides do not matter, and that nothing unasked-for is kept.

    random = np.random.default_rng(1)
    SAMPLES = [
        Sample("exp", normal(random, 3, 4), reference="torch.exp", elementwise=True),
        Sample("sum", normal(random, 2, 3), attrs={"dim": 1}, reference=lambda x, dim: x.sum(dim)),
        Sample("amax", distinct(random, 3, 4), reference="torch.amax"),
    ]
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest


@dataclass(frozen=True, eq=False)
class Sample:
    """One call of an operation.

    Args:
        op: its name in the registry.
        inputs: an array for each input (float64 where it takes part in differentiation, else int64 or bool),
            None for an optional input left out; a single array need not be wrapped in a tuple.
        attrs: its attributes, by name.
        reference: the same function independently made: of arrays and attributes as above, giving an array
            (a tuple for several outputs); or the name of torch's, "torch.exp", called with tensors.
        order: up to which order derivatives exist here and are checked: 2, 1, or 0 for values only.
        elementwise: inputs broadcast, so that 0-d, empty and broadcast variants of this sample hold too.
        float32: the inputs may be float32 as well, and the result is then float32 and agrees to this.
            None where a float32 input does not give a float32 result.
        label: what distinguishes this sample from others of the operation, in the test's name.
    """

    op: str
    inputs: Any
    attrs: dict[str, Any] = field(default_factory=dict)
    reference: Callable | str = ""
    order: int = 2
    elementwise: bool = False
    float32: float | None = 1e-4
    label: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.inputs, tuple):
            object.__setattr__(self, "inputs", (self.inputs,))

    def expected(self) -> tuple[np.ndarray, ...]:
        """The reference's outputs."""
        if isinstance(self.reference, str):
            torch = pytest.importorskip("torch")
            function = attrgetter(self.reference.removeprefix("torch."))(torch)
            xs = [x if x is None else torch.from_numpy(np.array(x)) for x in self.inputs]
            return tuple([y.numpy() for y in listed(function(*xs, **self.attrs))])
        return tuple([np.asarray(y) for y in listed(self.reference(*self.inputs, **self.attrs))])

    def differentiable(self) -> list[int]:
        """The inputs to differentiate by: those of float64."""
        return [i for i, x in enumerate(self.inputs) if x is not None and x.dtype == np.float64]

    def variants(self) -> Iterator[Sample]:
        """This sample, and what an elementwise operation must make of other shapes."""
        yield self
        if self.elementwise:
            shapes = ((3, 1), (4,), (2, 1, 1))
            yield self._cut("0-d", [()] * len(self.inputs))
            yield self._cut("empty", [(0, 3)] * len(self.inputs))
            if len(self.inputs) > 1:
                yield self._cut("broadcast", [shapes[i % 3] for i in range(len(self.inputs))])

    def _cut(self, label: str, shapes: list[tuple[int, ...]]) -> Sample:
        cut = [np.resize(x, shape) if np.prod(shape) else x.ravel()[:0].reshape(shape)
               for x, shape in zip(self.inputs, shapes, strict=True)]  # fmt: skip
        return replace(self, inputs=tuple(cut), label=f"{self.label} {label}".strip(), elementwise=False)


def listed(ys: Any) -> tuple:
    return tuple(ys) if isinstance(ys, (tuple, list)) else (ys,)


def all_samples() -> list[Sample]:
    """Every sample of every `samples_*.py` beside this file, with its variants."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("samples_*.py"))
    modules = [import_module(f"{__package__}.{name}") for name in names]
    return [variant for module in modules for sample in module.SAMPLES for variant in sample.variants()]


# --- numbers to draw --------------------------------------------------------------------------------------


def normal(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Standard normal, kept a little away from 0, where many functions have a kink."""
    x = random.standard_normal(shape)
    return np.asarray(x + 0.05 * np.sign(x))


def positive(random: np.random.Generator, *shape: int) -> np.ndarray:
    """Between 0.2 and 2."""
    return random.uniform(0.2, 2.0, shape)


def distinct(random: np.random.Generator, *shape: int) -> np.ndarray:
    """At least 0.1 apart from each other and from 0: for maxima, sorting, rounding."""
    n = int(np.prod(shape))
    return ((random.permutation(n) - n // 2 + 0.37) * 0.21).reshape(shape)


def integers(random: np.random.Generator, high: int, *shape: int) -> np.ndarray:
    """int64 from 0 to high - 1."""
    return random.integers(0, high, shape)


def mask(random: np.random.Generator, *shape: int) -> np.ndarray:
    """bool, both values present where there is room."""
    return (random.permutation(int(np.prod(shape))) % 2 == 0).reshape(shape)
