"""Tensors from data, filled ones, sequences, and random ones.

Python floats give the default dtype, Python ints int64, bools bool; NumPy's arrays keep theirs.
"""

from __future__ import annotations

import operator
from functools import reduce

import numpy as np

from .autograd.graph import Leaf, Tensor
from .autograd.promotion import BOOL, FLOATS, I64, get_default_dtype, promote_types
from .device import check_place
from .random import Generator, source

__all__ = [
    "arange", "as_tensor", "asarray", "bernoulli", "empty", "empty_like", "eye", "from_numpy", "full", "full_like",
    "linspace", "logspace", "multinomial", "normal", "ones", "ones_like", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "randperm", "tensor", "zeros", "zeros_like",
]  # fmt: skip

DTYPES = tuple(map(np.dtype, ("f4", "f8", "u1", "i1", "i2", "i4", "i8", "?")))


def check_dtype(dtype) -> np.dtype:
    """The NumPy dtype that is meant, if tensors can have it.

    Raises:
        TypeError: float16, complex, text, objects and other dtypes are not supported.
    """
    try:
        wanted = np.dtype(dtype)
    except TypeError:
        wanted = None
    if wanted not in DTYPES:
        raise TypeError(f"dtype {dtype} is not supported; tensors are of {', '.join(map(str, DTYPES))}")
    return wanted


def made(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    """A tensor of the user's making: a leaf, if it requires grad."""
    if requires_grad and array.dtype not in FLOATS:
        raise RuntimeError(f"Only Tensors of floating point dtype can require gradients, this one is {array.dtype}")
    return Tensor(array, Leaf(array) if requires_grad else None)


# --- from data -------------------------------------------------------------------------------------------------


def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A copy of numbers, nested lists of numbers or 0-d tensors, an array or a tensor.

    Raises:
        ValueError: nested lists of unequal length, or an integer that int64 cannot hold.
        TypeError, RuntimeError: what is not a number.
        RuntimeError: `requires_grad` for a dtype that is not floating point; `pin_memory`, which needs an accelerator.

    Example:
        >>> import tinygrad_rnn as tg
        >>> tg.tensor([[1, 2], [3, 4.5]]).dtype
        dtype('float32')
    """
    check_place(device)
    if pin_memory:
        raise RuntimeError("tensor: pin_memory=True requires an accelerator, and there is none; leave it out")
    return made(np.array(_numbers(data, dtype), order="C"), requires_grad)


def as_tensor(data, dtype=None, device=None) -> Tensor:
    """The data as a tensor: a tensor itself, and an array's memory, unless the dtype must change."""
    check_place(device)
    if isinstance(data, Tensor):
        return data if dtype is None or check_dtype(dtype) == data.array.dtype else data.to(dtype)
    return Tensor(_numbers(data, dtype))


def asarray(obj, *, dtype=None, device=None, copy: bool | None = None, requires_grad: bool = False) -> Tensor:
    """`as_tensor` that can be told to copy (`copy=True`) or to refuse to (`copy=False`)."""
    shared = as_tensor(obj, dtype, device)
    memory = obj.array if isinstance(obj, Tensor) else obj
    same = isinstance(memory, np.ndarray) and np.may_share_memory(shared.array, memory)
    if copy is False and not same:
        raise ValueError("asarray: the data is no array, or of another dtype, and copy=False forbids a copy")
    if copy and same:
        shared = shared.clone() if shared.node is not None else Tensor(shared.array.copy())
    return shared.requires_grad_() if requires_grad else shared


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor in the memory of the array: writing to one writes to the other."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected np.ndarray (got {type(ndarray).__name__})")
    check_dtype(ndarray.dtype)
    return Tensor(ndarray)


def _numbers(data, dtype=None) -> np.ndarray:
    """Data as an array of a dtype that tensors can have; shares memory where it is one already."""
    if isinstance(data, (Tensor, np.ndarray, np.generic)):
        array = np.asarray(data.array if isinstance(data, Tensor) else data)
        return array.astype(check_dtype(array.dtype if dtype is None else dtype), copy=False)
    found = _dtypes(data)
    wanted = check_dtype(dtype) if dtype is not None else reduce(promote_types, found) if found else get_default_dtype()
    try:
        return np.array(_plain(data), wanted)
    except OverflowError as error:
        kind = ValueError if wanted == I64 else RuntimeError
        raise kind(f"tensor: value cannot be converted to {wanted} without overflow: {error}") from None
    except ValueError:
        raise ValueError(_ragged(data)) from None


def _dtypes(data) -> set[np.dtype]:
    """The dtypes of the numbers in nested lists; a Python float is of the default dtype."""
    if isinstance(data, (list, tuple, range)):
        kinds = set(map(type, data))
        if not kinds <= {float, int, bool}:
            return set().union(*map(_dtypes, data))
    elif isinstance(data, (Tensor, np.ndarray, np.generic)):
        return {check_dtype(data.dtype)}
    elif isinstance(data, (str, bytes)):
        raise TypeError(f"tensor: expected numbers, got {type(data).__name__}: {data!r:.60}")
    elif isinstance(data, (float, int)):
        kinds = {float if isinstance(data, float) else type(data) if isinstance(data, bool) else int}
    else:
        raise RuntimeError(f"tensor: Could not infer dtype of {type(data).__name__}: {data!r:.60}")
    return {{float: get_default_dtype(), int: I64, bool: BOOL}[kind] for kind in kinds}


def _plain(data):
    """Nested lists in which tensors of one element have become numbers."""
    if isinstance(data, Tensor):
        return data.array.reshape(())[()] if data.array.size == 1 else data.array
    if isinstance(data, (list, tuple)) and not set(map(type, data)) <= {float, int, bool}:
        return [_plain(x) for x in data]
    return data


def _ragged(data, dim: int = 0) -> str:
    """Which list of a nest has another length than its neighbours, in words."""
    level = [data]
    while all([isinstance(x, (list, tuple)) for x in level]):
        lengths = {len(x) for x in level}
        if len(lengths) > 1:
            n, other = len(level[0]), next(len(x) for x in level if len(x) != len(level[0]))
            return f"tensor: expected sequence of length {n} at dim {dim} (got {other})"
        level = [y for x in level for y in x]
        dim += 1
    return f"tensor: the entries at dim {dim} are of different kinds or shapes: {data!r:.60}"


# --- filled ----------------------------------------------------------------------------------------------------


def _shape(sizes: tuple, size, name: str) -> tuple[int, ...]:
    """A shape given as numbers, as one tuple, or by the keyword `size`."""
    if size is not None:
        sizes = (*sizes, size)
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    try:
        shape = tuple([operator.index(n) for n in sizes])
    except TypeError:
        raise TypeError(f"{name}(): argument 'size' must be ints or a tuple of ints, got {sizes}") from None
    if min(shape, default=0) < 0:
        raise RuntimeError(f"{name}: sizes must not be negative, got {shape}")
    return shape


def _or_default(dtype) -> np.dtype:
    return get_default_dtype() if dtype is None else check_dtype(dtype)


def zeros(*sizes, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    check_place(device)
    return made(np.zeros(_shape(sizes, size, "zeros"), _or_default(dtype)), requires_grad)


def ones(*sizes, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones: `ones(2, 3)` or `ones((2, 3))`."""
    check_place(device)
    return made(np.ones(_shape(sizes, size, "ones"), _or_default(dtype)), requires_grad)


def empty(*sizes, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor whose content is whatever was in the memory."""
    check_place(device)
    return made(np.empty(_shape(sizes, size, "empty"), _or_default(dtype)), requires_grad)


def full(size, fill_value, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor that holds `fill_value` everywhere, by default of its dtype."""
    check_place(device)
    return made(np.full(_shape((size,), None, "full"), _numbers(fill_value, dtype)), requires_grad)


def _like(input, name: str, dtype) -> tuple[tuple, np.dtype]:
    """Shape and dtype for a tensor like another."""
    if not isinstance(input, Tensor):
        raise TypeError(f"{name}(): argument 'input' must be a Tensor, not {type(input).__name__}")
    return input.array.shape, input.array.dtype if dtype is None else check_dtype(dtype)


def zeros_like(input, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Zeros with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "zeros_like", dtype)
    return zeros(shape, dtype=dtype, device=device, requires_grad=requires_grad)


def ones_like(input, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Ones with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "ones_like", dtype)
    return ones(shape, dtype=dtype, device=device, requires_grad=requires_grad)


def empty_like(input, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """Uninitialised memory with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "empty_like", dtype)
    return empty(shape, dtype=dtype, device=device, requires_grad=requires_grad)


def full_like(input, fill_value, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """`fill_value` with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "full_like", dtype)
    return full(shape, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(n: int, m: int | None = None, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """The n x m matrix with ones on its diagonal (m = n by default)."""
    check_place(device)
    shape = _shape((n, n if m is None else m), None, "eye")
    return made(np.eye(*shape, dtype=_or_default(dtype)), requires_grad)


# --- sequences -------------------------------------------------------------------------------------------------


def arange(start, end=None, step=1, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... before `end`; `arange(n)` counts from 0. Of int64 if all three are integers.

    Raises:
        RuntimeError: the step is 0, or leads away from `end`.
    """
    check_place(device)
    start, end, step = [_number(v, "arange") for v in ((0, start, step) if end is None else (start, end, step))]
    if step == 0:
        raise RuntimeError("arange: step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError(f"arange: upper bound and lower bound inconsistent with step sign: {start}, {end}, {step}")
    if dtype is None and all([isinstance(v, int) for v in (start, end, step)]):
        dtype = I64
    return made(np.arange(start, end, step).astype(_or_default(dtype), copy=False), requires_grad)


def linspace(start, end, steps: int, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """`steps` numbers at equal distances from `start` to `end`, both included."""
    check_place(device)
    (count,) = _shape((steps,), None, "linspace")
    array = np.linspace(_number(start, "linspace"), _number(end, "linspace"), count)
    return made(array.astype(_or_default(dtype), copy=False), requires_grad)


def logspace(start, end, steps: int, base: float = 10.0, *, dtype=None, device=None, requires_grad=False) -> Tensor:
    """base ** linspace(start, end, steps)."""
    check_place(device)
    (count,) = _shape((steps,), None, "logspace")
    array = np.logspace(_number(start, "logspace"), _number(end, "logspace"), count, base=base)
    return made(array.astype(_or_default(dtype), copy=False), requires_grad)


def _number(value, name: str) -> int | float:
    """A Python number from a number or a tensor of one element."""
    value = value.item() if isinstance(value, (Tensor, np.ndarray, np.generic)) else value
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name}(): expected a number, got {type(value).__name__}: {value!r:.60}")
    return value


# --- random ----------------------------------------------------------------------------------------------------


def _random_float(dtype, name: str) -> np.dtype:
    if (wanted := _or_default(dtype)) not in FLOATS:
        raise RuntimeError(f"{name}: random real numbers are float32 or float64, not {wanted}")
    return wanted


def rand(
    *sizes, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Random numbers, uniform in [0, 1)."""
    check_place(device)
    dtype = _random_float(dtype, "rand")
    return made(np.asarray(source(generator).random(_shape(sizes, size, "rand"), dtype)), requires_grad)


def randn(
    *sizes, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Random numbers, normal with mean 0 and variance 1."""
    check_place(device)
    dtype = _random_float(dtype, "randn")
    return made(np.asarray(source(generator).standard_normal(_shape(sizes, size, "randn"), dtype)), requires_grad)


def randint(*args, low=0, high=None, size=None, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Random integers in [low, high): `randint(high, size)` or `randint(low, high, size)`; int64 by default."""
    check_place(device)
    if args and isinstance(args[-1], (tuple, list)):
        args, size = args[:-1], args[-1]
    if len(args) > 2 or (args and high is not None and len(args) > 1) or size is None:
        raise TypeError("randint() takes (high, size) or (low, high, size)")
    if len(args) == 2:
        low, high = args
    elif args:
        low, high = (args[0], high) if high is not None else (low, args[0])
    low, high = operator.index(low), operator.index(high)
    if low >= high:
        raise RuntimeError(f"randint: expects low to be less than high, got low={low} and high={high}")
    array = source(generator).integers(low, high, _shape((size,), None, "randint"))
    return made(np.asarray(array).astype(I64 if dtype is None else check_dtype(dtype), copy=False), requires_grad)


def randperm(n: int, *, generator: Generator | None = None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """The integers 0 to n - 1 in random order."""
    check_place(device)
    (n,) = _shape((n,), None, "randperm")
    array = source(generator).permutation(n)
    return made(array.astype(I64 if dtype is None else check_dtype(dtype), copy=False), requires_grad)


def rand_like(input, *, generator=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """`rand` with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "rand_like", dtype)
    return rand(shape, generator=generator, dtype=dtype, device=device, requires_grad=requires_grad)


def randn_like(input, *, generator=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """`randn` with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "randn_like", dtype)
    return randn(shape, generator=generator, dtype=dtype, device=device, requires_grad=requires_grad)


def randint_like(
    input, *bounds, low=0, high=None, generator=None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """`randint` with the shape and dtype of another tensor."""
    shape, dtype = _like(input, "randint_like", dtype)
    return randint(*bounds, low=low, high=high, size=shape, generator=generator, dtype=dtype, device=device,
                   requires_grad=requires_grad)  # fmt: skip


def normal(
    mean, std=1.0, size=None, *, generator: Generator | None = None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Normal random numbers of the given mean and standard deviation, each a number or a tensor.

    Raises:
        RuntimeError: a standard deviation is negative; or `size` is missing while both are numbers.
    """
    mean, std = [x.array if isinstance(x, Tensor) else x for x in (mean, std)]
    if np.any(np.less(std, 0)):
        raise RuntimeError(f"normal expects all elements of std >= 0.0, got {np.min(std)}")
    known = [x.dtype for x in (mean, std) if isinstance(x, np.ndarray)]
    if size is None and not known:
        raise TypeError("normal(): with two numbers, the argument 'size' is needed")
    dtype = dtype or (reduce(promote_types, known) if known else None)
    shape = size if size is not None else np.broadcast_shapes(np.shape(mean), np.shape(std))
    noise = randn(shape, generator=generator, dtype=dtype, device=device).array
    return made(np.asarray(noise * std + mean, noise.dtype), requires_grad)


def bernoulli(input, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that `input` holds (or `p` everywhere), else 0."""
    shape, dtype = _like(input, "bernoulli", None)
    chance = input.array if p is None else p
    if not np.all((chance >= np.zeros(())) & (chance <= np.ones(()))):
        raise RuntimeError("bernoulli: expected probabilities in [0, 1]")
    return Tensor(np.asarray(source(generator).random(shape) < chance).astype(dtype))


def multinomial(input, num_samples: int, replacement: bool = False, *, generator: Generator | None = None) -> Tensor:
    """Random indices, drawn with chances in proportion to `input`.

    Args:
        input: weights (K,) or (N, K), finite and not negative; they need not sum to 1.
        num_samples: how many to draw for each row.
        replacement: whether one index may be drawn more than once.

    Returns:
        int64 (num_samples,) or (N, num_samples).

    Raises:
        RuntimeError: a weight is negative, inf or nan; all of a row are 0; more draws than indices to draw.
    """
    weights = np.asarray(input.array if isinstance(input, Tensor) else input)
    if weights.dtype not in FLOATS:
        raise RuntimeError(f"multinomial only supports floating-point dtypes for input, got: {weights.dtype}")
    if weights.ndim not in (1, 2):
        raise RuntimeError(f"multinomial: prob_dist must be 1 or 2 dim, got {weights.ndim}")
    if num_samples <= 0:
        raise RuntimeError(f"multinomial: cannot sample n_sample <= 0 samples, got {num_samples}")
    if not np.isfinite(weights).all() or (weights < 0).any():
        raise RuntimeError("multinomial: probability tensor contains either `inf`, `nan` or element < 0")
    if (weights.sum(-1) <= 0).any():
        raise RuntimeError("multinomial: invalid multinomial distribution (sum of probabilities <= 0)")
    stream = source(generator)
    if replacement or num_samples == 1:
        upto = np.cumsum(weights, -1, dtype=np.float64)
        aims = stream.random((*weights.shape[:-1], num_samples)) * upto[..., -1:]
        drawn = (upto[..., None, :] <= aims[..., None]).sum(-1)
    elif num_samples > (available := int((weights > 0).sum(-1).min(initial=weights.shape[-1]))):
        raise RuntimeError(
            f"multinomial: cannot sample n_sample = {num_samples} without replacement from {available} indices "
            f"whose probability is not 0"
        )
    else:  # the first of exponential waiting times with these rates
        with np.errstate(divide="ignore"):
            waits = stream.standard_exponential(weights.shape) / weights
        drawn = np.argsort(waits, -1)[..., :num_samples]
    return Tensor(drawn.astype(I64, copy=False))
