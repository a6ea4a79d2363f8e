"""Modules that hold modules: Sequential, ModuleList, ModuleDict."""

from __future__ import annotations

import operator
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from ..tensor import Tensor
from .module import Module


class Row(Module):
    """What Sequential and ModuleList share: children in an order, named by their place."""

    _modules: dict[str, Any]

    def _place(self, index) -> int:
        """An index as a place from 0."""
        try:
            place = operator.index(index)
        except TypeError:
            kind = type(index).__name__
            raise TypeError(f"{type(self).__name__} indices must be integers or slices, not {kind}") from None
        n = len(self)
        if not -n <= place < n:
            raise IndexError(f"index {place} is out of range: {type(self).__name__} of length {n}")
        return place % n

    def _keys(self, index) -> list[str]:
        keys = list(self._modules)
        return keys[index] if isinstance(index, slice) else [keys[self._place(index)]]

    def _arrange(self, modules: list[Module]) -> None:
        """Hold these modules instead, named 0, 1, ..."""
        for i, module in enumerate(modules):
            if not isinstance(module, Module):
                raise TypeError(f"{type(self).__name__}: {type(module).__name__} (item {i}) is not a Module")
        old = {id(module): name for name, module in self._modules.items()}
        self._modules.clear()
        for i, module in enumerate(modules):
            if module._name == old.get(id(module), ""):
                module.__dict__["_name"] = None  # the new name is the one to be shown
            self.add_module(str(i), module)

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def __setitem__(self, index: int, module: Module) -> None:
        (key,) = self._keys(operator.index(index))
        setattr(self, key, module)

    def __delitem__(self, index) -> None:
        gone = set(self._keys(index))
        self._arrange([module for key, module in self._modules.items() if key not in gone])

    def __add__(self, other: Iterable[Module]):
        return type(self)._of([*self, *other])

    def __iadd__(self, other: Iterable[Module]):
        return self.extend(other)

    @classmethod
    def _of(cls, modules: list[Module]):
        raise TypeError(f"{cls.__name__} cannot be made of a list")

    def append(self, module: Module):
        """Add a module at the end; returns self."""
        return self.extend([module])

    def extend(self, modules: Iterable[Module]):
        """Add modules at the end; returns self."""
        if isinstance(modules, (str, Tensor)) or not isinstance(modules, Iterable):
            kind = type(modules).__name__
            raise TypeError(f"{type(self).__name__}.extend should be called with an iterable, but got {kind}")
        added = list(modules)
        for module in added:
            if not isinstance(module, Module):
                raise TypeError(f"{type(self).__name__}: {type(module).__name__} is not a Module")
        for module in added:
            self.add_module(str(len(self)), module)
        return self

    def insert(self, index: int, module: Module):
        """Put a module before the one at `index`; returns self."""
        n, index = len(self), operator.index(index)
        if not -n <= index <= n:
            raise IndexError(f"Index out of range: {index}, {type(self).__name__} of length {n}")
        modules = list(self)
        modules.insert(index, module)
        self._arrange(modules)
        return self

    def pop(self, index=-1) -> Module:
        """Take a module out and return it."""
        (key,) = self._keys(operator.index(index))
        module = self._modules[key]
        del self[index]
        return module


class Sequential(Row):
    """Modules that are applied one after the other.

    Args:
        *modules: the modules, or one OrderedDict of them with names.

    Source: `torch.nn.Sequential`.

    Example:
        >>> from tinygrad_rnn import nn
        >>> nn.Sequential(nn.Linear(2, 3), nn.Tanh())
        Sequential(
          (0): Linear(in_features=2, out_features=3, bias=True)
          (1): Tanh()
        )
    """

    def __init__(self, *modules: Module | OrderedDict[str, Module]) -> None:
        super().__init__()
        named = modules[0] if len(modules) == 1 else None
        items = named.items() if isinstance(named, OrderedDict) else [(str(i), m) for i, m in enumerate(modules)]
        for name, module in items:
            self.add_module(name, module)  # type: ignore[arg-type]

    @classmethod
    def _of(cls, modules: list[Module]) -> Sequential:
        return cls(*modules)

    def __add__(self, other: Iterable[Module]) -> Sequential:
        return super().__add__(_sequential(other))

    def __iadd__(self, other: Iterable[Module]) -> Sequential:
        return super().__iadd__(_sequential(other))

    def __getitem__(self, index) -> Any:
        """A module, or for a slice a Sequential of the same modules."""
        found = OrderedDict((key, self._modules[key]) for key in self._keys(index))
        return type(self)(found) if isinstance(index, slice) else next(iter(found.values()))

    def forward(self, input: Any) -> Any:
        for module in self:
            input = module(input)
        return input


def _sequential(other: Any) -> Sequential:
    """What may be added to a Sequential."""
    if not isinstance(other, Sequential):
        raise ValueError(f"a Sequential is added to Sequential ones only, not to {type(other).__name__}; use extend")
    return other


class ModuleList(Row):
    """A list of modules whose parameters are found. Source: `torch.nn.ModuleList`."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        super().__init__()
        self.extend(modules if modules is not None else ())

    @classmethod
    def _of(cls, modules: list[Module]) -> ModuleList:
        return cls(modules)

    def insert(self, index: int, module: Module) -> None:
        """Put a module before the one at `index`."""
        super().insert(index, module)

    def __getitem__(self, index) -> Any:
        """A module, or for a slice a ModuleList of the same modules."""
        found = [self._modules[key] for key in self._keys(index)]
        return type(self)(found) if isinstance(index, slice) else found[0]

    def __repr__(self) -> str:
        """Equal neighbours are shown once: `(0-1): 2 x Linear(...)`."""
        lines = []
        for text, run in groupby(enumerate(map(repr, self)), key=lambda item: item[1]):
            places = [i for i, _ in run]
            first, last, n = places[0], places[-1], len(places)
            label = f"({first}): " if n == 1 else f"({first}-{last}): {n} x "
            lines.append(label + text.replace("\n", "\n  "))
        name = type(self).__name__
        return f"{name}(\n  " + "\n  ".join(lines) + "\n)" if lines else f"{name}()"


class ModuleDict(Module):
    """A dict of modules whose parameters are found. Source: `torch.nn.ModuleDict`."""

    _modules: dict[str, Any]

    def __init__(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]] | None = None) -> None:
        super().__init__()
        self.update(modules if modules is not None else ())

    def __getitem__(self, key: str) -> Module:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        del self._modules[key]

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: str) -> bool:
        return key in self._modules

    def clear(self) -> None:
        """Remove all."""
        self._modules.clear()

    def pop(self, key: str) -> Module:
        """Take a module out and return it."""
        return self._modules.pop(key)

    def keys(self):
        """The keys in order."""
        return self._modules.keys()

    def values(self):
        """The modules in order."""
        return self._modules.values()

    def items(self):
        """(key, module) in order."""
        return self._modules.items()

    def update(self, modules: Mapping[str, Module] | Iterable[tuple[str, Module]]) -> None:
        """Add the modules of a mapping, or of pairs (name, module)."""
        if not isinstance(modules, Iterable):
            kind = type(modules).__name__
            raise TypeError(f"ModuleDict.update should be called with a mapping or pairs, but got {kind}")
        for key, module in modules.items() if isinstance(modules, (Mapping, ModuleDict)) else modules:
            self.add_module(key, module)
