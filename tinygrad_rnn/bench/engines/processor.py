"""The processor itself: how many multiply-adds a second it does where nothing else keeps it waiting."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce

import numpy as np
from llvmlite import binding, ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from ..work import Work

STEPS = 1_000_000  # of the loop in a call: several milliseconds, so that starting threads does not count


def registers() -> tuple[int, int]:
    """Bytes of a vector register, and how many independent sums hide the latency and still fit the registers."""
    features = binding.get_host_cpu_features()
    if features.get("avx512f"):
        return 64, 24
    if features.get("avx"):
        return 32, 12
    return 16, 24 if features.get("neon") else 12


def multiply_adds(dtype: np.dtype, width: int, sums: int):
    """A kernel run(x, steps) with `sums` vectors of `width` lanes, each s = x * x + s in every step.

    It returns a number that depends on all of them, else the compiler would leave them out.
    """
    real = {4: ir.FloatType(), 8: ir.DoubleType()}[dtype.itemsize]
    vector = ir.VectorType(real, width)

    @intrinsic
    def emit(typing_context, x, steps):
        def codegen(context, builder, signature, args):
            x, steps = args
            index = steps.type
            name = f"llvm.fmuladd.v{width}f{8 * dtype.itemsize}"
            multiply_add = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(vector, [vector] * 3), name
            )
            lane_0 = builder.insert_element(ir.Constant(vector, ir.Undefined), x, ir.Constant(ir.IntType(32), 0))
            zeros = ir.Constant(ir.VectorType(ir.IntType(32), width), [0] * width)
            x_vector = builder.shuffle_vector(lane_0, lane_0, zeros)
            before, loop, after = builder.block, builder.append_basic_block("loop"), builder.append_basic_block("after")
            builder.branch(loop)

            builder.position_at_end(loop)
            step = builder.phi(index)
            step.add_incoming(ir.Constant(index, 0), before)
            totals = [builder.phi(vector) for _ in range(sums)]
            increased = [builder.call(multiply_add, [x_vector, x_vector, total]) for total in totals]
            for k, total in enumerate(totals):  # different beginnings: equal sums would be computed once
                total.add_incoming(ir.Constant(vector, [float(k)] * width), before)
                total.add_incoming(increased[k], loop)
            following = builder.add(step, ir.Constant(index, 1))
            step.add_incoming(following, loop)
            builder.cbranch(builder.icmp_signed("<", following, steps), loop, after)

            builder.position_at_end(after)
            result = reduce(builder.fadd, increased)
            return builder.extract_element(result, ir.Constant(ir.IntType(32), 0))

        return x(x, types.intp), codegen

    @njit(nogil=True)
    def run(x, steps):
        return emit(x, steps)

    return run


class Processor:
    """Independent multiply-adds on vector registers.

    Args:
        threads: that run them side by side.
    """

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads)

    def ceiling(self, dtype: str) -> Work:
        """A call is a fixed number of operations on every thread."""
        kind = np.dtype(dtype)
        size, sums = registers()
        lanes = size // kind.itemsize
        run, x = multiply_adds(kind, lanes, sums), kind.type(0.5)

        def call() -> list:
            return list(self.pool.map(lambda _: run(x, STEPS), range(self.threads)))

        return Work(call, lambda found: {"sums": found}, 2.0 * STEPS * sums * lanes * self.threads)
