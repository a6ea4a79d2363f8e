"""The register tile: a small product of matrices whose result never leaves the processor's registers.

    C [rows, vectors * lanes] (+)= A [rows, K] B [K, vectors * lanes]

A processor multiplies and adds two vectors at a time, and each result is ready only some cycles later: it is
kept busy by many sums that do not wait for each other. So every element of C has an accumulator of its own,
one step of k loads `vectors` vectors of B, and each number of A, spread over a vector, serves all of them:

                  B[k]  | b b b b | b b b b |         one row, `vectors` registers
    A[0, k]  a a a a    | C C C C | C C C C |         rows * vectors accumulators
    A[1, k]  a a a a    | C C C C | C C C C |

With 32 registers 6 rows x 4 vectors leave room for B and A; with 16 registers it is 6 x 2. Fewer rows take
more vectors, for the same number of independent sums. The code is written in LLVM's vector instructions by a
Numba intrinsic: the compiler's own vectoriser does not find this shape.

Each sum starts from zero, runs through k in order and is added to C at the end: its bits do not depend on the
shape of the tile in which it is computed, and short sums err less than one long chain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .host import BYTES, HEIGHT, LANES_32, LANES_64, WIDEST
from .jit import part

INDEX, LANE = ir.IntType(64), ir.IntType(32)


@part
def lanes(zero):
    """How many numbers of the type of `zero` are in one vector."""
    if isinstance(zero, np.float32):
        return LANES_32
    else:
        return LANES_64


class Vectors:
    """Writes vector instructions for one type of number with an LLVM builder."""

    def __init__(self, builder: Any, number: types.Type) -> None:
        self.builder = builder
        self.number = ir.FloatType() if number.bitwidth == 32 else ir.DoubleType()
        self.size = number.bitwidth // 8
        self.lanes = BYTES // self.size
        self.vector = ir.VectorType(self.number, self.lanes)

    def pointer(self, address: Any, *offsets: Any) -> Any:
        """`address`, or a pointer already made from one, moved on by so many numbers."""
        if not isinstance(address.type, ir.PointerType):
            address = self.builder.inttoptr(address, self.number.as_pointer())
        for offset in offsets:
            address = self.builder.gep(address, [offset if isinstance(offset, ir.Value) else INDEX(offset)])
        return address

    def load(self, pointer: Any) -> Any:
        """The vector at `pointer`, aligned or not."""
        return self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.size)

    def store(self, vector: Any, pointer: Any) -> None:
        """Write a vector to `pointer`, aligned or not."""
        self.builder.store(vector, self.builder.bitcast(pointer, self.vector.as_pointer()), align=self.size)

    def shuffle(self, first: Any, second: Any, picked: list[int]) -> Any:
        """The lanes of two vectors that `picked` counts through, first those of `first`."""
        return self.builder.shuffle_vector(first, second, ir.VectorType(LANE, self.lanes)(picked))

    def spread(self, number: Any) -> Any:
        """A vector with `number` in every lane."""
        nothing = ir.Constant(self.vector, ir.Undefined)
        return self.shuffle(self.builder.insert_element(nothing, number, LANE(0)), nothing, [0] * self.lanes)

    def zero(self) -> Any:
        """A vector of zeros."""
        return self.vector([0.0] * self.lanes)

    def fetch(self, pointer: Any, to_write: bool) -> None:
        """Have the cache line at `pointer` brought near."""
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, LANE, LANE, LANE])
        fetch = self.builder.module.declare_intrinsic("llvm.prefetch", [byte], kind)
        self.builder.call(fetch, [self.builder.bitcast(pointer, byte), LANE(int(to_write)), LANE(3), LANE(1)])

    def multiply_add(self, a: Any, b: Any, total: Any) -> Any:
        """a * b + total, rounded once where the processor can do that."""
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.v{self.lanes}f{8 * self.size}"
        return self.builder.call(cgutils.get_or_insert_function(self.builder.module, kind, name), [a, b, total])


@intrinsic
def tile(typing_context, zero, rows, vectors, a, a_row, a_k, b, b_k, c, c_row, K, add):
    """C (+)= A B for one tile of `rows` x `vectors`; the type of `zero` is that of the numbers.

    A[m, k] is at a + m * a_row + k * a_k, B's row k at b + k * b_k, C's row m at c + m * c_row: a, b and c are
    addresses, the rest counts numbers. With `add` the product is added to C, else C is overwritten.
    """
    i = types.intp
    signature = types.void(zero, i, i, i, i, i, i, i, i, i, i, types.boolean)

    def codegen(context, builder, signature, arguments):
        _, rows, vectors, *operands = arguments
        write = Vectors(builder, signature.args[0])
        shapes = [32 * height + width for height in range(1, HEIGHT + 1) for width in range(1, WIDEST[height] + 1)]
        for shape in switch_over(builder, builder.add(builder.mul(rows, INDEX(32)), vectors), shapes):
            write_tile(write, *divmod(shape, 32), *operands)
        return context.get_dummy_value()

    return signature, codegen


def switch_over(builder: Any, value: Any, cases: Iterable[int]) -> Iterator[int]:
    """For each case in turn the builder stands where `value` is that; at the end, where all meet again."""
    end = builder.append_basic_block("end")
    choice = builder.switch(value, end)
    for case in cases:
        block = builder.append_basic_block(f"case_{case}")
        choice.add_case(INDEX(case), block)
        builder.position_at_end(block)
        yield case
        builder.branch(end)
    builder.position_at_end(end)


def write_tile(write, height, width, a, a_row, a_k, b, b_k, c, c_row, K, add, ahead=None):
    """Write the code of one shape of tile where the builder stands; it goes on in the block `done`.

    With `ahead` each step also has a vector brought near that lies so many numbers after B's.
    """
    builder = write.builder
    cells = [(m, v) for m in range(height) for v in range(width)]
    a_rows = [write.pointer(a, builder.mul(a_row, INDEX(m))) for m in range(height)]
    b = write.pointer(b)
    c_cells = {(m, v): write.pointer(c, builder.mul(c_row, INDEX(m)), v * write.lanes) for m, v in cells}
    for cell in cells:  # C is needed only when the sums are complete: by then it has arrived
        write.fetch(c_cells[cell], to_write=True)
    entry = builder.block
    loop, summed, read, done = (builder.append_basic_block(name) for name in ("loop", "summed", "read", "done"))
    builder.cbranch(builder.icmp_signed(">", K, INDEX(0)), loop, summed)

    builder.position_at_end(loop)
    k, a_offset, b_offset = (builder.phi(INDEX) for _ in range(3))
    total = {cell: builder.phi(write.vector) for cell in cells}
    b_row = write.pointer(b, b_offset)
    b_vectors = [write.load(write.pointer(b_row, v * write.lanes)) for v in range(width)]
    if ahead is not None:
        write.fetch(write.pointer(b_row, ahead), to_write=False)
    sums = {}
    for m in range(height):
        number = write.spread(builder.load(write.pointer(a_rows[m], a_offset)))
        for v in range(width):
            sums[m, v] = write.multiply_add(number, b_vectors[v], total[m, v])
    for counter, by in ((k, INDEX(1)), (a_offset, a_k), (b_offset, b_k)):
        counter.add_incoming(INDEX(0), entry)
        counter.add_incoming(builder.add(counter, by), loop)
    for cell in cells:
        total[cell].add_incoming(write.zero(), entry)
        total[cell].add_incoming(sums[cell], loop)
    builder.cbranch(builder.icmp_signed("<", builder.add(k, INDEX(1)), K), loop, summed)

    builder.position_at_end(summed)
    result = {}
    for cell in cells:
        result[cell] = builder.phi(write.vector)
        result[cell].add_incoming(write.zero(), entry)
        result[cell].add_incoming(sums[cell], loop)
    builder.cbranch(add, read, done)

    builder.position_at_end(read)
    added = {cell: builder.fadd(result[cell], write.load(c_cells[cell])) for cell in cells}
    builder.branch(done)

    builder.position_at_end(done)
    for cell in cells:
        final = builder.phi(write.vector)
        final.add_incoming(result[cell], summed)
        final.add_incoming(added[cell], read)
        result[cell] = final
    for cell in cells:
        write.store(result[cell], c_cells[cell])


@intrinsic
def transpose_block(typing_context, zero, source, source_row, rows, target, target_row):
    """Transpose one block of lanes x lanes numbers: log2(lanes) rounds of shuffles between two rows.

    Round `bit` exchanges, between the rows i and i + bit, the lanes whose number differs in that bit. If there are
    fewer `rows`, the last serves for those that are missing; the target is written row by row.
    """
    i = types.intp
    signature = types.void(zero, i, i, i, i, i)

    def codegen(context, builder, signature, arguments):
        _, source, source_row, count, target, target_row = arguments
        write = Vectors(builder, signature.args[0])
        L = write.lanes
        bottom = builder.sub(count, INDEX(1))
        present = [builder.select(builder.icmp_signed("<", INDEX(m), count), INDEX(m), bottom) for m in range(L)]
        rows = [write.load(write.pointer(source, builder.mul(source_row, m))) for m in present]
        bit = 1
        while bit < L:
            upper = [lane if not lane & bit else L + lane - bit for lane in range(L)]
            lower = [lane + bit if not lane & bit else L + lane for lane in range(L)]
            for m in range(L):
                if not m & bit:
                    pair = rows[m], rows[m + bit]
                    rows[m], rows[m + bit] = write.shuffle(*pair, upper), write.shuffle(*pair, lower)
            bit *= 2
        for m in range(L):
            write.store(rows[m], write.pointer(target, builder.mul(target_row, INDEX(m))))
        return context.get_dummy_value()

    return signature, codegen
