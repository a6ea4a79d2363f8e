"""A float32 as the sum of three bfloat16, and matrices of such parts in the order in which the matrix unit reads.

A bfloat16 is the upper half of a float32: the same range, 8 bits of precision. Three of them hold all 24 bits,

    x = high + middle + low     each the upper half of what the ones before have left, exactly

All parts have the sign of x. A part that would be zero is the least normal number instead, unless x is zero, for
infinity times nothing would be nan; of an infinite x the high part is infinite, of nan it is nan. Then sums of
products of parts show infinity and nan just where products of the whole numbers do. Beside them the least normal
number does not count; numbers not far above it (1e-38) lose digits, and those below are rounded to it.

Layouts, in tiles of 16 rows x 64 bytes, for each step of 32 of the dimension that is summed over:

    rows (A):       [steps][high, middle, low][1 or 2 tiles][row][32 columns]
    panels (B):     [steps][low, middle, high][2 tiles][pair of rows][16 columns][the 2 rows]
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .jit import kernel, part
from .matrix_unit import DEPTH, TILE, stack
from .product import address, panel
from .tile import INDEX, LANE, Vectors, transpose_block

PANEL = 2  # vectors in a panel
STEP = 6 * TILE  # bytes of a panel for one step

room_for_tile = stack(3 * TILE)


class Parts(Vectors):
    """Writes the splitting of vectors of float32."""

    def __init__(self, builder: Any) -> None:
        super().__init__(builder, types.float32)
        self.whole = ir.VectorType(LANE, self.lanes)  # the bits of a vector

    def bits(self, value: int) -> Any:
        return self.whole([value] * self.lanes)

    def load_some(self, pointer: Any, count: Any) -> Any:
        """The first `count` numbers at `pointer`, the rest zero, which is not read."""
        builder = self.builder
        mask_kind = ir.VectorType(ir.IntType(1), self.lanes)
        few = builder.trunc(count, LANE)
        spread = builder.insert_element(ir.Constant(self.whole, ir.Undefined), few, LANE(0))
        spread = builder.shuffle_vector(spread, spread, self.bits(0))
        mask = builder.icmp_signed("<", self.whole(list(range(self.lanes))), spread)
        kind = ir.FunctionType(self.vector, [self.vector.as_pointer(), LANE, mask_kind, self.vector])
        name = f"llvm.masked.load.v{self.lanes}f32.p0"
        load = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        into = builder.bitcast(pointer, self.vector.as_pointer())
        return builder.call(load, [into, LANE(4), mask, self.zero()])

    def magnitude_counts(self, x: Any, unordered: bool) -> Any:
        """Whether |x| is at least the least normal number; of nan, whether `unordered`."""
        builder = self.builder
        magnitude = builder.bitcast(builder.and_(builder.bitcast(x, self.whole), self.bits(0x7FFFFFFF)), self.vector)
        least = builder.bitcast(self.bits(0x00800000), self.vector)
        compare = builder.fcmp_unordered if unordered else builder.fcmp_ordered
        return compare(">=", magnitude, least)

    def split(self, x: Any) -> list[Any]:
        """High, middle and low part, as bits of which the upper halves count."""
        builder = self.builder
        bits = builder.bitcast(x, self.whole)
        least = builder.or_(builder.and_(bits, self.bits(0x80000000)), self.bits(0x00800000))
        is_zero = builder.fcmp_ordered("==", x, self.zero())
        least = builder.bitcast(builder.select(is_zero, self.bits(0), least), self.vector)
        rest = builder.select(self.magnitude_counts(x, True), x, least)
        parts = []
        for _ in range(2):
            part = builder.and_(builder.bitcast(rest, self.whole), self.bits(0xFFFF0000))
            parts.append(part)
            rest = builder.fsub(rest, builder.bitcast(part, self.vector))  # nan of an infinite x
            rest = builder.select(self.magnitude_counts(rest, False), rest, least)
        return [*parts, builder.bitcast(rest, self.whole)]

    def put(self, bits: Any, address: Any, offset: Any) -> None:
        """Store a vector of bits, of 64 bytes."""
        into = self.builder.inttoptr(self.builder.add(address, offset), bits.type.as_pointer())
        self.builder.store(bits, into, align=64)


@intrinsic
def split_row(typing_context, source, count, target, by):
    """The parts of up to 32 numbers of a row of A: three lines of 64 bytes, `by` bytes apart, high part first."""
    i = types.intp

    def codegen(context, builder, signature, arguments):
        source, count, target, by = arguments
        write = Parts(builder)
        first = write.load_some(write.pointer(source), count)
        second = write.load_some(write.pointer(source, 16), builder.sub(count, INDEX(16)))
        halves = ir.VectorType(ir.IntType(16), 32)
        upper = ir.VectorType(LANE, 32)([2 * k + 1 for k in range(32)])
        for k, pair in enumerate(zip(write.split(first), write.split(second))):
            line = builder.shuffle_vector(*[builder.bitcast(bits, halves) for bits in pair], upper)
            write.put(line, target, builder.mul(by, INDEX(k)))
        return context.get_dummy_value()

    return types.void(i, i, i, i), codegen


@intrinsic
def split_pair(typing_context, even, odd, count, count_odd, target):
    """The parts of up to 16 columns of two rows of B, those of a column beside each other; low part first."""
    i = types.intp

    def codegen(context, builder, signature, arguments):
        even, odd, count, count_odd, target = arguments
        write = Parts(builder)
        rows = write.load_some(write.pointer(even), count), write.load_some(write.pointer(odd), count_odd)
        for k, (first, second) in enumerate(zip(*[write.split(row) for row in rows])):
            lower = builder.lshr(first, write.bits(16))
            pair = builder.or_(lower, builder.and_(second, write.bits(0xFFFF0000)))
            write.put(pair, target, INDEX((2 - k) * 2 * TILE))
        return context.get_dummy_value()

    return types.void(i, i, i, i, i), codegen


@part
def split_rows(a, a_row, rows, columns, height, steps, target):
    """`rows` x `columns` of a matrix of float32 at the address `a`, in tiles of `height` rows, two beside each other.

    No more columns than `steps` take. Rows that the last tile has in excess are zero.
    """
    count = (rows + height - 1) // height
    for m in range(count):
        tiles = min(2, count - m // 2 * 2)
        by = tiles * height * 64
        line = target + (m // 2 * 2 * steps * 3 + m % 2) * height * 64
        for r in range(m * height, (m + 1) * height):
            for k in range(steps):
                left = columns - k * DEPTH if r < rows else 0
                split_row(a + (r * a_row + k * DEPTH) * 4, left, line + k * 3 * by, by)
            line += 64


@part
def split_block(b, b_row, rows, columns, steps, width, target):
    """One panel of `width` vectors, from so many rows and columns of a matrix of float32 at the address `b`."""
    for k in range(steps * 16):
        line = target + k // 16 * STEP + k % 16 * 64
        for n in range(width):
            even, left = b + (2 * k * b_row + n * 16) * 4, columns - n * 16
            split_pair(
                even, even + b_row * 4, left if 2 * k < rows else 0, left if 2 * k + 1 < rows else 0, line + n * TILE
            )  # fmt: skip


@kernel
def split_columns(b, packed, widest, first, last):
    """The panels first ... last - 1 of b [K, N]."""
    K, N = b.shape
    steps, vectors = (K + DEPTH - 1) // DEPTH, (N + 15) // 16
    for p in range(first, last):
        v, width = panel(p, vectors, widest)
        target = address(packed) + p * steps * STEP
        split_block(address(b) + v * 64, b.strides[0] // 4, K, N - v * 16, steps, width, target)


@kernel
def split_transposed(b, packed, widest, first, last):
    """The panels first ... last - 1 of the transpose of b [N, K]: tiles are split as rows and then turned."""
    N, K = b.shape
    steps, vectors = (K + DEPTH - 1) // DEPTH, (N + 15) // 16
    zero, tile = b.dtype.type(0), room_for_tile()
    for p in range(first, last):
        v, width = panel(p, vectors, widest)
        for n in range(width):
            column = (v + n) * 16
            for k in range(steps):
                for r in range(16):
                    left = K - k * DEPTH if column + r < N else 0
                    split_row(address(b) + (column + r) * b.strides[0] + k * DEPTH * 4, left, tile + r * 64, TILE)
                target = address(packed) + (p * steps + k) * STEP + n * TILE
                for third in range(3):
                    transpose_block(zero, tile + third * TILE, 16, 16, target + (2 - third) * 2 * TILE, 16)
