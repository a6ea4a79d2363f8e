"""PyTorch's older spellings: `Tensor(2, 3)`, `LongTensor([1, 2])`, `x.type(LongTensor)`, `x.new(3)`, `Variable(x)`."""

from __future__ import annotations

import operator
import warnings

import numpy as np

from .autograd.handle import Size
from .autograd.promotion import get_default_dtype, set_default_dtype
from .creation import as_tensor, empty
from .device import named
from .interchange import check_dtype, from_numpy
from .tensor import Tensor as Handle

__all__ = [
    "BoolTensor", "ByteTensor", "CharTensor", "DoubleTensor", "FloatTensor", "IntTensor", "LongTensor", "ShortTensor",
    "Variable", "set_default_tensor_type",
]  # fmt: skip


def made(dtype: np.dtype | None, name: str, args: tuple, /, *, device=None) -> Handle:
    """A tensor from sizes, whose content is whatever was in the memory, or from data.

    Args:
        dtype: None for the default dtype, and then data may be a tensor of any.
        args: sizes, a `Size`, a tensor (whose memory is shared), an array (likewise, if its dtype fits), or a list.

    Raises:
        TypeError: neither sizes nor data, or a tensor of another dtype.
        RuntimeError: a device that is not the CPU.
    """
    if device is not None and named(device).type != "cpu":
        raise RuntimeError(f"{name}(): expects device 'cpu', got '{device}'")
    data = args[0] if len(args) == 1 else None
    wanted = get_default_dtype() if dtype is None else dtype
    if isinstance(data, Handle):
        if dtype is not None and data.array.dtype != dtype:
            raise TypeError(
                f"{name}(): expected a tensor of {dtype}, got {data.array.dtype}; convert it with .to({dtype})"
            )
        return data.view(data.shape)
    if isinstance(data, np.ndarray) and data.ndim:
        check_dtype(data.dtype)
        return from_numpy(data.astype(wanted, copy=False))
    if isinstance(data, (list, tuple, range)) and not isinstance(data, Size):
        return as_tensor(data, wanted)
    try:
        sizes = data if isinstance(data, Size) else tuple([operator.index(n) for n in args])
        if any([isinstance(n, bool) for n in args]):
            raise TypeError
    except TypeError:
        given = ", ".join([f"{arg!r:.40}" for arg in args])
        raise TypeError(f"{name}(): data must be a sequence, or all arguments sizes; got {given}") from None
    return empty(sizes if args else (0,), dtype=wanted)


# --- types by the name of their dtype -----------------------------------------------------------------------------


class TensorType(type):
    """The type of `LongTensor` and its like: calling one makes a plain tensor of that dtype."""

    dtype: np.dtype

    def __call__(cls, *args, device=None) -> Handle:
        return made(cls.dtype, cls.__name__, args, device=device)

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Handle) and x.array.dtype == cls.dtype


def _of(dtype: str, name: str) -> TensorType:
    text = f"`{name}(2, 3)`, uninitialised, or `{name}([1, 2])`: of {np.dtype(dtype)}. Arguments as for `Tensor`."
    return TensorType(name, (), {"dtype": np.dtype(dtype), "__doc__": text, "__module__": __package__})


FloatTensor, DoubleTensor = _of("f4", "FloatTensor"), _of("f8", "DoubleTensor")
CharTensor, ShortTensor = _of("i1", "CharTensor"), _of("i2", "ShortTensor")
IntTensor, LongTensor = _of("i4", "IntTensor"), _of("i8", "LongTensor")
ByteTensor, BoolTensor = _of("u1", "ByteTensor"), _of("?", "BoolTensor")
KINDS = (FloatTensor, DoubleTensor, CharTensor, ShortTensor, IntTensor, LongTensor, ByteTensor, BoolTensor)


def type_named(name: str) -> TensorType:
    """The type of a name such as "torch.LongTensor"."""
    if ".cuda." in name:
        raise RuntimeError(f"type {name!r}: there is no CUDA here; use {name.replace('.cuda', '')!r}")
    for kind in KINDS:
        if name.rpartition(".")[2] == kind.__name__:
            return kind
    raise ValueError(f"invalid type: {name!r}; expected 'torch.' and one of {', '.join([k.__name__ for k in KINDS])}")


def set_default_tensor_type(t: TensorType | str) -> None:
    """`set_default_dtype` by a type `t`, such as `DoubleTensor`, or its name, which PyTorch deprecates.

    Raises:
        TypeError: the type is not of floating point numbers.
    """
    warnings.warn("set_default_tensor_type() is deprecated; use set_default_dtype()", UserWarning, stacklevel=2)
    set_default_dtype((type_named(t) if isinstance(t, str) else t).dtype)


# --- the class itself ----------------------------------------------------------------------------------------------


class PublicType(type):
    """The type of `Tensor`: calls are PyTorch's constructor, and every tensor of the engine is an instance."""

    def __call__(cls, *args, **kwargs):
        return made(None, "Tensor", args, **kwargs) if cls is Tensor else super().__call__(*args, **kwargs)

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Handle) if cls is Tensor else super().__instancecheck__(x)

    def __subclasscheck__(cls, kind: type) -> bool:
        return issubclass(kind, Handle) if cls is Tensor else super().__subclasscheck__(kind)

    def __setattr__(cls, name: str, value: object) -> None:
        setattr(Handle, name, value) if cls is Tensor else super().__setattr__(name, value)

    def __eq__(cls, other: object) -> bool:
        return cls is other or (cls is Tensor and other is Handle)

    __hash__ = type.__hash__


class Tensor(Handle, metaclass=PublicType):
    """`Tensor(2, 3)`, uninitialised, or `Tensor([1, 2])`: a tensor of the default dtype.

    The arguments are sizes, or else one thing: a `Size`, a tensor (whose memory is shared), an array (likewise, if its
    dtype fits), or a list. A keyword `device` may be the CPU.

    Raises:
        TypeError: neither sizes nor data, or a tensor of another dtype than the type's.
        RuntimeError: a device that is not the CPU.

    All tensors are instances. What it makes, and any other function, is the engine's handle on an array.
    """

    __slots__ = ()

    def __init__(self, *args, device=None) -> None:
        x = made(None, type(self).__name__, args, device=device)
        super().__init__(x.array, x.node)


class VariableType(type):
    """The type of `Variable`: a tensor is one."""

    def __call__(cls, data=None, requires_grad: bool = False, volatile: bool | None = None) -> Handle:
        if volatile is not None:
            warnings.warn("volatile has no effect; use `with no_grad():`", UserWarning, stacklevel=2)
        if data is None:
            data = empty(0)
        if not isinstance(data, Handle):
            raise TypeError(f"Variable data has to be a tensor, but got {type(data).__name__}")
        return data.detach().requires_grad_(requires_grad)

    def __instancecheck__(cls, x: object) -> bool:
        return isinstance(x, Handle)


class Variable(metaclass=VariableType):
    """`Variable(x)`: the tensor's memory without its past, as a leaf. Tensors have been Variables since PyTorch 0.4.

    Args:
        data: a tensor; an empty one by default.
        volatile: anything but None gives a warning that it has no effect; `no_grad` is what it was.

    Raises:
        TypeError: `data` is not a tensor.
    """


# --- methods -------------------------------------------------------------------------------------------------------


def type_(x: Handle, dtype=None, non_blocking: bool = False):
    """Without an argument the name of the type, "torch.FloatTensor"; else the tensor in that dtype.

    Args:
        dtype: a dtype, `LongTensor` or its like, or such a name.

    Raises:
        ValueError: no such type.
        TypeError: a number.
        RuntimeError: a type of CUDA.
    """
    if dtype is None:
        return next(f"torch.{kind.__name__}" for kind in KINDS if kind.dtype == x.array.dtype)
    if dtype is Tensor:
        dtype = get_default_dtype()
    if isinstance(dtype, (int, float)):
        raise TypeError(f"type(): dtype must be a type, a string, or a dtype, got {dtype!r}")
    if not isinstance(dtype, (np.dtype, TensorType)):
        dtype = type_named(dtype if isinstance(dtype, str) else getattr(dtype, "__name__", repr(dtype)))
    return x.to(dtype.dtype if isinstance(dtype, TensorType) else dtype)


def new(x: Handle, *args, device=None) -> Handle:
    """`x.new(2, 3)`, uninitialised, or `x.new([1, 2])`: a tensor of the dtype of x. Errors: see `made`."""
    return made(x.array.dtype, "new", args, device=device)


type_.__name__ = "type"
for method in (type_, new):
    setattr(Handle, method.__name__, method)
