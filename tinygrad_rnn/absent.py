"""The error for a name that PyTorch may have and this package has not: it says what is nearest."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any, NoReturn

ROOT = __name__.rpartition(".")[0]
PLACES = (
    "", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn", "optim", "optim.lr_scheduler", "autograd",
    "autograd.forward_ad", "autograd.functional", "backends", "cuda", "distributions", "func", "linalg", "onnx",
    "serialization", "utils.checkpoint", "utils.data", "utils.dlpack",
)  # fmt: skip

KIN = {
    "half": "float32",
    "float16": "float32",
    "bfloat16": "float32",
    "HalfTensor": "FloatTensor",
}  # what takes the place of what is spelled otherwise


class Absent(AttributeError):
    """`module` has no attribute `name`; what there is instead is looked for only when somebody reads the message."""

    def __init__(self, module: str, name: str) -> None:
        super().__init__(module, name)

    def __str__(self) -> str:
        module, name = self.args
        found = nearest(module.removeprefix(ROOT).removeprefix("."), name)
        hint = f"the nearest there is: {' or '.join(found)}" if found else "there is nothing like it"
        return f"module {module!r} has no attribute {name!r}; {hint}"


def nearest(place: str, name: str) -> list[str]:
    """At most two: what takes its place, the same name elsewhere in the package, or a similar spelling."""
    if name in KIN:
        return [KIN[name]]
    found = [dotted(other, name) for other in (*PLACES, "Tensor") if name in names(other)]
    found += similar(place, name) or ([] if found else [x for other in PLACES for x in similar(other, name)])
    return found[:2]


def similar(place: str, name: str) -> list[str]:
    """The names of a module that are spelled much alike, the most similar first."""
    from difflib import get_close_matches

    spelled = {n.lower(): n for n in names(place)}
    return [dotted(place, spelled[n]) for n in get_close_matches(name.lower(), spelled, 2, 0.78)]


def names(place: str) -> list[str]:
    """What a module of the package offers, or the methods of its Tensor."""
    found = import_module(f"{ROOT}.{place}" if place not in ("", "Tensor") else ROOT)
    if place == "Tensor":
        return [n for n in vars(found.Tensor.__base__) if not n.startswith("_")]
    every = dir(found)  # which knows what is loaded only when asked for
    offered = getattr(found, "__all__", None) or [n for n in every if not borrowed(found, getattr(found, n))]
    return [n for n in offered if not (n.startswith("_") or isinstance(getattr(found, n), ModuleType))]


def borrowed(module: ModuleType, thing: Any) -> bool:
    """Whether a module without `__all__` has a thing for its own use: a file offers what it defines, and operations."""
    home = getattr(thing, "__module__", None) or module.__name__
    if hasattr(module, "__path__"):
        return home == __name__
    return not (home == module.__name__ or home.startswith(f"{ROOT}.ops"))


def dotted(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def name_the_nearest(module: str) -> None:
    """Let a module say what is nearest when it is asked for a name that it has not."""

    def refuse(name: str) -> NoReturn:
        raise Absent(module, name)

    vars(sys.modules[module])["__getattr__"] = refuse
