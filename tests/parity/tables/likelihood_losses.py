"""Losses of numbers under a distribution, and of scores on one side of a margin."""

from ..calling import Call, Module, constant, f, given, i, pos

X, Y = f(2, 3), f(2, 3)
SIGNS = constant(given([[1, -1, 1], [-1, -1, 1]]))
LABELS = constant(given([[1, 0, 1], [0, 0, 1]]))
CLASSES = i(2, high=3)
REDUCTIONS = ("mean", "sum", "none")


def reductions(*arguments, **options) -> list[Call]:
    return [Call(*arguments, reduction=how, **options) for how in REDUCTIONS]


CALLS = {
    "nn.functional.gaussian_nll_loss": [
        *reductions(X, Y, pos(2, 3)), *reductions(X, Y, pos(2, 1), full=True), Call(X, Y, pos(2)),
        Call(X, Y, pos(2, 3), eps=1.0, reduction="none"), Call(X, Y, pos(1, 3)), Call(X, Y, 0.5, full=True),
        Call(X, Y, given([[0.0, 1, 2], [1, 0, 1]]), True, 0.1, "none"), Call(X, f(3), pos(2, 3)),
        Call(X, Y, f(2, 3), raises=True), Call(X, Y, -1.0, raises=True), Call(X, Y, pos(2, 2), raises=True),
        Call(X, Y, pos(), raises=True), Call(X, Y, pos(2, 3), reduction="x", raises=True),
        Call(X, f(2, 2), pos(2, 3), raises=True),
    ],
    "nn.functional.poisson_nll_loss": [
        *reductions(X, i(2, 3)), *reductions(pos(2, 3), i(2, 3), log_input=False), Call(X, i(2, 3, high=9), full=True),
        Call(pos(2, 3), constant(pos(2, 3)), False, True), Call(pos(3), i(3), log_input=False, eps=0.1),
        Call(X, f(3)), Call(X, i(2, 3), size_average=False), Call(X, f(2, 2), raises=True),
        Call(X, i(2, 3), reduction="x", raises=True), Call(f(0, 3), i(0, 3)), Call(f(), i()),
    ],
    "nn.functional.soft_margin_loss": [
        *reductions(X, SIGNS), Call(X, constant(given([1.0, -1, 1]))), Call(f(0), constant(f(0))),
        Call(f(), constant(given(1.0))),
        Call(X, i(2, 3)), Call(X, SIGNS, reduction="x", raises=True), Call(X, f(2, 2), raises=True),
        Call(i(2, 3), SIGNS, raises=True), Call(X, SIGNS, size_average=False),
    ],
    "nn.functional.hinge_embedding_loss": [
        *reductions(X, SIGNS), *reductions(X, SIGNS, margin=0.3), Call(X, SIGNS, 2.0), Call(X, given(-1, "int64")),
        Call(X, SIGNS, reduction="x", raises=True), Call(X, f(2, 2), raises=True), Call(f(0), f(0)),
    ],
    "nn.functional.multi_margin_loss": [
        *reductions(X, CLASSES), *reductions(X, CLASSES, p=2, margin=0.5, weight=constant(pos(3))),
        *reductions(f(3), i(high=3)), Call(f(3), i(1, high=3), reduction="none"), Call(f(2, 1), i(2, high=1)),
        Call(X, CLASSES, 2, 2.0), Call(X, CLASSES, p=3, raises=True), Call(X, CLASSES, weight=pos(2), raises=True),
        Call(X, CLASSES, weight=pos(2, 2), raises=True), Call(X, i(1), raises=True), Call(f(), i(), raises=True),
        Call(X, given([0, 3], "int64"), raises=True), Call(X, given([0, -1], "int64"), raises=True),
        Call(i(2, 3), CLASSES, raises=True), Call(X, f(2), raises=True), Call(f(2, 0), CLASSES, raises=True),
        Call(f(1, 2, 3), i(1), raises=True), Call(X, i(2, dtype="int32"), raises=True),
        Call(X, CLASSES, reduction="x", raises=True),
    ],
    "nn.functional.multilabel_soft_margin_loss": [
        *reductions(X, LABELS), *reductions(X, LABELS, weight=pos(3)), Call(f(3), constant(pos(3)), reduction="none"),
        Call(X, i(2, 3, high=2)), Call(f(2, 0), f(2, 0)), Call(X, f(2, 2), raises=True),
        Call(X, LABELS, reduction="x", raises=True), Call(i(2, 3), LABELS, raises=True), Call(X, LABELS, pos(2, 1)),
    ],
    "nn.GaussianNLLLoss": [
        Module(on=(X, Y, pos(2, 3))), Module(full=True, eps=0.5, reduction="sum", on=(X, Y, pos(2, 1))),
        Module(on=(X, Y, f(2, 3)), raises=True), Module(True, on=(X, Y, pos(2, 3)), raises=True),
    ],
    "nn.PoissonNLLLoss": [
        Module(on=(X, i(2, 3))), Module(False, True, on=(pos(2, 3), i(2, 3))),
        Module(log_input=False, eps=0.1, reduction="none", on=(pos(2), i(2))),
    ],
    "nn.SoftMarginLoss": [Module(on=(X, SIGNS)), Module(reduction="none", on=(X, SIGNS))],
    "nn.HingeEmbeddingLoss": [Module(on=(X, SIGNS)), Module(0.2, reduction="sum", on=(X, SIGNS))],
    "nn.MultiLabelSoftMarginLoss": [Module(on=(X, LABELS)), Module(pos(3), reduction="none", on=(X, LABELS))],
    "nn.MultiMarginLoss": [
        Module(on=(X, CLASSES)), Module(2, 0.5, constant(pos(3)), reduction="none", on=(X, CLASSES)),
        Module(p=3, raises=True), Module(weight=pos(2, 2), raises=True),
    ],
}  # fmt: skip
CALLS["hinge_embedding_loss"] = [Call(X, raises=True)]
CALLS["poisson_nll_loss"] = [Call(X, raises=True)]
