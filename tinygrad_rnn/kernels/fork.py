"""Sharing the work of a kernel among threads, without the interpreter and its lock.

To hand work to a thread that must first wake up and then wait for the lock takes 0.1 ms. Here the helpers of a
team watch a word of memory from machine code. A caller writes down what is to be done, the address of a function
and of its arguments, and raises the word; then whoever has time takes the next part, the caller too. That takes
half a microsecond. A helper that has watched in vain for a while goes to sleep, and `threads.py` wakes it.

How work is cut into parts never changes a bit of its result, so it does not matter who does which.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from llvmlite import ir
from numba import types
from numba._dispatcher import compute_fingerprint
from numba.extending import intrinsic

from .atomics import add, exchange, give_way, pause, read, write
from .jit import COMPILED, entry_of, kernel, part
from .threads import team_of
from .tile import INDEX, LANE

LINE = 8  # words: those that different threads change must not share a cache line
WORDS = 12 * LINE  # of a team's memory, which begins as zeros, at a cache line
# Where they are, in bytes. Raised with each piece of work; which one may be helped with; the next part; parts done;
# helpers that look at the work; whether a caller has the team; what the work is (four words); helpers that watch;
# raised from Python before a call, so that helpers stay awake.
PLACES = range(0, 8 * WORDS, 8 * LINE)
TURN, OPEN, NEXT, FINISHED, INSIDE, TAKEN, FUNCTION, ARGUMENTS, COUNT, PARTS, WATCHING, CALLS = PLACES
SOON = 10_000  # looks: a helper that takes longer may be waiting for this very processor

BYTES = ir.IntType(8).as_pointer()
PART = ir.FunctionType(ir.VoidType(), [BYTES, INDEX, INDEX])


@intrinsic
def written_down(typing_context, entry, arguments):
    """Two addresses: of a C function (memory, first, last) that calls a compiled function, and of that memory.

    Args:
        entry: the address of the function, which takes the arguments and two integers more and returns nothing.
        arguments: the tuple of its arguments.
    """
    kinds = *arguments.types, types.intp, types.intp

    def codegen(context, builder, signature, values):
        held = ir.LiteralStructType([INDEX, *[context.get_value_type(kind) for kind in arguments.types]])
        with builder.goto_entry_block():
            room = builder.alloca(held)
        operands = [values[0], *[builder.extract_value(values[1], k) for k in range(len(arguments))]]
        for k, operand in enumerate(operands):
            builder.store(operand, builder.gep(room, [LANE(0), LANE(k)]))

        module, convention = builder.module, context.call_conv
        bridge = ir.Function(module, PART, module.get_unique_name("part"))
        bridge.linkage = "internal"
        inside = ir.IRBuilder(bridge.append_basic_block())
        memory, first, last = bridge.args
        given = inside.load(inside.bitcast(memory, held.as_pointer()))
        address, *others = [inside.extract_value(given, k) for k in range(len(kinds) - 1)]
        callee = inside.inttoptr(address, convention.get_function_type(types.none, kinds).as_pointer())
        outcome = [inside.alloca(kind.pointee) for kind in callee.type.pointee.args[:2]]
        packed = context.get_arg_packer(kinds).as_arguments(inside, [*others, first, last])
        inside.call(callee, [*outcome, *packed])  # kernels raise nothing
        inside.ret_void()
        addresses = [builder.ptrtoint(pointer, INDEX) for pointer in (bridge, room)]
        return context.make_tuple(builder, signature.return_type, addresses)

    return types.UniTuple(types.intp, 2)(entry, arguments), codegen


@intrinsic
def call_part(typing_context, function, memory, first, last):
    """Call what `written_down` has made."""
    i = types.intp

    def codegen(context, builder, signature, values):
        function, memory, first, last = values
        function = builder.inttoptr(function, PART.as_pointer())
        builder.call(function, [builder.inttoptr(memory, BYTES), first, last])
        return context.get_dummy_value()

    return types.void(i, i, i, i), codegen


@part
def help(team):
    """Do parts as long as there are any."""
    function, arguments = read(team + FUNCTION), read(team + ARGUMENTS)
    count, parts = read(team + COUNT), read(team + PARTS)
    while True:
        number = add(team + NEXT, 1)
        if number >= parts:
            break
        call_part(function, arguments, count * number // parts, count * (number + 1) // parts)
        add(team + FINISHED, 1)


@part
def share_out(team, parts, count, entry, arguments):
    """Have all parts done, by this thread and the helpers of the team, which is this thread's for that time."""
    write(team + FUNCTION, entry)
    write(team + ARGUMENTS, arguments)
    write(team + COUNT, count)
    write(team + PARTS, parts)
    write(team + NEXT, 0)
    write(team + FINISHED, 0)
    turn = read(team + TURN) + 1
    write(team + OPEN, turn)
    write(team + TURN, turn)
    help(team)
    looked = 0
    while read(team + FINISHED) < parts:
        looked += 1
        if looked < SOON:
            pause()
        else:
            give_way()
    write(team + OPEN, 0)
    while read(team + INSIDE) > 0:  # helpers that came too late still look around
        pause()


@kernel
def divide(team, parts, count, entry, arguments):
    """Slices of `count` things for the compiled function at `entry`, on the threads of the team."""
    function, memory = written_down(entry, arguments)
    if exchange(team + TAKEN, 1) == 0:
        share_out(team, parts, count, function, memory)
        write(team + TAKEN, 0)
    else:  # another caller has the team
        for number in range(parts):
            call_part(function, memory, count * number // parts, count * (number + 1) // parts)


def shared(function: Callable) -> Callable:
    """A kernel whose work is divided: f(parts, count, *arguments) calls it with slices of `count` things.

    Args:
        function: what to compile; called as function(*arguments, first, last) for as many slices as there are parts.
    """
    alone = kernel(function)
    entries: dict[bytes, int] = {}  # by the types of the arguments

    @wraps(function)
    def call(parts: int, count: int, *arguments: Any) -> None:
        if parts <= 1:
            alone(*arguments, 0, count)
        elif COMPILED:
            kinds = compute_fingerprint(arguments)
            if kinds not in entries:
                entries[kinds] = entry_of(alone, *arguments, 0, count)
            divide(team_of(parts), parts, count, entries[kinds], arguments)
        else:
            for number in range(parts):
                alone(*arguments, count * number // parts, count * (number + 1) // parts)

    return call


@kernel
def watch(team, patience):
    """What a helper does until it has looked so many times in vain: helps in every turn."""
    turn = looked = 0  # the first turn is 1: what is not open is 0
    calls = -1
    add(team + WATCHING, 1)
    while True:
        now = read(team + TURN)
        if now != turn:
            turn, looked = now, 0
            add(team + INSIDE, 1)
            if read(team + OPEN) == now:
                help(team)
            add(team + INSIDE, -1)
        elif looked < patience:
            looked += 1
            pause()
        else:
            add(team + WATCHING, -1)
            if read(team + CALLS) == calls:  # else work may come at any moment from a caller who took us for awake
                break
            add(team + WATCHING, 1)
            calls, looked = read(team + CALLS), 0
