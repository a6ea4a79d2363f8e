"""Write handle.pyi, what a type checker knows of Tensor: its methods are attached by tables, not written.

    python .ci/write_stub.py          writes tinygrad_rnn/autograd/handle.pyi
    python .ci/write_stub.py --check  only says whether it is up to date
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
STUB = ROOT / "tinygrad_rnn" / "autograd" / "handle.pyi"

HEADER = '''# ruff: noqa
"""Tensor for type checkers. Written by .ci/write_stub.py; do not edit."""

from collections.abc import Callable, Sequence
from typing import Any, Self

import numpy as np

from .graph import Node, RemovableHandle

# Methods of these names hide the types inside the class.
_bool = bool
_float = float
_int = int
_Operand = Tensor | np.ndarray | _float
_Ints = _int | Sequence[_int]

class Size(tuple[_int, ...]):
    def numel(self) -> _int: ...

class Tensor:
    array: np.ndarray
    node: Any
'''

# Annotations in the source, and what they are in the stub.
TYPES = {
    "Any": "Any", "Array": "Tensor", "Callable": "Callable", "Dims": "_Ints | None",
    "Generator": "Any", "Handle": "Tensor", "Index": "Any", "Ints": "_Ints", "Node": "Node", "None": "None",
    "RemovableHandle": "RemovableHandle", "Size": "Size", "Tensor": "Tensor", "bool": "_bool",
    "device": "Any", "dtype": "dtype", "float": "_float", "int": "_int", "ndarray": "ndarray", "np": "np",
    "str": "str", "tuple": "tuple[Tensor, ...]",
}  # fmt: skip
OPERAND = {"Array": "_Operand", "ArrayInt": "_Operand", "ArrayBool": "_Operand"}
NEW = {
    "H", "T", "__getitem__", "cpu", "cuda", "detach_", "mT", "new_empty", "new_full", "new_ones", "new_tensor",
    "new_zeros", "requires_grad_", "to", "type_as", "where",
}  # fmt: skip
REDUCTIONS = {"max": "Any", "min": "Any", "median": "Any"}  # their result depends on their arguments


class Bare:
    """What every class holds in this version of Python, whatever is written in it."""


def main() -> int:
    text = stub()
    if "--check" in sys.argv:
        return 0 if STUB.exists() and STUB.read_text() == text else 1
    STUB.write_text(text)
    return 0


def stub() -> str:
    """The text of the stub, for the Tensor of the package as it is."""
    sys.path.insert(0, str(ROOT))
    from tinygrad_rnn.tensor import Tensor

    public = [name for name in vars(Tensor) if not name.startswith("_") and name not in ("array", "node")]
    given = {*vars(object), *vars(Bare)}
    special = [name for name in vars(Tensor) if re.fullmatch(r"__\w+__", name) and name not in given]
    lines = [line for name in sorted(public) for line in member(name, vars(Tensor)[name])]
    lines += [line for name in sorted(special) for line in member(name, vars(Tensor)[name])]
    lines += member("__eq__", Tensor.__eq__) + member("__ne__", Tensor.__ne__) + member("__init__", Tensor.__init__)
    return HEADER + "\n".join(f"    {line}" for line in lines) + "\n"


def member(name: str, value: object) -> list[str]:
    """The lines of the stub for one attribute of the class."""
    if isinstance(value, property):
        lines = ["@property", f"def {name}(self) -> {returned(name, value.fget)}: ..."]
        if value.fset:
            lines += [f"@{name}.setter", f"def {name}(self, value: {set_type(value.fset)}) -> None: ..."]
        return lines
    if not callable(value):
        return [f"{name}: _{type(value).__name__}"] if isinstance(value, (int, float)) else []
    ignored = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""
    return [f"def {name}({arguments(name, value)}) -> {returned(name, value)}: ...{ignored}"]


def arguments(name: str, function: Callable) -> str:
    """The parameters behind self."""
    if operand_only(name):
        return "self, other: _Operand, /" if name not in ("__neg__", "__pos__", "__abs__", "__invert__") else "self"
    parameters = list(inspect.signature(function).parameters.values())[1:]
    found, keyword_only = ["self"], False
    for i, p in enumerate(parameters):
        if p.kind is p.VAR_POSITIONAL:
            found.append(f"*{p.name}: Any")
            keyword_only = True
        elif p.kind is p.VAR_KEYWORD:
            found.append(f"**{p.name}: Any")
        elif p.annotation == "Ints" and i == len(parameters) - 1:
            found.append(f"*{p.name}: _Ints")  # x.reshape(2, 3) and x.reshape((2, 3))
        else:
            if p.kind is p.KEYWORD_ONLY and not keyword_only:
                found.append("*")
                keyword_only = True
            default = " = ..." if p.default is not p.empty else ""
            found.append(f"{p.name}: {typed(p.annotation, OPERAND)}{default}")
    return ", ".join(found)


def operand_only(name: str) -> bool:
    """Operators, whose functions are made by a table."""
    plain = "(r|i)?(add|sub|mul|truediv|floordiv|mod|pow|matmul|and|or|xor)|eq|ne|lt|le|gt|ge|neg|pos|abs|invert"
    return re.fullmatch(f"__({plain})__", name) is not None


def returned(name: str, function: Callable | None) -> str:
    if name.endswith("_") and not name.startswith("_"):
        return "Self"
    if operand_only(name):
        return "Self" if name.startswith("__i") and name != "__invert__" else "Tensor"
    annotation = inspect.signature(function).return_annotation if function else ""
    if annotation is inspect.Signature.empty:
        of_operation = getattr(function, "__module__", "").startswith("tinygrad_rnn.ops")
        return "Tensor" if of_operation or name in NEW else "Any"
    return REDUCTIONS.get(name) or typed(annotation, {})


def set_type(setter: Callable) -> str:
    return typed(list(inspect.signature(setter).parameters.values())[1].annotation, {})


def typed(annotation: object, more: dict[str, str]) -> str:
    """An annotation of the source in the terms of the stub; Any where it has none that is known here."""
    if annotation is inspect.Parameter.empty or not isinstance(annotation, str):
        return "Any"
    known = TYPES | more
    words = re.findall(r"[A-Za-z_]\w*", annotation)
    if "[" in annotation or any(word not in known for word in words):
        return "Any" if "Callable" not in words else "Callable[..., Any]"
    return re.sub(r"[A-Za-z_]\w*", lambda match: known[match[0]], annotation)


if __name__ == "__main__":
    sys.exit(main())
