"""Products of few rows with a matrix that comes from far: a tile as tall as the batch, and one vector wide.

A weight that no core's cache holds is read from the third-level cache in every step. With tiles of six rows the
first row of tiles waits for it, while during the others nothing is on its way. Here each vector of B is loaded
once and serves all rows, and with it comes one of the next panel: memory and multiplier are busy all the time.

    B[k]  | b |         one register
    A[0]  | C |
    A[1]  | C |         an accumulator for each row, `TALLEST` at most; A's numbers are read one by one
    ...

Then a number of A is loaded for every multiply-add, as fast as the processor can load. So A is stood up first,
A[0, k], A[1, k], ... side by side: one register points to them all.

`tall_product` is called as `product.product` is, computes the same bits, and takes its place where B is far.
"""

from __future__ import annotations

from numba import types
from numba.extending import intrinsic

from .host import BYTES, REGISTERS
from .jit import part
from .matrix_unit import stack
from .product import K_BLOCK, depth_of_block, lanes_to_bytes, panel, panels
from .tile import INDEX, Vectors, lanes, switch_over, transpose_block, write_tile

TALLEST = REGISTERS - 4  # rows of a tile; what is left holds B and, without operands from memory, A
TILES = 2  # that share what is near of B, and stand side by side in the nearest cache

room_for_rows = stack(TILES * TALLEST * K_BLOCK * 8 + BYTES)


@intrinsic
def tall_tile(typing_context, zero, rows, a, b, b_k, ahead, c, c_row, K, add):
    """C (+)= A B for one vector of columns; A[m, k] is at a + k * rows + m. B is fetched `ahead` numbers early."""
    i = types.intp
    signature = types.void(zero, i, i, i, i, i, i, i, i, types.boolean)

    def codegen(context, builder, signature, arguments):
        _, rows, a, b, b_k, ahead, c, c_row, K, add = arguments
        write = Vectors(builder, signature.args[0])
        for height in switch_over(builder, rows, range(1, TALLEST + 1)):
            write_tile(write, height, 1, a, INDEX(1), INDEX(height), b, b_k, c, c_row, K, add, ahead)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def move(typing_context, zero, source, target):
    """Copy the number at one address to another."""

    def codegen(context, builder, signature, arguments):
        _, source, target = arguments
        write = Vectors(builder, signature.args[0])
        builder.store(builder.load(write.pointer(source)), write.pointer(target))
        return context.get_dummy_value()

    return types.void(zero, types.intp, types.intp), codegen


@part
def stand_up(zero, a, a_row, a_k, rows, depth, target):
    """target[k, m] = A[m, k]: the numbers that are needed together side by side."""
    L, size = lanes(zero), lanes_to_bytes(zero)
    if a_k == 1 and depth >= L:
        for k_block in range(0, depth, L):  # blocks of L x L; the last ones overlap others
            k = min(k_block, depth - L)
            for block in range(0, rows, L):
                m = max(0, min(block, rows - L))  # a block that is too tall: what is too much is overwritten next
                transpose_block(zero, a + (m * a_row + k) * size, a_row, rows, target + (k * rows + m) * size, rows)
    else:
        for k in range(depth):
            for m in range(rows):
                move(zero, a + (m * a_row + k * a_k) * size, target + (k * rows + m) * size)


def tall_product(zero, a, a_row, a_k, M, b, b_row, N, K, c, c_row, widest, first, last, add):
    """C (+)= A B for the panels first ... last - 1; the arguments are those of `product`."""
    L, size, room = lanes(zero), lanes_to_bytes(zero), room_for_rows()
    vectors = (N + L - 1) // L
    last = min(last, panels(vectors, widest))
    k_step = depth_of_block(K)
    for m_block in range(0, M, TILES * TALLEST):
        rows = min(TILES * TALLEST, M - m_block)
        count = (rows + TALLEST - 1) // TALLEST
        height, higher = rows // count, rows % count
        for k in range(0, max(1, K), max(1, k_step)):
            depth = min(k_step, K - k)
            standing, m = room, m_block
            for i in range(count):
                tall = height + (1 if i < higher else 0)
                stand_up(zero, a + (m * a_row + k * a_k) * size, a_row, a_k, tall, depth, standing)
                standing += tall * depth * size
                m += tall
            for p in range(first, last):
                v, width = panel(p, vectors, widest)
                for n in range(v, v + width):
                    if b_row == 0:
                        b_vector, b_k = b + (v * K + k * width + n - v) * L * size, width * L
                        ahead = K * L
                    else:
                        b_vector, b_k, ahead = b + (k * b_row + n * L) * size, b_row, L
                    standing, m = room, m_block
                    for i in range(count):
                        tall = height + (1 if i < higher else 0)
                        c_vector = c + (m * c_row + n * L) * size
                        near = ahead if i == 0 else 0
                        tall_tile(zero, tall, standing, b_vector, b_k, near, c_vector, c_row, depth, add or k > 0)
                        standing += tall * depth * size
                        m += tall
