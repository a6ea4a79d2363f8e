"""The optimisers' updates, each in one pass over its parameter p, the gradient dp and what is remembered.

The functions have the arguments of those of the same names in the optimisers' files, which say what they
compute; None stands for what is not remembered. To a kernel that is an empty array, and flags are numbers, so
that it is compiled once for each dtype. Its numbers come as one array, which is handed over faster than each.
Loops over more than four arrays do not become vector code (there are too many pairs that might overlap), so
what needs more is cut into several loops.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .fork import shared
from .jit import part
from .passes import divide

BLOCK = 1024  # numbers, of which threads take whole blocks; they lie in the first cache under several loops


@part
def blocks(x, first, last):
    """The blocks first ... last - 1 of x."""
    return x[first * BLOCK : last * BLOCK]


@part
def descent(dp, p, sign, decay):
    """sign * dp + decay * p; without decay an infinite p does not matter."""
    return sign * dp + decay * p if decay != 0 else sign * dp


@shared
def sgd_pass(p, dp, b, numbers, first, last):
    """`sgd` of some blocks."""
    p, dp, b = blocks(p, first, last), blocks(dp, first, last), blocks(b, first, last)
    sign, decay, momentum = numbers[0], numbers[1], numbers[2]
    rate, lr, nesterov = numbers[3], numbers[4], numbers[5]
    if b.size == 0:
        for j in range(p.size):
            p[j] -= lr * descent(dp[j], p[j], sign, decay)
    else:
        for j in range(p.size):
            d = descent(dp[j], p[j], sign, decay)
            b[j] = momentum * b[j] + rate * d
            p[j] -= lr * (d + momentum * b[j] if nesterov != 0 else b[j])


@part
def moments(m, v, d, rate1, keep2, rate2):
    """Adam's running mean of the gradient and of its square."""
    return m + rate1 * (d - m), keep2 * v + rate2 * d * d


@part
def adam_step(p, m, v, shrink, step, eps):
    """Adam's parameter after the step."""
    return shrink * p - step * m / (np.sqrt(v) + eps)


@shared
def adam_pass(p, dp, m, v, largest, numbers, first, last):
    """`adam` of some blocks."""
    p, dp, largest = blocks(p, first, last), blocks(dp, first, last), blocks(largest, first, last)
    m, v = blocks(m, first, last), blocks(v, first, last)
    sign, decay, shrink, rate1 = numbers[0], numbers[1], numbers[2], numbers[3]
    keep2, rate2, step, eps = numbers[4], numbers[5], numbers[6], numbers[7]
    if largest.size == 0:
        for j in range(p.size):
            d = descent(dp[j], p[j], sign, decay)
            m[j], v[j] = moments(m[j], v[j], d, rate1, keep2, rate2)
            p[j] = adam_step(p[j], m[j], v[j], shrink, step, eps)
    else:
        for j in range(p.size):
            d = descent(dp[j], p[j], sign, decay)
            m[j], v[j] = moments(m[j], v[j], d, rate1, keep2, rate2)
        for j in range(p.size):
            largest[j] = v[j] if v[j] > largest[j] or np.isnan(v[j]) else largest[j]
        for j in range(p.size):
            p[j] = adam_step(p[j], m[j], largest[j], shrink, step, eps)


@part
def rmsprop_block(p, dp, v, mean, b, sign, decay, keep, rate, eps, momentum, lr, d):
    """`rmsprop` for one block; d has room for what takes the place of dp."""
    for j in range(p.size):
        d[j] = descent(dp[j], p[j], sign, decay)
    for j in range(p.size):
        v[j] = keep * v[j] + rate * d[j] * d[j]
    if mean.size == 0:
        for j in range(p.size):
            d[j] /= np.sqrt(v[j]) + eps
    else:
        for j in range(p.size):
            mean[j] += rate * (d[j] - mean[j])
        for j in range(p.size):
            d[j] /= np.sqrt(v[j] - mean[j] * mean[j]) + eps
    if b.size == 0:
        for j in range(p.size):
            p[j] -= lr * d[j]
    else:
        for j in range(p.size):
            b[j] = momentum * b[j] + d[j]
            p[j] -= lr * b[j]


@shared
def rmsprop_pass(p, dp, v, mean, b, numbers, first, last):
    """`rmsprop` of some blocks."""
    p, dp, v = blocks(p, first, last), blocks(dp, first, last), blocks(v, first, last)
    mean, b = blocks(mean, first, last), blocks(b, first, last)
    sign, decay, keep, rate = numbers[0], numbers[1], numbers[2], numbers[3]
    eps, momentum, lr = numbers[4], numbers[5], numbers[6]
    d = np.empty(BLOCK, p.dtype)
    for start in range(0, p.size, BLOCK):
        end = start + BLOCK
        rmsprop_block(
            p[start:end], dp[start:end], v[start:end], mean[start:end], b[start:end],
            sign, decay, keep, rate, eps, momentum, lr, d,
        )  # fmt: skip


@shared
def adagrad_pass(p, dp, s, numbers, first, last):
    """`adagrad` of some blocks."""
    p, dp, s = blocks(p, first, last), blocks(dp, first, last), blocks(s, first, last)
    sign, decay, eps, lr = numbers[0], numbers[1], numbers[2], numbers[3]
    for j in range(p.size):
        d = descent(dp[j], p[j], sign, decay)
        s[j] += d * d
        p[j] -= lr * d / (np.sqrt(s[j]) + eps)


@shared
def adadelta_pass(p, dp, v, a, numbers, first, last):
    """`adadelta` of some blocks."""
    p, dp = blocks(p, first, last), blocks(dp, first, last)
    v, a = blocks(v, first, last), blocks(a, first, last)
    sign, decay, keep, rate = numbers[0], numbers[1], numbers[2], numbers[3]
    eps, lr = numbers[4], numbers[5]
    for j in range(p.size):
        d = descent(dp[j], p[j], sign, decay)
        v[j] = keep * v[j] + rate * d * d
        d *= np.sqrt(a[j] + eps) / np.sqrt(v[j] + eps)
        a[j] = keep * a[j] + rate * d * d
        p[j] -= lr * d


def rule(run: Callable, count: int) -> Callable:
    """The update that a kernel computes: of so many arrays, or None for some, and of numbers."""

    def update(p: np.ndarray, *others) -> None:
        p = p.reshape(-1)
        nothing = p[:0]
        arrays = [p, *[nothing if x is None else x.reshape(-1) for x in others[: count - 1]]]
        numbers = np.array(others[count - 1 :], p.dtype)
        divide(run, -(-p.size // BLOCK), 1.0 * p.size, *arrays, numbers)

    return update


sgd, adam = rule(sgd_pass, 3), rule(adam_pass, 5)
rmsprop, adagrad, adadelta = rule(rmsprop_pass, 5), rule(adagrad_pass, 3), rule(adadelta_pass, 4)
