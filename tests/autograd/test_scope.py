"""Who is running, and whether it is recorded: modes and frames, restored whatever happens."""

from __future__ import annotations

import asyncio
import contextvars
import threading

import pytest

import tinygrad_rnn as tg
from tinygrad_rnn.autograd.scope import frames, path

from .both import as_torch, programs


def leaf(m):
    return m.ones(2, requires_grad=True)


# --- modes, as torch's ------------------------------------------------------------------------------------


def with_blocks(m):
    x, seen = leaf(m), []
    with m.no_grad():
        seen.append((x * 2).requires_grad)
        with m.enable_grad():
            seen.append((x * 2).requires_grad)
            with m.set_grad_enabled(False):
                seen.append((x * 2).requires_grad)
            seen.append((x * 2).requires_grad)
        seen.append((x * 2).requires_grad)
    seen.append((x * 2).requires_grad)
    with m.inference_mode():
        seen.append(m.is_grad_enabled())
        with m.inference_mode(False):
            seen.append(m.is_grad_enabled())
    with m.inference_mode(mode=False):
        seen.append(m.is_grad_enabled())
    return seen


def decorators(m):
    seen = []

    @m.no_grad()
    def with_parentheses():
        return m.is_grad_enabled()

    @m.no_grad
    def without():
        return m.is_grad_enabled()

    @m.inference_mode
    def inference():
        return m.is_grad_enabled()

    @m.inference_mode()
    def inference_too():
        return m.is_grad_enabled()

    @m.enable_grad()
    def enabled():
        return m.is_grad_enabled()

    @m.set_grad_enabled(False)
    def switched():
        return m.is_grad_enabled()

    for function in (with_parentheses, without, inference, inference_too, enabled, switched):
        seen.append(m.is_grad_enabled())
        seen.append(function())
        with m.no_grad():
            seen.append(function())
    return seen, with_parentheses.__name__, m.is_grad_enabled()


def methods_decorated(m):
    class Model:
        @m.no_grad()
        def generate(self, x, *, k=1):
            return x * k

    return Model().generate(leaf(m), k=3).requires_grad


def recursive(m):
    @m.no_grad()
    def down(n):
        return down(n - 1) if n else m.is_grad_enabled()

    return down(5), m.is_grad_enabled()


def as_a_function(m):
    seen = [m.is_grad_enabled()]
    m.set_grad_enabled(False)
    seen.append(m.is_grad_enabled())
    m.set_grad_enabled(True)
    seen.append(m.is_grad_enabled())
    return seen


def reused(m):
    mode, seen = m.no_grad(), []
    for _ in range(2):
        with mode:
            seen.append(m.is_grad_enabled())
        seen.append(m.is_grad_enabled())
    return seen


def set_grad_enabled_reused(m):
    mode, seen = m.set_grad_enabled(False), []
    for _ in range(2):
        with mode:
            seen.append(m.is_grad_enabled())
        seen.append(m.is_grad_enabled())
    return seen


def restored_after_an_error(m):
    try:
        with m.no_grad():
            raise KeyError
    except KeyError:
        pass

    @m.no_grad()
    def broken():
        raise KeyError

    try:
        broken()
    except KeyError:
        pass
    return m.is_grad_enabled()


def generator_decorated(m):
    """The mode holds inside the generator, not in the loop that asks it."""
    seen = []

    @m.no_grad()
    def numbers():
        try:
            for i in range(3):
                seen.append(m.is_grad_enabled())
                try:
                    seen.append((yield i))
                except KeyError:
                    seen.append("caught")
                    yield 99
        finally:
            seen.append(m.is_grad_enabled())
        return "done"

    for i in numbers():
        seen.append((i, m.is_grad_enabled()))
    asked = numbers()
    seen.append((next(asked), asked.send("sent"), asked.throw(KeyError()), m.is_grad_enabled()))
    asked.close()

    def delegating():
        seen.append((yield from numbers()))

    list(delegating())
    return seen, m.is_grad_enabled()


def in_a_thread(m):
    seen = []
    with m.no_grad():
        thread = threading.Thread(target=lambda: seen.append(m.is_grad_enabled()))
        thread.start()
        thread.join()
    return seen


@programs(
    with_blocks, decorators, methods_decorated, recursive, as_a_function, reused, set_grad_enabled_reused,
    restored_after_an_error, generator_decorated, in_a_thread,
)  # fmt: skip
def test_modes_as_torch(program):
    as_torch(program)
    assert tg.is_grad_enabled()


def test_a_mode_within_itself():
    """(PyTorch's never comes out again.)"""
    mode = tg.no_grad()
    with mode:
        with mode:
            assert not tg.is_grad_enabled()
        assert not tg.is_grad_enabled()
    assert tg.is_grad_enabled()


def test_modes_of_coroutines_do_not_mix():
    seen = []

    async def with_mode(mode, expected):
        with mode:
            await asyncio.sleep(0)
            seen.append(tg.is_grad_enabled() is expected)

    async def main():
        modes = [(tg.no_grad(), False), (tg.enable_grad(), True)] * 3
        await asyncio.gather(*[with_mode(mode, expected) for mode, expected in modes])

    asyncio.run(main())
    assert seen == [True] * 6
    assert tg.is_grad_enabled()


def test_threads_do_not_see_each_others_modes_and_frames():
    barrier, found = threading.Barrier(2), {}

    def work(name, mode, t):
        with mode, tg.step(t):
            barrier.wait()
            y = leaf(tg) * 2
            barrier.wait()
            found[name] = (y.requires_grad, path(frames()))
        found[name] += (tg.is_grad_enabled(), path(frames()))

    threads = [threading.Thread(target=work, args=a) for a in (("a", tg.no_grad(), 1), ("b", tg.enable_grad(), 2))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {"a": (False, "t=1", True, ""), "b": (True, "t=2", True, "")}


# --- frames -----------------------------------------------------------------------------------------------


def where(y) -> str:
    return path(y.node.scope)


def test_steps():
    x = leaf(tg)
    with tg.step(3):
        a = x * 2
        with tg.step(1, "layer"):
            b = a * 2
    c = b * 2
    assert (where(a), where(b), where(c)) == ("t=3", "t=3 / layer=1", "")


def test_steps_around_values():
    v = tg.Value(2.0)
    with tg.step(5):
        y = v * v
    assert path(y.scope) == "t=5"


def test_a_step_is_restored_after_an_error_and_survives_modes():
    x = leaf(tg)
    with pytest.raises(KeyError), tg.step(1):
        raise KeyError
    assert frames() == ()
    with tg.no_grad(), tg.step(2), tg.enable_grad():
        y = x * 2
    assert where(y) == "t=2"
    with tg.step(4):
        with tg.no_grad():
            pass
        z = x * 2
    assert where(z) == "t=4"


def test_a_step_wants_a_number():
    with pytest.raises((TypeError, ValueError)):
        tg.step("a")


class Net(tg.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = tg.nn.Linear(2, 2)
        self.decoder = tg.nn.Sequential(tg.nn.Linear(2, 2), tg.nn.Tanh())
        self.shared = self.encoder

    def forward(self, x):
        return self.decoder(self.encoder(self.shared(x)))


def test_modules():
    y = Net()(leaf(tg))
    assert where(y).startswith("Net / decoder / 1")
    node = y.node
    seen = set()
    while node is not None:
        seen.add(path(node.scope))
        node = next((source for source in node.inputs if source is not None), None)
    assert {"Net / encoder", "Net / decoder / 0", "Net / decoder / 1"} <= seen


def test_calls_of_one_module_are_numbered():
    net = tg.nn.Linear(2, 2)
    first, second = net(leaf(tg)).node.scope[-1], net(leaf(tg)).node.scope[-1]
    assert second.index == first.index + 1
    assert first.owner == second.owner
    assert tg.nn.Linear(2, 2)(leaf(tg)).node.scope[-1].owner != first.owner


def test_a_module_that_fails_leaves_no_frame():
    net = Net()
    with pytest.raises(RuntimeError):
        net(tg.ones(5))
    assert frames() == ()
    assert tg.is_grad_enabled()


def test_recorded_gradients_lie_beside_what_they_are_the_gradient_of():
    x = leaf(tg)
    with tg.step(2):
        y = x.exp()
    (dx,) = tg.autograd.grad(y.sum(), x, create_graph=True)
    assert where(dx) == "t=2 / dexp"
    assert frames() == ()


def test_modes_do_not_leak_from_a_context_into_another():
    context = contextvars.copy_context()
    context.run(tg.set_grad_enabled, False)
    assert tg.is_grad_enabled()
