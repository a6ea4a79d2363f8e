"""Attention: values averaged with weights that say how well their keys match a query."""

from __future__ import annotations

import math

import numpy as np

from ..autograd.graph import Tensor
from ..random import Generator
from .comparison import all, eq
from .linalg import matmul
from .normalization import dropout
from .rearrange import repeat_interleave
from .selection import masked_fill, where
from .shape import transpose
from .softmax import softmax


def scaled_dot_product_attention(
    query,
    key,
    value,
    attn_mask=None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
    generator: Generator | None = None,
):
    """y = dropout(softmax(scale * query key^T + mask)) value, over the S keys.

    Args:
        query: (..., L, E).
        key, value: (..., S, E) and (..., S, V).
        attn_mask: broadcastable to (..., L, S); bools: True where a query sees a key; floats: added to the scores.
        dropout_p: probability of dropping a weight; there is no training mode here.
        is_causal: query i sees the keys up to i.
        scale: by default 1 / sqrt(E).
        enable_gqa: key and value have fewer heads (third last dimension), each for as many neighbouring ones of query.

    Returns:
        (..., L, V); zeros for a query that sees no key. A hidden value has weight 0, which lets nan through.

    Raises:
        RuntimeError: shapes or dtypes do not fit, both a mask and `is_causal`, or dropout_p is above 1.

    Source: Vaswani et al. 2017; semantics of `torch.nn.functional.scaled_dot_product_attention`.
    """
    _check(query, key, value, attn_mask, dropout_p, is_causal)
    if enable_gqa:
        key, value = (_shared(x, query.shape[-3], name) for x, name in ((key, "key"), (value, "value")))
    scale = 1 / math.sqrt(max(query.shape[-1], 1)) if scale is None else scale
    scores = matmul(query * scale, transpose(key, -2, -1))
    if is_causal:
        attn_mask = Tensor(np.tri(*scores.shape[-2:], dtype=bool))
    if attn_mask is not None:
        scores = where(attn_mask, scores, -math.inf) if attn_mask.array.dtype.kind == "b" else scores + attn_mask
    weights = attention_weights(scores)
    if dropout_p > 0:
        weights = dropout(weights, dropout_p, generator=generator)
    return matmul(weights, value)


def attention_weights(scores):
    """The softmax of scores (..., S) over the S keys; zeros where they are all -inf, for a query that sees no key."""
    blind = all(eq(scores, -math.inf), -1, True)
    if not blind.array.any():
        return softmax(scores, -1)
    return masked_fill(softmax(masked_fill(scores, blind, 0.0), -1), blind, 0.0)


def _shared(x, heads: int, name: str):
    """Every head as often as there are heads of the query that use it."""
    if heads % x.shape[-3]:
        raise RuntimeError(f"attention: {name} has {x.shape[-3]} heads, which do not divide the {heads} of query")
    return repeat_interleave(x, heads // x.shape[-3], -3)


def _check(query, key, value, mask, dropout_p: float, is_causal: bool) -> None:
    given = {"query": query, "key": key, "value": value}
    shapes = ", ".join([f"{name} {tuple(x.shape)}" for name, x in given.items()])
    dtypes = {x.array.dtype for x in given.values()}
    if min([x.ndim for x in given.values()]) < 2:
        raise RuntimeError(f"attention: expected query, key and value of at least 2 dimensions, got {shapes}")
    if len(dtypes) > 1 or query.array.dtype.kind != "f":
        found = ", ".join([f"{name} {x.array.dtype}" for name, x in given.items()])
        raise RuntimeError(f"attention: expected query, key and value of one floating dtype, got {found}")
    if query.shape[-1] != key.shape[-1] or key.shape[-2] != value.shape[-2]:
        raise RuntimeError(f"attention: expected query (..., L, E), key (..., S, E), value (..., S, V), got {shapes}")
    if mask is not None and is_causal:
        raise RuntimeError("attention: attn_mask should not be set when is_causal=True; give one of them")
    if mask is not None and mask.array.dtype not in (np.bool_, np.float32, query.array.dtype):
        wanted = f"bool, float32 or {query.array.dtype}"
        raise RuntimeError(f"attention: expected attn_mask of {wanted}, got {mask.array.dtype}")
    if dropout_p > 1:
        raise RuntimeError(f"dropout probability has to be between 0 and 1, but got {dropout_p}")
