"""Arithmetic: sums, products, powers of elements, with broadcasting."""

from __future__ import annotations

from ..autograd.op import Array, primitive
from .quiet import quiet


@primitive
def add(a: Array, b: Array) -> Array:
    """Elementwise sum, y = a + b."""
    return a + b


add.vjp(lambda dy: (dy, dy))


@primitive
def sub(a: Array, b: Array) -> Array:
    """Elementwise difference, y = a - b."""
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
    """y = input + alpha * other. Source: `torch.add`."""
    return input + other if alpha == 1 else input + other * alpha


def sub_scaled(input, other, *, alpha=1):
    """y = input - alpha * other. Source: `torch.sub`."""
    return input - other if alpha == 1 else input - other * alpha


def addcmul(input, tensor1, tensor2, *, value=1):
    """y = input + value * tensor1 * tensor2. Source: `torch.addcmul`."""
    return input + tensor1 * tensor2 * value


def addcdiv(input, tensor1, tensor2, *, value=1):
    """y = input + value * tensor1 / tensor2. Source: `torch.addcdiv`."""
    return input + tensor1 / tensor2 * value


def lerp(input, end, weight):
    """y = input + weight * (end - input). Source: `torch.lerp`."""
    return input + (end - input) * weight
