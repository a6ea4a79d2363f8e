"""Embedding: a table of vectors, looked up one by one or in bags."""

from __future__ import annotations

from ..creation import empty
from ..ops import lookup
from ..tensor import Tensor
from . import functional, init
from .module import Module
from .parameter import Parameter


class Table(Module):
    """A table of vectors, a row for each symbol."""

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device=None,
        dtype=None,
    ) -> None:
        super().__init__()
        lookup.refuse_options(scale_grad_by_freq, sparse)
        if padding_idx is not None:
            if not -num_embeddings <= padding_idx < num_embeddings:
                raise AssertionError(f"padding_idx must be within {num_embeddings} num_embeddings: {padding_idx}")
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.max_norm, self.norm_type = max_norm, norm_type
        if _weight is None:
            table = empty(num_embeddings, embedding_dim, device=device, dtype=dtype)
            self.weight = Parameter(table, requires_grad=not _freeze)
            self.reset_parameters()
        elif _weight.array.shape != (num_embeddings, embedding_dim):
            raise AssertionError(
                f"Shape of weight does not match num_embeddings and embedding_dim: expected "
                f"{(num_embeddings, embedding_dim)}, got {_weight.array.shape}"
            )
        else:
            self.weight = Parameter(_weight, requires_grad=not _freeze)

    def reset_parameters(self) -> None:
        """Draw the table anew."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.array[self.padding_idx] = 0


def shape_of(embeddings: Tensor) -> tuple[int, int]:
    """Rows and columns of a given table."""
    if embeddings.array.ndim != 2:
        shape = embeddings.array.shape
        raise AssertionError(f"Embeddings parameter is expected to be 2-dimensional, got shape {shape}")
    return embeddings.array.shape


class Embedding(Table):
    """A learned vector for each of `num_embeddings` symbols.

    Args:
        num_embeddings, embedding_dim: rows and columns of the table (K, D).
        padding_idx: a row that is zero at first and never trained.
        max_norm, norm_type: rows that are looked up are scaled down to this norm first, for good.
        scale_grad_by_freq, sparse: PyTorch's; only their defaults are supported.
        _weight: the table to begin with, [K, D], in place of a random one.
        _freeze: whether the table is never trained.

    Parameter `weight` [K, D], drawn from N(0, 1).

    Raises:
        AssertionError: padding_idx is not a row; the given weight does not fit.
        ValueError: an option is not supported.

    Source: `torch.nn.Embedding`.
    """

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """An Embedding whose table is `embeddings` [K, D], sharing its memory; not trained if `freeze`."""
        rows, columns = shape_of(embeddings)
        return cls(
            rows, columns, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
            _weight=embeddings, _freeze=freeze,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        return functional.embedding(input, self.weight, self.padding_idx, self.max_norm, self.norm_type)

    def extra_repr(self) -> str:
        named = {"padding_idx": self.padding_idx, "max_norm": self.max_norm}
        if self.norm_type != 2:
            named["norm_type"] = self.norm_type
        options = [f"{name}={value}" for name, value in named.items() if value is not None]
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *options])


class EmbeddingBag(Table):
    """The sum, mean or maximum of the vectors of the symbols of each bag.

    Args:
        num_embeddings, embedding_dim: rows and columns of the table (K, D).
        max_norm, norm_type: rows that are looked up are scaled down to this norm first, for good.
        scale_grad_by_freq, sparse: PyTorch's; only their defaults are supported.
        mode: "sum", "mean" or "max".
        include_last_offset: the last of the offsets says where the last bag ends.
        padding_idx: a row that counts for nothing, zero at first and never trained.
        _weight: the table to begin with, [K, D], in place of a random one.

    Parameter `weight` [K, D], drawn from N(0, 1).

    Raises:
        AssertionError: padding_idx is not a row; the given weight does not fit.
        ValueError: an option is not supported.

    Source: `torch.nn.EmbeddingBag`.
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device=None,
        dtype=None,
    ) -> None:
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse,
            _weight=_weight, device=device, dtype=dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """An EmbeddingBag whose table is `embeddings` [K, D], sharing its memory; not trained if `freeze`."""
        rows, columns = shape_of(embeddings)
        made = cls(
            rows, columns, max_norm, norm_type, scale_grad_by_freq, mode, sparse, embeddings, include_last_offset,
            padding_idx,
        )  # fmt: skip
        made.weight.requires_grad = not freeze
        return made

    def forward(
        self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None
    ) -> Tensor:
        return functional.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, mode=self.mode,
            per_sample_weights=per_sample_weights, include_last_offset=self.include_last_offset,
            padding_idx=self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        norm_type = None if self.norm_type == 2 else self.norm_type
        named = dict(max_norm=self.max_norm, norm_type=norm_type, mode=self.mode, padding_idx=self.padding_idx)
        options = [f"{name}={value!r}" for name, value in named.items() if value is not None]
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *options])
