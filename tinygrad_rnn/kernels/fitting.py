"""What is checked before a kernel runs: with arrays that do not fit it would read and write beyond their ends."""

from __future__ import annotations

from .sequence import Array


def expect_fitting(
    gates: int, x: Array, h: Array, w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None,
    c: Array | None = None, w_hr: Array | None = None, packed: bool = False,
) -> None:  # fmt: skip
    """Refuse what does not fit x [..., N, I] (packed: [R, I]), h [N, P] and c [N, H]; without a c, H is P.

    Raises:
        RuntimeError: a shape is another one.
    """
    N, P = h.shape
    I, H = x.shape[-1], P if c is None else c.shape[-1]
    G = gates * H
    if (
        w_ih.shape == (G, I)
        and w_hh.shape == (G, P)
        and (b_ih is None or b_ih.shape == (G,))
        and (b_hh is None or b_hh.shape == (G,))
        and (c is None or c.shape == (N, H))
        and (P == H if w_hr is None else w_hr.shape == (P, H))
        and (packed or x.shape[-2] == N)
    ):
        return
    cell = "" if c is None else f", c [{N}, {H}]" + ("" if P == H else f", w_hr [{P}, {H}]")
    raise RuntimeError(
        f"expected w_ih [{G}, {I}], w_hh [{G}, {P}] and biases [{G}] for {H} units with {gates} rows each{cell}, "
        f"and x with the {N} rows of h"
    )
