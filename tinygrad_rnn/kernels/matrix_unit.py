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
NEEDED = "amx-tile", "amx-bf16", "avx512f", "avx512bw"
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
def tile_product(typing_context, pairs, a, a_tile, b, steps, sums):
    """Sums of products for one or two (`pairs`) tiles of rows and two of columns, in `sums`, a tile behind the other.

    At `a` lie, for each step, the high, middle and low parts of each tile of rows, of a_tile bytes; at `b` the
    low, middle and high parts of two tiles of columns.
    """
    i = types.intp

    def codegen(context, builder, signature, arguments):
        pairs, a, a_tile, b, steps, sums = arguments
        done = builder.append_basic_block("multiplied")
        one, two = builder.append_basic_block("one"), builder.append_basic_block("two")
        builder.cbranch(builder.icmp_signed("==", pairs, INDEX(1)), one, two)
        for block, tiles in ((one, 1), (two, 2)):
            builder.position_at_end(block)
            write_product(builder, tiles, a, a_tile, b, steps, sums)
            builder.branch(done)
        builder.position_at_end(done)
        return context.get_dummy_value()

    return types.void(i, i, i, i, i, i), codegen


def write_product(builder, tiles, a, a_tile, b, steps, sums):
    """Write the code for one or two tiles of rows where the builder stands; it goes on behind the loop."""
    row = INDEX(64)
    cells = [(m, n) for m in range(tiles) for n in range(2)]
    for m, n in cells:
        instruct(builder, "tilezero", 2 * m + n)

    def load(tile, address):
        instruct(builder, "tileloadd64", tile, builder.inttoptr(address, POINTER), row)

    entry, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
    builder.cbranch(builder.icmp_signed(">", steps, INDEX(0)), loop, after)
    builder.position_at_end(loop)
    k, a_step, b_step = (builder.phi(INDEX) for _ in range(3))
    held = None
    for a_part, b_part in ((0, 0), (0, 1), (1, 1), (1, 2), (2, 2), (0, 2)):
        for m in range(tiles):
            if held is None or held[0] != a_part:
                load(4 + m, builder.add(a_step, builder.mul(a_tile, INDEX(a_part * tiles + m))))
        for n in range(2):
            if held is None or held[1] != b_part:
                load(6 + n, builder.add(b_step, INDEX((2 * b_part + n) * TILE)))
        held = a_part, b_part
        for m, n in cells:
            instruct(builder, "tdpbf16ps", 2 * m + n, 4 + m, 6 + n)
    more = builder.sub(k, INDEX(1))
    by = builder.mul(a_tile, INDEX(3 * tiles)), INDEX(6 * TILE)
    for counter, start, following in (
        (k, steps, more), (a_step, a, builder.add(a_step, by[0])), (b_step, b, builder.add(b_step, by[1])),
    ):  # fmt: skip
        counter.add_incoming(start, entry)
        counter.add_incoming(following, loop)
    builder.cbranch(builder.icmp_signed(">", more, INDEX(0)), loop, after)
    builder.position_at_end(after)
    for m, n in cells:
        into = builder.inttoptr(builder.add(sums, INDEX((2 * m + n) * TILE)), POINTER)
        instruct(builder, "tilestored64", 2 * m + n, into, row)


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
