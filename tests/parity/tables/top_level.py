"""Functions that PyTorch has at the top beside nn.functional."""

from ..calling import Call, f, given, pos, unit

CALLS = {
    "dropout": [Call(f(2, 3), 0.0, True), Call(f(2, 3), 0.5, False), Call(f(2, 3), 1.0, True)],
    "cdist": [Call(f(3, 2), f(4, 2)), Call(f(2, 3, 2), f(4, 2), 1.0), Call(f(3, 2), f(4, 3), raises=True)],
    "pairwise_distance": [Call(f(3, 2), f(3, 2)), Call(f(3, 2), f(2), 1.0, keepdim=True)],
    "selu": [Call(f(2, 3)), Call(unit())],
    "prelu": [Call(f(2, 3), given([0.25])), Call(f(2, 3), pos(3)), Call(f(2, 3), pos(2), raises=True)],
    "Tensor.prelu": [Call(f(2, 3), given([0.25])), Call(f(2, 3), pos(3))],
}
