"""Files in the form of torch.save, made without PyTorch."""

from __future__ import annotations

import io
import pickle
import zipfile


def torch_zip(
    pickled: bytes, *, compression: int = zipfile.ZIP_STORED, order: str = "little", **storages: bytes
) -> bytes:
    """A zip with this pickle; `_0=b"..."` is the storage "0"."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("x/data.pkl", pickled)
        archive.writestr("x/byteorder", order)
        for key, data in storages.items():
            archive.writestr(f"x/data/{key[1:]}", data)
    return file.getvalue()


def text(word: str) -> bytes:
    """The opcode that pushes a string."""
    return pickle.BINUNICODE + len(word).to_bytes(4, "little") + word.encode()


def number(value: int) -> bytes:
    return pickle.LONG1 + bytes([9]) + value.to_bytes(9, "little", signed=True)


def numbers(*values: int) -> bytes:
    return pickle.MARK + b"".join(map(number, values)) + pickle.TUPLE


def named(module: str, name: str) -> bytes:
    """The opcode that pushes what a module calls `name`."""
    return pickle.GLOBAL + f"{module}\n{name}\n".encode()


def storage(kind: str = "FloatStorage", key: str = "0", count: int = 6, location: str = "cpu") -> bytes:
    parts = text("storage"), named("torch", kind), text(key), text(location), number(count)
    return pickle.MARK + b"".join(parts) + pickle.TUPLE + pickle.BINPERSID


def tensor(storage: bytes, offset: int, size: tuple, stride: tuple) -> bytes:
    """The call that makes a view of a storage."""
    arguments = storage, number(offset), numbers(*size), numbers(*stride), pickle.NEWFALSE, pickle.NONE
    build = named("torch._utils", "_rebuild_tensor_v2")
    return build + pickle.MARK + b"".join(arguments) + pickle.TUPLE + pickle.REDUCE


def program(*opcodes: bytes) -> bytes:
    return pickle.PROTO + b"\2" + b"".join(opcodes) + pickle.STOP
