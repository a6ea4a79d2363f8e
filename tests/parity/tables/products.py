"""Products of matrices and vectors."""

from ..calling import Call, f, i

EMPTY = f(0)
CALLS = {
    "matmul": [
        Call(f(2, 3), f(3, 4)), Call(f(3), f(3)), Call(f(2, 3), f(3)), Call(f(3), f(3, 2)), Call(f(4, 2, 3), f(3, 2)),
        Call(f(4, 2, 3), f(4, 3, 2)), Call(f(2, 1, 2, 3), f(4, 3, 2)), Call(f(3), f(2, 3, 2)), Call(f(2, 2, 3), f(3)),
        Call(i(2, 3), i(3, 2)), Call(f(2, 0), f(0, 3)), Call(f(0, 2), f(2, 3)), Call(f(0), f(0)),
        Call(f(2, 3), f(2, 3), raises=True), Call(f(3), f(2), raises=True), Call(f(), f(2), raises=True),
        Call(f(2, 2, 3), f(3, 3, 2), raises=True),
        Call(f(2, 3), i(3, 2), raises=True), Call(input=f(2, 3), other=f(3, 2)),
    ],
    "mm": [
        Call(f(2, 3), f(3, 4)), Call(i(2, 3), i(3, 2)), Call(f(2, 0), f(0, 3)), Call(f(2, 3), f(2, 3), raises=True),
        Call(f(3), f(3, 2), raises=True), Call(f(2, 3), i(3, 2), raises=True), Call(input=f(1, 2), mat2=f(2, 1)),
        Call(f(1, 2, 3), f(3, 2), raises=True),
    ],
    "bmm": [
        Call(f(2, 2, 3), f(2, 3, 1)), Call(f(0, 2, 3), f(0, 3, 1)), Call(f(2, 2, 3), f(1, 3, 1), raises=True),
        Call(f(2, 3), f(3, 2), raises=True), Call(f(2, 2, 3), f(2, 2, 3), raises=True),
        Call(input=f(1, 1, 2), mat2=f(1, 2, 1)), Call(i(1, 2, 2), i(1, 2, 2)),
    ],
    "mv": [
        Call(f(2, 3), f(3)), Call(f(2, 3), f(2), raises=True), Call(f(3), f(3), raises=True),
        Call(input=f(2, 2), vec=f(2)), Call(i(2, 2), i(2)), Call(f(2, 2), i(2), raises=True),
    ],
    "dot": [
        Call(f(3), f(3)), Call(EMPTY, EMPTY), Call(i(3), i(3)), Call(f(3), f(2), raises=True),
        Call(f(2, 2), f(2, 2), raises=True), Call(f(3), i(3), raises=True), Call(input=f(2), tensor=f(2)),
    ],
    "outer": [
        Call(f(2), f(3)), Call(i(2), i(3)), Call(f(2), i(3)), Call(EMPTY, f(2)), Call(f(2, 2), f(2), raises=True),
        Call(input=f(2), vec2=f(1)),
    ],
    "addmm": [
        Call(f(2, 2), f(2, 3), f(3, 2)), Call(f(2), f(2, 3), f(3, 2), beta=0.5, alpha=2),
        Call(f(2, 2), f(2, 3), f(3, 2), beta=0), Call(f(3), f(2, 3), f(3, 2), raises=True),
        Call(f(2, 2), f(2, 3), f(2, 3), raises=True), Call(i(2, 2), i(2, 1), i(1, 2), alpha=2),
        Call(f(2, 2), i(2, 1), i(1, 2), raises=True), Call(f(), f(2, 1), f(1, 2)),
    ],
    "baddbmm": [
        Call(f(2, 2, 2), f(2, 2, 3), f(2, 3, 2)), Call(f(2), f(1, 2, 3), f(1, 3, 2), beta=0.5, alpha=2),
        Call(f(1, 2, 2), f(1, 2, 3), f(1, 3, 2), beta=0), Call(f(3), f(1, 2, 3), f(1, 3, 2), raises=True),
    ],
    "einsum": [
        Call("ij,jk->ik", f(2, 3), f(3, 2)), Call("bij,bjk->bik", f(2, 1, 3), f(2, 3, 2)), Call("ij->ji", f(2, 3)),
        Call("ij->", f(2, 3)), Call("i,j->ij", f(2), f(3)), Call("ij,ij->i", f(2, 3), f(2, 3)), Call("ii->i", f(3, 3)),
        Call("ii", f(3, 3)),
        Call("...ij,...jk->...ik", f(2, 2, 3), f(3, 2)), Call("ij,jk", f(2, 3), f(3, 2)), Call("i,i->", f(3), f(3)),
        Call("ij,jk,kl->il", f(2, 3), f(3, 2), f(2, 2)), Call("ij,jk->ik", [f(2, 3), f(3, 2)]),
        Call("ij,jk->ik", f(2, 3), f(2, 3), raises=True),
        Call("ijk->i", f(2, 3), raises=True), Call("ij,j->i", f(2, 3), raises=True), Call("i->j", f(2), raises=True),
        Call("ij , j -> i", f(2, 3), f(3)), Call("ij,jk->ik", i(2, 2), i(2, 2)), Call("i,i->i", f(3), f(1)),
        Call("bi,bi->b", f(2, 3), f(1, 3)),
        Call("iij->j", f(2, 2, 3)),
    ],
}  # fmt: skip
CALLS.update({f"Tensor.{name}": CALLS[name][:2] for name in CALLS if name != "einsum"})
for name in ("addmm", "baddbmm"):
    _, *factors = CALLS[name][0].arguments
    CALLS[f"Tensor.{name}_"] = [CALLS[name][0], Call(f(3), *factors, raises=True)]
