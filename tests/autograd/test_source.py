"""Which line of the user's code made a node: the right one, for whoever asked, and for nobody else."""

from __future__ import annotations

import copy
import gc
import inspect
import linecache
import sys
import threading
import types
from contextvars import copy_context

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value
from tinygrad_rnn.autograd import expand, grad, record_source
from tinygrad_rnn.autograd.source import Source, recorders


@pytest.fixture(autouse=True)
def nobody_records_afterwards():
    yield
    if recorders:  # of a generator nobody holds any more, perhaps
        gc.collect()
    assert recorders == []


def here(offset: int = 0) -> Source:
    """The line that calls this."""
    return Source(__file__, inspect.currentframe().f_back.f_lineno + offset)


def below(node) -> list:
    found, waiting = {}, [node]
    while waiting:
        each = waiting.pop()
        if each is not None and each not in found:
            found[each] = None
            waiting += each.inputs
    return list(found)


def leaf(*shape: int):
    return tg.ones(*(shape or (2,)), requires_grad=True)


# --- which line -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "apply",
    [
        lambda x: (x * x, here()),
        lambda x: (x.tanh(), here()),
        lambda x: (x.sum(), here()),
        lambda x: (x + 1.0, here()),
        lambda x: (2.0 / x, here()),
        lambda x: (tg.stack([x, x]), here()),
        lambda x: (x[0], here()),
        lambda x: (x.view(-1), here()),
        lambda x: (x.chunk(2)[1], here()),
        lambda x: (tg.nn.functional.softmax(x, dim=0), here()),
        lambda x: ((x * 1.0).add_(x), here()),
        lambda x: (np.squeeze(x), here()),
        lambda x: (sum([x, x]), here()),
        lambda x: (copy.deepcopy(x), here()),
    ],
)
def test_the_line_of_an_operation(apply):
    x = leaf()
    with record_source():
        y, line = apply(x)
    assert y.node.source == line


@pytest.mark.parametrize("apply", [lambda a: (a * 3, here()), lambda a: (2**a, here()), lambda a: (a.tanh(), here())])
def test_the_line_of_a_value(apply):
    with record_source():
        a, made = Value(2.0), here()
        y, line = apply(a)
    assert a.source == made
    assert all(node.source == line for node in below(y) if node is not a), "also of the constant in it"


def test_a_line_of_an_expression_over_several():
    x = leaf()
    with record_source():
        first = here(1)
        y = tg.tanh(
            x * x
            + x
        )  # fmt: skip
    lines = {node.name: node.source.line - first.line for node in below(y.node) if node.op}
    assert lines == {"tanh": 0, "mul": 1, "add": 1}
    assert y.node.source.text == "y = tg.tanh("


def test_a_layer_has_the_line_that_calls_it_and_a_module_of_the_users_its_own():
    class Net(tg.nn.Module):
        def __init__(self):
            super().__init__()
            self.rnn = tg.nn.LSTM(2, 3)
            self.made = here(1)
            self.head = tg.nn.Sequential(tg.nn.Linear(3, 1), tg.nn.Tanh())

        def forward(self, x):
            self.called, h = here(), self.rnn(x)[0]
            self.ended, y = here(), self.head(h)
            return y

    with record_source():
        net = Net()
        y = net(tg.randn(4, 1, 2))
    lines = {node.name: node.source for node in below(y.node) if node.op}
    assert lines["lstm_sequence"] == net.called
    assert lines["linear"] == lines["tanh"] == net.ended
    assert net.head[0].weight.node.source == net.made


def test_what_an_operation_consists_of_has_its_line_also_without_recording():
    lstm = tg.nn.LSTM(2, 3)
    with record_source():
        (y, _), line = lstm(tg.randn(3, 1, 2)), here()
    plain, _ = lstm(tg.randn(3, 1, 2))

    def opened(node):
        nodes = [each for y in expand(node)[1] for each in below(y.node)]
        return {each.source for each in nodes if each.op and each.name == "lstm_step"}

    sequence, unknown = [each.node.inputs[0] for each in (y, plain)]
    assert opened(sequence) == {line}
    with record_source():
        assert opened(unknown) == {None}, "the line that opens it did not make it"


def test_a_gradient_has_the_line_of_its_operation():
    x = leaf()
    with record_source():
        a, first = x * x, here()
        y, second = a.tanh().sum(), here()
    (dx,) = grad(y, [x], create_graph=True)
    lines = {node.scope[0].name: node.source for node in below(dx.node) if node.scope and node.name != "add"}
    assert lines == {"mul": first, "tanh": second}


def test_a_gradient_of_a_function_and_of_values():
    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2 * x * dy

    x, v = leaf(), Value(3.0)
    with record_source():
        y, line = Square.apply(x).sum(), here()
        w = v.tanh()
    (dx,) = grad(y, [x], create_graph=True)
    assert dx.node.source == line
    assert grad(w, [v], create_graph=True)[0].source.line == line.line + 1


def test_a_sum_of_gradients_belongs_to_whoever_asked_for_them():
    x = leaf()
    y = (x * x).sum()
    with record_source():
        (dx,), line = grad(y, [x], create_graph=True), here()
    assert dx.node.name == "add"
    assert dx.node.source == line
    others = [node for node in below(dx.node) if node.scope and node is not dx.node]
    assert {node.source for node in others} == {None}, "of operations without a line"


# --- for whom -------------------------------------------------------------------------------------------------------


def recorded() -> bool:
    assert ((leaf() * 2).node.source is None) == (Value(1.0).source is None)
    return Value(1.0).source is not None


def test_nothing_is_remembered_unless_asked_for():
    assert not recorded()
    with record_source():
        assert recorded()
        with record_source(False):
            assert not recorded()
        assert recorded()
    assert not recorded()


def test_for_a_session():
    record_source()
    assert recorded()
    with record_source(False):
        assert not recorded()
    assert recorded()
    record_source(False)
    assert not recorded()


def test_as_a_decorator():
    @record_source()
    def inside(depth=2):
        return [recorded(), *(inside(depth - 1) if depth else [])]

    assert not recorded()
    assert inside() == [True] * 3
    assert not recorded()


def test_an_error_ends_it():
    with pytest.raises(ZeroDivisionError), record_source():
        1 / 0  # noqa: B018
    assert not recorded()


def test_each_thread_and_context_has_its_own():
    seen = []
    with record_source():
        thread = threading.Thread(target=lambda: seen.append(recorded()))
        thread.start()
        thread.join()
        copied = copy_context()
    assert seen == [False]
    assert not recorded()
    assert copied.run(recorded), "what was copied is still on"
    del copied

    thread = threading.Thread(target=record_source)  # on for the rest of a thread that then ends
    thread.start()
    thread.join()


def test_what_has_no_gradient_has_no_node_and_modes_mix():
    x = leaf()
    with record_source(), tg.no_grad():
        assert (x * 2).node is None
        with tg.enable_grad():
            assert (x * 2).node.source == here()


@pytest.mark.parametrize("mode", [lambda: None, 1, "on", None])
def test_a_mode_that_is_none(mode):
    with pytest.raises(TypeError, match=r"expected True or False.*with parentheses"):
        record_source(mode)
    assert not recorded()


# --- what it is called ----------------------------------------------------------------------------------------------


def test_error_messages_name_the_line():
    x = leaf()
    with record_source():
        y, line = (x * x).sum(), here()
    y.backward()
    with pytest.raises(RuntimeError, match="freed") as error:
        y.backward()
    assert f"made at {__file__}:{line.line})" in str(error.value)


def test_one_object_for_all_nodes_of_a_line():
    with record_source():
        first, second = [Value(1.0) for _ in range(2)]
    assert first.source is second.source


@pytest.mark.parametrize(
    ("file", "short"),
    [
        ("/home/me/project/train.py", "train.py:3"),
        ("train.py", "train.py:3"),
        ("<stdin>", "<stdin>:3"),
        ("<string>", "<string>:3"),
        ("<ipython-input-12-0a1b2c3d4e5f>", "In[12]:3"),
        ("/tmp/ipykernel_4711/1234567890.py", "cell:3"),
        (r"C:\Users\me\AppData\Local\Temp\ipykernel_4711\1234567890.py", "cell:3"),
        ("/tmp/ipython-input-1234567890.py", "cell:3"),
        ("/home/me/ipykernel_notes.py", "ipykernel_notes.py:3"),
        ('/home/me/a"];evil[<b>\n.py', 'a"];evil[<b>\n.py:3'),
    ],
)
def test_a_readable_name(file, short):
    assert Source(file, 3).short == short
    assert Source(file, 3).text == ""
    assert Source("\ud800.py", 1).text == ""


def test_a_notebook_is_asked_for_the_number_of_the_cell(monkeypatch):
    """As `IPython.core.compilerop.CachingCompiler.format_code_name` answers."""
    known = {"/tmp/ipykernel_4711/1234567890.py": ("Cell", "In[7]")}
    shell = types.SimpleNamespace(compile=types.SimpleNamespace(format_code_name=known.get))
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert Source("/tmp/ipykernel_4711/1234567890.py", 2).short == "In[7]:2"
    assert Source("/tmp/ipykernel_4711/99.py", 2).short == "cell:2"
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: None))
    assert Source("/tmp/ipykernel_4711/1234567890.py", 2).short == "cell:2"


def test_the_text_of_code_that_is_no_file(monkeypatch):
    """As notebooks do it: compiled under a name that only linecache knows."""
    file, text = "<ipython-input-3-abc>", "y = (\n   x * x\n)\n"
    monkeypatch.setitem(linecache.cache, file, (len(text), None, text.splitlines(True), file))
    names = {"x": Value(2.0)}
    with record_source():
        exec(compile(text, file, "exec"), names)
    source = names["y"].source
    assert (source.short, source.text) == ("In[3]:2", "x * x")
