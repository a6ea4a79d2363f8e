"""Every operation: forward and gradient rule side by side, plain mathematics in operator syntax."""

from .activation import (
    elu,
    erf,
    gelu,
    glu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softsign,
    tanh,
)
from .aliases import (
    absolute,
    arccos,
    arcsin,
    arctan,
    arctan2,
    divide,
    fix,
    greater,
    greater_equal,
    less,
    less_equal,
    multiply,
    negative,
    not_equal,
    subtract,
    true_divide,
)  # fmt: skip
from .arithmetic import add, add_scaled, addcdiv, addcmul, div, lerp, mul, neg, sub, sub_scaled
from .attention import scaled_dot_product_attention
from .channels import batch_norm, dropout1d, dropout2d, dropout3d, group_norm
from .comparison import (
    all,
    allclose,
    any,
    bitwise_and,
    bitwise_not,
    bitwise_or,
    bitwise_xor,
    eq,
    equal,
    ge,
    gt,
    isclose,
    isfinite,
    isinf,
    isnan,
    le,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    lt,
    ne,
)  # fmt: skip
from .ctc import ctc_loss
from .cumulative import cumprod, cumsum, logcumsumexp
from .diagonal import diag, diagonal, trace
from .distance import cdist, cosine_embedding_loss, margin_ranking_loss, pairwise_distance, triplet_margin_loss
from .gru import gru_sequence, gru_step
from .gumbel import gumbel_softmax
from .indexing import (
    argwhere,
    gather,
    getitem,
    index_add,
    index_copy,
    index_fill,
    index_put,
    index_select,
    masked_select,
    nonzero,
    scatter,
    scatter_add,
    setitem,
    spread,
    take_along_dim,
)  # fmt: skip
from .likelihood import gaussian_nll_loss, poisson_nll_loss
from .linalg import addmm, baddbmm, bilinear, bmm, dot, einsum, linear, matmul, mm, mv, outer
from .lookup import bincount, embedding, one_hot
from .loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)  # fmt: skip
from .lstm import lstm_sequence, lstm_step
from .margin import hinge_embedding_loss, multi_margin_loss, multilabel_soft_margin_loss, soft_margin_loss
from .matrix import det, inverse
from .minimal import minimal_sequence, minimal_step
from .normalization import dropout, layer_norm, rms_norm
from .power import exp, exp2, expm1, log, log1p, log2, log10, pow, reciprocal, rsqrt, sqrt, square
from .rearrange import (
    cat,
    column_stack,
    concat,
    concatenate,
    dstack,
    flip,
    fliplr,
    flipud,
    hstack,
    pad,
    repeat,
    repeat_interleave,
    roll,
    row_stack,
    stack,
    tile,
    tril,
    triu,
    vstack,
)  # fmt: skip
from .reduction import (
    amax,
    amin,
    argmax,
    argmin,
    count_nonzero,
    logsumexp,
    max,
    mean,
    median,
    min,
    norm,
    prod,
    std,
    std_mean,
    sum,
    var,
    var_mean,
)  # fmt: skip
from .rnn import NONLINEARITIES, rnn_sequence, rnn_step
from .rounding import ceil, div_rounded, floor, floor_divide, fmod, remainder, round, trunc
from .selection import abs, clamp, clamp_max, clamp_min, clip, masked_fill, maximum, minimum, nan_to_num, sign, where
from .shape import (
    atleast_1d,
    atleast_2d,
    atleast_3d,
    broadcast_tensors,
    broadcast_to,
    chunk,
    clone,
    contiguous,
    expand,
    expand_as,
    flatten,
    meshgrid,
    moveaxis,
    movedim,
    narrow,
    permute,
    ravel,
    reshape,
    reshape_as,
    select,
    split,
    squeeze,
    swapaxes,
    swapdims,
    t,
    tensor_split,
    transpose,
    unbind,
    unflatten,
    unsqueeze,
    view,
    view_as,
)  # fmt: skip
from .shrinkage import celu, hardshrink, rrelu, softshrink, tanhshrink, threshold
from .softmax import log_softmax, softmax, softmin
from .sorting import argsort, bucketize, isin, kthvalue, searchsorted, sort, topk, unique
from .trigonometric import acos, asin, atan, atan2, cos, cosh, sin, sinh, tan
from .unroll import unroll
from .windows import diff, unfold

# What `from .ops import *` gives: the functions, not the files they are in.
_RENAMED = ("add_scaled", "sub_scaled", "div_rounded")  # at the top they are `add`, `sub` and `div`
__all__ = [
    name
    for name, member in list(globals().items())
    if callable(member) and not name.startswith("_") and name not in _RENAMED
]
