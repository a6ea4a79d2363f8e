"""The NumPy kernels equal the compiled ones, take their saved arrays, and take over where compiling fails."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tinygrad_rnn.kernels import fallback, jit
from tinygrad_rnn.kernels.plain import gru, lstm, rnn

from .cases import KINDS, assert_all_close, lengths_for

PLAIN = {1: rnn, 3: gru, 4: lstm}
kinds = pytest.mark.parametrize("kind", KINDS, ids=str)
directions = pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
paddings = pytest.mark.parametrize("padded", [False, True], ids=["full", "padded"])


@kinds
@directions
@paddings
@pytest.mark.parametrize(("T", "N"), [(1, 3), (4, 3), (2, 9)])
def test_plain_and_fast_agree(kind, reverse, padded, T, N):
    plain = replace(kind, module=PLAIN[kind.gates])
    inputs = kind.inputs(T, N)
    lengths = lengths_for(N, T) if padded else None
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    expected, own = plain.sequence(inputs, reverse, lengths)
    assert_all_close(outputs, expected, rtol=1e-12, atol=1e-12)
    gradients = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    for kept in (own, saved):
        actual = plain.sequence_vjp(cotangents, inputs, kept, reverse, lengths)
        assert_all_close(actual, gradients, rtol=1e-11, atol=1e-11)


@kinds
@directions
@pytest.mark.parametrize("lengths", [[4, 2, 1], [4, 4, 4], [1, 1, 1]])
def test_plain_and_fast_agree_on_packed_rows(kind, reverse, lengths):
    plain = replace(kind, module=PLAIN[kind.gates])
    x, *others = kind.inputs(4, 3)
    lengths = np.array(lengths)
    inputs = [x[np.arange(4)[:, None] < lengths], *others]
    outputs, saved = kind.sequence(inputs, reverse, lengths)
    cotangents = kind.cotangents(outputs)
    expected, own = plain.sequence(inputs, reverse, lengths)
    assert_all_close(outputs, expected, rtol=1e-12, atol=1e-12)
    gradients = kind.sequence_vjp(cotangents, inputs, saved, reverse, lengths)
    for kept in (own, saved):
        actual = plain.sequence_vjp(cotangents, inputs, kept, reverse, lengths)
        assert_all_close(actual, gradients, rtol=1e-11, atol=1e-11)


@kinds
@pytest.mark.parametrize("plain", [False, True], ids=["fast", "plain"])
@pytest.mark.parametrize(("T", "N"), [(1, 3), (4, 3), (1, 9), (4, 9)])
def test_every_gradient_is_an_array_of_its_own(kind, plain, T, N):
    kind = replace(kind, module=PLAIN[kind.gates]) if plain else kind
    inputs = kind.inputs(T, N)
    outputs, saved = kind.sequence(inputs)
    cotangents = kind.cotangents(outputs)
    others = [a for a in (*inputs, *saved, *cotangents) if a is not None]
    for gradient in kind.sequence_vjp(cotangents, inputs, saved):
        if gradient is not None:
            assert gradient.flags.writeable
            assert not any(np.shares_memory(gradient, other) for other in others)
            others.append(gradient)


@kinds
def test_a_plain_step_takes_what_a_fast_one_kept(kind):
    plain = replace(kind, module=PLAIN[kind.gates])
    x, *others = kind.inputs(1, 9)
    inputs = (x[0], *others)
    outputs, saved = kind.step(*inputs)
    expected, own = plain.step(*inputs)
    assert_all_close(outputs, expected, rtol=1e-12, atol=1e-12)
    cotangents, needs = kind.cotangents(outputs), (True,) * len(inputs)
    gradients = kind.step_vjp(cotangents, inputs, saved, needs)
    for kept in (own, saved):
        assert_all_close(plain.step_vjp(cotangents, inputs, kept, needs), gradients, rtol=1e-11, atol=1e-11)


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_where_compiling_fails_numpy_takes_over_with_one_warning(monkeypatch):
    kind = KINDS[3]
    inputs = kind.inputs(3, 2)
    expected, _ = kind.sequence(inputs)

    def fail(*arguments):
        raise fallback.CompilationError("it could not be compiled")

    monkeypatch.setattr(fallback, "_failed", False)
    monkeypatch.setattr(kind.module, "forward", fail)
    with pytest.warns(RuntimeWarning, match="could not be compiled.*NumPy"):
        outputs, saved = kind.sequence(inputs)
    kind.sequence_vjp(kind.cotangents(outputs), inputs, saved)  # a second warning would be an error
    kind.sequence(inputs)
    assert_all_close(outputs, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.skipif(not jit.COMPILED, reason="nothing is compiled")
def test_what_cannot_be_compiled_says_so():
    @jit.kernel
    def odd(a):
        return a.no_such_attribute

    with pytest.raises(fallback.CompilationError, match="odd could not be compiled"):
        odd(np.zeros(1))
