"""PyTorch's functional names: the operations, some with arguments that PyTorch spells otherwise."""

from __future__ import annotations

from .. import ops
from ..absent import name_the_nearest
from ..autograd.inplace import in_place
from ..autograd.scope import no_grad
from ..ops import alpha_dropout as alpha
from ..ops import bag, lookup
from ..tensor import Tensor

name_the_nearest(__name__)

linear, bilinear = ops.linear, ops.bilinear
layer_norm, rms_norm, batch_norm, group_norm = ops.layer_norm, ops.rms_norm, ops.batch_norm, ops.group_norm
dropout, dropout1d, dropout2d, dropout3d = ops.dropout, ops.dropout1d, ops.dropout2d, ops.dropout3d
alpha_dropout, feature_alpha_dropout = alpha.alpha_dropout, alpha.feature_alpha_dropout
one_hot, pad = ops.one_hot, ops.pad
scaled_dot_product_attention = ops.scaled_dot_product_attention
tanh, sigmoid, logsigmoid = ops.tanh, ops.sigmoid, ops.logsigmoid
gelu, softplus, softsign, prelu, glu = ops.gelu, ops.softplus, ops.softsign, ops.prelu, ops.glu
softmax, log_softmax, softmin, gumbel_softmax = ops.softmax, ops.log_softmax, ops.softmin, ops.gumbel_softmax
hardshrink, softshrink, tanhshrink = ops.hardshrink, ops.softshrink, ops.tanhshrink
cross_entropy, nll_loss, kl_div, ctc_loss = ops.cross_entropy, ops.nll_loss, ops.kl_div, ops.ctc_loss
binary_cross_entropy = ops.binary_cross_entropy
binary_cross_entropy_with_logits = ops.binary_cross_entropy_with_logits
mse_loss, l1_loss, smooth_l1_loss, huber_loss = ops.mse_loss, ops.l1_loss, ops.smooth_l1_loss, ops.huber_loss
pairwise_distance, cosine_embedding_loss = ops.pairwise_distance, ops.cosine_embedding_loss
margin_ranking_loss, triplet_margin_loss = ops.margin_ranking_loss, ops.triplet_margin_loss
soft_margin_loss, hinge_embedding_loss = ops.soft_margin_loss, ops.hinge_embedding_loss
multi_margin_loss, multilabel_soft_margin_loss = ops.multi_margin_loss, ops.multilabel_soft_margin_loss
gaussian_nll_loss, poisson_nll_loss = ops.gaussian_nll_loss, ops.poisson_nll_loss

# --- activations, in place if wanted ------------------------------------------------------------------------

relu_, leaky_relu_ = in_place(ops.relu), in_place(ops.leaky_relu)
elu_, silu_ = in_place(ops.elu), in_place(ops.silu)
hardtanh_, selu_, relu6_ = in_place(ops.hardtanh), in_place(ops.selu), in_place(ops.relu6)
mish_, hardsigmoid_, hardswish_ = in_place(ops.mish), in_place(ops.hardsigmoid), in_place(ops.hardswish)
threshold_, celu_, rrelu_ = in_place(ops.threshold), in_place(ops.celu), in_place(ops.rrelu)


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(x, 0)."""
    return (relu_ if inplace else ops.relu)(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """x where x > 0, else negative_slope * x."""
    return (leaky_relu_ if inplace else ops.leaky_relu)(input, negative_slope)


def elu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (e**x - 1)."""
    return (elu_ if inplace else ops.elu)(input, alpha)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """x * sigmoid(x)."""
    return (silu_ if inplace else ops.silu)(input)


def hardtanh(input: Tensor, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Tensor:
    """x, but min_val below that and max_val above."""
    if min_val > max_val:
        raise ValueError(f"hardtanh: expected min_val to be at most max_val, got {min_val} and {max_val}")
    return (hardtanh_ if inplace else ops.hardtanh)(input, min_val, max_val)


def relu6(input: Tensor, inplace: bool = False) -> Tensor:
    """min(max(x, 0), 6)."""
    return (relu6_ if inplace else ops.relu6)(input)


def selu(input: Tensor, inplace: bool = False) -> Tensor:
    """scale * elu(x, alpha), whose constants keep mean 0 and variance 1. Source: Klambauer et al. 2017."""
    return (selu_ if inplace else ops.selu)(input)


def mish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * tanh(log(1 + e**x))."""
    return (mish_ if inplace else ops.mish)(input)


def hardsigmoid(input: Tensor, inplace: bool = False) -> Tensor:
    """x / 6 + 1/2, but at least 0 and at most 1."""
    return (hardsigmoid_ if inplace else ops.hardsigmoid)(input)


def hardswish(input: Tensor, inplace: bool = False) -> Tensor:
    """x * hardsigmoid(x)."""
    return (hardswish_ if inplace else ops.hardswish)(input)


def threshold(input: Tensor, threshold: float, value: float, inplace: bool = False) -> Tensor:
    """x where x > threshold, else value."""
    return (threshold_ if inplace else ops.threshold)(input, threshold, value)


def celu(input: Tensor, alpha: float = 1.0, inplace: bool = False) -> Tensor:
    """x where x > 0, else alpha * (e**(x / alpha) - 1). Source: Barron 2017."""
    return (celu_ if inplace else ops.celu)(input, alpha)


def rrelu(
    input: Tensor, lower: float = 1 / 8, upper: float = 1 / 3, training: bool = False, inplace: bool = False
) -> Tensor:
    """x where x > 0, else a slope times x: while training drawn from U(lower, upper), else the mean of the two."""
    return (rrelu_ if inplace else ops.rrelu)(input, lower, upper, training)


# --- vectors ------------------------------------------------------------------------------------------------


def embedding(
    input: Tensor,
    weight: Tensor,
    padding_idx: int | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:
    """The rows of `weight` that `input` names; see `ops.embedding`.

    Args:
        input, weight, padding_idx: those of `ops.embedding`.
        max_norm, norm_type: before they are looked up, rows whose `norm_type`-norm is larger than `max_norm` are
            scaled down to it, in `weight` itself and unseen by autograd.
        scale_grad_by_freq, sparse: PyTorch's; only their defaults are supported.

    Raises:
        ValueError: for `scale_grad_by_freq` and `sparse`.
    """
    lookup.refuse_options(scale_grad_by_freq, sparse)
    if max_norm is not None:
        _bound_rows(ops.unique(input), weight, max_norm, norm_type)
    return ops.embedding(input, weight, padding_idx)


def embedding_bag(
    input: Tensor,
    weight: Tensor,
    offsets: Tensor | None = None,
    max_norm: float | None = None,
    norm_type: float = 2.0,
    scale_grad_by_freq: bool = False,
    mode: str = "mean",
    sparse: bool = False,
    per_sample_weights: Tensor | None = None,
    include_last_offset: bool = False,
    padding_idx: int | None = None,
) -> Tensor:
    """The sum, mean or maximum of the rows of `weight` that each bag names; 0 for an empty bag.

    Args:
        input: integers in [0, K): a bag a row [N, L], or all bags behind one another [M].
        weight: a table [K, D].
        offsets: where in `input` [M] each bag begins, [N] integers, the first 0.
        max_norm, norm_type, scale_grad_by_freq, sparse: as for `embedding`.
        mode: "sum", "mean" or "max".
        per_sample_weights: of the shape of `input`: factors of the rows of a sum.
        include_last_offset: the last of the offsets says where the last bag ends.
        padding_idx: a row that counts for nothing.

    Returns:
        [N, D].

    Raises:
        ValueError: the mode is unknown; shapes do not fit; `scale_grad_by_freq` or `sparse`.
        RuntimeError: an index or `padding_idx` is not a row; dtypes or offsets do not fit.
        NotImplementedError: weights for another mode than "sum".

    Source: `torch.nn.functional.embedding_bag`.
    """
    lookup.refuse_options(scale_grad_by_freq, sparse)
    if max_norm is not None:
        _bound_rows(ops.unique(input), weight, max_norm, norm_type)
    return bag.embedding_bag(input, weight, offsets, mode, per_sample_weights, include_last_offset, padding_idx)


@no_grad()
def _bound_rows(names: Tensor, weight: Tensor, max_norm: float, norm_type: float) -> None:
    rows = ops.embedding(names, weight)
    norms = ops.norm(rows, norm_type, 1, True)
    large = ops.squeeze(norms > max_norm, 1)
    weight[names[large]] = (rows * (max_norm / (norms + 1e-7)))[large]


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """x / max(|x|_p, eps), with the p-norm along `dim`; p = 2 is the Euclidean one.

    Source: `torch.nn.functional.normalize`.
    """
    return input / ops.clamp(ops.norm(input, p, dim, True), min=eps)


def cosine_similarity(x1: Tensor, x2: Tensor, dim: int = 1, eps: float = 1e-8) -> Tensor:
    """<x1, x2> / (|x1| |x2|) along `dim`, with norms of at least eps; the shapes broadcast.

    Source: `torch.nn.functional.cosine_similarity`.
    """
    x1, x2 = ops.broadcast_tensors(x1, x2)
    return ops.sum(normalize(x1, 2.0, dim, eps) * normalize(x2, 2.0, dim, eps), dim)
