"""A pickle read by a machine of our own, which knows how to build plain data and nothing else.

Python's unpickler imports and calls what the file names. This one asks `find` for every name, calls only what
`find` gave it, and knows no other opcode than those below; what is on no list stops it before anything is run.
"""

from __future__ import annotations

from collections.abc import Callable
from pickletools import genops
from typing import Any

from .allowed import PLAIN
from .error import CheckpointError

DEEPEST = 100  # tuples in tuples; hashing deeper ones overflows the stack
MOST = 10_000  # tuples in one tuple; few of them, shared at every level, take longer to hash than anyone waits
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
LITERALS = set(
    "BININT BININT1 BININT2 LONG1 LONG4 BINFLOAT BINUNICODE SHORT_BINUNICODE BINUNICODE8 "
    "BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8".split()
)
EMPTY = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_SET": set}
COPIED = str, bytes, list, tuple, dict, set
TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def interpret(data: bytes, find: Callable[[str, str], Any], persistent_load: Callable[[Any], Any]) -> Any:
    """The object that a pickle describes.

    Args:
        data: the pickle, of protocol 2 to 5.
        find: gives what a module and a name stand for, or raises.
        persistent_load: gives what a persistent id stands for, or raises.

    Raises:
        CheckpointError: an opcode or a call that plain data does not need.
        Exception: of any type, for bytes that are no pickle.
    """
    machine = Machine(find, persistent_load, len(data))
    for opcode, argument, _ in genops(data):
        if opcode.name == "STOP":
            return machine.stack.pop()
        machine.run(opcode.name, argument)
    raise CheckpointError("a pickle without an end")


class Machine:
    def __init__(self, find: Callable[[str, str], Any], persistent_load: Callable[[Any], Any], room: int) -> None:
        self.room = room  # for what plain types copy: few bytes could have the same items copied again and again
        self.find, self.persistent_load = find, persistent_load
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        self.found: dict[int, Any] = {}  # what `find` gave, by id: nothing else is called
        self.tuples: dict[int, tuple[int, int, tuple]] = {}  # by id: how deep, how many inside, and itself

    def run(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case "PROTO" | "FRAME":
                pass
            case "MARK":
                self.marks.append(len(stack))
            case "BINPUT" | "LONG_BINPUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET":
                stack.append(self.memo[argument])
            case "TUPLE":
                self.push(tuple(self.since_mark()))
            case "FROZENSET":
                self.push(frozenset(self.since_mark()))
            case "APPEND":
                item = stack.pop()
                self.top(list).append(item)
            case "APPENDS":
                items = self.since_mark()
                self.top(list).extend(items)
            case "ADDITEMS":
                items = self.since_mark()
                self.top(set).update(items)
            case "SETITEM":
                value, key = stack.pop(), stack.pop()
                self.top(dict)[key] = value
            case "SETITEMS":
                items = self.since_mark()
                self.top(dict).update(zip(items[::2], items[1::2], strict=True))
            case "GLOBAL":
                self.name(*argument.split(" ", 1))
            case "STACK_GLOBAL":
                attribute, module = stack.pop(), stack.pop()
                self.name(module, attribute)
            case "BINPERSID":
                self.push(self.persistent_load(stack.pop()))
            case "REDUCE" | "NEWOBJ":
                arguments, called = stack.pop(), stack.pop()
                self.check_found(called)
                if not isinstance(arguments, tuple):
                    raise CheckpointError(f"a call with a {type(arguments).__name__}, expected a tuple of arguments")
                if called in PLAIN.values():
                    self.pay(arguments)
                self.push(called(*arguments) if name == "REDUCE" else called.__new__(called, *arguments))
            case "BUILD":
                state = stack.pop()
                self.check_found(type(stack[-1]))
                set_state(stack[-1], state)
            case _ if name in LITERALS:
                stack.append(argument)
            case _ if name in CONSTANTS:
                stack.append(CONSTANTS[name])
            case _ if name in EMPTY:
                stack.append(EMPTY[name]())
            case _ if name in TUPLES:
                self.marks.append(len(stack) - TUPLES[name])
                self.push(tuple(self.since_mark()))
            case _:
                raise CheckpointError(f"the opcode {name}, which plain data does not need")

    def push(self, value: Any) -> None:
        if isinstance(value, tuple):
            inner = [self.tuples[id(item)] for item in value if id(item) in self.tuples]
            depth = 1 + max([depth for depth, _, _ in inner], default=0)
            number = 1 + sum([number for _, number, _ in inner])
            if depth > DEEPEST or number > MOST:
                raise CheckpointError(f"tuples within a tuple, more than {DEEPEST} deep or more than {MOST} in all")
            self.tuples[id(value)] = depth, number, value  # kept, so that no other takes its id
        self.stack.append(value)

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        if not 0 <= start <= len(self.stack):
            raise CheckpointError("a mark beyond the stack")
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def top(self, kind: type) -> Any:
        if not isinstance(self.stack[-1], kind):
            raise CheckpointError(f"items for a {type(self.stack[-1]).__name__}, expected a {kind.__name__}")
        return self.stack[-1]

    def name(self, module: Any, attribute: Any) -> None:
        if not (isinstance(module, str) and isinstance(attribute, str)):
            raise CheckpointError("a name that is not text")
        found = self.find(module, attribute)
        self.found[id(found)] = found
        self.stack.append(found)

    def pay(self, arguments: tuple) -> None:
        """Take what a call copies from the room that there is."""
        self.room -= sum([len(argument) for argument in arguments if isinstance(argument, COPIED)])
        if self.room < 0:
            raise CheckpointError("calls that copy more than the file holds")

    def check_found(self, called: Any) -> None:
        if id(called) not in self.found:
            kind = type(called).__name__  # and no more: what it prints may be longer than any memory
            raise CheckpointError(f"a call of a {kind} that is not on the list of what may be called")


def set_state(obj: Any, state: Any) -> None:
    """What `copy` and `pickle` do with the state of an object: `__setstate__`, or its attributes."""
    if hasattr(obj, "__setstate__"):
        obj.__setstate__(state)
        return
    attributes, slots = state if isinstance(state, tuple) else (state, None)
    if attributes:
        vars(obj).update(attributes)
    for name, value in (slots or {}).items():
        setattr(obj, name, value)
