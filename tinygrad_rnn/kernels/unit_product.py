"""Products of float32 matrices on the matrix unit: C (+)= A B, where B is packed into panels of its parts.

`unit_product` is called as `product.product` is, and takes its place where the processor has the unit. A is split
into its parts on the way, a block of rows and columns at a time, which then stays in the cache while all panels
pass. The sums of a block start from zero and are added to C.

The unit works beside the rest of the processor, if that is given its work in small pieces, for the processor does
not look far ahead. So each step of 32 of K is followed by a share of what else there is to do: to have the lines of
C brought near, to add the sums of the tiles before to C, and, if B lies in rows, to split the next panel.

The bits of an element of C depend on its row of A, its column of B, and the sizes K and N alone.
"""

from __future__ import annotations

from .jit import part
from .matrix_unit import (
    DEPTH,
    TILE,
    TILE_ROWS,
    clear,
    configure,
    fetch_to_write,
    keep,
    multiply_first,
    multiply_rest,
    put_vector,
    release,
    stack,
)
from .product import panel, panels
from .thirds import LINES, PANEL, STEP, split_block, split_rows

TILES = 256  # tiles of A in a block, of three parts each: 768 KiB, of the 2 MiB of a core's L2
SHALLOW, DEEP = 8, 16  # steps in a block, B in rows or packed: more mean fewer passes over C, but lower blocks of A

room_for_parts, room_for_panels, room_for_sums = stack(TILES * 3 * TILE), stack(2 * SHALLOW * STEP), stack(4 * TILE)


@part
def put_rows(zero, source, target, by, width, first, last, add):
    """The rows first ... last - 1 of a block of sums, to C or added to it, whose rows are `by` bytes apart."""
    source, target = source + first * 2 * 64, target + first * by
    for _ in range(first, last):
        put_vector(zero, source, target, add)
        if width > 1:
            put_vector(zero, source + 64, target + 64, add)
        source += 2 * 64
        target += by


@part
def fetch_rows(target, by, first, last):
    """Have the rows first ... last - 1 of a block of C brought near."""
    target += first * by
    for _ in range(first, last):
        fetch_to_write(target)
        fetch_to_write(target + 64)
        target += by


@part
def share_of(number, shares):
    """The size of a share when so many things are divided into at most so many shares."""
    return (number + shares - 1) // max(1, shares)


def unit_product(zero, a, a_row, a_k, M, b, b_row, N, K, c, c_row, widest, first, last, add):
    """C (+)= A B for the panels first ... last - 1; a_k is 1, B packed by `thirds`, `widest` its PANEL."""
    parts, panel_parts, sums, by = room_for_parts(), room_for_panels(), room_for_sums(), c_row * 4
    steps, vectors = (K + DEPTH - 1) // DEPTH, (N + 15) // 16
    last = min(last, panels(vectors, PANEL))
    if M == 0 or first >= last:
        return
    depth = share_of(steps, share_of(steps, SHALLOW if b_row > 0 else DEEP))
    count = (M + TILE_ROWS - 1) // TILE_ROWS
    highest = (share_of(count, share_of(count, TILES // max(1, depth) // 2 * 2)) + 1) // 2 * 2 * TILE_ROWS
    none = M - M  # 0, but no constant, for each of which the functions above would be compiled anew
    left, left_at, left_width, left_add = none, c, widest, add  # rows of sums that are not yet in C
    for m in range(0, M, highest):
        rows = min(highest, M - m)
        count = (rows + TILE_ROWS - 1) // TILE_ROWS
        height = (rows + count - 1) // count
        tile = height * 64
        configure(height)
        for k in range(0, max(1, steps), max(1, depth)):
            deep, inside = min(depth, steps - k), K - k * DEPTH
            split_rows(a + (m * a_row + k * DEPTH) * 4, a_row, rows, inside, height, deep, parts)
            b_rows, lines = b + k * DEPTH * b_row * 4, deep * LINES if b_row > 0 else 0
            line_share = share_of(lines, (count + 1) // 2 * deep)
            v, width = panel(first, vectors, PANEL)
            split_block(b_rows + v * 64, b_row, inside, N - v * 16, width, panel_parts, none, lines)
            for p in range(first, last):
                v, width = panel(p, vectors, PANEL)
                b_panel, following = b + (p * steps + k) * STEP, panel_parts
                if b_row > 0:
                    b_panel = panel_parts + (p - first) % 2 * SHALLOW * STEP
                    following = panel_parts + (p - first + 1) % 2 * SHALLOW * STEP
                next_v, next_width = panel(min(p + 1, last - 1), vectors, PANEL)
                line = none if p + 1 < last else lines
                for i in range(0, count, 2):
                    tiles = min(2, count - i)
                    block, block_rows = c + (m + i * height) * by + v * 64, min(tiles * height, rows - i * height)
                    row_share, row = share_of(2 * height, deep), none
                    a_tiles = parts + i * deep * 3 * tile
                    clear()
                    for s in range(deep):
                        a_step, b_step, end = a_tiles + s * tiles * 3 * tile, b_panel + s * STEP, row + row_share
                        multiply_first(tiles, a_step, tile, b_step)
                        fetch_rows(block, by, min(row, block_rows), min(end, block_rows))
                        put_rows(zero, sums, left_at, by, left_width, min(row, left), min(end, left), left_add)
                        multiply_rest(tiles, a_step, tile, b_step)
                        row = end
                        if line < lines:
                            end = min(lines, line + line_share)
                            split_block(
                                b_rows + next_v * 64, b_row, inside, N - next_v * 16, next_width, following, line, end
                            )  # fmt: skip
                            line = end
                    put_rows(zero, sums, left_at, by, left_width, min(row, left), left, left_add)
                    keep(tiles, height, sums)
                    left, left_at, left_width, left_add = block_rows, block, width, add or k > 0
    release()
    put_rows(zero, sums, left_at, by, left_width, none, left, left_add)
