"""A float32 as the sum of three bfloat16, and matrices of such parts in the order in which the matrix unit reads.

A bfloat16 is the upper half of a float32: the same range, 8 bits of precision. Three of them hold all 24 bits,

    x = high + middle + low     each the upper half of what the ones before have left, exactly

All parts have the sign of x. A part that would be zero is the least normal number instead, unless x is zero, for
infinity times nothing would be nan; of an infinite x the high part is infinite, of nan it is nan. Then sums of
products of parts show infinity and nan just where products of the whole numbers do. Beside them the least normal
number does not count; numbers not far above it (1e-38) lose digits, and those below are rounded to it.

Layouts, in tiles of 16 rows x 64 bytes, for each step of 32 of the dimension that is summed over:

    rows (A):       [steps][high, middle, low][1 or 2 tiles][row][pair of columns][the 2 columns]
    panels (B):     [steps][low, middle, high][2 tiles][pair of rows][16 columns][the 2 rows]

Of the 32, number k makes a pair with number k + 16: whole vectors then meet, and no lane need move.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .fork import shared
from .jit import part
from .matrix_unit import DEPTH, TILE, fetch_to_read, stack
from .product import address, panel
from .tile import INDEX, LANE, Vectors, transpose_block

PANEL = 2  # vectors in a panel
STEP = 6 * TILE  # bytes of a panel for one step
LINES = 16  # of 64 bytes, in a tile

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

    def larger(self, x: Any, other: Any, mask: Any, otherwise: Any) -> Any:
        """Of two numbers the one of larger magnitude, and of nan and a number the number; `otherwise` off the mask."""
        builder, flags = self.builder, ir.IntType(16)
        vector = self.vector
        kind = ir.FunctionType(vector, [vector, vector, LANE, vector, flags, LANE])
        name = f"llvm.x86.avx512.mask.range.ps.{32 * self.lanes}"
        function = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
        return builder.call(function, [x, other, LANE(0b0111), otherwise, builder.bitcast(mask, flags), LANE(4)])

    def split(self, x: Any) -> list[Any]:
        """High, middle and low part, as bits of which the upper halves count."""
        builder = self.builder
        bits = builder.bitcast(x, self.whole)
        is_number = builder.fcmp_ordered("!=", x, self.zero())  # neither zero nor nan
        least = builder.or_(builder.and_(bits, self.bits(0x80000000)), self.bits(0x00800000))
        least = builder.bitcast(builder.select(is_number, least, self.bits(0)), self.vector)
        everywhere = ir.VectorType(ir.IntType(1), self.lanes)([1] * self.lanes)
        rest = self.larger(x, least, is_number, x)
        parts = []
        for _ in range(2):
            part = builder.and_(builder.bitcast(rest, self.whole), self.bits(0xFFFF0000))
            parts.append(part)
            rest = builder.fsub(rest, builder.bitcast(part, self.vector))  # nan of an infinite x
            rest = self.larger(rest, least, everywhere, least)
        return [*parts, builder.bitcast(rest, self.whole)]

    def put(self, bits: Any, address: Any, offset: Any) -> None:
        """Store a vector of bits, of 64 bytes."""
        into = self.builder.inttoptr(self.builder.add(address, offset), bits.type.as_pointer())
        self.builder.store(bits, into, align=64)


@intrinsic
def split_pair(typing_context, first, second, count_first, count_second, target, by):
    """The parts of up to 16 numbers twice, those of a pair beside each other.

    Three lines, `by` bytes apart, the high part first.
    """
    i = types.intp

    def codegen(context, builder, signature, arguments):
        first, second, count_first, count_second, target, by = arguments
        write = Parts(builder)
        halves = [write.load_some(write.pointer(p), n) for p, n in ((first, count_first), (second, count_second))]
        for k, (lower, upper) in enumerate(zip(*[write.split(half) for half in halves])):
            pairs = builder.or_(builder.lshr(lower, write.bits(16)), builder.and_(upper, write.bits(0xFFFF0000)))
            write.put(pairs, target, builder.mul(by, INDEX(k)))
        return context.get_dummy_value()

    return types.void(i, i, i, i, i, i), codegen


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
            source, inside = a + r * a_row * 4, columns if r < rows else 0
            whole = min(steps, inside // DEPTH)
            for k in range(whole):
                split_pair(source + k * 128, source + k * 128 + 64, 16, 16, line + k * 3 * by, by)
            for k in range(whole, steps):
                left = inside - k * DEPTH
                split_pair(source + k * 128, source + k * 128 + 64, left, left - 16, line + k * 3 * by, by)
            line += 64


@part
def split_block(b, b_row, rows, columns, width, target, first, last):
    """The lines first ... last - 1 of a panel of `width` vectors, from a matrix of float32 at the address `b`.

    Of the matrix so many rows and columns count.
    """
    whole = columns >= width * 16 and rows >= (last + LINES - 1) // LINES * DEPTH
    for k in range(first, last):
        row = k // LINES * DEPTH + k % LINES
        for n in range(width):
            upper, line = b + (row * b_row + n * 16) * 4, target + k // LINES * STEP + k % LINES * 64 + (4 + n) * TILE
            lower, left = upper + b_row * LINES * 4, columns - n * 16
            fetch_to_read(upper + PANEL * 64)  # for the next panel
            fetch_to_read(lower + PANEL * 64)
            if whole:  # then no masks are needed
                split_pair(upper, lower, 16, 16, line, -2 * TILE)
            else:
                split_pair(
                    upper, lower, left if row < rows else 0, left if row + LINES < rows else 0, line, -2 * TILE
                )  # fmt: skip


@shared
def split_columns(b, packed, widest, first, last):
    """The panels first ... last - 1 of b [K, N]."""
    K, N = b.shape
    steps, vectors = (K + DEPTH - 1) // DEPTH, (N + 15) // 16
    none = K - K  # 0, but no constant, for which split_block would be compiled anew
    for p in range(first, last):
        v, width = panel(p, vectors, widest)
        target = address(packed) + p * steps * STEP
        split_block(address(b) + v * 64, b.strides[0] // 4, K, N - v * 16, width, target, none, steps * LINES)


@shared
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
                    source = address(b) + (column + r) * b.strides[0] + k * DEPTH * 4
                    split_pair(source, source + 64, left, left - 16, tile + r * 64, TILE)
                target = address(packed) + (p * steps + k) * STEP + n * TILE
                for third in range(3):
                    transpose_block(zero, tile + third * TILE, 16, 16, target + (2 - third) * 2 * TILE, 16)
