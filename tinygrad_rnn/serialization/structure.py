"""From an object to arrays and a description of what is around them, and back.

In the description strings, whole numbers, finite floats, bools, None and lists stand for themselves;
everything else is an object with one entry, which says what it is.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from operator import attrgetter
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from ..device import device
from ..nn.parameter import Parameter
from ..tensor import Size, Tensor
from .machine import set_state
from .tensors import tensor_of

DICTS = {"dict": dict, "ordered": OrderedDict, "counter": Counter}
SEQUENCES = {"list": list, "tuple": tuple, "size": Size, "set": set}
DTYPES = {np.dtype(code).name: code for code in "?bBhHiIlLqQefdg"}
KINDS: dict[type, str] = {cls: kind for kind, cls in (DICTS | SEQUENCES).items()}
NEW = object().__reduce_ex__(2)[0]  # what pickle calls to make an object of its attributes
NAMED = (type, FunctionType, BuiltinFunctionType)
DEEPEST = 100  # dictionaries and lists in one another; deeper ones might be written and not be readable again


class Describing:
    """Describes one object; `arrays` gets what its tensors and arrays hold, under dotted names."""

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray] = {}
        self.seen: dict[int, tuple[int, Any]] = {}  # parameters and objects by id: their number, and themselves

    def describe(self, obj: Any, path: tuple = (), within: tuple[int, ...] = ()) -> Any:
        if isinstance(obj, np.generic):
            obj = obj.item()  # NumPy's numbers come back as Python's
        if obj is None or isinstance(obj, (bool, int, str)):
            return obj
        if isinstance(obj, float):
            return obj if math.isfinite(obj) else {"float": repr(obj)}
        if isinstance(obj, Parameter):
            return self.once(obj, lambda: {"parameter": [self.add(obj.array, path), obj.requires_grad]})
        if isinstance(obj, Tensor):
            return {"leaf" if obj.requires_grad else "tensor": self.add(obj.array, path)}
        if isinstance(obj, np.ndarray):
            return {"array": self.add(obj, path)}
        if isinstance(obj, bytes):
            return {"bytes": self.add(np.frombuffer(obj, np.uint8), path)}
        if isinstance(obj, device):
            return {"device": str(obj)}
        if isinstance(obj, np.dtype) and obj.kind in "fiub":
            return {"dtype": obj.name}
        if isinstance(obj, NAMED) and (found := importable(obj)):
            return {"global": found}
        if id(obj) in within:
            raise TypeError(f"save: the {type(obj).__name__} at {place(path)} contains itself")
        if len(within) == DEEPEST:
            raise TypeError(f"save: {place(path[:3])}... is nested more than {DEEPEST} deep")
        within = (*within, id(obj))
        kind = next((KINDS[cls] for cls in type(obj).__mro__ if cls in KINDS), None)
        if kind in DICTS:
            pairs = [[self.key(key, path), self.describe(value, (*path, key), within)] for key, value in obj.items()]
            return {kind: pairs}
        if kind:
            items = [self.describe(value, (*path, i), within) for i, value in enumerate(obj)]
            return items if kind == "list" else {kind: items}
        return self.once(obj, lambda: {"object": self.parts(obj, path, within)})

    def key(self, key: Any, path: tuple) -> Any:
        """A key of a dictionary: what can be hashed."""
        if isinstance(key, tuple):
            return {"tuple": [self.key(part, path) for part in key]}
        if key is not None and not isinstance(key, (str, int, float, np.number, np.bool_)):
            raise TypeError(
                f"save: keys must be strings, numbers or tuples of them, got a {type(key).__name__} at {place(path)}"
            )
        return self.describe(key, path)

    def once(self, obj: Any, describe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The description of a parameter or an object; where it was described before, its number."""
        if id(obj) in self.seen:
            return {"same": self.seen[id(obj)][0]}
        described = describe()
        self.seen[id(obj)] = len(self.seen), obj  # kept, so that no other takes its id
        return described

    def parts(self, obj: Any, path: tuple, within: tuple[int, ...]) -> list:
        """The class and the attributes of an object that is nothing but them: a module, or one of a user's class."""
        name = type(obj).__name__
        for method in ("state_dict", "get_state"):
            if hasattr(obj, method) and not hasattr(obj, "named_parameters"):
                raise TypeError(f"save: cannot save a {name} at {place(path)}; save its {method}()")
        try:
            match obj.__reduce_ex__(2):  # how pickle asks; this is what an object without rules of its own answers
                case (function, (cls,), state, None, None) if function is NEW and cls is type(obj):
                    found = importable(cls)
                case _:
                    raise TypeError
        except TypeError:
            raise TypeError(f"save: cannot save a {name} at {place(path)}") from None
        if not found:
            raise TypeError(
                f"save: cannot save the {name} at {place(path)}: its class cannot be imported by name"
                f"{'; save its state_dict()' if hasattr(obj, 'state_dict') else ''}"
            )
        return [found, self.describe(state, path, within)]

    def add(self, array: np.ndarray, path: tuple) -> str:
        """Note an array under its dotted path; the name it got."""
        if array.dtype.kind not in "fiub" or array.dtype.itemsize > 8:
            raise TypeError(f"save: cannot save an array of {array.dtype} at {place(path)}")
        name = ".".join(map(str, path)) or "value"
        while name in self.arrays or name == "__metadata__":  # {"a.b": x, "a": {"b": y}}; and the one reserved name
            name += "'"
        self.arrays[name] = array.astype(array.dtype.newbyteorder("="), order="C", copy=False)
        return name


class Rebuilding:
    """Puts the described object together again; `find` gives what a module and a name stand for, or raises."""

    def __init__(self, arrays: dict[str, np.ndarray], find: Callable[[str, str], Any]) -> None:
        self.arrays, self.find = dict(arrays), find  # each is taken out once, as each was written once
        self.made: list[Any] = []  # the parameters and objects, by number

    def rebuild(self, described: Any) -> Any:
        if isinstance(described, list):
            return [self.rebuild(item) for item in described]
        if not isinstance(described, dict):
            return described
        ((kind, content),) = described.items()
        if kind in DICTS:
            return DICTS[kind]({self.rebuild(key): self.rebuild(value) for key, value in content})
        if kind in SEQUENCES:
            return SEQUENCES[kind](self.rebuild(content))
        match kind:
            case "tensor":
                return tensor_of(self.arrays.pop(content))
            case "leaf":
                return tensor_of(self.arrays.pop(content)).requires_grad_()
            case "array":
                return self.arrays.pop(content)
            case "bytes":
                return self.arrays.pop(content).tobytes()
            case "float":
                return float(content)
            case "device":
                return device(content)
            case "dtype":
                return np.dtype(DTYPES[content])
            case "global":
                return self.find(*content)
            case "parameter":
                name, requires_grad = content
                self.made.append(Parameter(tensor_of(self.arrays.pop(name)), requires_grad))
                return self.made[-1]
            case "object":
                path, state = content
                cls = self.find(*path)
                obj = cls.__new__(cls)
                if (state := self.rebuild(state)) is not None:
                    set_state(obj, state)
                self.made.append(obj)
                return obj
            case "same":
                return self.made[content]
        raise ValueError(f"unknown kind {kind!r}")


def place(path: tuple) -> str:
    """A path as one would write it: obj['state'][0]."""
    return "obj" + "".join(f"[{key!r}]" for key in path)


def importable(obj: Any) -> list[str] | None:
    """The module and the name under which a class or function is found again, if it is."""
    path = [obj.__module__, obj.__qualname__]
    try:
        return path if attrgetter(path[1])(sys.modules[path[0]]) is obj else None
    except (AttributeError, KeyError):
        return None
