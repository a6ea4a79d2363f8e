"""The matrix unit of recent x86 processors (AMX), which multiplies whole tiles of 16 rows x 64 bytes.

It takes bfloat16 and adds up in float32, sixteen times as fast as vectors of float32 are multiplied. A float32
is the sum of three bfloat16 (see `thirds`), and a product of two such sums takes six products of their parts,
those that count: more than twice as fast still, and no less accurate. The unit has eight tiles:

                      6: B    7: B             32 columns, 32 rows of B
    4: A  [16 x 32]   0: C    1: C  [16 x 16]
    5: A              2: C    3: C             32 rows of A; four sums that do not wait for each other

The parts follow each other so that at each turn only one side is loaded anew:

    (high, low) (high, middle) (middle, middle) (middle, high) (low, high) (high, high)

A tile of A or C may have fewer rows, and takes less time then. Within one instruction 16 pairs of products are
added up before they meet the sum, so the sum itself is rounded far less often than with multiply-adds.

Source: Intel 64 and IA-32 Architectures Software Developer's Manual, TDPBF16PS; G. Henry, P. Tang, A. Heinecke,
Leveraging the bfloat16 Artificial Intelligence Datatype For Higher-Precision Computations, 2019.
"""

from __future__ import annotations

import ctypes
import functools
import platform
import sys
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .host import host_features
from .jit import COMPILED
from .tile import INDEX, Vectors

TILE_ROWS = 16  # of A and C; the rows of B are pairs of rows of the matrix
DEPTH = 32  # columns of A that one instruction takes
TILE = 1024  # bytes of a whole tile
NEEDED = "amx-tile", "amx-bf16", "avx512f", "avx512dq"
ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA = 158, 0x1023, 18  # Linux's numbers, on x86-64
BYTE, VOID = ir.IntType(8), ir.VoidType()
POINTER = BYTE.as_pointer()


@functools.cache
def has_matrix_unit() -> bool:
    """Whether this processor has the unit, and the system lets this process use it."""
    features = host_features()
    if not COMPILED or not all([features.get(name) for name in NEEDED]):
        return False
    if sys.platform != "linux" or platform.machine() != "x86_64" or sys.maxsize < 1 << 32:
        return False
    return ctypes.CDLL(None).syscall(ARCH_PRCTL, REQUEST_PERMISSION, TILE_DATA) == 0


def instruct(builder: Any, name: str, *operands: Any) -> None:
    """One instruction of the unit; tiles are named by constants."""
    values = [BYTE(operand) if isinstance(operand, int) else operand for operand in operands]
    kind = ir.FunctionType(VOID, [value.type for value in values])
    builder.call(cgutils.get_or_insert_function(builder.module, kind, f"llvm.x86.{name}"), values)


@intrinsic
def configure(typing_context, height):
    """Give the tiles of A and C `height` rows, and all tiles 64 bytes a row."""

    def codegen(context, builder, signature, arguments):
        (height,) = arguments
        table = cgutils.alloca_once(builder, ir.ArrayType(INDEX, 8))
        rows = builder.or_(builder.mul(height, INDEX(0x0000_0101_0101_0101)), INDEX(0x1010 << 48))
        wide = INDEX(0x0040_0040_0040_0040)  # four tiles of 64 bytes a row
        for k, entry in enumerate([INDEX(1), INDEX(0), wide, wide, INDEX(0), INDEX(0), rows, INDEX(0)]):
            builder.store(entry, builder.gep(table, [INDEX(0), INDEX(k)]))
        instruct(builder, "ldtilecfg", builder.bitcast(table, POINTER))
        return context.get_dummy_value()

    return types.void(types.intp), codegen


@intrinsic
def release(typing_context):
    """Let go of the tiles: a system need not save them when it switches to another process."""

    def codegen(context, builder, signature, arguments):
        instruct(builder, "tilerelease")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def clear(typing_context):
    """Let the four sums be zero."""

    def codegen(context, builder, signature, arguments):
        for cell in range(4):
            instruct(builder, "tilezero", cell)
        return context.get_dummy_value()

    return types.void(), codegen


def for_tiles(builder, tiles, write):
    """Code that branches to what write(1) or write(2) writes, and goes on behind it."""
    done = builder.append_basic_block("done")
    one, two = builder.append_basic_block("one"), builder.append_basic_block("two")
    builder.cbranch(builder.icmp_signed("==", tiles, INDEX(1)), one, two)
    for block, count in ((one, 1), (two, 2)):
        builder.position_at_end(block)
        write(count)
        builder.branch(done)
    builder.position_at_end(done)


def multiplication(turns, a_held, b_held):
    """A function that adds to the sums some of the products of parts in one step.

    Parts that the unit still holds are not loaded. For one or two tiles of rows and two of columns: at `a` lie the
    high, middle and low parts of each tile of rows, of a_tile bytes; at `b` the low, middle and high parts of two
    tiles of columns.
    """

    @intrinsic
    def multiply(typing_context, tiles, a, a_tile, b):
        i = types.intp

        def codegen(context, builder, signature, arguments):
            tiles, a, a_tile, b = arguments

            def load(tile, address):
                instruct(builder, "tileloadd64", tile, builder.inttoptr(address, POINTER), INDEX(64))

            def write(count):
                held = a_held, b_held
                for a_part, b_part in turns:
                    if held[0] != a_part:
                        for m in range(count):
                            load(4 + m, builder.add(a, builder.mul(a_tile, INDEX(a_part * count + m))))
                    if held[1] != b_part:
                        for n in range(2):
                            load(6 + n, builder.add(b, INDEX((2 * b_part + n) * TILE)))
                    held = a_part, b_part
                    for m in range(count):
                        for n in range(2):
                            instruct(builder, "tdpbf16ps", 2 * m + n, 4 + m, 6 + n)

            for_tiles(builder, tiles, write)
            return context.get_dummy_value()

        return types.void(i, i, i, i), codegen

    return multiply


TURNS = (0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (0, 2)
multiply_first, multiply_rest = multiplication(TURNS[:3], None, None), multiplication(TURNS[3:], *TURNS[2])


@intrinsic
def keep(typing_context, tiles, height, target):
    """Write the sums of one or two tiles of `height` rows below each other, in rows of two vectors."""
    i = types.intp

    def codegen(context, builder, signature, arguments):
        tiles, height, target = arguments

        def write(count):
            for m in range(count):
                rows = builder.add(target, builder.mul(height, INDEX(m * 2 * 64)))
                for n in range(2):
                    into = builder.inttoptr(builder.add(rows, INDEX(n * 64)), POINTER)
                    instruct(builder, "tilestored64", 2 * m + n, into, INDEX(2 * 64))

        for_tiles(builder, tiles, write)
        return context.get_dummy_value()

    return types.void(i, i, i), codegen


def fetching(to_write):
    """A function that has the cache line at an address brought near, to be read or to be written."""

    @intrinsic
    def fetch(typing_context, address):
        def codegen(context, builder, signature, arguments):
            write = Vectors(builder, types.float32)
            write.fetch(write.pointer(arguments[0]), to_write)
            return context.get_dummy_value()

        return types.void(types.intp), codegen

    return fetch


fetch_to_read, fetch_to_write = fetching(False), fetching(True)


@intrinsic
def put_vector(typing_context, zero, source, target, add):
    """The vector at the address `source` into that at `target`, or with `add` added to it."""

    def codegen(context, builder, signature, arguments):
        _, source, target, add = arguments
        write = Vectors(builder, signature.args[0])
        new, into = write.load(write.pointer(source)), write.pointer(target)
        with builder.if_else(add) as (adding, putting):
            with adding:
                write.store(builder.fadd(write.load(into), new), into)
            with putting:
                write.store(new, into)
        return context.get_dummy_value()

    return types.void(zero, types.intp, types.intp, types.boolean), codegen


def stack(count: int) -> Any:
    """A function whose value is the address of `count` bytes, for as long as the function that calls it runs."""

    @intrinsic
    def room(typing_context):
        def codegen(context, builder, signature, arguments):
            with builder.goto_entry_block():  # Numba's own helper would fill the room with zeros
                room = builder.alloca(ir.ArrayType(BYTE, count + 64))
            address = builder.add(builder.ptrtoint(room, INDEX), INDEX(63))
            return builder.and_(address, INDEX(-64))

        return types.intp(), codegen

    return room
