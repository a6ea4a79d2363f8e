"""Which operations are methods of Tensor, which have an in-place form, and what the operators do.

A method is the operation itself: `x.sum(0)` is `sum(x, 0)`. So there is nothing to write but the names.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import creation, ops
from .autograd.graph import Tensor
from .autograd.inplace import in_place, in_place_view, write
from .ops.aliases import __all__ as ALIASES
from .ops.indexing import canonical
from .ops.indexing import write as write_at

METHODS = """
    abs acos addcdiv addcmul addmm all allclose amax amin any argmax argmin argsort argwhere asin atan atan2 baddbmm
    bincount bitwise_and bitwise_not bitwise_or bitwise_xor bmm broadcast_to ceil chunk clamp clamp_max clamp_min clip
    clone contiguous cos cosh count_nonzero cumprod cumsum det diag diagonal diff dot eq equal erf exp exp2 expand
    expand_as expm1 flatten flip fliplr flipud floor floor_divide fmod gather ge gt hardshrink index_add index_copy
    index_fill index_put index_select inverse isclose isfinite isinf isnan kthvalue le lerp log log10 log1p log2
    log_softmax logcumsumexp logical_and logical_not logical_or logical_xor logsumexp lt masked_fill masked_select
    matmul max maximum mean median min minimum mm moveaxis movedim mul mv nan_to_num narrow ne neg nonzero norm outer
    permute pow prelu prod ravel reciprocal relu remainder repeat repeat_interleave reshape reshape_as roll round rsqrt
    scatter scatter_add select sigmoid sign sin sinh softmax sort split sqrt square squeeze std sum swapaxes swapdims t
    take_along_dim tan tanh tensor_split tile topk trace transpose tril triu trunc unbind unflatten unfold unique
    unsqueeze var view view_as
""".split() + ALIASES


def where(input: Tensor, condition, other) -> Tensor:
    """The elements where the condition is true, elsewhere those of `other`."""
    return ops.where(condition, input, other)


# Methods whose operation has another name.
RENAMED: dict[str, Callable] = {
    "add": ops.add_scaled, "div": ops.div_rounded, "sub": ops.sub_scaled, "bernoulli": creation.bernoulli,
    "multinomial": creation.multinomial, "where": where,
}  # fmt: skip

IN_PLACE = """
    abs acos add addcdiv addcmul addmm asin atan atan2 baddbmm bitwise_and bitwise_not bitwise_or bitwise_xor ceil
    clamp clamp_max clamp_min clip cos cosh cumprod cumsum div eq erf exp exp2 expm1 floor floor_divide fmod ge gt
    index_add index_copy index_fill index_put le lerp log log10 log1p log2 logical_and logical_not logical_or
    logical_xor lt masked_fill mul nan_to_num ne neg pow reciprocal relu remainder round rsqrt scatter scatter_add
    sigmoid sign sin sinh sqrt square sub tan tanh tril triu trunc
""".split() + ALIASES

# In place in shape only: the handle gets another view of the same memory.
RESHAPING = "squeeze t transpose unsqueeze swapaxes swapdims".split()

def _product(a, b):
    """a @ b of tensors and arrays; of a number it is no product, as in NumPy and PyTorch."""
    if isinstance(a, (int, float)) or isinstance(b, (int, float)):
        return NotImplemented
    return ops.matmul(a, b)


OPERATORS: dict[str, Callable] = {
    "add": ops.add, "sub": ops.sub, "mul": ops.mul, "truediv": ops.div, "floordiv": ops.floor_divide,
    "mod": ops.remainder, "pow": ops.pow, "matmul": _product, "and": ops.bitwise_and, "or": ops.bitwise_or,
    "xor": ops.bitwise_xor,
}  # fmt: skip


def _inverted(x: Tensor) -> Tensor:
    """~x."""
    if x.array.dtype.kind == "f":
        raise TypeError(f"~ is only implemented on integer and bool tensors, got {x.array.dtype}")
    return ops.bitwise_not(x)


UNARY: dict[str, Callable] = {"neg": ops.neg, "abs": ops.abs, "invert": _inverted, "pos": lambda x: x}
COMPARISONS: dict[str, Callable] = {"eq": ops.eq, "ne": ops.ne, "lt": ops.lt, "le": ops.le, "gt": ops.gt, "ge": ops.ge}


CONVERSIONS = {
    "float": "f4",
    "double": "f8",
    "int": "i4",
    "long": "i8",
    "short": "i2",
    "char": "i1",
    "byte": "u1",
    "bool": "?",
}


def attach(tensor: type[Tensor]) -> None:
    """Give the class its methods and operators."""
    for name, op in {**{name: getattr(ops, name) for name in METHODS}, **RENAMED}.items():
        setattr(tensor, name, op)
    for name in IN_PLACE:
        setattr(tensor, f"{name}_", in_place(RENAMED.get(name) or getattr(ops, name), f"{name}_"))
    for name in RESHAPING:
        setattr(tensor, f"{name}_", in_place_view(getattr(ops, name), f"{name}_"))
    for fill in FILLS:
        setattr(tensor, fill.__name__, fill)
    for name, code in CONVERSIONS.items():
        setattr(tensor, name, _converted(np.dtype(code), name))
    for symbol, op in OPERATORS.items():
        setattr(tensor, f"__{symbol}__", op)
        setattr(tensor, f"__r{symbol}__", _reflected(op))
        setattr(tensor, f"__i{symbol}__", in_place(op, f"__i{symbol}__"))
    for symbol, op in UNARY.items():
        setattr(tensor, f"__{symbol}__", op)
    for symbol, op in COMPARISONS.items():
        setattr(tensor, f"__{symbol}__", _comparison(op))


def _converted(dtype: np.dtype, name: str) -> Callable:
    def method(x: Tensor) -> Tensor:
        return x.to(dtype)

    method.__name__, method.__doc__ = name, f"The tensor in {dtype}."
    return method


def _reflected(op: Callable) -> Callable:
    return lambda a, b: op(b, a)


def _comparison(op: Callable) -> Callable:
    """Python asks `x == None` and `x in list`: what is no number or tensor is simply not equal."""
    return lambda a, b: op(a, b) if isinstance(b, (Tensor, int, float, np.ndarray, np.generic)) else NotImplemented


# --- overwriting ------------------------------------------------------------------------------------------


def fill_(x: Tensor, value) -> Tensor:
    """x = value everywhere, in place; `value` is a number, or a tensor of no dimensions."""
    if isinstance(value, Tensor) and value.array.ndim:
        raise RuntimeError(f"fill_: expected a value of no dimensions, got {value.array.ndim}; use copy_")
    return write(x, value, "fill_")


def zero_(x: Tensor) -> Tensor:
    """x = 0 everywhere, in place."""
    return write(x, 0, "zero_")


def copy_(x: Tensor, src, non_blocking: bool = False) -> Tensor:
    """x = src, broadcast to the shape of x and in its dtype, in place."""
    return write(x, src, "copy_")


def normal_(x: Tensor, mean: float = 0.0, std: float = 1.0, *, generator=None) -> Tensor:
    """x = random numbers, normal with this mean and standard deviation, in place."""
    return write(x, creation.normal(mean, std, x.array.shape, generator=generator, dtype=x.array.dtype), "normal_")


def uniform_(x: Tensor, a: float = 0.0, b: float = 1.0, *, generator=None) -> Tensor:
    """x = random numbers, uniform in [a, b), in place."""
    if not a <= b:
        raise RuntimeError(f"uniform_ expects to return a [from, to) range, but found from={a} > to={b}")
    drawn = creation.rand(x.array.shape, generator=generator, dtype=x.array.dtype)
    return write(x, drawn * (b - a) + a, "uniform_")


def random_(x: Tensor, low: int = 0, high: int | None = None, *, generator=None) -> Tensor:
    """x = random integers in [low, high) or, given one number, below it, in place.

    Without bounds: up to the largest number of an integer dtype, or all that a float dtype holds exactly.
    """
    dtype = x.array.dtype
    if high is None and low:
        low, high = 0, low
    if high is None:
        high = (
            2 if dtype.kind == "b" else np.iinfo(dtype).max if dtype.kind in "iu" else 2 ** (np.finfo(dtype).nmant + 1)
        )
    return write(x, creation.randint(low, high, x.array.shape, generator=generator), "random_")


def bernoulli_(x: Tensor, p: float | Tensor = 0.5, *, generator=None) -> Tensor:
    """x = 1 with probability p, else 0, in place."""
    chances = np.empty(x.array.shape)
    chances[...] = p.array if isinstance(p, Tensor) else p
    return write(x, creation.bernoulli(Tensor(chances), generator=generator), "bernoulli_")


FILLS = (fill_, zero_, copy_, normal_, uniform_, random_, bernoulli_)


def assign(x: Tensor, index, value) -> None:
    """x[index] = value in the memory of x, recorded as `setitem`, at the cost of the part alone."""
    write(x, value, "__setitem__", ops.setitem, _put, index=canonical(index))


def _put(y: np.ndarray, value: np.ndarray, index) -> None:
    write_at(y, index, value)
