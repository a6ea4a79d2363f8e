"""Saving and loading: tensors in a safetensors file, the structure around them as JSON in its header.

A dictionary of tensors is a plain safetensors file that other libraries read by name. Anything nested, as
the state of an optimiser is, has its tensors under dotted names, and in the header's metadata an entry
`tinygrad_rnn` that says how to put them together again. Nothing in a file is ever executed.
"""

from __future__ import annotations

import json
import math
import os
from typing import IO, Any

import numpy as np

from .atomic import replacing
from .autograd.graph import Tensor
from .device import check_device

__all__ = ["CheckpointError", "load", "save"]

FORMAT = "tinygrad_rnn"  # the metadata's entry
VERSION = 1
DTYPES = {
    **{"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?"},
    **{"I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "u1"},
}
WIDER = {"float16": "f4", "uint16": "i4", "uint32": "i8"}  # what tensors do not have


class CheckpointError(ValueError):
    """A file that is not what it should be: truncated, of another format, or of a newer version."""


def save(obj: Any, f: str | os.PathLike | IO[bytes]) -> None:
    """Write tensors and the dictionaries, lists and tuples around them.

    Args:
        obj: a Tensor, array, number, string, bool or None, or a dict (keys: strings, numbers), list or tuple
            of these, nested to any sensible depth: a `state_dict()`, or several with other things.
        f: a path, which is replaced only when everything was written; or a file open for writing bytes.

    Raises:
        TypeError: for anything else, naming its place in `obj`. Then nothing is written.
        OSError: where `f` cannot be written.

    Source: `torch.save`, without pickle. A Parameter comes back as a Tensor that does not require grad.
    """
    from safetensors.numpy import save as to_bytes

    arrays: dict[str, np.ndarray] = {}
    structure = _describe(obj, (), arrays, ())
    entry = {"version": VERSION, "structure": structure}
    data = to_bytes(arrays, {FORMAT: json.dumps(entry, separators=(",", ":"), allow_nan=False)})
    if hasattr(f, "write"):
        f.write(data)
    else:
        with replacing(f) as file:
            file.write(data)


def load(f: str | os.PathLike | IO[bytes], map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read what `save` wrote; any other safetensors file gives a dictionary of Tensors.

    Tensors of other libraries in a dtype that is not supported come in a wider one, which loses nothing: float16
    and bfloat16 as float32, uint16 as int32, uint32 as int64.

    Args:
        f: a path, or a file open for reading bytes.
        map_location: accepted for PyTorch's sake; only the CPU.
        weights_only: likewise; loading never runs code from the file, whatever it says.

    Raises:
        FileNotFoundError: where there is no such file.
        CheckpointError: for a file that is damaged or is not a safetensors file; a ValueError.

    Source: `torch.load`.
    """
    check_device(map_location)
    if hasattr(f, "read"):
        name, data = getattr(f, "name", "the file"), f.read()
    else:
        name = os.fspath(f)
        with open(f, "rb") as file:
            data = file.read()
    arrays, metadata = _unpack(data, name)
    if FORMAT not in metadata:
        return {key: _tensor(array) for key, array in arrays.items()}
    try:
        entry = json.loads(metadata[FORMAT])
        version = entry["version"]
        if version <= VERSION:
            return _rebuild(entry["structure"], arrays)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise CheckpointError(f"{name}: the description of its structure is damaged ({error!r})") from None
    raise CheckpointError(f"{name}: written in format {version}, this version of tinygrad_rnn reads up to {VERSION}")


# --- from an object to arrays and a description, and back ---------------------------------------------------------
#
# In the description strings, whole numbers, finite floats, bools, None and lists stand for themselves;
# everything else is an object with one entry, which says what it is.


def _describe(obj: Any, path: tuple, arrays: dict[str, np.ndarray], within: tuple[int, ...]) -> Any:
    if isinstance(obj, np.generic):
        obj = obj.item()  # NumPy's numbers come back as Python's
    if obj is None or isinstance(obj, (bool, int, str)):
        return obj
    if isinstance(obj, float):
        return obj if math.isfinite(obj) else {"float": repr(obj)}
    if isinstance(obj, Tensor):
        return {"tensor": _add(obj.array, path, arrays)}
    if isinstance(obj, np.ndarray):
        return {"array": _add(obj, path, arrays)}
    if not isinstance(obj, (dict, list, tuple)):
        hint = "; save its state_dict()" if hasattr(obj, "state_dict") else ""
        raise TypeError(f"save: cannot save a {type(obj).__name__} at {_place(path)}{hint}")
    if id(obj) in within:
        raise TypeError(f"save: the {type(obj).__name__} at {_place(path)} contains itself")
    within += (id(obj),)
    if isinstance(obj, dict):
        for key in obj:
            if not isinstance(key, (str, int, float)):
                raise TypeError(f"save: keys must be strings or numbers, got {key!r:.60} at {_place(path)}")
        return {"dict": [[key, _describe(value, (*path, key), arrays, within)] for key, value in obj.items()]}
    items = [_describe(value, (*path, i), arrays, within) for i, value in enumerate(obj)]
    return items if isinstance(obj, list) else {"tuple": items}


def _rebuild(described: Any, arrays: dict[str, np.ndarray]) -> Any:
    if isinstance(described, list):
        return [_rebuild(item, arrays) for item in described]
    if not isinstance(described, dict):
        return described
    ((kind, content),) = described.items()
    match kind:
        case "tensor":
            return _tensor(arrays[content])
        case "array":
            return arrays[content]
        case "dict":
            return {key: _rebuild(value, arrays) for key, value in content}
        case "tuple":
            return tuple(_rebuild(content, arrays))
        case "float":
            return float(content)
    raise ValueError(f"unknown kind {kind!r}")


def _place(path: tuple) -> str:
    """A path as one would write it: obj['state'][0]."""
    return "obj" + "".join(f"[{key!r}]" for key in path)


def _add(array: np.ndarray, path: tuple, arrays: dict[str, np.ndarray]) -> str:
    """Note an array under its dotted path; the name it got."""
    if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
        raise TypeError(f"save: cannot save an array of {array.dtype} at {_place(path)}")
    name = ".".join(map(str, path)) or "value"
    while name in arrays or name == "__metadata__":  # {"a.b": x, "a": {"b": y}}; and the one reserved name
        name += "'"
    arrays[name] = array.astype(array.dtype.newbyteorder("="), order="C", copy=False)
    return name


# --- bytes ----------------------------------------------------------------------------------------------------


def _unpack(data: bytes, name: str) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The arrays of a safetensors file, in the order of its header, and its metadata."""
    from safetensors import SafetensorError, deserialize

    try:
        parts = deserialize(data)  # checks the header, every offset and every length
    except SafetensorError as error:
        raise CheckpointError(f"{name}: truncated, or not a safetensors file ({error})") from None
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    arrays = {key: _array(part, key, name) for key, part in parts}
    return arrays, header.get("__metadata__", {})


def _array(part: dict, key: str, name: str) -> np.ndarray:
    if (dtype := part["dtype"]) not in DTYPES:
        raise CheckpointError(f"{name}: tensor {key!r} is of dtype {dtype}, which has no counterpart here")
    stored = np.frombuffer(part["data"], DTYPES[dtype]).reshape(part["shape"])
    if dtype == "BF16":
        return (stored.astype(np.uint32) << 16).view(np.float32)  # it is the upper half of a float32
    return stored.astype(stored.dtype.newbyteorder("="))  # a writable copy


def _tensor(array: np.ndarray) -> Tensor:
    """A Tensor of an array; dtypes that tensors do not have become the next wider one."""
    return Tensor(array.astype(WIDER[array.dtype.name]) if array.dtype.name in WIDER else array)
