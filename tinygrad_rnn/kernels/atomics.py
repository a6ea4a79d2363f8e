"""Single words of memory that several threads change: each change is whole, and seen by all in the same order."""

from __future__ import annotations

import os
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .tile import INDEX

ORDER = "seq_cst"
WORD = types.intp


def word(builder: Any, address: Any) -> Any:
    """A pointer to the word at an address."""
    return builder.inttoptr(address, INDEX.as_pointer())


@intrinsic
def read(typing_context, address):
    """The word at an address."""

    def codegen(context, builder, signature, arguments):
        return builder.load_atomic(word(builder, arguments[0]), ORDER, 8)

    return WORD(WORD), codegen


@intrinsic
def write(typing_context, address, value):
    """Set the word at an address."""

    def codegen(context, builder, signature, arguments):
        address, value = arguments
        builder.store_atomic(value, word(builder, address), ORDER, 8)
        return context.get_dummy_value()

    return types.void(WORD, WORD), codegen


def changing(how: str) -> Any:
    """An intrinsic (address, value) that changes the word at an address and returns what it was before."""

    @intrinsic
    def change(typing_context, address, value):
        def codegen(context, builder, signature, arguments):
            address, value = arguments
            return builder.atomic_rmw(how, word(builder, address), value, ORDER)

        return WORD(WORD, WORD), codegen

    return change


add, exchange = changing("add"), changing("xchg")  # the word plus the value; the value in place of the word


@intrinsic
def pause(typing_context):
    """A moment's rest for a thread that looks at a word again and again."""

    def codegen(context, builder, signature, arguments):
        if "x86" in builder.module.triple or "i686" in builder.module.triple:
            kind = ir.FunctionType(ir.VoidType(), [])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, "llvm.x86.sse2.pause"), [])
        return context.get_dummy_value()

    return types.void(), codegen


# Lets another thread have the processor, if one waits for it.
give_way = types.ExternalFunction("sched_yield", types.int32()) if os.name == "posix" else pause
