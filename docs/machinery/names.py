"""The public names, where the reference has them, and which of them say nothing, too little, or what is not so.

From docs, `python -c "from machinery import names; names.main()"` prints what is wrong with them.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from enum import EnumMeta
from importlib import import_module
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import tinygrad_rnn
from tinygrad_rnn import absent
from tinygrad_rnn.autograd.writes import Writes

from . import docstrings
from .arguments import SHARED

ROOT = "tinygrad_rnn"
PLACES = (*absent.PLACES, "utils", "viz", "tasks")
REFERRAL = re.compile(r"[Aa]rg(?:ument)?s\b[^`.]* (?:for|of) `([\w.]+)`")  # "arguments as for `grad`"
STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
ATTRIBUTES = (property, type(Path.name), type(FunctionType.__code__), type(FunctionType.__closure__))


class Name(NamedTuple):
    """A public name: its place, and what it stands for."""

    place: str
    name: str
    thing: Any

    @property
    def full(self) -> str:
        return ".".join(filter(None, (ROOT, self.place, self.name)))

    @property
    def callable(self) -> bool:
        return callable(self.thing)

    @property
    def module(self) -> str:
        return getattr(self.thing, "__module__", None) or ROOT


def of(place: str) -> list[Name]:
    """What a module offers, sorted; not what it needed for itself."""
    found = import_module(f"{ROOT}.{place}" if place else ROOT)
    every = [Name(place, name, getattr(found, name)) for name in sorted(absent.names(place), key=str.lower)]
    return [name for name in every if not borrowed(name.thing)]


def borrowed(thing: Any) -> bool:
    """What a module imported for itself or for its annotations."""
    home = getattr(thing, "__module__", None) or type(thing).__module__
    foreign = type(thing).__module__ == "__future__" or home in ("collections.abc", "typing")
    return foreign or thing is tinygrad_rnn.Tensor.__base__ or thing is Writes


def canonical() -> dict[int, Name]:
    """Where each function and class is documented: the first of its places."""
    found: dict[int, Name] = {}
    for place in PLACES:
        for name in of(place):
            if name.callable:
                kept = found.setdefault(id(name.thing), name)
                if kept.place == place and name.name == name.thing.__name__:
                    found[id(name.thing)] = name  # tanh, not one of its other names
    return found


def members(cls: type) -> Iterator[tuple[str, Any]]:
    """The public methods and attributes that a class itself defines; those of Tensor are its base's."""
    if cls is tinygrad_rnn.Tensor:
        cls = cls.__base__
    for name, thing in vars(cls).items():
        if (
            not name.startswith("_")
            and name != "extra_repr"
            and (isinstance(thing, (FunctionType, classmethod, staticmethod, *ATTRIBUTES)) or callable(thing))
        ):
            yield name, thing


def documentation(thing: Any) -> str:
    """Its docstring; not one that it has only because its type has."""
    own = getattr(thing, "__doc__", None) or ""
    if not callable(thing) and not isinstance(thing, (*ATTRIBUTES, classmethod, staticmethod)):
        return ""
    return inspect.cleandoc(own) or (inspect.getdoc(thing) or "")


def undocumented() -> list[str]:
    """Public functions, classes and what these define, without a word on them."""
    found = []
    for name in canonical().values():
        if not documentation(name.thing):
            found.append(name.full)
        elif isinstance(name.thing, type) and name.module.startswith(ROOT):
            said = attributes(name.thing)
            found += [f"{name.full}.{m}" for m, thing in members(name.thing) if not (documentation(thing) or m in said)]
    return sorted(found)


def stale() -> list[str]:
    """Arguments that a docstring lists, but that are none."""
    found = []
    for name in canonical().values():
        if name.module.startswith(ROOT) and (taken := parameters(name.thing)) is not None:
            listed = docstrings.entries(documentation(name.thing), "Args") or ()
            found += [f"{name.full}({argument})" for argument in listed if argument not in taken]
    return sorted(found)


def unexplained() -> list[str]:
    """Parameters that their docstring does not mention, but for those that mean the same everywhere."""
    every = [name for name in canonical().values() if name.module.startswith(ROOT)]
    return sorted(f"{name.full}({p})" for name in every for p in unmentioned(name.thing) if p not in SHARED)


def unmentioned(thing: Any) -> list[str]:
    """The parameters whose names are no word of its docstring, nor of one to which that refers for its arguments."""
    try:
        taken = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return []
    if isinstance(thing, EnumMeta):
        return []  # its members are all there is
    said = explanation(thing)
    words = set(re.findall(r"\w+", said))
    listed = re.search(r"\b[Aa]rg(ument)?s\b", said)  # what *args and **kwargs stand for
    return [p.name for p in taken if p.name not in words and not (listed and p.kind in STARRED)]


def explanation(thing: Any, above: tuple[Any, ...] = ()) -> str:
    """What its docstring says of arguments, a class's also that of its `__init__`, and what it says by referring to
    others; a source says nothing of them, and an example does not explain them."""
    said = documentation(thing)
    if isinstance(thing, type):
        said += "\n" + inspect.cleandoc(vars(thing).get("__init__", thing).__doc__ or "")
    above = (*above, thing)
    others = [other for name in REFERRAL.findall(said) if (other := meant(name, thing)) not in (None, *above)]
    said = re.sub(r"Source: .*|^ *(>>>|\.\.\.) .*", "", said, flags=re.M)
    return "\n".join([said, *[explanation(other, above) for other in others]])


def meant(name: str, thing: Any) -> Any:
    """What a docstring calls so: something in its own file, or else a public name."""
    found: Any = import_module(thing.__module__)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None:
        found = next((n.thing for n in canonical().values() if n.full == f"{ROOT}.{name}" or n.name == name), None)
    return found


def parameters(thing: Any) -> set[str] | None:
    """The names of its parameters; None where it takes any, or does not say."""
    try:
        found = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return None
    return None if any(p.kind is p.VAR_KEYWORD for p in found) else {p.name for p in found}


def attributes(cls: type) -> set[str]:
    """The members that a class or one above it speaks of: in a docstring of their own, or among its attributes."""
    above = [base for base in cls.__mro__ if base is not object]
    own = {member for base in above[1:] for member, thing in vars(base).items() if documentation(thing)}
    return own.union(*[docstrings.entries(inspect.getdoc(base) or "", "Attributes") or () for base in above])


def main() -> None:
    print("\n".join(undocumented() + stale() + unexplained()))
