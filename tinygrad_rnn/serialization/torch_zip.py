"""The files of `torch.save`: a zip of one pickle, and the bytes of each storage that its tensors view."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from ..device import device
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from .allowed import Finder, find
from .error import CheckpointError
from .machine import interpret
from .tensors import WIDER, decoded

STORAGES = {
    **{"Double": "F64", "Float": "F32", "Half": "F16", "BFloat16": "BF16", "Bool": "BOOL"},
    **{"Long": "I64", "Int": "I32", "Short": "I16", "Char": "I8", "Byte": "U8"},
}  # PyTorch's names for safetensors' ones
MOST_DIMENSIONS = 64
BYTES = "bytes"  # a storage that does not say what its bytes are
DTYPES = "float64 float32 int64 int32 int16 int8 uint64 uint32 uint16 uint8 bool".split()


def read_torch(data: bytes, place: Callable[[np.ndarray, str], None], trusted: bool) -> Any:
    """What `torch.save` wrote; tensors that share a storage share their memory.

    Args:
        data: the bytes of the file.
        place: called with each storage and the device it was saved from; raises where it cannot go.
        trusted: let the pickle in it import and call whatever it names.

    Raises:
        CheckpointError: for a file that is damaged.
        UnsafeError: for one that would have to be trusted.
    """
    archive = Archive(data, place)
    pickled = archive.entry("data.pkl")
    if trusted:
        return Finder(pickled, archive.known, archive.storage).load()
    return interpret(pickled, partial(find, known=archive.known), archive.storage)


class Archive:
    """The entries of the zip; storages are decoded once."""

    def __init__(self, data: bytes, place: Callable[[np.ndarray, str], None]) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        self.place = place
        self.storages: dict[str, np.ndarray] = {}
        self.widened: dict[tuple[int, np.dtype], np.ndarray] = {}
        self.known = KNOWN | {"torch._utils._rebuild_tensor_v3": self.rebuild_untyped}
        names = self.zip.namelist()
        folders = [path.removesuffix("data.pkl") for path in names if path.endswith("/data.pkl")]
        if not folders:
            raise CheckpointError("a zip file, but not one of torch.save: it has no data.pkl")
        if len(set(names)) < len(names) or len(folders) > 1:
            raise CheckpointError("a zip file in which one entry is there twice")
        if sum([info.file_size for info in self.zip.infolist()]) > len(data):
            raise CheckpointError(
                "a zip file whose entries are compressed or overlap: they claim more bytes than it has"
            )
        self.folder = folders[0]
        if f"{self.folder}constants.pkl" in names:
            raise CheckpointError(
                "a program of TorchScript; in PyTorch, save the state_dict() of the module, and load that"
            )
        self.order = ">" if f"{self.folder}byteorder" in names and self.entry("byteorder") == b"big" else "<"

    def entry(self, name: str) -> bytes:
        info = self.zip.getinfo(self.folder + name)
        if info.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"its entry {name:.60} is compressed, and PyTorch compresses nothing")
        return self.zip.read(info)

    def storage(self, persistent_id: Any) -> np.ndarray:
        """The memory that ("storage", kind, key, location, number of elements) stands for."""
        match persistent_id:
            case ("storage", str(kind), str(key), str(location), int(count)):
                pass
            case _:
                raise CheckpointError("a reference to something else than a storage")
        if kind == BYTES and self.order == ">":
            raise CheckpointError(
                "numbers in the order of a big-endian machine, in a dtype that hides where each begins"
            )
        if key not in self.storages:
            array = decoded(self.entry(f"data/{key}"), "U8" if kind == BYTES else kind, self.order)
            if array.size != count:
                raise CheckpointError(f"storage {key:.20} has {array.size} elements, not as many as its pickle says")
            self.storages[key] = array
        self.place(self.storages[key], location)
        return self.storages[key]

    def rebuild_untyped(
        self,
        storage: np.ndarray,
        offset: int,
        size: tuple[int, ...],
        stride: tuple[int, ...],
        requires_grad: bool,
        hooks: Any,
        dtype: np.dtype,
        metadata: Any = None,
    ) -> Tensor:
        """A view of the bytes of a storage, which the newer dtypes (uint16 and so on) have."""
        if not isinstance(storage, np.ndarray) or not isinstance(dtype, np.dtype):
            raise CheckpointError("a tensor that is not a plain view of a storage")
        if (id(storage), dtype) not in self.widened:  # once for all the views of it
            numbers = storage.view(dtype)
            self.widened[id(storage), dtype] = numbers.astype(WIDER.get(dtype.name, dtype), copy=False)
        return rebuild_tensor(self.widened[id(storage), dtype], offset, size, stride, requires_grad, hooks, metadata)


def rebuild_tensor(
    storage: np.ndarray,
    offset: int,
    size: tuple[int, ...],
    stride: tuple[int, ...],
    requires_grad: bool = False,
    hooks: Any = None,
    metadata: Any = None,
) -> Tensor:
    """A view of a storage; NumPy refuses one that reaches beyond it."""
    if not isinstance(storage, np.ndarray) or metadata:  # metadata: conjugated or negated, of complex numbers
        raise CheckpointError("a tensor that is not a plain view of a storage")
    step = storage.itemsize
    tensor = Tensor(np.ndarray(size, storage.dtype, storage, offset * step, [step * s for s in stride]))
    return tensor.requires_grad_() if requires_grad else tensor


def size_of(lengths: Any = ()) -> Size:
    if len(lengths) > MOST_DIMENSIONS:
        raise CheckpointError(f"a size of {len(lengths)} dimensions, NumPy has at most {MOST_DIMENSIONS}")
    return Size(lengths)


def rebuild_parameter(data: Tensor, requires_grad: bool, hooks: Any) -> Parameter:
    return Parameter(data, requires_grad)


KNOWN: dict[str, Any] = {
    **{f"torch.{name}Storage": code for name, code in STORAGES.items()},
    "torch.storage.UntypedStorage": BYTES,
    **{f"torch.{name}": np.dtype(name) for name in DTYPES},
    "torch.Size": size_of,
    "torch.device": device,
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
    "torch._utils._rebuild_parameter": rebuild_parameter,
}


def placing(map_location: Any) -> Callable[[np.ndarray, str], None]:
    """The check that `map_location` sends every storage to the CPU.

    Raises:
        CheckpointError: now, where it names another device alone; later, where a storage would go to one.
        TypeError: it is none of what `load` takes.
    """
    if isinstance(map_location, (str, device)):
        check(map_location)
        return lambda storage, location: None
    if isinstance(map_location, dict):
        return lambda storage, location: check(map_location.get(location, location))
    if callable(map_location):
        return lambda storage, location: check(location if map_location(storage, location) is None else "cpu")
    if map_location is not None:
        raise TypeError(
            f"load: map_location must be a device, its name, a dict or a function, got {map_location!r:.60}"
        )
    return lambda storage, location: check(location)


def check(place: str | device) -> None:
    if str(place).partition(":")[0] != "cpu":
        raise CheckpointError(
            f"Attempting to deserialize object on device {str(place)[:40]!r}, but tinygrad_rnn computes on the CPU "
            f"alone; use load with map_location='cpu' to map your storages to the CPU"
        )
