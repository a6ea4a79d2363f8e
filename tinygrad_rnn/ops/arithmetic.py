"""Arithmetic: sums, products, powers of elements, with broadcasting."""

from __future__ import annotations

import operator

from ..autograd.op import Array, primitive
from ..autograd.promotion import BOOL, F32
from ..kernels.quiet import quiet
from .floating import refuse_integers


@primitive
def add(a: Array, b: Array) -> Array:
    """Elementwise sum, y = a + b."""
    return a + b


add.vjp(lambda dy: (dy, dy))


@primitive(scalar=operator.sub, unrecorded=operator.sub)  # in rules also of an array and a float
def sub(a: Array, b: Array) -> Array:
    """Elementwise difference, y = a - b; bools have none.

    Raises:
        RuntimeError: a or b holds bools.
    """
    if a.dtype is BOOL or b.dtype is BOOL:
        raise RuntimeError("subtraction with a bool tensor is not supported; to invert a mask use ~ or logical_not()")
    return a - b


sub.vjp(da=lambda dy: dy, db=lambda dy: -dy)


@primitive
def mul(a: Array, b: Array) -> Array:
    """Elementwise product, y = a * b."""
    return a * b


mul.vjp(da=lambda dy, b: dy * b, db=lambda dy, a: dy * a)


@primitive
@quiet
def div(a: Array, b: Array) -> Array:
    """Elementwise quotient, y = a / b; integers give floats."""
    return a / b


div.vjp(da=lambda dy, b: dy / b, db=lambda dy, b, y: -dy * y / b)


@primitive
def neg(x: Array) -> Array:
    """Elementwise negation, y = -x."""
    return -x


neg.vjp(dx=lambda dy: -dy)


def add_scaled(input, other, *, alpha=1):
    """y = input + alpha * other. Source: `torch.add`; floats do not scale integers."""
    return add(input, other) if alpha == 1 else add(input, _scaled(input, other, alpha))


def sub_scaled(input, other, *, alpha=1):
    """y = input - alpha * other. Source: `torch.sub`; floats do not scale integers."""
    return sub(input, other) if alpha == 1 else sub(input, _scaled(input, other, alpha))


def _scaled(input, other, alpha):
    """alpha * other, as summand of input."""
    if isinstance(alpha, float) and {"f"}.isdisjoint(getattr(x, "dtype", F32).kind for x in (input, other)):
        raise RuntimeError(f"For integral input tensors, alpha must not be a floating point number, got {alpha}")
    return mul(other, alpha)


def addcmul(input, tensor1, tensor2, *, value=1):
    """y = input + value * tensor1 * tensor2. Source: `torch.addcmul`."""
    return input + tensor1 * tensor2 * value


def addcdiv(input, tensor1, tensor2, *, value=1):
    """y = input + value * tensor1 / tensor2. Source: `torch.addcdiv`; of floats only."""
    if not any(getattr(x, "dtype", F32).kind == "f" for x in (tensor1, tensor2)):
        raise RuntimeError("addcdiv: expected floating point numbers, got integers; convert them with .float()")
    return input + tensor1 / tensor2 * value


def lerp(input, end, weight):
    """y = input + weight * (end - input). Source: `torch.lerp`; of floats only."""
    refuse_integers(input, end)
    return input + (end - input) * weight
