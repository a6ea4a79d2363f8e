"""Products of matrices, made of register tiles: C (+)= A B, where B is packed into panels or lies in rows.

`product` walks over tiles. It is compiled once for each dtype, as a C function, and the kernels are handed its
address: were it a function that they call by name, each of them would compile all shapes of tile again.

K is cut into blocks of at most 128, each summed from zero and then added to C. A block of B's panel stays in
the cache while all rows pass over it, and the sums are short: errors stay below those of one long chain.
Rows are cut into blocks of at most 384, so that their part of A stays in the cache while all panels pass.

The bits of an element of C depend on its row of A, its column of B and K alone. So products can be split by
rows and by panels among any number of threads.

Shapes: A [M, K] with any strides, B [K, N], C [M, N]. The last vector of a row may reach beyond N: the rows of
C, and of B if it is not packed, must have room for whole vectors.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.numpy_support import from_dtype

from .host import HEIGHT, LANES_32, LANES_64, WIDEST
from .jit import COMPILED, address_of, part
from .tile import INDEX, lanes, tile

K_BLOCK, ROW_BLOCK = 128, 384
ALL = 1 << 30  # as the last panel: all there are
WIDE = WIDEST[HEIGHT]  # vectors in a panel for many rows


def panel_width(rows: int) -> int:
    """How many vectors a panel should have for products with `rows` rows each: the fewer rows the wider."""
    return WIDEST[rows] if 0 < rows < HEIGHT else WIDE


@part
def panels(vectors, widest):
    """How many panels of at most `widest` vectors are needed; their widths differ by one at most."""
    return (vectors + widest - 1) // widest


@part
def panel(p, vectors, widest):
    """The first vector of panel p, and how many it has."""
    count = (vectors + widest - 1) // widest
    width, wider = vectors // count, vectors % count
    return p * width + min(p, wider), width + (1 if p < wider else 0)


@part
def depth_of_block(K):
    """K in as few blocks as possible, none of which is much smaller than the others: how deep they are."""
    blocks = max(1, (K + K_BLOCK - 1) // K_BLOCK)
    return (K + blocks - 1) // blocks


def product(zero, a, a_row, a_k, M, b, b_row, N, K, c, c_row, widest, first, last, add):
    """C (+)= A B for the panels first ... last - 1; see `tile` for the arguments. b_row = 0: B is packed."""
    L, size = lanes(zero), lanes_to_bytes(zero)
    vectors = (N + L - 1) // L
    last = min(last, panels(vectors, widest))
    k_step = depth_of_block(K)
    for m_block in range(0, M, ROW_BLOCK):
        m_end = min(M, m_block + ROW_BLOCK)
        count = (m_end - m_block + HEIGHT - 1) // HEIGHT
        height, higher = (m_end - m_block) // count, (m_end - m_block) % count
        for k in range(0, max(1, K), max(1, k_step)):
            depth = min(k_step, K - k)
            for p in range(first, last):
                v, width = panel(p, vectors, widest)
                if b_row == 0:
                    b_tile, b_k = b + (v * K + k * width) * L * size, width * L
                else:
                    b_tile, b_k = b + (k * b_row + v * L) * size, b_row
                m = m_block
                for i in range(count):
                    rows = height + (1 if i < higher else 0)
                    a_tile = a + (m * a_row + k * a_k) * size
                    c_tile = c + (m * c_row + v * L) * size
                    tile(zero, rows, width, a_tile, a_row, a_k, b_tile, b_k, c_tile, c_row, depth, add or k > 0)
                    m += rows


@part
def lanes_to_bytes(zero):
    """How many bytes a number of the type of `zero` has."""
    return 4 if isinstance(zero, np.float32) else 8


def product_type(dtype: np.dtype) -> Any:
    """The signature of a product of matrices of a dtype."""
    return types.void(from_dtype(dtype), *[types.intp] * 13, types.boolean)


@functools.cache
def product_for(dtype: np.dtype) -> int:
    """The address of the product for a dtype, to be passed to a kernel; 0 where nothing is compiled."""
    return address_of(product, product_type(dtype)) if COMPILED else 0


@intrinsic
def call(typing_context, entry, zero, a, a_row, a_k, M, b, b_row, N, K, c, c_row, widest, first, last, add):
    """Call the product whose address is `entry`."""
    signature = types.void(types.intp, zero, *[types.intp] * 13, types.boolean)

    def codegen(context, builder, signature, arguments):
        entry, zero, *integers, add = arguments
        flag = ir.IntType(8)  # C's bool
        kind = ir.FunctionType(ir.VoidType(), [zero.type, *[INDEX] * len(integers), flag])
        function = builder.inttoptr(entry, kind.as_pointer())
        builder.call(function, [zero, *integers, builder.zext(add, flag)])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def address(typing_context, array):
    """Where the first number of an array lies."""

    def codegen(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return builder.ptrtoint(data, INDEX)

    return types.intp(array), codegen


@part
def multiply_compiled(entry, a, K, packed, N, c, widest, first, last, add):
    size = a.itemsize
    call(
        entry, a.dtype.type(0), address(a), a.strides[0] // size, a.strides[1] // size, len(a),
        address(packed), 0, N, K, address(c), c.strides[0] // size, widest, first, last, add,
    )  # fmt: skip


@part
def multiply_rows_compiled(entry, a, K, b, N, c, widest, first, last, add):
    size = a.itemsize
    call(
        entry, a.dtype.type(0), address(a), a.strides[0] // size, a.strides[1] // size, len(a),
        address(b), b.strides[0] // size, N, K, address(c), c.strides[0] // size, widest, first, last, add,
    )  # fmt: skip


def multiply_plain(entry, a, K, packed, N, c, widest, first, last, add):
    L = LANES_32 if a.dtype == np.float32 else LANES_64
    vectors = -(-N // L)
    for p in range(first, min(last, panels(vectors, widest))):
        v, width = panel(p, vectors, widest)
        b = packed[v * K * L : (v + width) * K * L].reshape(K, width * L)
        columns = slice(v * L, min(N, (v + width) * L))
        with np.errstate(invalid="ignore", over="ignore"):
            np.add(a[:, :K] @ b[:, : columns.stop - columns.start], c[:, columns] if add else 0, out=c[:, columns])


def multiply_rows_plain(entry, a, K, b, N, c, widest, first, last, add):
    L = LANES_32 if a.dtype == np.float32 else LANES_64
    vectors = -(-N // L)
    for p in range(first, min(last, panels(vectors, widest))):
        v, width = panel(p, vectors, widest)
        columns = slice(v * L, min(N, (v + width) * L))
        with np.errstate(invalid="ignore", over="ignore"):
            np.add(a[:, :K] @ b[:K, columns], c[:, columns] if add else 0, out=c[:, columns])


# c [M, >= N] (+)= a [M, >= K] b for the panels first ... last - 1 of b, packed; and the same with b in rows and
# any strides of a. The plain twins serve where nothing is compiled (NUMBA_DISABLE_JIT=1), for debugging.
multiply = multiply_compiled if COMPILED else multiply_plain
multiply_rows = multiply_rows_compiled if COMPILED else multiply_rows_plain
