"""Distances between vectors, and the losses of pairs and triplets of them, as siamese networks have."""

from __future__ import annotations

from ..autograd.op import Array
from .loss import reduced, reducing
from .power import sqrt
from .reduction import norm, sum
from .selection import clamp, minimum, where
from .shape import unsqueeze


def pairwise_distance(x1: Array, x2: Array, p: float = 2.0, eps: float = 1e-6, keepdim: bool = False) -> Array:
    """|x1 - x2 + eps|_p along the last dimension; the shapes broadcast.

    Args:
        x1, x2: vectors [..., D].
        p: of the p-norm, (sum |x_i|^p)^(1/p); `math.inf` for the largest magnitude.
        eps: added to each difference, so that the norm has a gradient where the two are equal.

    Source: `torch.nn.functional.pairwise_distance`.
    """
    return norm(x1 - x2 + eps, p, -1, keepdim)


def cdist(x1: Array, x2: Array, p: float = 2.0, compute_mode: str | None = None) -> Array:
    """The distance of every row of x1 from every row of x2, y[i, j] = |x1[i] - x2[j]|_p.

    Args:
        x1: [..., N, D].
        x2: [..., M, D]; the leading dimensions broadcast.
        p: 0 or more.
        compute_mode: how PyTorch is to do it; here the differences are always computed.

    Returns:
        [..., N, M].

    Raises:
        RuntimeError: vectors, other lengths of rows, not one floating dtype, or a negative p.

    Source: `torch.cdist`.
    """
    if min(x1.ndim, x2.ndim) < 2 or x1.shape[-1] != x2.shape[-1]:
        raise RuntimeError(f"cdist: expected [..., N, D] and [..., M, D], got {tuple(x1.shape)} and {tuple(x2.shape)}")
    if x1.dtype != x2.dtype or x1.dtype.kind != "f":
        raise RuntimeError(f"cdist: expected two tensors of one floating dtype, got {x1.dtype} and {x2.dtype}")
    if p < 0:
        raise RuntimeError(f"cdist: p must not be negative, got {p}")
    return norm(unsqueeze(x1, -2) - unsqueeze(x2, -3), p, -1)


# --- losses ----------------------------------------------------------------------------------------------------


@reducing
def cosine_embedding_loss(input1, input2, target, margin: float = 0.0, *, reduction: str = "mean") -> Array:
    """1 - cos(x1, x2) where the target is 1, max(cos(x1, x2) - margin, 0) where it is -1.

    Args:
        input1, input2: [N, D] or [D]; they broadcast.
        target: [N] or [].

    Raises:
        RuntimeError: other dimensions.

    Source: `torch.nn.functional.cosine_embedding_loss`.
    """
    if target.ndim > 1 or not input1.ndim == input2.ndim == target.ndim + 1:
        given = [tuple(x.shape) for x in (input1, input2, target)]
        raise RuntimeError(f"cosine_embedding_loss: expected [N, D], [N, D] and [N] (or none has N), got {given}")
    squares = [sum(x * x, -1) + 1e-12 for x in (input1, input2)]
    cosine = sum(input1 * input2, -1) / sqrt(squares[0] * squares[1])
    apart = where(target == -1, clamp(cosine - margin, min=0.0), 0.0)
    return reduced(where(target == 1, 1.0 - cosine, apart), reduction)


@reducing
def margin_ranking_loss(input1, input2, target, margin: float = 0.0, *, reduction: str = "mean") -> Array:
    """max(margin - target (x1 - x2), 0): the target is 1 where x1 should be the larger, -1 where x2 should.

    Args:
        input1, input2, target: x1, x2 and the target, whose shapes broadcast.
        margin: by how much it should be larger.

    Raises:
        RuntimeError: numbers of dimensions differ.

    Source: `torch.nn.functional.margin_ranking_loss`.
    """
    _check_alike("margin_ranking_loss", input1, input2, target)
    return reduced(clamp(margin - target * (input1 - input2), min=0.0), reduction)


@reducing
def triplet_margin_loss(
    anchor, positive, negative, margin: float = 1.0, p: float = 2.0, eps: float = 1e-6, swap: bool = False, *,
    reduction: str = "mean",
) -> Array:  # fmt: skip
    """max(|a - p| - |a - n| + margin, 0): the positive should be nearer to the anchor than the negative, by a margin.

    Args:
        anchor, positive, negative: [N, D] or [D].
        p, eps: as for `pairwise_distance`.
        swap: take |p - n| where that is less than |a - n|.

    Raises:
        ValueError: the margin is not above 0.
        RuntimeError: numbers of dimensions differ.

    Source: `torch.nn.functional.triplet_margin_loss`.
    """
    if margin <= 0:
        raise ValueError(f"triplet_margin_loss: margin must be greater than 0, got {margin}")
    _check_alike("triplet_margin_loss", anchor, positive, negative)
    near, far = pairwise_distance(anchor, positive, p, eps), pairwise_distance(anchor, negative, p, eps)
    if swap:
        far = minimum(far, pairwise_distance(positive, negative, p, eps))
    return reduced(clamp(near - far + margin, min=0.0), reduction)


def _check_alike(name: str, *xs) -> None:
    if len({x.ndim for x in xs}) > 1:
        given = [tuple(x.shape) for x in xs]
        raise RuntimeError(f"{name}: expected tensors with equally many dimensions, got shapes {given}")
