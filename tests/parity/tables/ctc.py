"""Connectionist temporal classification, behind a softmax, where PyTorch's gradient is that of the function."""

from ..calling import Call, Module, Program, f, given, i


def behind_softmax(library, x, *rest, **options):
    return library.nn.functional.ctc_loss(x.log_softmax(-1), *rest, **options)


def module_behind_softmax(library, x, *rest, **options):
    loss = library.nn.CTCLoss(**options)
    return loss(x.log_softmax(-1), *rest), repr(loss)


def length(*numbers: int, dtype: str = "int64"):
    return given(numbers, dtype)


X, TARGETS, ONE = f(5, 2, 4), i(2, 2, low=1, high=4), given([2, 3, 3], "int64")
REPEATED = given([[1, 1], [2, 3]], "int64")
LENGTHS = (length(5, 4), length(2, 1))

CALLS = {
    "nn.functional.ctc_loss": [
        *[Program(behind_softmax, X, TARGETS, *LENGTHS, reduction=how) for how in ("mean", "sum", "none")],
        Program(behind_softmax, X, REPEATED, (5, 3), (2, 2), reduction="none"),
        Program(behind_softmax, X, REPEATED, [2, 3], [2, 2], reduction="none", zero_infinity=True),
        Program(behind_softmax, X, REPEATED, (2, 3), (2, 2), reduction="none", grad=False),
        Program(behind_softmax, X, ONE, (5, 4), (2, 1)), Program(behind_softmax, X, ONE, (5, 4), (0, 3)),
        Program(behind_softmax, X, TARGETS, (5, 0), (2, 0), reduction="none"),
        Program(behind_softmax, X, i(2, 3, high=3), (5, 5), (3, 2), blank=3),
        Program(behind_softmax, X, i(2, 2, low=1, high=4, dtype="int32"), length(5, 4, dtype="int32"), LENGTHS[1]),
        Program(behind_softmax, f(4, 3), given([1, 2], "int64"), (4,), (2,)),
        Program(behind_softmax, f(4, 3), given([1, 2], "int64"), given(3, "int64"), given(2, "int64"), reduction="sum"),
        Call(X, TARGETS, *LENGTHS, blank=4, raises=True), Call(X, TARGETS, *LENGTHS, blank=-1, raises=True),
        Call(X, TARGETS, *LENGTHS, reduction="x", raises=True), Call(X, TARGETS, length(6, 4), LENGTHS[1], raises=True),
        Call(X, TARGETS, length(5), LENGTHS[1], raises=True), Call(X, TARGETS, length(5, -1), LENGTHS[1], raises=True),
        Call(X, TARGETS, LENGTHS[0], length(2, 3), raises=True), Call(X, TARGETS, LENGTHS[0], length(2), raises=True),
        Call(X, TARGETS, LENGTHS[0], length(2, -1), raises=True), Call(X, ONE, LENGTHS[0], length(2, 2), raises=True),
        Call(X, i(1, 2, low=1), *LENGTHS, raises=True), Call(X, TARGETS, f(2), LENGTHS[1], raises=True),
        Call(i(5, 2, 4), TARGETS, *LENGTHS, raises=True), Call(f(0, 2, 4), TARGETS, *LENGTHS, raises=True),
        Call(f(5, 0, 4), i(0, 2), length(), length(), raises=True), Call(f(1, 5, 2, 4), TARGETS, *LENGTHS, raises=True),
    ],
    "nn.CTCLoss": [
        Program(module_behind_softmax, X, TARGETS, *LENGTHS),
        Program(module_behind_softmax, X, REPEATED, (2, 3), (2, 2), reduction="sum", zero_infinity=True),
        Program(module_behind_softmax, X, i(2, 2, high=3), *LENGTHS, blank=3, reduction="none"),
        Module(on=(X, TARGETS, (5, 4), (2, 3)), raises=True),
    ],
}  # fmt: skip
CALLS["ctc_loss"] = [Call(X, TARGETS, *LENGTHS, blank=4, raises=True)]
