"""Tensor's public face: PyTorch's properties, methods and operators on the bare handle of the engine.

A method that is an operation is the operation itself, taken from `ops` by the tables below; only what is not
an operation (properties, conversion, gradients) is written here.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from . import creation, ops
from .autograd.backward import backward
from .autograd.graph import Leaf, Node, ObservedNode, RemovableHandle, Tensor, as_leaf, has_past
from .autograd.handle import Size
from .autograd.op import cast
from .autograd.promotion import DTYPES, FLOATS
from .autograd.view import View
from .device import CPU, check_cuda, check_device, device
from .interchange import DLDeviceType, export
from .methods import assign, attach
from .printing import tensor_repr

__all__ = ["RemovableHandle", "Size", "Tensor"]


class Face:
    """Everything below is copied onto Tensor; `self` is a Tensor throughout."""

    array: np.ndarray
    node: Any

    if TYPE_CHECKING:  # the methods of methods.py

        def __getattr__(self, name: str) -> Any: ...

    # --- what it is ----------------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """Its shape, a `Size`."""
        return Size(self.array.shape)

    @property
    def dtype(self) -> np.dtype:
        """The NumPy dtype of its elements."""
        return self.array.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def device(self) -> device:
        """Where it is: the CPU, always."""
        return CPU

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.array.nbytes

    @property
    def is_cpu(self) -> bool:
        """True: tensors are on the CPU alone."""
        return True

    @property
    def is_cuda(self) -> bool:
        """False: tensors are on the CPU alone."""
        return False

    def get_device(self) -> int:
        """-1, which stands for the CPU."""
        return -1

    def size(self, dim: int | None = None):
        """The shape, or the length of one dimension."""
        if dim is None:
            return self.shape
        try:
            return self.array.shape[dim]
        except IndexError:
            n = self.array.ndim
            raise IndexError(f"size: dim out of range (expected to be in [{-n}, {n - 1}], got {dim})") from None

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self.array.size

    nelement = numel

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.array.itemsize

    def stride(self, dim: int | None = None):
        """Steps in memory along each dimension, in elements."""
        strides = tuple([s // self.array.itemsize for s in self.array.strides])
        return strides if dim is None else strides[dim]

    def storage_offset(self) -> int:
        """Where its first element is in the memory that it views, in elements."""
        memory = self.array
        while isinstance(memory.base, np.ndarray):
            memory = memory.base
        return (self.array.ctypes.data - memory.ctypes.data) // self.array.itemsize

    def is_contiguous(self) -> bool:
        """Whether its elements lie in memory one after the other, row by row."""
        return self.array.flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Whether its elements are floats."""
        return self.array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """False: there are no complex tensors."""
        return False

    def is_signed(self) -> bool:
        """Whether its elements may be negative."""
        return self.array.dtype.kind in "fi"

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self.array.ctypes.data

    # --- gradients -----------------------------------------------------------------------------------------

    @property
    def requires_grad(self) -> bool:
        """Whether gradients with respect to it, or through it, can be asked for."""
        return has_past(self.node)

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted and not has_past(self.node):
            if self.array.dtype not in FLOATS:
                raise RuntimeError(
                    f"only Tensors of floating point dtype can require gradients, this one is {self.array.dtype}"
                )
            self.node = as_leaf(self).node  # type: ignore[arg-type]
        elif not wanted and has_past(self.node):
            if not isinstance(self.node, Leaf):
                raise RuntimeError(
                    "you can only change requires_grad flags of leaf variables. If you want to use a computed "
                    "variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
                )
            self.node = None

    def requires_grad_(self, requires_grad: bool = True):
        """Set `requires_grad` and return the tensor."""
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether the user made it: nothing that requires grad was computed to get it."""
        return not has_past(self.node) or isinstance(self.node, Leaf)

    @property
    def grad_fn(self) -> Node | None:
        """The node that made it; None for a leaf."""
        return None if self.is_leaf else self.node

    @property
    def grad(self) -> Tensor | None:
        """The gradient accumulated by `backward()`; of a non-leaf only after `retain_grad()`."""
        node = self.node
        if isinstance(node, Leaf):
            return node.grad
        return node.watch.grad if isinstance(node, ObservedNode) else None

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if not isinstance(value, Tensor):
                raise TypeError(f"assigned grad expected to be a Tensor or None but got {type(value).__name__}")
            if value.array.shape != self.array.shape or value.array.dtype != self.array.dtype:
                raise RuntimeError(
                    f"assigned grad has shape {tuple(value.array.shape)} and dtype {value.array.dtype}, "
                    f"expected {tuple(self.array.shape)} and {self.array.dtype}"
                )
        if isinstance(self.node, Leaf):
            self.node.grad = value
        elif has_past(self.node):
            self.node.observe().grad = value
        elif value is not None:
            raise RuntimeError("assigned grad to a tensor that does not require grad; call requires_grad_() first")

    def retain_grad(self) -> None:
        """Keep this tensor's gradient in `.grad` although it is not a leaf."""
        if not has_past(self.node):
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        self.node.observe().retains = True

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` asked for the gradient of this computed tensor."""
        return isinstance(self.node, ObservedNode) and self.node.watch.retains

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(grad)` when the gradient of this tensor is computed; what it returns replaces it."""
        if not has_past(self.node):
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        return RemovableHandle(self.node.observe().hooks, hook)

    def backward(self, gradient=None, retain_graph=None, create_graph: bool = False, inputs=None) -> None:
        """Accumulate d self / d leaf into `.grad` of every leaf below. Source: `torch.Tensor.backward`."""
        backward(self, gradient, retain_graph, create_graph, inputs=inputs)

    def detach(self) -> Tensor:
        """The same memory without a past: no gradient flows through it."""
        return Tensor(self.array)

    def detach_(self):
        """Forget the past in place."""
        self.node = None
        return self

    @property
    def data(self) -> Tensor:
        """The same memory without a past; assigning gives the tensor other memory and keeps its gradient."""
        return Tensor(self.array)

    @data.setter
    def data(self, value: Tensor) -> None:
        if not isinstance(value, Tensor):
            raise TypeError(f"expected a Tensor, got {type(value).__name__}")
        self.array = value.array
        if isinstance(self.node, Leaf):
            self.node.shape, self.node.dtype = value.array.shape, value.array.dtype

    # --- what the engine asks of a handle ------------------------------------------------------------------

    def seed_grad(self, dy, recorded: bool):
        """The cotangent with which a backward from this tensor starts."""
        if dy is None:
            if self.array.size != 1:
                raise RuntimeError(
                    f"grad can be implicitly created only for scalar outputs: {self.node.describe()} has shape "
                    f"{tuple(self.array.shape)}. Reduce it (for example .sum()), or pass gradient=."
                )
            dy = np.ones_like(self.array)
        dy = dy if isinstance(dy, Tensor) else Tensor(np.asarray(dy, self.array.dtype))
        if dy.array.shape != self.array.shape:
            raise RuntimeError(
                f"Mismatch in shape: the gradient has shape {tuple(dy.array.shape)} and the output has shape "
                f"{tuple(self.array.shape)}"
            )
        if dy.array.dtype != self.array.dtype:
            dy = cast(dy, dtype=self.array.dtype)
        return dy if recorded else dy.array

    def wrap_grad(self, dy) -> Tensor:
        """A gradient as a tensor, for the user."""
        return dy if isinstance(dy, Tensor) else Tensor(np.array(dy, self.array.dtype))

    def zero_grad_like(self) -> Tensor:
        """The gradient of an input that had no influence."""
        return Tensor(np.zeros_like(self.array))

    # --- conversion ----------------------------------------------------------------------------------------

    def numpy(self, *, force: bool = False) -> np.ndarray:
        """An array in the same memory; refused while a gradient could be lost, unless forced."""
        if self.node is not None and not force:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        return self.array.view()

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_wrap__(self, array: np.ndarray, context=None, return_scalar: bool = False):
        """What NumPy's functions return for a tensor is a tensor, as with PyTorch's (but bool stays bool)."""
        return Tensor(np.asarray(array)) if array.dtype in DTYPES else array

    def __dlpack__(self, *, stream=None, max_version=None, dl_device=None, copy: bool | None = None):
        """A DLPack capsule of this memory; refused while a gradient could be lost."""
        return export(self, stream, max_version, dl_device, copy)  # type: ignore[arg-type]

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLDeviceType.kDLCPU, 0

    def item(self) -> float | int | bool:
        """The one element as a Python number."""
        if self.array.size != 1:
            raise RuntimeError(f"a Tensor with {self.array.size} elements cannot be converted to Scalar")
        return self.array.item()

    def tolist(self):
        """Nested lists of Python numbers."""
        return self.array.tolist()

    def to(self, *args, dtype=None, device=None, copy: bool = False, non_blocking: bool = False):
        """The tensor as another dtype: `x.to(float64)`, `x.to(other)`, `x.to("cpu")`."""
        for arg in args:
            if isinstance(arg, Tensor):
                dtype = arg.array.dtype
            elif isinstance(arg, bool):
                continue
            elif isinstance(arg, (np.dtype, type)):
                dtype = arg
            elif arg is not None:
                device = arg
        check_device(device)
        if dtype is not None and np.dtype(dtype) != self.array.dtype:
            return cast(self, dtype=creation.check_dtype(dtype))
        return self.clone() if copy else self

    def type_as(self, other: Tensor):
        """With the dtype of `other`."""
        return self.to(other.array.dtype)

    def new_tensor(self, data, **options):
        """A tensor from `data` with this one's dtype; so `new_zeros`, `new_ones`, `new_full`, `new_empty`."""
        return creation.tensor(data, **{"dtype": self.array.dtype, **options})

    def new_zeros(self, *size, **options):
        """Zeros of the same dtype."""
        return creation.zeros(*size, **{"dtype": self.array.dtype, **options})

    def new_ones(self, *size, **options):
        """Ones of the same dtype."""
        return creation.ones(*size, **{"dtype": self.array.dtype, **options})

    def new_empty(self, *size, **options):
        """A tensor of the same dtype, with whatever was in the memory."""
        return creation.empty(*size, **{"dtype": self.array.dtype, **options})

    def new_full(self, size, fill_value, **options):
        """`fill_value` everywhere, of the same dtype."""
        return creation.full(size, fill_value, **{"dtype": self.array.dtype, **options})

    # --- transposes ----------------------------------------------------------------------------------------

    @property
    def T(self):  # noqa: N802
        """With all dimensions in reverse order; of a matrix, its transpose."""
        return ops.permute(self, tuple(range(self.array.ndim - 1, -1, -1)))

    @property
    def mT(self):  # noqa: N802
        """With the last two dimensions exchanged."""
        if self.array.ndim < 2:
            raise RuntimeError(f"tensor.mT is only supported on matrices or batches of them, got {self.array.ndim}-D")
        return ops.transpose(self, -2, -1)

    @property
    def H(self):  # noqa: N802
        """The transpose of a matrix: there are no complex numbers to conjugate."""
        if self.array.ndim not in (0, 2):
            raise RuntimeError(f"tensor.H is only supported on matrices (2-D tensors), got {self.array.ndim}-D")
        return ops.t(self)

    def cpu(self):
        """The tensor itself, which is there already."""
        return self

    def cuda(self, device: Any = None, non_blocking: bool = False):
        """Refused: there is no CUDA."""
        check_cuda(device)

    # --- Python's protocols --------------------------------------------------------------------------------

    def __len__(self) -> int:
        if self.array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return self.array.shape[0]

    def __iter__(self):
        if self.array.ndim == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(ops.unbind(self, 0))

    def __contains__(self, value) -> bool:
        return bool((self.array == (value.array if isinstance(value, Tensor) else value)).any())

    def __bool__(self) -> bool:
        if self.array.size != 1:
            what = "no values" if self.array.size == 0 else "more than one value"
            raise RuntimeError(f"Boolean value of Tensor with {what} is ambiguous")
        return bool(self.array.item())

    def __float__(self) -> float:
        return float(self._number())

    def __int__(self) -> int:
        return int(self._number())

    def _number(self) -> float | int | bool:
        if self.array.size != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, got {self.array.size}")
        return self.array.item()

    def __index__(self) -> int:
        if self.array.size != 1 or self.array.dtype.kind not in "iub":
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return operator.index(self.array.item())

    def __format__(self, spec: str) -> str:
        return format(self.array.item(), spec) if self.array.ndim == 0 else object.__format__(self, spec)

    __hash__ = object.__hash__
    __array_priority__ = 1000  # ndarray * Tensor is Tensor.__rmul__
    __repr__ = tensor_repr

    def __getitem__(self, index):
        return ops.getitem(self, index)

    def __setitem__(self, index, value) -> None:
        assign(self, index, value)  # type: ignore[arg-type]

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol; "
                "detach() or clone() this one"
            )
        copied = memo[id(self)] = restore(self.__class__, self.array.copy(), self.requires_grad)
        if self.grad is not None:
            copied.grad = self.grad.detach().clone()
        return copied

    def __reduce_ex__(self, protocol):
        if not self.is_leaf:
            raise RuntimeError("only leaf tensors can be pickled: detach() this one")
        return restore, (self.__class__, self.array, self.requires_grad)


def restore(kind: type, array: np.ndarray, requires_grad: bool) -> Tensor:
    """A leaf tensor again from its parts (copy, pickle)."""
    x: Tensor = object.__new__(Tensor if kind is View else kind)
    x.array, x.node = array, None
    x.requires_grad = requires_grad
    return x


class _Bare:
    """What every class holds, whatever is written in it."""

    annotated: int


for _name, _member in vars(Face).items():
    if _name not in vars(_Bare):
        setattr(Tensor, _name, _member)
attach(Tensor)
