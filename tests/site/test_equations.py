"""Equations of docstrings become LaTeX; sentences that are none stay sentences."""

from __future__ import annotations

import pytest
from machinery.docstrings import rest, sentence
from machinery.equations import NoEquation, latex, longest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("y = a * b", r"y = a \cdot b"),
        ("h_t = tanh(W_ih x_t + b_ih)", r"h_{t} = \tanh\left(W_{ih}\, x_{t} + b_{ih}\right)"),
        ("y = x / sqrt(a + b)", r"y = \frac{x}{\sqrt{a + b}}"),
        ("y = (a + b) / (a - b)", r"y = \frac{a + b}{a - b}"),
        ("y = a/2 (b + c)", r"y = \frac{a}{2}\, \left(b + c\right)"),
        ("y = a b / (c d) * e", r"y = \frac{a\, b}{c\, d} \cdot e"),
        ("loss = loss_0 + ... + loss_T", r"\text{loss} = \text{loss}_{0} + \ldots + \text{loss}_{T}"),
        ("y = e**-x", r"y = e^{-x}"),
        ("c' = f * c", r"c' = f \cdot c"),
        ("s = v^T k", r"s = v^\top\, k"),
        ("i, f = W x", r"i, f = W\, x"),
        ("a = b, c = d", r"a = b,\quad c = d"),
        ("h = sum_t w_t v_t", r"h = \sum_t w_{t}\, v_{t}"),
        ("0 <= x", r"0 \le x"),
        ("k = 1 / hidden_size", r"k = \frac{1}{\text{hidden_size}}"),
        ("lr = eta_min", r"\text{lr} = \eta_{min}"),
        ("y = log sum_c e**x[c]", r"y = \log\, \sum_c e^{x_{c}}"),
    ],
)
def test_latex(text, expected):
    assert latex(text) == expected


@pytest.mark.parametrize("text", ["", "no equation", "y =", "y = )", "y = a b c (", "= 3", "y = sum over all x"])
def test_what_is_no_equation(text):
    with pytest.raises(NoEquation):
        latex(text)


@pytest.mark.parametrize(
    ("text", "rest_of_it"),
    [("y = max(x, 0), keeping nan", ", keeping nan"), ("y = x where that is", " where that is"), ("y = a * b.", ".")],
)
def test_an_equation_ends_where_words_begin(text, rest_of_it):
    assert text[longest(text)[1] :] == rest_of_it


def test_sentences():
    assert sentence("Elementwise, y = a * b, as ever.") == r"Elementwise, \ :math:`y = a \cdot b`\ , as ever."
    assert sentence("with dim=1 and a|b") == r"with dim=1 and a\|b"


def test_a_docstring():
    doc = """Do it: y = a * b.

    Args:
        a, b: of `matmul`, and
            more.

    Returns:
        y_.
    """.replace("\n    ", "\n").splitlines()
    written = "\n".join(rest(doc, {"matmul": "tinygrad_rnn.matmul"}.get))
    assert "**Args**\n\n\n``a, b``\n   of :py:obj:`matmul <tinygrad_rnn.matmul>`\\ , and more." in written
    assert "**Returns**\n\n\ny\\_." in written


def test_an_indented_block_is_equations_or_code():
    assert ".. math:: y = a\\, b" in "\n".join(rest(["Say:", "", "    y = a b"]))
    assert ".. code-block:: text" in "\n".join(rest(["Say:", "", "    for x in y:"]))
