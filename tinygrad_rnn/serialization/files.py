"""`save` and `load`: which format a file is in, and who may read it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import IO, Any, NoReturn

from ..atomic import replacing
from .allowed import Finder, find, imported
from .error import CheckpointError, UnsafeError
from .structure import Describing, Rebuilding
from .tensors import tensor_of, unpack
from .torch_zip import placing, read_torch

FORMAT = "tinygrad_rnn"  # the entry of the header's metadata that says how to put the tensors together again
VERSION = 1
LONGEST = 1000  # characters of a message
OLD_TORCH = 0x1950A86A20F9469CFC6C  # the first of several pickles in a file of torch before 1.6


def save(obj: Any, f: str | os.PathLike | IO[bytes]) -> None:
    """Write tensors and what is around them, without pickle.

    The tensors are in a safetensors file: a dictionary of tensors is a plain one, which other libraries read by
    name. Anything nested has its tensors under dotted names, and its structure as JSON in the header.

    Args:
        obj: a Tensor, array, number, string, bytes, bool, dtype, device or None, or a dict (its keys: strings, numbers,
            tuples of them), OrderedDict, Counter, list, tuple or set of these, at most 100 deep: a `state_dict()`, or
            several with other things. What inherits from one of them comes back as that one, a named tuple as a tuple.
            Or a whole Module, or any object that is nothing but its attributes, such as a vocabulary of your own or
            the arguments of argparse: by the name under which its class is imported. Functions and classes likewise.
            For these, `load` wants `weights_only=False` or `serialization.safe_globals`.
        f: a path, which is replaced only when everything was written; or a file open for writing bytes.

    Raises:
        TypeError: for anything else, naming its place in `obj`. Then nothing is written.
        AttributeError: `f` is neither a path nor a file.
        OSError: where `f` cannot be written.

    Source: `torch.save`, without pickle. A Tensor comes back without its graph: a leaf, which requires grad if it did.
    """
    from safetensors.numpy import save as to_bytes

    describing = Describing()
    entry = {"version": VERSION, "structure": describing.describe(obj)}
    data = to_bytes(describing.arrays, {FORMAT: json.dumps(entry, separators=(",", ":"), allow_nan=False)})
    if hasattr(f, "write"):
        f.write(data)
    else:
        check_path("save", f, "write")
        with replacing(f) as file:
            file.write(data)


def load(f: str | os.PathLike | IO[bytes], map_location: Any = None, *, weights_only: bool | None = True) -> Any:
    """Read what `save` wrote, any other safetensors file as a dictionary of Tensors, or what `torch.save` wrote.

    A file is only data: none of its code runs, and what names more than plain types is refused, unless
    `weights_only` is False. Tensors in a dtype that is not supported come in a wider one, which loses nothing:
    float16 and bfloat16 as float32, uint16 as int32, uint32 as int64.

    Args:
        f: a path, or a file open for reading bytes.
        map_location: where tensors go: "cpu" for those that PyTorch saved from elsewhere; a device, a dict from
            device to device, or a function of a storage (a NumPy array) and its device, as in PyTorch.
        weights_only: False imports and calls whatever the file names, as whole modules and pickles need: only for
            files you trust. `serialization.safe_globals` allows single classes instead. None means True.

    Raises:
        FileNotFoundError: where there is no such file.
        AttributeError, TypeError: `f` is neither a path nor a file open for reading bytes.
        CheckpointError: for a file that is damaged or of no format known here; a ValueError and a RuntimeError.
        UnsafeError: for one that needs `weights_only=False`; also a `pickle.UnpicklingError`.
        RuntimeError: for a device other than the CPU.
        ImportError, AttributeError: with `weights_only=False`, where a class that it names cannot be found.

    Source: `torch.load`.
    """
    place, trusted = placing(map_location), weights_only is not None and not weights_only
    if hasattr(f, "read"):
        name, data = getattr(f, "name", "the file"), f.read()
        if not isinstance(data, bytes):
            raise TypeError(f"load: expected a file open for reading bytes, it gave {type(data).__name__}")
    else:
        check_path("load", f, "read")
        name = os.fspath(f)
        with open(f, "rb") as file:
            data = file.read()
    if not data:
        raise CheckpointError(f"{name}: there is nothing in it; a buffer that was just written to needs seek(0)")
    if data[4:9] != b"\0\0\0\0{":  # not a safetensors file, which begins with the length of its header
        if data[:4] == b"PK\3\4":
            with reading(name, trusted):
                return read_torch(data, place, trusted)
        if data[:2] in (b"\x80\2", b"\x80\3", b"\x80\4", b"\x80\5"):
            with reading(name, trusted):
                return read_pickle(data, trusted)
    return read_ours(data, name, trusted)


def read_ours(data: bytes, name: str, trusted: bool) -> Any:
    """A safetensors file, put together as the description in its header says, if there is one."""
    with reading(name, trusted):
        arrays, metadata = unpack(data)
    if FORMAT not in metadata:
        return {key: tensor_of(array) for key, array in arrays.items()}
    lookup = imported if trusted else partial(find, known={})
    with reading(name, trusted, "the description of its structure is damaged"):
        entry = json.loads(metadata[FORMAT])
        version = entry["version"]
        if version <= VERSION:
            return Rebuilding(arrays, lookup).rebuild(entry["structure"])
        raise CheckpointError(f"written in format {version}, this version of tinygrad_rnn reads up to {VERSION}")


def read_pickle(data: bytes, trusted: bool) -> Any:
    """A pickle, which is a program: run only for a caller who said so."""
    if not trusted:
        raise UnsafeError(
            "Weights only load failed: it is a pickle, which may run any code when it is loaded. "
            "If you trust the file, load it with weights_only=False; or save it again with torch.save or save"
        )
    found = Finder(data, {}, no_storage).load()
    if type(found) is int and found == OLD_TORCH:
        raise CheckpointError("in the format of torch before 1.6; load it there and torch.save it again")
    return found


def no_storage(persistent_id: Any) -> NoReturn:
    raise CheckpointError("it refers to storages, which a pickle alone does not have")


@contextmanager
def reading(name: str, trusted: bool, fault: str = "truncated or damaged") -> Iterator[None]:
    """Errors name the file, in one line. Whatever else a reader stumbles over, the bytes are at fault."""
    try:
        yield
    except CheckpointError as error:
        raise type(error)(f"{name}: {printable(error)}") from None
    except Exception as error:
        if trusted and isinstance(error, (ImportError, AttributeError)):
            raise  # what the file names has moved, or was never here
        raise CheckpointError(f"{name}: {fault} ({error!r:.200})") from error


def printable(error: Exception) -> str:
    """Its message, in which a name from the file may have line ends, or what a terminal takes for commands."""
    message = "".join([c if c.isprintable() else repr(c)[1:-1] for c in str(error)])
    return message if len(message) <= LONGEST else f"{message[:LONGEST]}..."


def check_path(function: str, f: Any, method: str) -> None:
    if not isinstance(f, (str, os.PathLike)):
        raise AttributeError(
            f"{function}: expected a path or a file with a '{method}' method, got a {type(f).__name__}"
        )
