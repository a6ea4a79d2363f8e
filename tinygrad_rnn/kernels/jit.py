"""How kernels are compiled: at the first call with a dtype, to run without the interpreter lock.

`error_model="numpy"`: Python's check for division by zero would keep a loop from using vector instructions.
`fastmath={"contract"}`: `a * b + c` may round once. Nothing else is relaxed: nan and infinity stay right.
"""

from __future__ import annotations

import functools
import logging
import os
import time
from collections.abc import Callable
from typing import Any

from numba import config, njit, typeof, types
from numba.core import compiler, event
from numba.core.ccallback import CFunc
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.registry import cpu_target
from numba.core.typing.templates import AbstractTemplate
from numba.extending import lower_builtin

from .cache import KernelCache, directory
from .fallback import CompilationError

OPTIONS: dict[str, Any] = {"error_model": "numpy", "fastmath": {"contract"}, "nogil": True}
COMPILED = not config.DISABLE_JIT
SECONDS_WORTH_A_WORD = 1.0

logger = logging.getLogger("tinygrad_rnn")


class _Ingredient(JITCodeLibrary):
    """Code that goes into other code: optimised, for that is up to 6 percent faster, but not made into machine code."""

    def _finalize_final_module(self) -> None:
        self._finalized = True


def inlined(function: Callable, chosen: Callable[[Any], Callable]) -> None:
    """Let kernels call `function`: what chosen(types of the arguments) returns is compiled into each of them."""
    found: dict[tuple[Any, ...], Any] = {}

    def compile(kinds: tuple[Any, ...]) -> Any:
        flags, body = compiler.Flags(), chosen(kinds)
        wrappers = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        cpu_target.options.parse_as_flags(flags, OPTIONS | wrappers | {"nopython": True})
        flags.no_compile = True
        typing, target = cpu_target.typing_context, cpu_target.target_context
        library = _Ingredient(target.codegen(), body.__name__)
        return compiler.compile_internal(typing, target, library, body, kinds, None, flags, locals={})

    class Typing(AbstractTemplate):
        key = function

        def generic(self, arguments, keywords):
            if arguments not in found:
                found[arguments] = compile(arguments)
            return found[arguments].signature

    @lower_builtin(function, types.VarArg(types.Any))
    def codegen(context, builder, signature, arguments):
        compiled = found[signature.args]
        context.active_code_library.add_linking_library(compiled.library)
        return context.call_internal(builder, compiled.fndesc, compiled.signature, arguments)

    function._numba_type_ = types.Function(Typing)  # type: ignore[attr-defined]


def part(function: Callable) -> Callable:
    """What kernels call: compiled into each of them. For Python it stays what it is."""
    if COMPILED:
        inlined(function, lambda kinds: function)
    return function


def kernel(function: Callable) -> Callable:
    """What Python calls: compiled at the first call with a dtype, its machine code kept on disk."""
    dispatcher = njit(**OPTIONS, no_cfunc_wrapper=True)(function)
    if not COMPILED:
        return dispatcher
    dispatcher._cache = KernelCache(function)

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        try:
            return dispatcher(*arguments)
        except MemoryError:
            raise
        except Exception as error:  # kernels raise nothing themselves
            raise CompilationError(f"{function.__module__}.{function.__name__} could not be compiled") from error

    call.dispatcher = dispatcher  # type: ignore[attr-defined]
    return call


def entry_of(kernel: Callable, *arguments: Any) -> int:
    """The address of a kernel's machine code for such arguments, to be called as Numba calls functions."""
    dispatcher, kinds = kernel.dispatcher, tuple([typeof(each) for each in arguments])  # type: ignore[attr-defined]
    try:
        dispatcher.compile(kinds)
    except Exception as error:
        raise CompilationError(f"{kernel.__module__}.{kernel.__name__} could not be compiled") from error
    compiled = dispatcher.overloads[kinds]
    return compiled.library.get_pointer_to_function(compiled.fndesc.llvm_func_name)


def address_of(function: Callable, signature: Any) -> int:
    """The address of `function` compiled as a C function, its machine code kept on disk.

    Kernels that are given the address as an argument share one compiled copy, instead of each having its own.
    """
    started = time.perf_counter()
    try:
        callback = CFunc(function, (signature.args, signature.return_type), locals={}, options=OPTIONS)
        callback._cache = KernelCache(function)  # type: ignore[attr-defined]
        callback.compile()
    except Exception as error:
        raise CompilationError(f"{function.__module__}.{function.__name__} could not be compiled") from error
    report(function.__name__, time.perf_counter() - started)
    _kept.append(callback)
    return callback.address  # type: ignore[return-value]


_kept: list[CFunc] = []  # machine code lives as long as its callback


def report(name: str, seconds: float) -> None:
    """Say so when compiling took long enough to be noticed."""
    if seconds > SECONDS_WORTH_A_WORD:
        kept = os.access(directory(), os.W_OK)
        where = f"kept in {directory()} for the next time" if kept else "not kept: set TINYGRAD_RNN_CACHE_DIR"
        logger.info("compiled %s in %.1f s; %s", name, seconds, where)


class _Stopwatch(event.Listener):
    """Hears from Numba what is being compiled, also in other threads, and for how long."""

    def __init__(self) -> None:
        self._started: dict[Any, float] = {}

    def on_start(self, event: Any) -> None:
        self._started[event.data["dispatcher"]] = time.perf_counter()

    def on_end(self, event: Any) -> None:
        dispatcher = event.data["dispatcher"]
        seconds = time.perf_counter() - self._started.pop(dispatcher, time.perf_counter())
        if isinstance(getattr(dispatcher, "_cache", None), KernelCache):
            report(dispatcher.py_func.__name__, seconds)


if COMPILED:
    event.register("numba:compile", _Stopwatch())
    if hasattr(os, "register_at_fork"):  # a child could never compile if another thread was compiling: fork waits
        os.register_at_fork(
            before=global_compiler_lock.acquire,
            after_in_parent=global_compiler_lock.release,
            after_in_child=global_compiler_lock.release,
        )
