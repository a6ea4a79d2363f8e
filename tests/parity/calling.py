"""A call of one of PyTorch's names, and what comes of it in either library.

    "cat": [Call([f(2, 3), f(1, 3)]), Call([f(2, 3), f(2, 1)], dim=1), Call([f(2), f(3, 3)], raises=True)]

The arguments are written with placeholders for random arrays, so that the same call can be made with PyTorch's
tensors and with ours, in float64 and in float32. An outcome holds the results, the gradients of everything of
floating point in the arguments, and what else can be seen of them; or the type of the error.
"""

from __future__ import annotations

import builtins
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from zlib import crc32

import numpy as np

FLOATS = ("float64", "float32")
ERRORS = {name for name in vars(builtins) if name.endswith("Error")}
QUANTILES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.999)


# --- what calls are written with -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Random:
    """An array of random numbers, or of given ones, that becomes a tensor."""

    draw: Callable[[np.random.Generator], np.ndarray]
    dtype: str = "float"
    requires_grad: bool = True


@dataclass(frozen=True)
class Named:
    """Something that each library has under this name: a dtype, a class, a function."""

    name: str


class Call:
    """One call: its arguments, and how it is judged.

    Args:
        arguments, options: of the function; of a method, the first is the tensor (or module) itself.
        raises: whether it is an error in PyTorch.
        only: "shape" where the numbers are random, so that only shape and dtype are compared; "distribution" where they
            are many, so that their quantiles, mean and standard deviation are.
        dtypes: which floats it is made with.
        grad: whether gradients are asked for.
    """

    def __init__(self, *arguments, raises=False, only="", dtypes=FLOATS, grad=True, **options):
        self.arguments, self.options = arguments, options
        self.raises, self.only, self.dtypes, self.grad = raises, only, dtypes, grad


class Program(Call):
    """A function of the library and of placeholders' tensors, where one call is not enough: `run(torch, x, ...)`."""

    def __init__(self, run: Callable, *arguments, **options):
        super().__init__(*arguments, **options)
        self.run = run


class Module(Call):
    """A module made with these arguments, its parameters filled with random numbers, and called `on` others.

    Args:
        on: the arguments of its forward.
        training: whether it is in training mode.
    """

    def __init__(self, *arguments, on=(), training=True, **options):
        super().__init__(*arguments, **options)
        self.on, self.training = on, training


def f(*shape: int) -> Random:
    """Normal numbers, at least 0.05 from 0."""
    return Random(lambda random: _away(random.standard_normal(shape)))


def pos(*shape: int) -> Random:
    """Between 0.2 and 2."""
    return Random(lambda random: random.uniform(0.2, 2, shape))


def unit(*shape: int) -> Random:
    """Between -0.9 and 0.9."""
    return Random(lambda random: random.uniform(-0.9, 0.9, shape))


def distinct(*shape: int) -> Random:
    """Multiples of 0.25, all different, of both signs."""
    n = int(np.prod(shape))
    return Random(lambda random: ((random.permutation(n) - n // 2) * 0.25 + 0.125).reshape(shape))


def i(*shape: int, high: int = 5, low: int = 0, dtype: str = "int64") -> Random:
    """Integers in [low, high)."""
    return Random(lambda random: random.integers(low, high, shape), dtype)


def b(*shape: int) -> Random:
    """True and False."""
    return Random(lambda random: random.random(shape) < 0.5, "bool")


def given(values: Any, dtype: str = "float", requires_grad: bool = True) -> Random:
    """These numbers."""
    return Random(lambda random: np.array(values), dtype, requires_grad)


def constant(made: Random) -> Random:
    """The same, not requiring grad."""
    return Random(made.draw, made.dtype, False)


def _away(x: np.ndarray) -> np.ndarray:
    return np.asarray(x + 0.05 * np.sign(x))


# --- making one ----------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What came of a call: flat lists, in order; `error` alone if it failed: what it is, the closest kind first."""

    values: list = field(default_factory=list)
    kinds: list = field(default_factory=list)
    grads: list = field(default_factory=list)
    error: str = ""


def outcome(name: str, number: int, call: Call, library: Any, dtype: str) -> Outcome:
    """What comes of call `number` of `name`, with its floats of this dtype.

    Args:
        name: as PyTorch spells it after "torch.": "cat", "Tensor.add_", "nn.functional.relu".
    """
    making = Making(library, dtype, np.random.default_rng(crc32(f"{name} {number}".encode())))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _made(name, call, making)
    except Exception as error:
        if not call.raises:
            raise
        return Outcome(error=" ".join([c.__name__ for c in type(error).__mro__ if c.__name__ in ERRORS]))


def _made(name: str, call: Call, making: Making) -> Outcome:
    library = making.lib
    arguments, options = making.filled(call.arguments), making.filled(call.options)
    leaves = list(making.leaves)
    seen: list = []
    if isinstance(call, Program):
        result = call.run(library, *arguments, **options)
    elif isinstance(call, Module):
        module = attrgetter(name)(library)(*arguments, **options).train(call.training)
        making.fill(module)
        on = making.filled(call.on)
        leaves = [*making.leaves, *module.parameters()]
        result = module(*on)
        seen = [repr(module), [[key, list(value.shape)] for key, value in module.state_dict().items()]]
    elif name.startswith("Tensor."):
        self, *rest = arguments
        if name.endswith("_") and getattr(self, "requires_grad", False):
            self = self * 1  # an in-place method of a leaf is an error
        result = getattr(self, name.removeprefix("Tensor."))
        result = result(*rest, **options) if callable(result) and not isinstance(result, library.Tensor) else result
    else:
        result = attrgetter(name)(library)(*arguments, **options)
    values, kinds = [], []
    _flatten(result, library, values, kinds)
    found = Outcome([plain(value, call.only) for value in values], [*kinds, *seen])
    if call.grad and not call.only:
        found.grads = making.gradients(values, leaves)
    return found


class Making:
    """Fills placeholders with one library's tensors, from one stream of random numbers."""

    def __init__(self, library: Any, dtype: str, random: np.random.Generator) -> None:
        self.lib, self.dtype, self.random = library, dtype, random
        self.leaves: list = []

    def filled(self, x: Any) -> Any:
        if isinstance(x, Random):
            return self.tensor(x)
        if isinstance(x, Named):
            return getattr(self.lib, self.dtype) if x.name == "float_" else attrgetter(x.name)(self.lib)
        if isinstance(x, dict):
            return {key: self.filled(value) for key, value in x.items()}
        return type(x)(map(self.filled, x)) if type(x) in (list, tuple) else x

    def tensor(self, x: Random) -> Any:
        array = np.asarray(x.draw(self.random))
        if x.dtype == "float":
            array = array.astype("float32").astype(self.dtype)  # the same numbers in both
        else:
            array = array.astype(x.dtype)
        made = self.lib.from_numpy(np.ascontiguousarray(array).reshape(array.shape))
        if x.dtype == "float" and x.requires_grad:
            made.requires_grad_()
            self.leaves.append(made)
        return made

    def fill(self, module: Any) -> None:
        """Random parameters, and the dtype."""
        module.to(getattr(self.lib, self.dtype))
        with self.lib.no_grad():
            for parameter in module.parameters():
                drawn = self.random.uniform(-0.5, 0.5, tuple(parameter.shape)).astype("float32").astype(self.dtype)
                parameter.copy_(self.lib.from_numpy(np.asarray(drawn)))

    def gradients(self, values: list, leaves: list) -> list:
        """Of a random mixture of all results, by every leaf; None where there is none."""
        Tensor = self.lib.Tensor
        roots = [y for y in values if isinstance(y, Tensor) and y.requires_grad and y.numel()]
        if not roots:
            return []
        total = 0
        for y in roots:
            direction = self.random.standard_normal(tuple(y.shape)).astype("float32")
            direction = np.asarray(direction.astype(str(y.dtype).rpartition(".")[2]))
            total = total + (y * self.lib.from_numpy(direction)).sum()
        total.backward()
        return [None if leaf.grad is None else plain(leaf.grad) for leaf in leaves]


def _flatten(result: Any, library: Any, values: list, kinds: list) -> None:
    """The parts of a result, and of what kind they are."""
    if isinstance(result, library.Tensor):
        kinds.append(f"{str(result.dtype).rpartition('.')[2]}{list(result.shape)}{' grad' * result.requires_grad}")
        values.append(result)
    elif isinstance(result, (tuple, list)) and not isinstance(result, library.Size):
        kinds.append(" ".join(getattr(type(result), "__match_args__", [type(result).__name__])))
        for part in result:
            _flatten(part, library, values, kinds)
    elif isinstance(result, dict):
        kinds.append(f"dict {list(result)}")
        for part in result.values():
            _flatten(part, library, values, kinds)
    elif isinstance(result, library.Size):
        kinds.append("Size")
        values.append(list(result))
    elif result is None or isinstance(result, (bool, int, float, str, complex)):
        kinds.append(type(result).__name__)
        values.append(result)
    else:
        kinds.append(str(result).removeprefix("torch."))


def plain(value: Any, only: str = "") -> Any:
    """A tensor as nested lists of numbers."""
    if not hasattr(value, "detach"):
        return value
    if only == "distribution":
        x = value.detach().numpy()
        return [*np.quantile(x, QUANTILES).tolist(), float(x.mean()), float(x.std())]
    return None if only == "shape" else value.detach().tolist()
