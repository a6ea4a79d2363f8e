"""Memory shared with NumPy and, through DLPack, with PyTorch, JAX and others: nothing is copied, either way.

What is read-only there is read-only here: an in-place operation on it is refused, where PyTorch warns that its effect
is undefined. Conflicts of writes with gradients (see `autograd.writes`) are found among all tensors made of one
array or of views of it. Not seen are writes by the other library itself, nor which memory from DLPack is whose: two
tensors imported from one foreign tensor are strangers to each other.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

import numpy as np

from .autograd.graph import Tensor
from .autograd.promotion import DTYPES
from .device import check_place

__all__ = ["from_dlpack", "from_numpy", "to_dlpack"]

SUPPORTED = ", ".join(map(str, DTYPES))


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
        raise TypeError(f"dtype {dtype} is not supported; tensors are of {SUPPORTED}; convert with .astype()")
    return wanted


# --- NumPy ---------------------------------------------------------------------------------------------------------


def from_numpy(ndarray: np.ndarray) -> Tensor:
    """A tensor in the memory of `ndarray`, a NumPy array: writing to one writes to the other.

    Raises:
        TypeError: not an array, or of a dtype that tensors cannot have.
        ValueError: a negative stride, one that is no multiple of the element, or foreign byte order; copy it first.

    A read-only array makes a read-only tensor. Of a matrix it is the array below, of a masked array the data
    without the mask.

    Source: `torch.from_numpy`.
    """
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"from_numpy: expected np.ndarray (got {type(ndarray).__name__})")
    return Tensor(adopted(ndarray))


def adopted(array: np.ndarray) -> np.ndarray:
    """A plain array of our own in the memory of `array`: giving that another shape must not change a tensor's."""
    if array.dtype not in DTYPES or not array.flags.forc:
        check_layout(array)
    return np.ndarray.view(array, np.ndarray)


def check_layout(array: np.ndarray) -> None:
    """Refuse an array in whose memory no tensor can lie; errors as of `from_numpy`."""
    if not array.dtype.isnative and array.dtype.newbyteorder("=") in DTYPES:
        raise ValueError(f"the array's byte order is not this machine's ({array.dtype.str}); convert it with .astype()")
    check_dtype(array.dtype)
    if backwards(array):
        raise ValueError(f"an array with a negative stride, {array.strides}, cannot be a tensor; pass array.copy()")
    if any([stride % array.itemsize for stride in array.strides]):
        raise ValueError(f"strides {array.strides} are no multiples of the {array.itemsize} bytes of an element; "
                         f"pass array.copy()")  # fmt: skip


def backwards(array: np.ndarray) -> bool:
    """Whether an array runs through its memory from the end, which other libraries cannot."""
    return any([stride < 0 and n > 1 for n, stride in zip(array.shape, array.strides)])


def memory(data) -> np.ndarray | None:
    """The array that a tensor, an array or another library's is; None of what is none of them."""
    if isinstance(data, Tensor):
        return data.array
    if isinstance(data, np.ndarray):
        return adopted(data)
    if data.__class__ in (float, int, bool, list, tuple):
        return None  # without the questions below
    if isinstance(data, np.generic):
        return adopted(np.asarray(data))
    if hasattr(data, "__dlpack__"):
        return from_dlpack(data).array
    if hasattr(data, "__array__") or hasattr(data, "__array_interface__"):
        return adopted(np.asarray(data))
    return None


# --- DLPack --------------------------------------------------------------------------------------------------------


DLDeviceType = IntEnum("DLDeviceType", {
    "kDLCPU": 1, "kDLCUDA": 2, "kDLCUDAHost": 3, "kDLOpenCL": 4, "kDLVulkan": 7, "kDLMetal": 8, "kDLVPI": 9,
    "kDLROCM": 10, "kDLROCMHost": 11, "kDLExtDev": 12, "kDLCUDAManaged": 13, "kDLOneAPI": 14, "kDLWebGPU": 15,
    "kDLHexagon": 16, "kDLMAIA": 17,
})  # fmt: skip
DLDeviceType.__doc__ = "DLPack's numbers for kinds of devices; a tensor's is kDLCPU. Source: `torch.utils.dlpack`."


def from_dlpack(ext_tensor, *, device=None, copy: bool | None = None) -> Tensor:
    """A tensor in the memory of anything that has `__dlpack__`, or of a DLPack capsule.

    Args:
        ext_tensor: the other library's tensor, or the capsule.
        copy: None to copy only if the other library must, True to copy in any case, False to refuse it.

    Returns:
        A tensor of the same shape, strides and dtype. It is read-only if the other library says so, or if it says
        nothing, as a capsule of DLPack's older kind cannot; and always, unless of an array, with NumPy before 2.3.

    Raises:
        BufferError: the other tensor requires grad, or its library cannot share it so.
        TypeError: a dtype that tensors cannot have.
        ValueError: see `from_numpy`.
        RuntimeError: nothing of DLPack's, or what NumPy has not; or a capsule from which a tensor was made before.
        AssertionError: `device` or `copy` with a capsule.

    Source: `torch.from_dlpack`.
    """
    check_place(device)
    if isinstance(ext_tensor, (Tensor, np.ndarray)):  # without the detour, writes are seen (above)
        array = exportable(ext_tensor) if isinstance(ext_tensor, Tensor) else adopted(ext_tensor)
        return Tensor(array.copy() if copy else array.view())
    if type(ext_tensor).__name__ == "PyCapsule":
        if device is not None or copy is not None:
            raise AssertionError("from_dlpack: device and copy cannot be chosen for a capsule, which was made before")
        return Tensor(_imported(_Sealed(ext_tensor)))
    if not hasattr(ext_tensor, "__dlpack__"):
        raise RuntimeError(f"from_dlpack: expected an object with __dlpack__ or a capsule, got {ext_tensor!r:.60}")
    if copy:  # ours, not the other library's, which may be read-only
        return Tensor(_imported(ext_tensor).copy())
    return Tensor(_imported(ext_tensor, copy=copy))


def to_dlpack(tensor: Tensor):
    """A DLPack capsule of the tensor's memory, which can be opened once. Errors: see `export`."""
    return tensor.__dlpack__()


def export(x: Tensor, stream=None, max_version=None, dl_device=None, copy: bool | None = None):
    """The capsule that `x.__dlpack__` gives.

    Raises:
        BufferError: x requires grad; it is read-only and the receiver's DLPack is too old to be told; it runs
            backwards; or a device other than the CPU.
        TypeError, AssertionError: a stream, which the CPU has not.
    """
    array = exportable(x)
    if stream is not None and not isinstance(stream, int):
        raise TypeError(f"__dlpack__: stream must be int or None, got {type(stream).__name__}")
    if stream not in (None, -1):
        raise AssertionError(f"__dlpack__: stream should be None on cpu, got {stream}")
    if dl_device not in (None, x.__dlpack_device__()):
        raise BufferError(f"__dlpack__: the tensor is on the CPU, {x.__dlpack_device__()}, not on {dl_device}")
    return array.__dlpack__(**_said(max_version=max_version, copy=copy))


def exportable(x: Tensor) -> np.ndarray:
    """The array of x, unless a gradient could be lost, or PyTorch would abort the process."""
    if x.node is not None:
        raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
    if backwards(x.array):
        raise BufferError(f"Can't export a tensor with negative strides, {x.array.strides}, use tensor.contiguous()")
    return x.array


def _said(**options) -> dict[str, Any]:
    """The options that are not None: older versions of NumPy do not know them all."""
    return {name: value for name, value in options.items() if value is not None}


class _Sealed:
    """A capsule, as the object that NumPy wants to ask for one."""

    def __init__(self, capsule) -> None:
        self.capsule = capsule

    def __dlpack__(self, **_):
        return self.capsule

    def __dlpack_device__(self) -> tuple[int, int]:
        return DLDeviceType.kDLCPU, 0


def _imported(source, copy: bool | None = None) -> np.ndarray:
    """The array that NumPy makes in the memory of another library's tensor."""
    try:
        array = np.from_dlpack(source, **_said(copy=copy))
    except RuntimeError as error:
        raise RuntimeError(f"from_dlpack: {error} Tensors are of {SUPPORTED}, on the CPU") from error
    except ValueError as error:
        if not isinstance(source, _Sealed):
            raise
        raise RuntimeError(
            f"from_dlpack: not a DLPack capsule, or one that was opened before; each can be only once ({error})"
        ) from None
    return adopted(array)
