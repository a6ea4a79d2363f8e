"""Numbers side by side: a variable inside a kernel that holds as many as a vector register does.

LLVM turns a loop into vector code only if it can show that its arrays do not overlap, for each pair of them, and
then leaves the last few numbers of a row to be worked on one by one. Here a loop says itself what is a vector:

    for j in range(0, H, L):
        write(y, j, H - j, tanh(read(x, j, H - j)))

`read` takes L numbers of a row, or those that are left of it: then the other lanes are zero, and `write` leaves
their places alone. The operators, abs, and `like`, `select`, `with_sign_of` and `power_of_two` take such a variable as
they take a number, so a formula serves both. Where nothing is compiled (NUMBA_DISABLE_JIT=1) it is a NumPy array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, models, register_model

from .jit import COMPILED
from .tile import INDEX, LANE, Vectors, lanes


class Vector(types.Type):
    """As many numbers of one type as a register holds."""

    def __init__(self, number: types.Type) -> None:
        self.number = number
        super().__init__(f"Vector({number})")


class Mask(types.Type):
    """A truth value for each number of a vector."""

    def __init__(self, number: types.Type) -> None:
        self.number = number
        super().__init__(f"Mask({number})")


@register_model(Vector)
class VectorModel(models.PrimitiveModel):
    """A vector is LLVM's vector."""

    def __init__(self, manager: Any, kind: Vector) -> None:
        super().__init__(manager, kind, Vectors(None, kind.number).vector)


@register_model(Mask)
class MaskModel(models.PrimitiveModel):
    """A mask is LLVM's vector of bits."""

    def __init__(self, manager: Any, kind: Mask) -> None:
        super().__init__(manager, kind, ir.VectorType(ir.IntType(1), Vectors(None, kind.number).lanes))


def vector_among(kinds: tuple[types.Type, ...]) -> Vector | None:
    """The type of vector that is computed with."""
    return next((kind for kind in kinds if isinstance(kind, Vector)), None)


def spread(builder: Any, vector: Vector, kinds: tuple[types.Type, ...], arguments: Any) -> list[Any]:
    """The arguments as vectors: a number is put into every lane."""
    write = Vectors(builder, vector.number)
    return [value if isinstance(kind, Vector) else write.spread(value) for kind, value in zip(kinds, arguments)]


def lower(function: Callable, result: Callable, build: Callable) -> None:
    """Let `function`, of vectors and numbers, be written by build(builder, *vectors) and be of the type `result`."""

    @infer_global(function)
    class Typing(AbstractTemplate):
        def generic(self, arguments, keywords):
            vector = vector_among(arguments)
            return None if vector is None else signature(result(vector.number), *arguments)

    def codegen(context, builder, signature, arguments):
        vector = vector_among(signature.args)
        return build(builder, *spread(builder, vector, signature.args, arguments))

    for kinds in ((Vector,), (Vector, Vector), (Vector, types.Float), (types.Float, Vector)):
        lower_builtin(function, *kinds)(codegen)


def call(builder: Any, name: str, *arguments: Any) -> Any:
    """LLVM's own function of this name, of arguments of one type."""
    kind = arguments[0].type
    suffix = f"v{kind.count}{NAMES[kind.element]}" if isinstance(kind, ir.VectorType) else NAMES[kind]
    whole = ir.FunctionType(kind, [kind] * len(arguments))
    return builder.call(cgutils.get_or_insert_function(builder.module, whole, f"llvm.{name}.{suffix}"), arguments)


NAMES = {ir.FloatType(): "f32", ir.DoubleType(): "f64"}
MANTISSA = {4: 23, 8: 52}  # bits below the exponent, by the bytes of a number

lower(operator.add, Vector, lambda builder, a, b: builder.fadd(a, b))
lower(operator.sub, Vector, lambda builder, a, b: builder.fsub(a, b))
lower(operator.mul, Vector, lambda builder, a, b: builder.fmul(a, b))
lower(operator.truediv, Vector, lambda builder, a, b: builder.fdiv(a, b))
lower(operator.neg, Vector, lambda builder, a: builder.fneg(a))
lower(abs, Vector, lambda builder, a: call(builder, "fabs", a))
lower(operator.lt, Mask, lambda builder, a, b: builder.fcmp_ordered("<", a, b))
lower(operator.gt, Mask, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
lower(operator.le, Mask, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))


@intrinsic
def select_compiled(typing_context, condition, a, b):
    result = vector_among((a, b)) or a

    def codegen(context, builder, signature, arguments):
        condition, *values = arguments
        if isinstance(result, Vector):
            values = spread(builder, result, signature.args[1:], values)
        return builder.select(condition, *values)

    return result(condition, a, b), codegen


@intrinsic
def like_compiled(typing_context, x, value):
    number = x.number if isinstance(x, Vector) else x

    def codegen(context, builder, signature, arguments):
        value = context.cast(builder, arguments[1], signature.args[1], number)
        return Vectors(builder, number).spread(value) if isinstance(x, Vector) else value

    return x(x, value), codegen


@intrinsic
def with_sign_of_compiled(typing_context, x, sign):
    def codegen(context, builder, signature, arguments):
        return call(builder, "copysign", *arguments)

    return x(x, sign), codegen


@intrinsic
def power_of_two_compiled(typing_context, shifted):
    number = shifted.number if isinstance(shifted, Vector) else shifted

    def codegen(context, builder, signature, arguments):
        bits, mantissa = ir.IntType(number.bitwidth), MANTISSA[number.bitwidth // 8]
        by = bits(mantissa)
        if isinstance(shifted, Vector):
            bits = ir.VectorType(bits, arguments[0].type.count)
            by = bits([mantissa] * bits.count)
        moved = builder.shl(builder.bitcast(arguments[0], bits), by)
        return builder.bitcast(moved, arguments[0].type)

    return shifted(shifted), codegen


def place(context: Any, builder: Any, row: types.Array, arguments: Any) -> tuple[Vectors, Any, Any]:
    """What writes vectors of a row's numbers, where number j of the row lies, and whether a whole vector is left."""
    array, j, left = arguments
    write = Vectors(builder, row.dtype)
    pointer = write.pointer(context.make_array(row)(context, builder, array).data, j)
    return write, pointer, builder.icmp_signed(">=", left, INDEX(write.lanes))


def lanes_inside(write: Vectors, left: Any) -> Any:
    """Of the lanes of a vector the first `left`."""
    builder, indices = write.builder, ir.VectorType(INDEX, write.lanes)
    nothing = ir.Constant(indices, ir.Undefined)
    every = write.shuffle(builder.insert_element(nothing, left, LANE(0)), nothing, [0] * write.lanes)
    return builder.icmp_signed("<", indices(list(range(write.lanes))), every)


def masked(write: Vectors, name: str, result: Any, *arguments: Any) -> Any:
    """LLVM's load or store of some lanes."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    name = f"llvm.masked.{name}.v{write.lanes}{NAMES[write.number]}.p0"
    return write.builder.call(cgutils.get_or_insert_function(write.builder.module, kind, name), arguments)


@intrinsic
def read_compiled(typing_context, row, j, left):
    if row.layout != "C":  # its numbers do not lie side by side
        return None

    def codegen(context, builder, signature, arguments):
        write, pointer, whole = place(context, builder, row, arguments)
        with builder.if_else(whole, likely=True) as (all_of_them, some):
            with all_of_them:
                vector, from_all = write.load(pointer), builder.block
            with some:
                inside, start = lanes_inside(write, arguments[2]), builder.bitcast(pointer, write.vector.as_pointer())
                part = masked(write, "load", write.vector, start, LANE(write.size), inside, write.zero())
                from_some = builder.block
        result = builder.phi(write.vector)
        result.add_incoming(vector, from_all)
        result.add_incoming(part, from_some)
        return result

    return Vector(row.dtype)(row, types.intp, types.intp), codegen


@intrinsic
def write_compiled(typing_context, row, j, left, vector):
    if row.layout != "C":
        return None

    def codegen(context, builder, signature, arguments):
        *where, vector = arguments
        write, pointer, whole = place(context, builder, row, where)
        with builder.if_else(whole, likely=True) as (all_of_them, some):
            with all_of_them:
                write.store(vector, pointer)
            with some:
                inside, start = lanes_inside(write, where[2]), builder.bitcast(pointer, write.vector.as_pointer())
                masked(write, "store", ir.VoidType(), vector, start, LANE(write.size), inside)
        return context.get_dummy_value()

    return types.void(row, types.intp, types.intp, vector), codegen


def like_plain(x, value):
    return x.dtype.type(value)


def power_of_two_plain(shifted):
    bits = np.int32 if shifted.dtype == np.float32 else np.int64
    return np.left_shift(shifted.view(bits), MANTISSA[bits().itemsize], dtype=bits).view(shifted.dtype)


def read_plain(row, j, left):
    return row[j : j + min(left, lanes(row.dtype.type(0)))].copy()


def write_plain(row, j, left, vector):
    row[j : j + len(vector)] = vector


# The numbers of `row` from j on, of which `left` are left; a vector to that place; a number as one of x's type (in
# every lane); a where the condition holds, else b; x with the sign of another; and, from numbers whose lowest bits
# hold an exponent with its bias, the power of two that has this exponent.
read = read_compiled if COMPILED else read_plain
write = write_compiled if COMPILED else write_plain
like = like_compiled if COMPILED else like_plain
select = select_compiled if COMPILED else np.where
with_sign_of = with_sign_of_compiled if COMPILED else np.copysign
power_of_two = power_of_two_compiled if COMPILED else power_of_two_plain
