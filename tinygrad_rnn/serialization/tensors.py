"""The bytes of tensors: safetensors files, and the dtypes that tensors have."""

from __future__ import annotations

import json

import numpy as np

from ..tensor import Tensor
from .error import CheckpointError

DTYPES = {
    **{"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "u2", "BOOL": "?"},
    **{"I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1", "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1"},
}
WIDER = {"float16": "f4", "uint16": "i4", "uint32": "i8"}  # what tensors do not have


def unpack(data: bytes) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a safetensors file, in the order of its header, and its metadata."""
    from safetensors import SafetensorError, deserialize

    try:
        parts = deserialize(data)  # checks the header, every offset and every length
    except SafetensorError as error:
        raise CheckpointError(f"truncated, or not a safetensors file ({error})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    for key, part in parts:
        if part["dtype"] not in DTYPES:
            raise CheckpointError(f"tensor {key!r:.60} is of dtype {part['dtype']}, which has no counterpart here")
    arrays = {key: shaped(stored(part["data"], part["dtype"]), part["shape"], key) for key, part in parts}
    return arrays, header.get("__metadata__") or {}


def shaped(array: np.ndarray, shape: list[int], key: str) -> np.ndarray:
    try:
        return array.reshape(shape)
    except ValueError as error:  # more than 64 dimensions, or an empty array with a huge one
        raise CheckpointError(f"tensor {key!r:.60} of the shape {shape!r:.60}: {error}") from None


def stored(data: bytes, code: str, order: str = "<") -> np.ndarray:
    """A writable array of bytes in one of safetensors' dtypes; bfloat16 as float32, whose upper half it is."""
    array = np.frombuffer(data, order + DTYPES[code])
    array = array.astype(array.dtype.newbyteorder("="))
    return (array.astype(np.uint32) << 16).view(np.float32) if code == "BF16" else array


def decoded(data: bytes, code: str, order: str) -> np.ndarray:
    """The same in a dtype that tensors have."""
    array = stored(data, code, order)
    return array.astype(WIDER.get(array.dtype.name, array.dtype), copy=False)


def tensor_of(array: np.ndarray) -> Tensor:
    """A Tensor of an array; dtypes that tensors do not have become the next wider one."""
    return Tensor(array.astype(WIDER.get(array.dtype.name, array.dtype), copy=False))
