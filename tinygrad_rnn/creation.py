"""Tensors from data, filled ones, sequences, and random ones.

Python floats give the default dtype, Python ints int64, bools bool; NumPy's arrays keep theirs.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from functools import reduce

import numpy as np

from .autograd.graph import Leaf, Tensor
from .autograd.promotion import BOOL, DTYPES, FLOATS, I64, get_default_dtype, promote_types
from .device import check_place
from .interchange import check_dtype, from_dlpack, memory
from .random import Generator, source

__all__ = [
    "arange", "as_tensor", "asarray", "bernoulli", "empty", "empty_like", "eye", "full", "full_like",
    "linspace", "logspace", "multinomial", "normal", "ones", "ones_like", "rand", "rand_like", "randint",
    "randint_like", "randn", "randn_like", "randperm", "tensor", "zeros", "zeros_like",
]  # fmt: skip

# Types of numbers, and the dtype that each is of; None is the default dtype.
SCALARS: dict[type, np.dtype | None] = {float: None, int: I64, bool: BOOL}
SCALARS |= {dtype.type: dtype for dtype in DTYPES}


def made(array: np.ndarray, requires_grad: bool = False) -> Tensor:
    """A tensor of the user's making: a leaf, if it requires grad."""
    if requires_grad and array.dtype not in FLOATS:
        raise RuntimeError(f"Only Tensors of floating point dtype can require gradients, this one is {array.dtype}")
    return Tensor(array, Leaf(array) if requires_grad else None)


# --- from data -------------------------------------------------------------------------------------------------


def tensor(data, *, dtype=None, device=None, requires_grad: bool = False, pin_memory: bool = False) -> Tensor:
    """A copy of `data`: numbers, sequences of numbers or one-element tensors, nested or not, or any library's array.

    Raises:
        ValueError: nested lists of unequal length, tensors of several elements in a list, an integer that int64 cannot
            hold, or an array as `from_numpy` refuses it.
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
    """The data as a tensor: a tensor itself, and the memory of any library's array, unless the dtype must change.

    Errors: see `tensor`.
    """
    check_place(device)
    if isinstance(data, Tensor):
        return data if dtype is None or check_dtype(dtype) == data.array.dtype else data.to(dtype)
    return Tensor(_numbers(data, dtype))


def asarray(obj, *, dtype=None, device=None, copy: bool | None = None, requires_grad: bool | None = None) -> Tensor:
    """Anything as a tensor that shares its memory wherever it can.

    Args:
        obj: what `as_tensor` takes; a DLPack capsule; or a buffer (bytes, memoryview, array.array), whose bytes are
            then read as numbers of `dtype`, whatever it thinks they are.
        copy: True to copy in any case, False to refuse to, None to copy only for lists, numbers and another dtype.
        requires_grad: None to keep what `obj` is; False detaches it.

    Raises:
        ValueError: `copy=False` where a copy is needed; a buffer that is empty or ends within a number.
        RuntimeError: `copy=False` for a NumPy scalar; a result that requires grad and is not of floating point.
        TypeError, RuntimeError: what is not a number.

    Source: `torch.asarray`.
    """
    check_place(device)
    if copy is False and isinstance(obj, np.generic):
        raise RuntimeError("asarray: copy=False, but a NumPy scalar has no memory to share; make it an array")
    array = from_dlpack(obj).array if type(obj).__name__ == "PyCapsule" else memory(obj)
    if array is None:
        array = _buffer(obj, dtype)
    x = as_tensor(obj if array is None or isinstance(obj, Tensor) else array, dtype)
    shared = array is not None and array.dtype == x.array.dtype
    if copy is False and not shared:
        raise ValueError("asarray: the data is no array, or of another dtype, and copy=False forbids a copy")
    if copy and shared:
        x = x.clone()
    if requires_grad is None:
        requires_grad = isinstance(obj, Tensor) and obj.requires_grad
    if requires_grad:
        return x.requires_grad_()
    return x if x.node is None else x.detach()


def _buffer(obj, dtype) -> np.ndarray | None:
    """The bytes of a buffer as numbers; None of what is no buffer."""
    try:
        size = memoryview(obj).nbytes
    except TypeError:
        return None
    wanted = get_default_dtype() if dtype is None else check_dtype(dtype)
    if not size or size % wanted.itemsize:
        raise ValueError(f"asarray: a buffer of {size} bytes does not hold numbers of {wanted.itemsize} ({wanted})")
    return np.frombuffer(obj, wanted)


def _numbers(data, dtype=None) -> np.ndarray:
    """Data as an array of a dtype that tensors can have; shares memory where it is one already."""
    if (array := memory(data)) is not None:
        return array if dtype is None else array.astype(check_dtype(dtype), copy=False)
    plain = _plain(data)
    found = _dtypes(plain)
    wanted = check_dtype(dtype) if dtype is not None else reduce(promote_types, found) if found else get_default_dtype()
    try:
        return np.array(plain, wanted)
    except OverflowError as error:
        kind = ValueError if wanted == I64 else RuntimeError
        raise kind(f"tensor: value cannot be converted to {wanted} without overflow: {error}") from None
    except ValueError:
        raise _ragged(plain) from None


def _plain(data):
    """Data of any kind as nested lists of numbers and arrays, in which tensors have become numbers."""
    if isinstance(data, (list, tuple, range)):
        if set(map(type, data)) <= SCALARS.keys():
            return data
        if data and isinstance(data[0], str):  # of the type of PyTorch's error
            raise ValueError(f"tensor: too many dimensions 'str': expected numbers, got {data!r:.60}")
        return [_plain(x) for x in data]
    if isinstance(data, Tensor):
        if data.array.size != 1:
            raise ValueError(
                f"tensor: only one element tensors can be converted to numbers, got one of shape "
                f"{tuple(data.array.shape)} in a list; use stack() or cat()"
            )
        return data.array.reshape(())[()]
    if isinstance(data, (float, int, np.ndarray, np.generic)):
        return data
    if (array := memory(data)) is not None:
        return array
    if isinstance(data, (str, bytes)):
        raise TypeError(f"tensor: expected numbers, got {type(data).__name__}: {data!r:.60}")
    if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, (Mapping, type)):
        return _plain(list(data))
    raise RuntimeError(f"tensor: Could not infer dtype of {type(data).__name__}: {data!r:.60}")


def _dtypes(plain) -> set[np.dtype]:
    """The dtypes of the numbers in nested lists; a Python float is of the default dtype."""
    if isinstance(plain, (list, tuple, range)):
        kinds = set(map(type, plain))
        if not kinds <= SCALARS.keys():
            return set().union(*map(_dtypes, plain))
    elif isinstance(plain, (np.ndarray, np.generic)):
        return {check_dtype(plain.dtype)}
    else:
        kinds = {float if isinstance(plain, float) else bool if isinstance(plain, bool) else int}
    return {SCALARS[kind] or get_default_dtype() for kind in kinds}


def _ragged(data, dim: int = 0) -> Exception:
    """The error that says which list of a nest has another length than its neighbours."""
    level = [data]
    while all([isinstance(x, (list, tuple, range)) or np.ndim(x) for x in level]):
        lengths = {len(x) for x in level}
        if len(lengths) > 1:
            n, other = len(level[0]), next(len(x) for x in level if len(x) != len(level[0]))
            return ValueError(f"tensor: expected sequence of length {n} at dim {dim} (got {other})")
        level = [y for x in level for y in x]
        dim += 1
    return TypeError(f"tensor: the entries at dim {dim} are numbers and sequences: {data!r:.60}")


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
    """A tensor of zeros. Its sizes are given as `zeros(2, 3)`, `zeros((2, 3))` or `zeros(size=(2, 3))`."""
    check_place(device)
    return made(np.zeros(_shape(sizes, size, "zeros"), _or_default(dtype)), requires_grad)


def ones(*sizes, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of ones. Its sizes are given as `ones(2, 3)`, `ones((2, 3))` or `ones(size=(2, 3))`."""
    check_place(device)
    return made(np.ones(_shape(sizes, size, "ones"), _or_default(dtype)), requires_grad)


def empty(*sizes, size=None, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor whose content is whatever was in the memory. Its sizes are given as for `zeros`, or as `size`."""
    check_place(device)
    return made(np.empty(_shape(sizes, size, "empty"), _or_default(dtype)), requires_grad)


def full(size, fill_value, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """A tensor of the shape `size`, a tuple, that holds `fill_value` everywhere, by default of its dtype."""
    check_place(device)
    if not isinstance(size, (tuple, list)):
        raise TypeError(f"full(): argument 'size' must be a tuple of ints, not {type(size).__name__}: {size!r:.60}")
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


def arange(start=None, end=None, step=1, *, dtype=None, device=None, requires_grad: bool = False) -> Tensor:
    """start, start + step, ... before `end`; `arange(n)` counts from 0. Of int64 if all three are integers.

    Raises:
        RuntimeError: the step is 0, or leads away from `end`.
    """
    check_place(device)
    start, end = (0, start) if end is None else (0 if start is None else start, end)
    start, end, step = [_number(v, "arange") for v in (start, end, step)]
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
        raise NotImplementedError(f"{name}: random real numbers are float32 or float64, not {wanted}")
    return wanted


def rand(
    *sizes, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Random numbers, uniform in [0, 1). Their sizes are given as for `zeros`, or as `size`."""
    check_place(device)
    dtype = _random_float(dtype, "rand")
    return made(np.asarray(source(generator).random(_shape(sizes, size, "rand"), dtype)), requires_grad)


def randn(
    *sizes, size=None, generator: Generator | None = None, dtype=None, device=None, requires_grad: bool = False
) -> Tensor:
    """Random numbers, normal with mean 0 and variance 1. Their sizes are given as for `zeros`, or as `size`."""
    check_place(device)
    dtype = _random_float(dtype, "randn")
    return made(np.asarray(source(generator).standard_normal(_shape(sizes, size, "randn"), dtype)), requires_grad)


def randint(*args, low=0, high=None, size=None, generator=None, dtype=None, device=None, requires_grad=False) -> Tensor:
    """Random integers in [low, high): `randint(high, size)` or `randint(low, high, size)`; int64 by default.

    All three arguments also have their keywords; `size` is a tuple, `low` is 0 by default.

    Raises:
        RuntimeError: `low` is not below `high`.
    """
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
    """`randint` with the shape and dtype of another tensor; the bounds are `high`, or `low` and `high`."""
    shape, dtype = _like(input, "randint_like", dtype)
    return randint(*bounds, low=low, high=high, size=shape, generator=generator, dtype=dtype, device=device,
                   requires_grad=requires_grad)  # fmt: skip


def normal(
    mean, std=1.0, size=None, *, generator: Generator | None = None, dtype=None, device=None, requires_grad=False
) -> Tensor:
    """Normal random numbers of the given mean and standard deviation.

    Args:
        mean, std: each a number or a tensor; their shapes broadcast.
        size: the shape of the result, where both are numbers.

    Raises:
        RuntimeError: a standard deviation is negative.
        TypeError: `size` is missing while both are numbers.
    """
    mean, std = [x.array if isinstance(x, Tensor) else x for x in (mean, std)]
    if np.any(np.less(std, 0)):
        raise RuntimeError(f"normal expects all elements of std >= 0.0, got {np.min(std)}")
    known = [x.dtype for x in (mean, std) if isinstance(x, np.ndarray)]
    if size is None and not known:
        raise TypeError("normal(): with two numbers, the argument 'size' is needed")
    dtype = dtype or (reduce(promote_types, known) if known else None)
    try:
        shape = size if size is not None else np.broadcast_shapes(np.shape(mean), np.shape(std))
    except ValueError as error:
        raise RuntimeError(f"normal: {error}") from None
    noise = randn(shape, generator=generator, dtype=dtype, device=device).array
    return made(np.asarray(noise * std + mean, noise.dtype), requires_grad)


def bernoulli(input, p: float | None = None, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that `input` holds (or `p` everywhere), else 0."""
    shape, dtype = _like(input, "bernoulli", None)
    if dtype not in FLOATS:
        raise NotImplementedError(f"bernoulli: expected floating point probabilities, got {dtype}")
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
