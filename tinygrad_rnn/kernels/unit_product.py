"""Products of float32 matrices on the matrix unit: C (+)= A B, where B is packed into panels of its parts.

`unit_product` is called as `product.product` is, and takes its place where the processor has the unit. A is split
into its parts on the way, a block of rows and columns at a time, which then stays in the cache while all panels
pass. The sums of a block start from zero and are added to C.

The bits of an element of C depend on its row of A, its column of B, and the sizes K and N alone.
"""

from __future__ import annotations

from .matrix_unit import DEPTH, TILE, TILE_ROWS, configure, put_vector, release, stack, tile_product
from .product import panel, panels
from .thirds import PANEL, STEP, split_block, split_rows

TILES = 128  # tiles of A in a block, of three parts each: 384 KiB, of the 1 or 2 MiB of a core's L2
SHALLOW, DEEP = 4, 16  # steps in a block: a panel's part then stays in L1; or fewer passes over C
NEAR = 3 << 19  # bytes of B that come from L2

room_for_parts, room_for_panel, room_for_sums = stack(TILES * 3 * TILE), stack(DEEP * STEP), stack(4 * TILE)


def unit_product(zero, a, a_row, a_k, M, b, b_row, N, K, c, c_row, widest, first, last, add):
    """C (+)= A B for the panels first ... last - 1; a_k is 1, B packed by `thirds`, `widest` its PANEL."""
    parts, panel_parts, sums = room_for_parts(), room_for_panel(), room_for_sums()
    steps, vectors = (K + DEPTH - 1) // DEPTH, (N + 15) // 16
    last = min(last, panels(vectors, PANEL))
    deepest = SHALLOW if b_row > 0 or steps * panels(vectors, PANEL) * STEP <= NEAR else DEEP
    blocks = max(1, (steps + deepest - 1) // deepest)
    depth = (steps + blocks - 1) // blocks
    highest = TILES // max(1, depth) // 2 * 2 * TILE_ROWS
    for m in range(0, M, highest):
        rows = min(highest, M - m)
        count = (rows + TILE_ROWS - 1) // TILE_ROWS
        height = (rows + count - 1) // count
        tile = height * 64
        configure(height)
        for k in range(0, max(1, steps), max(1, depth)):
            deep = min(depth, steps - k)
            split_rows(a + (m * a_row + k * DEPTH) * 4, a_row, rows, K - k * DEPTH, height, deep, parts)
            for p in range(first, last):
                v, width = panel(p, vectors, PANEL)
                if b_row > 0:
                    b_panel = panel_parts
                    split_block(
                        b + (k * DEPTH * b_row + v * 16) * 4, b_row, K - k * DEPTH, N - v * 16, deep, width, b_panel
                    )  # fmt: skip
                else:
                    b_panel = b + (p * steps + k) * STEP
                for i in range(0, count, 2):
                    tiles = min(2, count - i)
                    block_rows = min(tiles * height, rows - i * height)
                    block = c + ((m + i * height) * c_row + v * 16) * 4
                    tile_product(tiles, parts + i * deep * 3 * tile, tile, b_panel, deep, sums)
                    for tile_row in range(tiles):
                        source = sums + tile_row * 2 * TILE
                        target = block + tile_row * height * c_row * 4
                        for _ in range(min(height, block_rows - tile_row * height)):
                            for n in range(width):
                                put_vector(zero, source + n * TILE, target + n * 64, add or k > 0)
                            source += 64
                            target += c_row * 4
    release()
