"""Multi-head attention."""

from __future__ import annotations

import math
import warnings

import numpy as np

from .. import ops
from ..creation import empty, zeros
from ..tensor import Tensor
from . import functional, init
from .linear import NonDynamicallyQuantizableLinear
from .module import Module
from .parameter import Parameter


class MultiheadAttention(Module):
    """Attention in several heads: y = concat_h(softmax(Q_h K_h^T / sqrt(E / heads)) V_h) W_o^T + b_o.

    Q, K and V are linear maps of query, key and value, each of whose E numbers are divided among the heads.

    Args:
        embed_dim: E, length of query and of y.
        num_heads: how many heads; it divides E.
        dropout: probability of dropping a weight, while training.
        bias: whether the linear maps have one.
        add_bias_kv: whether a learnt key and value are added to those of the input.
        add_zero_attn: whether a key and value of zeros are added.
        kdim, vdim: lengths of key and value, by default E.
        batch_first: (N, T, E) instead of (T, N, E).

    Parameters `in_proj_weight` [3 E, E] (or `q_proj_weight` [E, E], `k_proj_weight` [E, kdim] and `v_proj_weight`
    [E, vdim], where the lengths differ), `in_proj_bias` [3 E], `out_proj.weight` [E, E], `out_proj.bias` [E], and the
    added `bias_k` and `bias_v` [1, 1, E]: weights drawn as by `init.xavier_uniform_`, that of `out_proj` as in
    `Linear`, biases zero.

    Raises:
        ValueError: embed_dim or num_heads is not positive.
        AssertionError: num_heads does not divide embed_dim.

    Source: Vaswani et al. 2017; `torch.nn.MultiheadAttention`.
    """

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device=None,
        dtype=None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(f"embed_dim and num_heads must be greater than 0, got {embed_dim} and {num_heads}")
        if embed_dim % num_heads:
            raise AssertionError(f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}")
        super().__init__()
        self.embed_dim, self.num_heads, self.head_dim = embed_dim, num_heads, embed_dim // num_heads
        self.kdim, self.vdim = embed_dim if kdim is None else kdim, embed_dim if vdim is None else vdim
        self.dropout, self.add_zero_attn, self.batch_first = dropout, add_zero_attn, batch_first
        packed = self.kdim == self.vdim == embed_dim
        sizes = {
            "q_proj_weight": None if packed else (embed_dim, embed_dim),
            "k_proj_weight": None if packed else (embed_dim, self.kdim),
            "v_proj_weight": None if packed else (embed_dim, self.vdim),
            "in_proj_weight": (3 * embed_dim, embed_dim) if packed else None,
            "in_proj_bias": (3 * embed_dim,) if bias else None,
            "bias_k": (1, 1, embed_dim) if add_bias_kv else None,
            "bias_v": (1, 1, embed_dim) if add_bias_kv else None,
        }
        for name, size in sizes.items():
            made = None if size is None else Parameter(empty(size, device=device, dtype=dtype))
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for added in (self.bias_k, self.bias_v):
            if added is not None:
                init.xavier_normal_(added)
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """y, and the weights with which values were averaged.

        Args:
            query: (L, N, E), or (N, L, E) if batch_first, or (L, E) without a batch.
            key, value: likewise (S, N, kdim) and (S, N, vdim).
            key_padding_mask: (N, S) or (S,): True where a key is padding that nobody sees; floats are added to scores.
            need_weights: False to save the time for the weights.
            attn_mask: (L, S) or (N * heads, L, S): True where a query does not see a key; floats are added to scores.
            average_attn_weights: the mean of the heads' weights.
            is_causal: that `attn_mask` is the causal one; with neither weights nor padding it is not looked at then.

        Returns:
            y like query, and weights (N, L, S), or (N, heads, L, S) if not averaged, or None.

        Raises:
            AssertionError: shapes or dtypes do not fit.
            RuntimeError: `attn_mask` does not fit, or `is_causal` without one.
        """
        batched = self._check_dims(query, key, value, key_padding_mask, attn_mask)
        if not batched:
            query, key, value = (ops.unsqueeze(x, 1) for x in (query, key, value))
            key_padding_mask = None if key_padding_mask is None else ops.unsqueeze(key_padding_mask, 0)
        elif self.batch_first:
            query, key, value = (ops.transpose(x, 0, 1) for x in (query, key, value))
        self._check_sizes(query, key, value, key_padding_mask, attn_mask)
        if is_causal and attn_mask is None:
            raise RuntimeError("MultiheadAttention: need attn_mask if specifying the is_causal hint")
        hinted = is_causal and key_padding_mask is None and not need_weights
        mask = None if hinted else self._mask(query.shape[1], attn_mask, key_padding_mask, query.array.dtype)
        q, k, v = self._heads(query, key, value)
        if mask is not None and k.shape[2] > key.shape[0]:
            mask = ops.pad(mask, (0, k.shape[2] - key.shape[0]))  # what was added is seen by all
        p = self.dropout if self.training else 0.0
        weights = None
        if need_weights:
            scores = ops.matmul(q * (1 / math.sqrt(self.head_dim)), ops.transpose(k, -2, -1))
            weights = ops.softmax(scores if mask is None else scores + mask, -1)
            weights = ops.dropout(weights, p) if p else weights
            y = ops.matmul(weights, v)
            weights = ops.mean(weights, 1) if average_attn_weights else weights
        else:
            y = functional.scaled_dot_product_attention(q, k, v, mask, p, hinted)
        y = self.out_proj(ops.reshape(ops.permute(y, (2, 0, 1, 3)), query.shape))  # (L, N, E) again
        if not batched:
            return ops.squeeze(y, 1), None if weights is None else ops.squeeze(weights, 0)
        return (ops.transpose(y, 0, 1) if self.batch_first else y), weights

    def _heads(self, *inputs: Tensor) -> list[Tensor]:
        """Q, K and V (N, heads, T, E / heads), with the keys and values that are added."""
        packed = self.in_proj_weight
        if packed is not None:
            weights = ops.chunk(packed, 3)
        else:
            weights = (self.q_proj_weight, self.k_proj_weight, self.v_proj_weight)
        biases = (None,) * 3 if self.in_proj_bias is None else ops.chunk(self.in_proj_bias, 3)
        found: list[Tensor] = []
        for x, weight, bias, added in zip(inputs, weights, biases, (None, self.bias_k, self.bias_v)):
            y = functional.linear(x, weight, bias)
            N = y.shape[1]
            extra = [] if added is None else [ops.expand(added, (1, N, self.embed_dim))]
            if self.add_zero_attn and found:
                extra.append(zeros(1, N, self.embed_dim, dtype=y.array.dtype))
            y = ops.cat([y, *extra]) if extra else y
            found.append(ops.permute(ops.reshape(y, (y.shape[0], N, self.num_heads, self.head_dim)), (1, 2, 0, 3)))
        return found

    def _mask(self, N: int, attn_mask: Tensor | None, padding: Tensor | None, dtype) -> Tensor | None:
        """What both masks add to the scores (N, heads, L, S)."""
        found = None
        if attn_mask is not None:
            found = _added(attn_mask, dtype)
            if found.ndim == 3:
                found = ops.reshape(found, (N, self.num_heads, *found.shape[1:]))
        if padding is not None:
            seen = ops.reshape(_added(padding, dtype), (N, 1, 1, -1))
            found = seen if found is None else found + seen
        return found

    # --- checks --------------------------------------------------------------------------------------------

    def _check_dims(self, query, key, value, padding, attn_mask) -> bool:
        """Whether there is a batch, if all inputs agree on it."""
        if query.ndim not in (2, 3):
            raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {query.ndim}-D")
        dims = {"key": (key, {query.ndim}), "value": (value, {query.ndim}), "attn_mask": (attn_mask, {2, 3})}
        dims["key_padding_mask"] = padding, {query.ndim - 1}
        for name, (x, allowed) in dims.items():
            if x is not None and x.ndim not in allowed:
                wanted = " or ".join([f"{n}-D" for n in sorted(allowed)])
                raise AssertionError(f"For a {query.ndim}-D query, expected {name} to be {wanted}, got {x.ndim}-D")
        if query.ndim == 2 and attn_mask is not None and attn_mask.ndim == 3:
            sizes = (self.num_heads, query.shape[0], key.shape[0])
            if tuple(attn_mask.shape) != sizes:
                raise AssertionError(f"Expected attn_mask of shape {sizes}, got {tuple(attn_mask.shape)}")
        for name, mask in (("key_padding_mask", padding), ("attn_mask", attn_mask)):
            if mask is not None and mask.array.dtype.kind not in "fb":
                raise AssertionError(f"only bool and floating types of {name} are supported, got {mask.array.dtype}")
        if padding is not None and attn_mask is not None and padding.array.dtype != attn_mask.array.dtype:
            warnings.warn(
                "Support for mismatched key_padding_mask and attn_mask is deprecated. Use same type for both instead.",
                UserWarning,
                stacklevel=5,
            )
        return query.ndim == 3

    def _check_sizes(self, query, key, value, padding, attn_mask) -> None:
        """Of inputs (T, N, E)."""
        (L, N, E), S = query.shape, key.shape[0]
        if self.embed_dim != E:
            raise AssertionError(f"was expecting embedding dimension of {self.embed_dim}, but got {E}")
        packed, lengths = self.in_proj_weight is not None, (key.shape[2], value.shape[2])
        if not packed and lengths != (self.kdim, self.vdim):
            raise AssertionError(f"expected key and value of lengths {self.kdim} and {self.vdim}, got {lengths}")
        dims = slice(3) if packed else slice(2)
        if key.shape[dims] != value.shape[dims]:
            raise AssertionError(f"key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}")
        if padding is not None and tuple(padding.shape) != (N, S):
            raise AssertionError(f"Expected key_padding_mask of shape {(N, S)}, got {tuple(padding.shape)}")
        if attn_mask is not None:
            wanted = (L, S) if attn_mask.ndim == 2 else (N * self.num_heads, L, S)
            if tuple(attn_mask.shape) != wanted:
                raise RuntimeError(f"The shape of attn_mask is {tuple(attn_mask.shape)}, but should be {wanted}")
        if key.shape[1] != N:
            raise RuntimeError(f"query has a batch of {N}, but key of {key.shape[1]}")


def _added(mask: Tensor, dtype) -> Tensor:
    """What a mask adds to scores: -inf where it is True."""
    return ops.where(mask, Tensor(np.array(-np.inf, dtype)), 0.0) if mask.array.dtype.kind == "b" else mask
