"""Attention for decoders: at every step a look at all that an encoder has read, weighted by what is wanted now."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from .. import ops
from ..creation import empty
from ..ops.attention import attention_weights
from ..tensor import Tensor
from . import init
from .layers import check_lengths
from .module import Module
from .parameter import Parameter


class Memory(NamedTuple):
    """What a decoder looks at.

    Attributes:
        keys: [N, T, H] as they are compared with queries.
        values: [N, T, V].
        seen: bool [N, 1, T], True where a decoder may look; None for everywhere.
    """

    keys: Tensor
    values: Tensor
    seen: Tensor | None


class DecoderAttention(Module):
    """What AdditiveAttention and DotProductAttention share: context = sum_t weights_t value_t. They differ in scores.

    A subclass says how queries and keys are prepared and what their scores are.
    """

    def __init__(self, batch_first: bool = False) -> None:
        super().__init__()
        self.batch_first = bool(batch_first)

    def _keys(self, keys: Tensor) -> Tensor:
        """What can be computed of keys [N, T, K] before there is a query."""
        raise NotImplementedError

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        """[N, L, T] of a query [N, L, Q], and keys as `_keys` made them."""
        raise NotImplementedError

    def memory(self, keys: Tensor, values: Tensor | None = None, mask=None, lengths=None) -> Memory:
        """What needs to be computed once for all steps of a decoder; to be given as `keys`. Arguments as for a call."""
        name = type(self).__name__
        values = keys if values is None else values
        for what, x in (("keys", keys), ("values", values)):
            if not isinstance(x, Tensor):
                raise TypeError(f"{name}: expected {what} to be a Tensor, got {type(x).__name__}")
            if x.ndim != 3 or x.shape[:2] != keys.shape[:2]:
                order = "[N, T, ...]" if self.batch_first else "[T, N, ...]"
                raise RuntimeError(f"{name}: expected {what} {order}, got {tuple(x.shape)} (keys {tuple(keys.shape)})")
        N, T = keys.shape[:2] if self.batch_first else keys.shape[1::-1]
        seen = self._seen(mask, lengths, N, T)

        def prepared(x: Tensor) -> Tensor:
            """[N, T, ...], zero where nobody may look: a weight of 0 alone does not silence nan."""
            x = x if self.batch_first else ops.transpose(x, 0, 1)
            return x if seen is None else ops.where(ops.transpose(seen, 1, 2), x, 0.0)

        looked = prepared(keys)
        return Memory(self._keys(looked), looked if values is keys else prepared(values), seen)

    def forward(
        self, query: Tensor, keys: Tensor | Memory, values: Tensor | None = None, mask=None, lengths=None
    ) -> tuple[Tensor, Tensor]:
        """Look at the keys' values.

        Args:
            query: [N, Q], of one step of the decoder; or [L, N, Q] of all steps ([N, L, Q] with batch_first).
            keys: [T, N, K] ([N, T, K] with batch_first), an encoder's output; or what `memory` made of it.
            values: [T, N, V] likewise, what is averaged; by default the keys.
            mask: bool [N, T], True where a key may be looked at; elsewhere keys and values have no influence, even
                nan. For a sequence that has none to look at, weights and context are zero.
            lengths: int [N], from 1 to T: the keys from there on are padding. Together with a mask both hold.

        Returns:
            (context [N, V], weights [N, T]); for a query of L steps (context [L, N, V] or, with batch_first,
            [N, L, V], weights [N, L, T]).

        Raises:
            TypeError: what should be a Tensor is none; mask is not of bools; a Memory with values, mask or lengths.
            RuntimeError: shapes do not fit.
            ValueError: lengths do not fit.
        """
        name = type(self).__name__
        if not isinstance(query, Tensor):
            raise TypeError(f"{name}: expected query to be a Tensor, got {type(query).__name__}")
        if not isinstance(keys, Memory):
            keys = self.memory(keys, values, mask, lengths)
        elif not (values is None and mask is None and lengths is None):
            raise TypeError(f"{name}: a Memory has its values and mask; give them to `memory`")
        keys, values, seen = keys
        single, turned = query.ndim == 2, query.ndim == 3 and not self.batch_first
        if query.ndim not in (2, 3) or query.shape[int(turned)] != values.shape[0]:
            order = "[N, L, Q]" if self.batch_first else "[L, N, Q]"
            raise RuntimeError(
                f"{name}: expected query [N, Q] or {order} with N = {values.shape[0]}, got {tuple(query.shape)}"
            )
        query = ops.unsqueeze(query, 1) if single else ops.transpose(query, 0, 1) if turned else query
        scores = self._scores(query, keys)
        weights = attention_weights(scores if seen is None else ops.where(seen, scores, -math.inf))
        context = ops.matmul(weights, values)
        if single:
            return ops.squeeze(context, 1), ops.squeeze(weights, 1)
        return (ops.transpose(context, 0, 1) if turned else context), weights

    def _seen(self, mask, lengths, N: int, T: int) -> Tensor | None:
        name, ends, found = type(self).__name__, check_lengths(lengths, T, N, type(self).__name__), []
        if ends is not None:
            found.append(np.arange(T) < ends[:, None])
        if mask is not None:
            found.append(np.asarray(mask.array if isinstance(mask, Tensor) else mask))
            if found[-1].dtype != np.bool_:
                raise TypeError(f"{name}: expected mask of bools, True where a key may be seen, got {found[-1].dtype}")
            if found[-1].shape != (N, T):
                raise RuntimeError(f"{name}: expected mask [N, T] = {(N, T)}, got {found[-1].shape}")
        return Tensor(np.logical_and.reduce(found)[:, None]) if found else None

    def _check(self, what: str, x: Tensor, size: int) -> None:
        if x.shape[-1] != size:
            raise RuntimeError(f"{type(self).__name__}: expected {what} of {size} features, got {tuple(x.shape)}")

    def extra_repr(self) -> str:
        return "batch_first=True" if self.batch_first else ""


class AdditiveAttention(DecoderAttention):
    """Attention whose scores are those of a network with one hidden layer.

        score_t = v^T tanh(W_q query + W_k key_t)
        weights = softmax(score),  context = sum_t weights_t value_t

    Args:
        query_size, key_size: features of a query, such as the decoder's state, and of a key, the encoder's.
        hidden_size: H, of the hidden layer.
        bias: whether a bias is added inside the tanh.
        batch_first: keys [N, T, K] instead of [T, N, K], and queries of several steps likewise.

    Parameters `weight_query` [H, Q], `weight_key` [H, K], `weight_score` [H] (v) and `bias` [H], each drawn as in a
    `Linear` of as many inputs. In a decoder's loop let `memory` compute W_k key_t once for all steps.

    Source: Bahdanau, Cho & Bengio 2014.

    Example:
        >>> import tinygrad_rnn as tg
        >>> attention = tg.nn.AdditiveAttention(8, 6, 10)
        >>> memory = attention.memory(tg.randn(5, 2, 6), lengths=[5, 3])
        >>> context, weights = attention(tg.randn(2, 8), memory)
        >>> context.shape, weights.shape
        (Size([2, 6]), Size([2, 5]))
    """

    def __init__(
        self, query_size: int, key_size: int, hidden_size: int, bias: bool = False, batch_first: bool = False,
        device=None, dtype=None,
    ) -> None:  # fmt: skip
        super().__init__(batch_first)
        for what, size in (("query_size", query_size), ("key_size", key_size), ("hidden_size", hidden_size)):
            if size < 1:
                raise ValueError(f"AdditiveAttention: {what} must be at least 1, got {size}")
        self.query_size, self.key_size, self.hidden_size = int(query_size), int(key_size), int(hidden_size)
        options = {"device": device, "dtype": dtype}
        self.weight_query = Parameter(empty(self.hidden_size, self.query_size, **options))
        self.weight_key = Parameter(empty(self.hidden_size, self.key_size, **options))
        self.weight_score = Parameter(empty(self.hidden_size, **options))
        self.register_parameter("bias", Parameter(empty(self.hidden_size, **options)) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """U(-k, k) with k = 1 / sqrt(number of inputs)."""
        sizes = {"query": self.query_size, "key": self.key_size, "score": self.hidden_size}
        for name, size in sizes.items():
            init.uniform_(getattr(self, f"weight_{name}"), -1 / math.sqrt(size), 1 / math.sqrt(size))
        if self.bias is not None:
            init.uniform_(self.bias, -1 / math.sqrt(self.query_size), 1 / math.sqrt(self.query_size))

    def _keys(self, keys: Tensor) -> Tensor:
        self._check("keys", keys, self.key_size)
        return ops.linear(keys, self.weight_key)

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        self._check("query", query, self.query_size)
        query = ops.unsqueeze(ops.linear(query, self.weight_query, self.bias), 2)  # [N, L, 1, H]
        return ops.matmul(ops.tanh(query + ops.unsqueeze(keys, 1)), self.weight_score)

    def extra_repr(self) -> str:
        shown = [f"{self.query_size}, {self.key_size}, {self.hidden_size}", "" if self.bias is None else "bias=True"]
        return ", ".join([part for part in (*shown, super().extra_repr()) if part])


class DotProductAttention(DecoderAttention):
    """Attention whose scores are products; it has no parameters.

        score_t = query . key_t / sqrt(K)
        weights = softmax(score),  context = sum_t weights_t value_t

    Args:
        scale: whether to divide by sqrt(K), K the length of a key, as in Vaswani et al. 2017; else as in Luong et al.
        batch_first: keys [N, T, K] instead of [T, N, K], and queries of several steps likewise.

    A query is as long as a key; a `Linear` before it makes Luong's "general" score.

    Source: Luong, Pham & Manning 2015; Vaswani et al. 2017.

    Example:
        >>> import tinygrad_rnn as tg
        >>> context, weights = tg.nn.DotProductAttention()(tg.randn(2, 6), tg.randn(5, 2, 6))
        >>> context.shape, weights.shape
        (Size([2, 6]), Size([2, 5]))
    """

    def __init__(self, scale: bool = True, batch_first: bool = False) -> None:
        super().__init__(batch_first)
        self.scale = bool(scale)

    def _keys(self, keys: Tensor) -> Tensor:
        return keys

    def _scores(self, query: Tensor, keys: Tensor) -> Tensor:
        K = keys.shape[2]
        self._check("query, as long as a key,", query, K)
        scores = ops.matmul(query, ops.transpose(keys, 1, 2))
        return scores / math.sqrt(max(K, 1)) if self.scale else scores

    def extra_repr(self) -> str:
        return ", ".join([part for part in ("" if self.scale else "scale=False", super().extra_repr()) if part])
