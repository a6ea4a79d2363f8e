"""Quotations are the source as it is, and one that has gone stale is refused."""

from __future__ import annotations

import inspect

import pytest
from machinery.quote import source

from tinygrad_rnn.autograd.backward import sweep


def test_a_function_is_quoted_whole_with_file_and_line():
    text, file, line = source("tinygrad_rnn.autograd.backward.sweep")
    assert text == inspect.getsource(sweep)
    assert (file, line) == ("tinygrad_rnn/autograd/backward.py", inspect.getsourcelines(sweep)[1])


def test_a_part_from_one_line_to_another():
    text, _, _ = source("tinygrad_rnn.ops.activation", "@primitive(scalar=math.tanh)", "tanh.vjp(")
    assert text.splitlines()[0] == "@primitive(scalar=math.tanh)"
    assert text.splitlines()[-1].startswith("tanh.vjp(")


def test_a_method_is_dedented_and_may_lose_its_docstring():
    text, _, _ = source("tinygrad_rnn.nn.Module.register_buffer", docstring=False)
    assert text.startswith("def register_buffer(")
    assert '"""' not in text


@pytest.mark.parametrize(
    ("name", "first", "said"),
    [
        ("tinygrad_rnn.no_such_thing", "", "has no no_such_thing"),
        ("no_such_package.thing", "", "no module no_such_package"),
        ("tinygrad_rnn.float32", "", "has no source"),
        ("tinygrad_rnn.autograd.backward.sweep", "no such line", "no line of"),
        ("tinygrad_rnn.autograd.backward.sweep", "cotangent", "is in .* lines"),
    ],
)
def test_what_cannot_be_quoted_is_said(name, first, said):
    with pytest.raises(LookupError, match=said):
        source(name, first)
