"""Operations on each element: arithmetic, functions, comparisons, logic, choices."""

from __future__ import annotations

import math

import numpy as np

from ..builder import Builder
from ..graph import Step, Value
from ..table import translates

BOOL = np.dtype("?")

# Operations that are one node, whose inputs come in the dtype of the result.
SAME = {
    "add": "Add", "sub": "Sub", "mul": "Mul", "div": "Div", "pow": "Pow", "neg": "Neg", "maximum": "Max",
    "minimum": "Min", "abs": "Abs", "sign": "Sign", "sqrt": "Sqrt", "reciprocal": "Reciprocal", "exp": "Exp",
    "log": "Log", "tanh": "Tanh", "sigmoid": "Sigmoid", "relu": "Relu", "erf": "Erf", "sin": "Sin", "cos": "Cos",
    "tan": "Tan", "asin": "Asin", "acos": "Acos", "atan": "Atan", "sinh": "Sinh", "cosh": "Cosh", "floor": "Floor",
    "ceil": "Ceil",
}  # fmt: skip
COMPARISONS = {"eq": "Equal", "lt": "Less", "le": "LessOrEqual", "gt": "Greater", "ge": "GreaterOrEqual"}
LOGIC = {"logical_and": "And", "logical_or": "Or", "logical_xor": "Xor", "logical_not": "Not"}
BITS = {"bitwise_and": "And", "bitwise_or": "Or", "bitwise_xor": "Xor", "bitwise_not": "Not"}


@translates(*SAME)
def same(b: Builder, step: Step) -> str:
    return b.add(SAME[step.op], *[b.cast(x, step.y.dtype) for x in step.inputs])


@translates(*COMPARISONS, "ne")
def comparison(b: Builder, step: Step) -> str:
    order = step.op not in ("eq", "ne") and step.inputs[0].dtype == BOOL  # bools have none in ONNX
    inputs = [b.cast(x, np.dtype("i4") if order else x.dtype) for x in step.inputs]
    return b.add("Not", b.add("Equal", *inputs)) if step.op == "ne" else b.add(COMPARISONS[step.op], *inputs)


@translates(*LOGIC)
def logic(b: Builder, step: Step) -> str:
    return b.add(LOGIC[step.op], *[b.cast(x, BOOL) for x in step.inputs])


@translates(*BITS)
def bits(b: Builder, step: Step) -> str:
    prefix = "" if step.y.dtype == BOOL else "Bitwise"
    return b.add(prefix + BITS[step.op], *[b.cast(x, step.y.dtype) for x in step.inputs])


# --- choices ------------------------------------------------------------------------------------------------


@translates("where")
def where(b: Builder, step: Step) -> str:
    condition, x, other = step.inputs
    return b.add("Where", b.cast(condition, BOOL), b.cast(x, step.y.dtype), b.cast(other, step.y.dtype))


@translates("masked_fill")
def masked_fill(b: Builder, step: Step) -> str:
    x, mask = step.inputs
    return b.add("Where", b.cast(mask, BOOL), b.like(step["value"], step.y), b[x])


@translates("clamp")
def clamp(b: Builder, step: Step) -> str:
    x, *bounds = step.inputs
    y = b.cast(x, step.y.dtype)
    for op_type, bound in zip(("Max", "Min"), bounds):
        y = y if bound is None else b.add(op_type, y, b.cast(bound, step.y.dtype))
    return y


@translates("isnan")
def isnan(b: Builder, step: Step) -> str:
    return b.add("IsNaN", b[step.inputs[0]])


@translates("isinf")
def isinf(b: Builder, step: Step) -> str:
    return b.add("IsInf", b[step.inputs[0]])


@translates("isfinite")
def isfinite(b: Builder, step: Step) -> str:
    return b.add("Not", b.add("Or", isnan(b, step), isinf(b, step)))


# --- functions made of others ---------------------------------------------------------------------------------


def argument(b: Builder, step: Step) -> str:
    return b.cast(step.inputs[0], step.y.dtype)


@translates("cast")
def cast(b: Builder, step: Step) -> str:
    return b.cast(step.inputs[0], step.y.dtype)


@translates("clone", "alias")
def clone(b: Builder, step: Step) -> str:
    return b[step.inputs[0]]


@translates("square")
def square(b: Builder, step: Step) -> str:
    x = argument(b, step)
    return b.add("Mul", x, x)


@translates("rsqrt")
def rsqrt(b: Builder, step: Step) -> str:
    return b.add("Reciprocal", b.add("Sqrt", argument(b, step)))


@translates("exp2")
def exp2(b: Builder, step: Step) -> str:
    return b.add("Pow", b.like(2, step.y), argument(b, step))


@translates("expm1")
def expm1(b: Builder, step: Step) -> str:
    return b.add("Sub", b.add("Exp", argument(b, step)), b.like(1, step.y))


@translates("log1p")
def log1p(b: Builder, step: Step) -> str:
    return b.add("Log", b.add("Add", argument(b, step), b.like(1, step.y)))


@translates("log2", "log10")
def other_logarithm(b: Builder, step: Step) -> str:
    base = math.log(2 if step.op == "log2" else 10)
    return b.add("Div", b.add("Log", argument(b, step)), b.like(base, step.y))


@translates("softplus")
def softplus(b: Builder, step: Step) -> str:
    x, beta = argument(b, step), step["beta"]
    scale = b.like(beta, step.y)
    scaled = x if beta == 1 else b.add("Mul", x, scale)
    y = b.add("Softplus", scaled)
    y = y if beta == 1 else b.add("Div", y, scale)
    if step["threshold"] >= 20:  # there it is x to the last bit
        return y
    return b.add("Where", b.add("Greater", scaled, b.like(step["threshold"], step.y)), x, y)


@translates("leaky_relu")
def leaky_relu(b: Builder, step: Step) -> str:
    return b.add("LeakyRelu", argument(b, step), alpha=float(step["negative_slope"]))


@translates("elu")
def elu(b: Builder, step: Step) -> str:
    return b.add("Elu", argument(b, step), alpha=float(step["alpha"]))


@translates("trunc")
def trunc(b: Builder, step: Step) -> str:
    x = argument(b, step)
    return b.add("Mul", b.add("Sign", x), b.add("Floor", b.add("Abs", x)))


@translates("round")
def round_(b: Builder, step: Step) -> str:
    scale = b.like(10.0 ** step["decimals"], step.y)
    return b.add("Div", b.add("Round", b.add("Mul", argument(b, step), scale)), scale)


@translates("fmod")
def fmod(b: Builder, step: Step) -> str:
    return b.add("Mod", *[b.cast(x, step.y.dtype) for x in step.inputs], fmod=1)


@translates("remainder")
def remainder(b: Builder, step: Step) -> str:
    x, divisor = [b.cast(each, step.y.dtype) for each in step.inputs]
    if step.y.dtype.kind != "f":
        return b.add("Mod", x, divisor)
    return b.add("Sub", x, b.add("Mul", b.add("Floor", b.add("Div", x, divisor)), divisor))


@translates("floor_divide")
def floor_divide(b: Builder, step: Step) -> str:
    x, divisor = [b.cast(each, step.y.dtype) for each in step.inputs]
    if step.y.dtype.kind == "f":
        return b.add("Floor", b.add("Div", x, divisor))
    return b.add("Div", b.add("Sub", x, b.add("Mod", x, divisor)), divisor)  # ONNX's Div rounds towards 0


@translates("softmax", "log_softmax")
def softmax(b: Builder, step: Step) -> str:
    x, dim = argument(b, step), class_dim(step["dim"], step.y)
    return b.add("Softmax" if step.op == "softmax" else "LogSoftmax", x, axis=dim)


def class_dim(dim: int | None, y: Value) -> int:
    """The dimension that is meant where none was given, as the operation takes it."""
    return (0 if y.ndim in (0, 1, 3) else 1) if dim is None else dim
