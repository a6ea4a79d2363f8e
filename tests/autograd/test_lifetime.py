"""What lives, and for how long: deep graphs, freed memory, loops that must not grow, threads."""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
import tracemalloc
import weakref

import numpy as np
import pytest

import tinygrad_rnn as tg

# --- depth ------------------------------------------------------------------------------------------------

DEEP = {
    "tensor": """
x = tg.ones(1, requires_grad=True)
y = x
for _ in range(N):
    y = y + 1
y.sum().backward()
assert x.grad.item() == 1.0, x.grad
assert "grad_fn" in repr(y)
""",
    "tensor saved and recorded": """
x = tg.ones(1, dtype=tg.float64, requires_grad=True)
y = x
for _ in range(N // 10):
    y = y * 1.0000001
dx, = tg.autograd.grad(y.sum(), x, create_graph=True)
(dx * x).sum().backward()
""",
    "value": """
x = tg.Value(1.0)
y = x
for _ in range(N):
    y = y + 1.0
y.backward()
assert x.grad == 1.0, x.grad
assert "Value" in repr(y)
""",
    "recurrent": """
x = tg.ones(1, requires_grad=True)
h = c = x
for _ in range(N // 10):
    h, c = tg.stack([h * 0.9, c + h]).unbind(0)
(h + c).sum().backward()
""",
    "in place": """
b = tg.ones(3, requires_grad=True) * 1
for t in range(N // 10):
    b[t % 3] = 1.0
b.sum().backward()
""",
    "views": """
x = tg.ones(4, requires_grad=True)
y = x
for _ in range(N // 10):
    y = y.view(2, 2).view(4)
y.sum().backward()
assert x.grad.tolist() == [1.0] * 4
""",
}


@pytest.mark.parametrize("program", DEEP)
def test_deep(program):
    """A million operations are built, run backward, printed and freed under the default recursion limit."""
    n = 1_000_000 if program in ("tensor", "value") else 500_000
    code = f"import sys, tinygrad_rnn as tg\nassert sys.getrecursionlimit() == 1000\nN = {n}\n{DEEP[program]}"
    code += "\ndel y\n" if " y " in DEEP[program] else ""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


# --- what is kept alive -----------------------------------------------------------------------------------


def test_sums_save_nothing():
    """After four chained adds over 10 MB only the last result lives."""
    x = tg.ones(2_500_000, requires_grad=True)
    step = tg.ones(2_500_000)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    y = x
    alive = []
    for _ in range(4):
        y = y + step
        alive.append(weakref.ref(y.array))
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [array() is not None for array in alive] == [False, False, False, True]
    assert 10_000_000 <= after - before < 10_100_000
    assert peak - before < 20_100_000
    assert y.requires_grad


def test_backward_frees_what_was_saved():
    x = tg.ones(3, requires_grad=True)
    y = x.exp()
    kept = weakref.ref(y.array)
    z = (y * 2).sum()
    del y
    assert kept() is not None
    z.backward(retain_graph=True)
    assert kept() is not None
    z.backward()
    assert kept() is None


def test_without_a_gradient_nothing_is_kept():
    x = tg.ones(3, requires_grad=True)
    with tg.no_grad():
        y = x.exp()
    kept = weakref.ref(y.array)
    z = (y * 2).sum()
    assert z.node is None
    del y
    assert kept() is None


def test_no_reference_cycle():
    """With the collector off, everything goes when the last handle goes."""
    gc.collect()
    gc.disable()
    try:
        x = tg.ones(3, requires_grad=True)
        y = x * 2
        y.retain_grad()
        v = y[1:]
        y.mul_(3)
        v.add_(1)
        a, b = (y * y).unbind(0)[:2]
        z = (a * b + v.sum()).sum()
        z.register_hook(lambda dz: dz * 2)
        z.backward()
        alive = [weakref.ref(t) for t in (x, y, v, a, b, z)] + [weakref.ref(t.array) for t in (y, z)]
        del x, y, v, a, b, z
        assert [ref() for ref in alive] == [None] * len(alive)
    finally:
        gc.enable()


def objects() -> int:
    return len(gc.get_objects())


def grows(step, warm=3, rounds=20) -> int:
    """How many objects a loop leaves behind with the collector off."""
    for _ in range(warm):
        step()
    gc.collect()
    gc.disable()
    try:
        before = objects()
        for _ in range(rounds):
            step()
        return objects() - before
    finally:
        gc.enable()


def make_training():
    tg.manual_seed(0)
    model = tg.nn.Sequential(tg.nn.Linear(3, 4), tg.nn.Tanh(), tg.nn.Linear(4, 2))
    optimiser = tg.optim.Adam(model.parameters())
    x = tg.randn(5, 3)

    def step():
        optimiser.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        tg.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    return step


def make_recurrent():
    tg.manual_seed(0)
    cell = tg.nn.LSTM(3, 4)
    x, state = tg.randn(6, 2, 3), None

    def step():
        nonlocal state
        y, state = cell(x, state)
        y.sum().backward()
        cell.zero_grad()
        state = tuple([s.detach() for s in state])

    return step


def make_in_place():
    x = tg.ones(4, 3, requires_grad=True)

    def step():
        out = tg.zeros(4, 3)
        for t in range(4):
            out[t] = (x[t] + out[t - 1]).tanh()
        out.sum().backward()
        x.grad = None

    return step


def make_second_order():
    x = tg.ones(4, requires_grad=True)

    def step():
        (dx,) = tg.autograd.grad((x**3).sum(), x, create_graph=True)
        (dx * dx).sum().backward()
        x.grad = None

    return step


def make_function():
    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            return 2 * ctx.saved_tensors[0] * dy

    x = tg.ones(4, requires_grad=True)

    def step():
        (dx,) = tg.autograd.grad(Square.apply(x).sum(), x, create_graph=True)
        dx.sum().backward()
        x.grad = None

    return step


def make_abandoned():
    """Graphs that no backward ever freed."""
    x = tg.ones(4, requires_grad=True)
    return lambda: (x.exp() * x).sum()[None].view(-1)


def make_values():
    a = tg.Value(2.0)

    def step():
        y = a
        for _ in range(20):
            y = (y * a + 1.0).tanh()
        y.backward()
        a.grad = 0.0

    return step


def make_errors():
    """Not even where every step fails."""
    x = tg.ones(4, requires_grad=True)

    def step():
        try:
            y = x.exp()
            y.add_(1)
            y.sum().backward()
        except RuntimeError:
            pass

    return step


@pytest.mark.parametrize(
    "make",
    [make_training, make_recurrent, make_in_place, make_second_order, make_function, make_abandoned, make_values,
     make_errors],
)
def test_a_loop_does_not_grow(make):
    assert grows(make()) <= 5


def test_create_graph_into_grad_is_the_documented_cycle():
    """backward(create_graph=True) leaves a leaf whose gradient's graph leads back to it; dropping .grad ends it."""
    gc.collect()
    gc.disable()
    try:
        x = tg.ones(3, requires_grad=True)
        (x**3).sum().backward(create_graph=True)
        node = weakref.ref(x.grad)
        x.grad = None
        assert node() is None
    finally:
        gc.enable()


# --- threads ----------------------------------------------------------------------------------------------


def test_threads_through_one_graph():
    """The same graph, retained, swept by several threads at once."""
    x = tg.ones(100, dtype=tg.float64, requires_grad=True)
    y = (x.exp() * x).sum()
    threads = [threading.Thread(target=y.backward, kwargs={"retain_graph": True}) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(x.grad.numpy(), np.full(100, 8 * 2 * np.e))


def test_threads_write_in_place_apart():
    """Writes of one thread do not disturb the graphs of another."""
    errors = []

    def work():
        try:
            for _ in range(50):
                x = tg.ones(4, requires_grad=True)
                out = tg.zeros(3, 4)
                for t in range(3):
                    out[t] = x * (t + 1)
                (out * out).sum().backward()
                np.testing.assert_array_equal(x.grad.numpy(), np.full(4, 28.0))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


def test_backward_within_a_hook():
    x, w = tg.ones(2, requires_grad=True), tg.ones(2, requires_grad=True)

    def hook(dy):
        with tg.enable_grad():
            (w * w * 3).sum().backward()
            (ddy,) = tg.autograd.grad((x**3).sum(), x)
        return dy * ddy

    y = x * 2
    y.register_hook(hook)
    (y * y).sum().backward()
    np.testing.assert_array_equal(w.grad.numpy(), [6.0, 6.0])
    np.testing.assert_array_equal(x.grad.numpy(), [4 * 3 * 2.0] * 2)
