"""Products of matrices, tables of vectors."""

from __future__ import annotations

import numpy as np

from ..builder import Builder
from ..graph import Step
from ..table import translates


@translates("matmul")
def matmul(b: Builder, step: Step) -> str:
    return b.add("MatMul", *[b.cast(x, step.y.dtype) for x in step.inputs])


@translates("linear")
def linear(b: Builder, step: Step) -> str:
    x, weight, bias = step.inputs
    if x.ndim == weight.ndim == 2 and (bias is None or bias.ndim == 1):
        return b.add("Gemm", b[x], b[weight], *([] if bias is None else [b[bias]]), transB=1)
    w = b[weight]
    y = b.add("MatMul", b[x], b.add("Transpose", w, perm=[1, 0], called=f"{w}.T") if weight.ndim == 2 else w)
    return y if bias is None else b.add("Add", y, b[bias])


@translates("contract")
def contract(b: Builder, step: Step) -> str:
    return b.add("Einsum", *[b.cast(x, step.y.dtype) for x in step.inputs], equation=step["equation"])


@translates("embedding")
def embedding(b: Builder, step: Step) -> str:
    names, weight = step.inputs
    return b.add("Gather", b[weight], b.cast(names, np.dtype("i8")), axis=0)
