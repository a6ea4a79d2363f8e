"""ParameterList and ParameterDict: parameters that a module finds in a list or dict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..tensor import Tensor
from .module import Module
from .parameter import Parameter


class Parameters(Module):
    """What both share: each value is an attribute; tensors become parameters, anything else stays what it is."""

    def _put(self, name: str, value: Any) -> None:
        plain = isinstance(value, Tensor) and not isinstance(value, Parameter)
        setattr(self, name, Parameter(value) if plain else value)

    def _shown(self, items: Iterable[tuple[Any, Any]]) -> str:
        return "\n".join([f"  ({name}): {_described(value)}" for name, value in items])


def _described(value: Any) -> str:
    if not isinstance(value, Tensor):
        return f"Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"{kind} containing: [{value.dtype} of size {'x'.join(map(str, value.shape))}]"


class ParameterList(Parameters):
    """A list, at first of `values`, of parameters that are found; tensors become parameters.

    Source: `torch.nn.ParameterList`.
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._length = 0
        self.extend(values if values is not None else ())

    def _key(self, index: int) -> str:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} is out of range: ParameterList of length {len(self)}")
        return str(place % len(self))

    def __getitem__(self, index) -> Any:
        """A parameter, or for a slice a ParameterList of the same parameters."""
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return getattr(self, self._key(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._key(index), value)

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __iadd__(self, values: Iterable[Any]) -> ParameterList:
        return self.extend(values)

    def append(self, value: Any) -> ParameterList:
        """Add a parameter at the end; returns self."""
        self._put(str(len(self)), value)
        self._length += 1
        return self

    def extend(self, values: Iterable[Any]) -> ParameterList:
        """Add parameters at the end; returns self."""
        if isinstance(values, Tensor) or not isinstance(values, Iterable):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        return self._shown(enumerate(self))


class ParameterDict(Parameters):
    """A dict of parameters that are found; tensors become parameters. Source: `torch.nn.ParameterDict`."""

    def __init__(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        self.update(parameters if parameters is not None else {})

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"the keys of a ParameterDict are strings, got {type(key).__name__}: {key!r}")
        self._put(key, value)
        self._keys[key] = None

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def __or__(self, other: Mapping[str, Any] | ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ior__(self, other: Mapping[str, Any] | ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def keys(self):
        """The keys in order."""
        return self._keys.keys()

    def values(self) -> Iterator[Any]:
        """The parameters in order."""
        return (self[key] for key in self._keys)

    def items(self) -> Iterator[tuple[str, Any]]:
        """(key, parameter) in order."""
        return ((key, self[key]) for key in self._keys)

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a key, or the default."""
        return getattr(self, key) if key in self._keys else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of a key, which is made the default if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Take a value out and return it."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take the last pair out and return it."""
        key = next(reversed(self))
        return key, self.pop(key)

    def clear(self) -> None:
        """Remove all."""
        for key in list(self):
            del self[key]

    def copy(self) -> ParameterDict:
        """Another ParameterDict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new ParameterDict with this value under all of the keys."""
        return ParameterDict((key, default) for key in keys)

    def update(self, parameters: Mapping[str, Any] | Iterable[tuple[str, Any]] | ParameterDict) -> None:
        """Add the values of a mapping, or of pairs (key, value). As in PyTorch, a plain dict is sorted first."""
        if isinstance(parameters, (OrderedDict, ParameterDict)):
            pairs = list(parameters.items())
        elif isinstance(parameters, Mapping):
            pairs = sorted(parameters.items())
        elif isinstance(parameters, Iterable):
            pairs = [_pair(pair) for pair in parameters]
        else:
            kind = type(parameters).__name__
            raise TypeError(f"ParameterDict.update should be called with a mapping or pairs, but got {kind}")
        for key, value in pairs:
            self[key] = value

    def extra_repr(self) -> str:
        return self._shown(self.items())


def _pair(pair: Any) -> tuple[str, Any]:
    if not isinstance(pair, Iterable):
        raise TypeError(f"ParameterDict.update: expected pairs (key, value), got {type(pair).__name__}")
    if len(found := tuple(pair)) != 2:
        raise ValueError(f"ParameterDict.update: expected pairs (key, value), got {len(found)} elements")
    return found
