"""All parameters as one vector, and back."""

from __future__ import annotations

from collections.abc import Iterable

from ... import ops
from ...autograd.inplace import writable
from ...autograd.scope import no_grad
from ...autograd.writes import Writes
from ...tensor import Tensor


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """The elements of all parameters, one after the other; differentiable.

    Source: `torch.nn.utils.parameters_to_vector`.
    """
    return ops.cat([ops.reshape(p, (-1,)) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write the elements of a vector into the parameters, one after the other.

    Raises:
        TypeError: `vec` is not a tensor.
        RuntimeError: it has not as many elements as the parameters; nothing was written then.

    Source: `torch.nn.utils.vector_to_parameters`, where parameters then share the memory of `vec`.
    """
    if not isinstance(vec, Tensor):
        raise TypeError(f"expected Tensor, but got: {type(vec).__name__}")
    params, values = list(parameters), vec.array.reshape(-1)
    total = sum([p.array.size for p in params])
    if values.size != total:
        raise RuntimeError(f"vector_to_parameters: {values.size} elements for parameters with {total}")
    with no_grad():
        for p in params:
            writable(p, "vector_to_parameters")
    start = 0
    for p in params:
        p.array[...] = values[start : start + p.array.size].reshape(p.array.shape)
        start += p.array.size
        Writes.note(p.array, "vector_to_parameters")
