"""Linear algebra: square matrices and norms."""

import math

from ..calling import Call, Named, Program, f, given, i

REGULAR = given([[3.0, 0.5, -1.0], [0.2, 2.0, 0.3], [-0.4, 0.6, 4.0]])
PAIR = given([[[2.0, 1.0], [0.5, 3.0]], [[-1.0, 0.3], [0.2, 2.0]]])
SINGULAR = given([[1.0, 2.0], [2.0, 4.0]])
NOT_SQUARE = [Call(f(2, 3), raises=True), Call(f(3), raises=True), Call(f(), raises=True), Call(i(2, 2), raises=True)]
ORDERS = (1, -1, math.inf, -math.inf)
DOUBLE = Named("float64")


def caught(torch, singular):
    """What catches the error of a singular matrix."""
    try:
        torch.linalg.inv(singular)
    except torch.linalg.LinAlgError as error:
        return isinstance(error, RuntimeError)


CALLS = {
    "linalg.LinAlgError": [Program(caught, SINGULAR)],
    "linalg.matmul": [Call(f(2, 3), f(3, 2)), Call(f(2, 1, 2), f(2)), Call(f(2), f(3), raises=True)],
    "linalg.inv": [
        Call(REGULAR), Call(PAIR), Call(f(0, 0)), Call(given([[2.0]])), Call(SINGULAR, raises=True), *NOT_SQUARE,
        Call(A=PAIR),
    ],
    "linalg.det": [
        Call(REGULAR), Call(PAIR), Call(f(0, 0)), Call(given([[2.0]])), Call(f(2, 0, 0)), Call(A=PAIR), *NOT_SQUARE,
        Call(given([[1.0, 2.0, 3.0], [0.0, 1.0, 1.0], [1.0, 3.0, 5.0]])),
    ],
    "linalg.solve": [
        Call(REGULAR, f(3)), Call(REGULAR, f(3, 2)), Call(PAIR, f(2, 2)), Call(PAIR, f(2, 2, 3)),
        Call(PAIR, f(1, 2, 3)),
        Call(REGULAR, f(2, 3), left=False), Call(REGULAR, f(2, 3, 4)), Call(A=REGULAR, B=f(3, 1)),
        Call(f(0, 0), f(0, 2)), Call(SINGULAR, f(2), raises=True), Call(REGULAR, f(2), raises=True),
        Call(REGULAR, f(2, 3), raises=True), Call(REGULAR, f(3), left=False, raises=True),
        Call(f(2, 3), f(2), raises=True), Call(REGULAR, i(3), raises=True), Call(i(2, 2), i(2), raises=True),
    ],
    "linalg.vector_norm": [
        Call(f(2, 3)), Call(f(3), 1), Call(f(2, 3), ord=3, dim=1), Call(f(2, 3), 2, (0, 1), True), Call(f()),
        *[Call(f(2, 3), ord, -1, keepdim=True) for ord in (0.5, -2, math.inf, -math.inf)], Call(f(3), 0, grad=False),
        Call(f(2, 3), keepdim=True),
        Call(f(2, 3), dtype=DOUBLE), Call(f(0)), Call(f(0, 2), dim=0), Call(input=f(2)),
        Call(f(0), math.inf, raises=True),
        Call(i(3), raises=True), Call(f(3), dim=1, raises=True),
    ],
    "linalg.matrix_norm": [
        Call(f(2, 3)), *[Call(f(2, 3), ord) for ord in ORDERS], Call(f(2, 3, 2), keepdim=True), Call(input=f(2, 2)),
        *[Call(f(2, 3, 2), ord, dim=dim, keepdim=keep) for ord in (1, -math.inf) for dim in ((0, 1), (-1, 0), (2, 1))
          for keep in (False, True)],
        Call(f(2, 2), dtype=DOUBLE), Call(f(3), raises=True), Call(f(2, 2), "x", raises=True),
        Call(f(2, 2), 3, raises=True), Call(f(2, 2), 1, dim=(0, 0), raises=True), Call(i(2, 2), raises=True),
        Call(f(2, 2), 1, dim=(0, 2), raises=True), Call(f(2, 2), 1, dim=(1,), raises=True),
    ],
    "linalg.norm": [
        Call(f(2, 3)), Call(f(3)), Call(f(2, 3, 2)), Call(f(3), 3), Call(f(2, 3), "fro"), Call(f(2, 3), 1),
        Call(f(2, 3), math.inf, keepdim=True), Call(f(2, 3), 1, 1), Call(f(2, 3), dim=0), Call(f(2, 3, 2), 1, (0, 2)),
        Call(f(2, 3, 2), dim=(0, 2)), Call(f(2, 3), dtype=DOUBLE), Call(input=f(2), ord=1), Call(f(2, 3), 1, (1,)),
        Call(f(2, 3), keepdim=True), Call(f(3), 0, grad=False),
        Call(f(1, 2, 3), 1, raises=True), Call(f(2, 3), 3, raises=True), Call(f(2, 3), "x", raises=True),
        Call(i(2, 2), raises=True), Call(f(3), "fro", raises=True), Call(f(2, 3), "fro", 1, raises=True),
    ],
}  # fmt: skip
CALLS["inverse"] = CALLS["Tensor.inverse"] = CALLS["linalg.inv"][:-1]
CALLS["det"] = CALLS["Tensor.det"] = [Call(REGULAR), Call(PAIR), *NOT_SQUARE]
