"""What a file may name without the caller trusting it: types that only hold data, and those that a script adds."""

from __future__ import annotations

import io
import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from importlib import import_module
from operator import attrgetter
from typing import Any

from .error import CheckpointError, UnsafeError

OLD_MODULES = {"__builtin__": "builtins", "copy_reg": "copyreg"}  # as Python 2 and pickle's protocol 2 say it


def encode(text: str, encoding: str) -> bytes:
    """How protocol 2 spells bytes; no other codec than the one it uses."""
    if not isinstance(text, str) or encoding != "latin1":
        raise CheckpointError("bytes that are not text in latin1")
    return text.encode(encoding)


def byte_array(content: bytes | str = b"", encoding: str = "latin1") -> bytearray:
    """Of bytes that are in the file: a number would be a length, and there may not be so much memory."""
    return bytearray(content if isinstance(content, bytes) else encode(content, encoding))


PLAIN: dict[str, Any] = {
    "collections.OrderedDict": OrderedDict,
    "collections.Counter": Counter,
    "builtins.set": set,
    "builtins.bytearray": byte_array,
    "builtins.complex": complex,
    "_codecs.encode": encode,
}
_added: dict[str, Any] = {}


def add_safe_globals(safe_globals: Iterable[Callable | tuple[Callable, str]]) -> None:
    """Let every later `load` use these classes and functions though `weights_only` is True.

    Args:
        safe_globals: classes or functions, or pairs of one and the path that the file has for it.

    Source: `torch.serialization.add_safe_globals`.
    """
    _added.update(_by_path(safe_globals))


def clear_safe_globals() -> None:
    """Forget what was added."""
    _added.clear()


def get_safe_globals() -> list[Any]:
    """What was added."""
    return list(_added.values())


class safe_globals:
    """`with safe_globals([Config]): load(path)` lets the loads inside use these classes and functions.

    Source: `torch.serialization.safe_globals`.
    """

    def __init__(self, safe_globals: Iterable[Callable | tuple[Callable, str]]) -> None:
        self.wanted = _by_path(safe_globals)

    def __enter__(self) -> None:
        self.before = dict(_added)
        _added.update(self.wanted)

    def __exit__(self, *_: object) -> None:
        _added.clear()
        _added.update(self.before)


def _by_path(wanted: Iterable[Any]) -> dict[str, Any]:
    pairs = [item if isinstance(item, tuple) else (item, None) for item in wanted]
    for item, _ in pairs:
        if not callable(item):
            raise TypeError(f"safe globals must be classes or functions, got {item!r:.60}")
    return {path or f"{item.__module__}.{item.__qualname__}": item for item, path in pairs}


class Finder(pickle.Unpickler):
    """Python's own unpickler, which runs what the file says: only for a caller who said `weights_only=False`.

    Of PyTorch, which it does not import, it finds what is `known`; `persistent` gives what a persistent id stands for.
    """

    def __init__(self, data: bytes, known: dict[str, Any], persistent: Callable[[Any], Any]) -> None:
        super().__init__(io.BytesIO(data))
        self.known, self.persistent = known, persistent

    def persistent_load(self, persistent_id: Any) -> Any:
        return self.persistent(persistent_id)

    def find_class(self, module: str, name: str) -> Any:
        path = f"{module}.{name}"
        if path in self.known:
            return self.known[path]
        return super().find_class(module, name) if not of_torch(module) else refuse_torch(path)


def find(module: str, name: str, known: dict[str, Any]) -> Any:
    """What the name stands for, if it is on the list.

    Raises:
        UnsafeError: it is not; nothing was imported.
    """
    path = f"{OLD_MODULES.get(module, module)}.{name}"
    for allowed in (known, PLAIN, _added):
        if path in allowed:
            return allowed[path]
    if of_torch(module):
        refuse_torch(path)
    raise UnsafeError(
        f"Weights only load failed: GLOBAL {path:.200} was not an allowed global by default, for it may run code. "
        f"If you trust the file, load it with weights_only=False, which runs whatever code it names; "
        f"or allow this one with serialization.add_safe_globals([{name:.100}]) or serialization.safe_globals"
    )


def imported(module: str, name: str) -> Any:
    """What the name stands for, wherever it is. Called only where the caller said `weights_only=False`."""
    return attrgetter(name)(import_module(module))


def of_torch(module: str) -> bool:
    return module.partition(".")[0] == "torch"


def refuse_torch(path: str) -> Any:
    raise UnsafeError(f"it holds {path:.200}, which is PyTorch's own: there, save model.state_dict(), and load that")
