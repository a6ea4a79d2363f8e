"""Values, gradients and memory in boxes: the right numbers, the right colours, in every layout."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.viz import style
from tinygrad_rnn.viz.strip import COLUMNS, ROWS, extremes, shown

from .helpers import loop, lstm_output, nodes, texts, titled

CELL = re.compile(r'<td fixedsize="true" width="\d+" height="\d+" bgcolor="(#\w+)"></td>')


def strips(node: str) -> list[list[list[int]]]:
    """The strips of a node, each as rows of places in the palette."""
    found = re.findall(r'<table border="1".*?</table>', node)
    return [
        [[style.STRIP_COLORS.index(color) for color in CELL.findall(row)] for row in re.findall("<tr>(.*?)</tr>", each)]
        for each in found
    ]


def box(source: str, title: str) -> str:
    (name,) = titled(source, title)
    return nodes(source)[name]


def places(x: np.ndarray) -> list[list[int]]:
    """What a strip of a small matrix must show."""
    return np.rint((x / np.abs(x).max() + 1) * 7).astype(int).tolist()


def matrices(rows: int = 2, columns: int = 5):
    rng = np.random.default_rng(0)
    a = tg.tensor(rng.normal(size=(rows, columns)), requires_grad=True)
    b = tg.tensor(rng.normal(size=(rows, columns)), requires_grad=True)
    return a, b


# --- values -------------------------------------------------------------------------------------------------------


def test_few_numbers_are_written_out():
    a = tg.tensor([1.5, -2.0, 0.25], requires_grad=True)
    source = draw(a * a, show="value", params={"a": a}).source
    assert "value  1.5  -2  0.25" in texts(box(source, "a"))
    assert "value  2.25  4  0.0625" in texts(box(source, "×"))


def test_a_strip_holds_the_array():
    a, b = matrices()
    source = draw((a * b).tanh().sum(), "op", show="value", params={"a": a, "b": b}).source
    product = a.array * b.array
    for title, x in {"a": a.array, "b": b.array, "×": product, "tanh": np.tanh(product)}.items():
        node = box(source, title)
        assert strips(node) == [places(x)], title
        assert f"±{np.abs(x).max():.2g}" in texts(node)
        assert "value" in texts(node)
    assert f"value  {np.tanh(product).sum():.3g}" in texts(box(source, "sum"))


@pytest.mark.parametrize("shape", [(7,), (2, 9), (9, 2), (3, 1, 5), (100,), (50, 60), (3, 4, 200)])
def test_a_block_is_shown_by_its_largest_entry(shape):
    x = np.random.default_rng(1).normal(size=shape)
    cells = extremes(x)
    assert cells.shape[0] <= ROWS
    assert cells.shape[1] <= COLUMNS
    assert np.isin(cells, x).all()
    assert np.abs(cells).max() == np.abs(x).max()
    wide = x.reshape(-1, shape[-1]) if np.squeeze(x).ndim > 1 else x.reshape(1, -1)
    wide = wide.T if len(wide) > wide.shape[1] else wide
    rows, columns = [np.array_split(np.arange(n), min(n, most)) for n, most in zip(wide.shape, (ROWS, COLUMNS))]
    for i, k in np.ndindex(*cells.shape):
        block = wide[np.ix_(rows[i], columns[k])]
        assert abs(cells[i, k]) == np.abs(block).max()


def test_numbers_that_are_not_finite():
    strip = shown("value", np.array([1.0, -1.0, np.nan, 0.0, np.inf]))
    assert strip.cells == ((14, 0, -1, 7, -1),)
    assert strip.words == "±1; 2 not finite"
    x = tg.tensor([1.0, 2.0, 3.0, 4.0, np.inf], requires_grad=True)
    assert style.ODD_CELL in draw(x * 2.0, show="value").source


def test_zeros_and_nothing():
    assert shown("value", np.zeros(6)).cells == ((7,) * 6,)
    assert shown("value", np.zeros(6)).words == "all 0"
    assert shown("value", np.zeros((0, 3))) == "value  empty"
    assert shown("value", np.array([-0.0])) == "value  0"


@pytest.mark.parametrize("granularity", ["sequence", "step", "op"])
def test_values_inside_an_opened_lstm(granularity):
    """Also of results that no rule saved: they follow from what is saved."""
    tg.manual_seed(0)
    lstm, x = tg.nn.LSTM(3, 4), tg.randn(3, 2, 3)
    with tg.granularity(granularity):
        y, (_, c) = lstm(x)
    source = draw((y.sum(), c.sum()), level="op", show="value").source
    known = ["o  sigmoid", "tanh"] if granularity == "op" else ["linear", "o  sigmoid", "+", "tanh"]
    ops = [node for node in nodes(source).values() if texts(node)[0] in known]
    assert all(strips(node) for node in ops)
    assert strips(box(source, "weight_hh_l0")) == [places(extremes(lstm.weight_hh_l0.array))]
    assert places(y.array[2]) in [strips(node)[0] for node in nodes(source).values() if strips(node)]


def test_a_cell_shows_both_states_by_name():
    source = draw(lstm_output(3, layers=1).sum(), show="value").source
    first, *_ = [node for node in nodes(source).values() if texts(node)[0] == "LSTM"]
    assert [word for word in texts(first) if word in ("h", "c")] == ["h", "c"]


def test_gathered_parameters_each_show_their_own():
    tg.manual_seed(0)
    gru = tg.nn.GRU(3, 4)
    node = box(draw(gru(tg.randn(2, 1, 3))[0], show="value").source, "layer 0")
    assert [word.split()[0] for word in texts(node)[1:] if word.startswith(("weight", "bias"))] == [
        name for name, _ in gru.named_parameters()
    ]
    assert strips(node) == [places(extremes(p.array)) for _, p in gru.named_parameters()]


def test_what_is_gone_is_not_shown():
    a, b = matrices()
    y = ((a * b).tanh() * b).sum()
    y.backward()
    source = draw(y, "op", show="value").source
    assert f"value  {y.item():.3g}" in texts(box(source, "sum"))
    assert not strips(box(source, "tanh"))


def test_what_was_overwritten_is_not_shown_as_if_it_were_the_value():
    a, b = matrices()
    y = (a * b).tanh().sum()
    with tg.no_grad():
        a.mul_(3.0)
    source = draw(y, show="value", params={"a": a}).source
    assert strips(box(source, "a")) == [places(a.array)], "what it holds now"
    assert not strips(box(source, "×"))


def test_functions_of_the_user_are_not_run():
    @tg.primitive
    def twice(x):
        calls.append(x)
        return 2 * x

    twice.vjp(dx=lambda dy: 2 * dy)
    calls: list = []
    a, _ = matrices()
    y = (twice(a) + a).sum()
    draw(y, show=["value", "gradient"])
    assert len(calls) == 1


# --- gradients ----------------------------------------------------------------------------------------------------


def test_grad_is_what_is_there():
    a, b = matrices()
    product = a * b
    product.retain_grad()
    loss = product.tanh().sum()
    assert not any(map(strips, nodes(draw(loss, "op", show="grad").source).values()))
    loss.backward()
    source = draw(loss, "op", show="grad", params={"a": a, "b": b}).source
    for title, x in {"a": a.grad, "b": b.grad, "×": product.grad}.items():
        assert strips(box(source, title)) == [places(x.array)]
        assert ".grad" in texts(box(source, title))
    assert not strips(box(source, "tanh"))


def test_the_retained_gradient_of_one_output_among_several():
    x, cell = tg.randn(1, 2), tg.nn.LSTMCell(2, 5)
    h, c = cell(x)
    c.retain_grad()
    loss = (h * c).sum()
    loss.backward()
    node = box(draw(loss, show="grad").source, "LSTM")
    assert "c.grad" in texts(node)
    assert "h.grad" not in texts(node)
    assert strips(node) == [places(c.grad.array)]


@pytest.mark.parametrize("level", ["layer", "step", "op"])
def test_a_gradient_is_computed_and_changes_nothing(level):
    tg.manual_seed(0)
    gru = tg.nn.GRU(3, 5)
    x = tg.randn(4, 1, 3, requires_grad=True)
    y, h = gru(x)
    loss = (y * y).sum()
    loss.backward(retain_graph=True)
    before = {name: p.grad.array.copy() for name, p in gru.named_parameters()}
    hooked = []
    y.register_hook(hooked.append)
    source = draw(loss, level=level, show="gradient").source
    assert hooked == []
    for name, p in gru.named_parameters():
        np.testing.assert_array_equal(p.grad.array, before[name])
    (dy,) = tg.autograd.grad(loss, [y], retain_graph=True)
    found = [strips(node) for node in nodes(source).values() if strips(node)]
    for name in before:
        assert any(places(extremes(before[name])) in each for each in found), name
    if level == "step":
        assert any(places(extremes(dy.array[3])) in each for each in found)
    loss.backward()  # the graph is whole


def test_a_result_has_its_own_name_for_its_gradient():
    source = draw(lstm_output(3, layers=1).sum(), show="gradient").source
    assert "dh" in source
    assert "dc" in source


def test_gradients_of_values():
    a, b = Value(2.0), Value(-3.0)
    source = draw(a * b + a, show="gradient", params={"a": a}).source
    assert texts(box(source, "a")) == ["a", "data 2.0000", "grad 0.0000", "gradient  -2"]
    assert a.grad == 0.0


def test_gradients_of_a_user_function_and_of_a_double_backward():
    class Square(tg.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, dy):
            (x,) = ctx.saved_tensors
            return 2 * x * dy

    a, _ = matrices()
    y = Square.apply(a).sum()
    assert strips(box(draw(y, show="gradient", params={"a": a}).source, "a")) == [places(2 * a.array)]
    (da,) = tg.autograd.grad((a**3).sum(), [a], create_graph=True)
    source = draw((da * da).sum(), show="gradient", params={"cubed": a}).source
    assert strips(box(source, "cubed")) == [places(36 * a.array**3)]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: lstm_output(3), ValueError, r"shape \(3, 2, 4\); draw a loss"),
        (lambda: (lstm_output(3).sum(), lstm_output(2)), ValueError, r"\[1\] has the shape \(2, 2, 4\)"),
        (lambda: backwarded(lstm_output(3).sum()), RuntimeError, "freed.*retain_graph=True"),
    ],
)
@pytest.mark.parametrize("level", ["layer", "step", "op"])
def test_no_gradient_can_be_computed(make, error, message, level):
    with pytest.raises(error, match=message):
        draw(make(), level=level, show="gradient")


def test_no_gradient_through_what_was_overwritten():
    a, b = matrices()
    y = (a * b).sum()
    with tg.no_grad():
        a.mul_(3.0)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        draw(y, show="gradient")


def backwarded(loss):
    loss.backward()
    return loss


# --- memory -------------------------------------------------------------------------------------------------------


def test_bytes_saved():
    a, b = matrices(4, 25)
    y = ((a * b) + a).sum()
    source = draw(y, show="saved").source
    assert "saves 1.6 kB" in texts(box(source, "×")), "a and b, 100 numbers of 8 bytes each"
    assert not any("saves" in word for word in texts(box(source, "+")))
    assert "1.6 kB are saved for the backward pass" in source
    square = a * a
    assert "saves 800 B" in draw(square, show="saved").source, "one array, twice"
    assert "0 B are saved" in draw(backwarded(y), show="saved").source


# --- labels, layouts, options -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["<b>x</b>", 'a"];evil[', "back\\", "\\N", "</td></tr></table>", "&amp;", "{a|b}"])
@pytest.mark.parametrize("steps", [True, False])
def test_names_are_data_beside_strips(name, steps):
    from .test_drawing import words

    if steps:
        h, w, _ = loop(2)
        drawing = draw(h.sum(), level="op", show=["value", "gradient"], color="gradient", params={name: w})
    else:
        w = tg.randn(3, 4, requires_grad=True)
        drawing = draw((w * w).sum(), show=["value", "gradient"], color="gradient", params={name: w})
    assert name in words(drawing.render())


@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
@pytest.mark.parametrize("view", ["unrolled", "folded"])
def test_same_graph_same_bytes_with_everything_shown(level, view):
    made = [
        draw(lstm_output(5).sum(), level, view, show=["value", "grad", "gradient", "saved"], color="gradient").source
        for _ in range(2)
    ]
    assert made[0] == made[1]


def test_nothing_overlaps_with_strips():
    source = draw(lstm_output(3).sum(), "op", show=["value", "gradient", "saved"]).source
    boxes = []
    for node in nodes(source).values():
        x, y = map(float, re.search(r'\bpos="(.*?)"', node).group(1).split(","))
        width, height = [72 * float(re.search(rf" {side}=([\d.]+)", node).group(1)) for side in ("width", "height")]
        boxes.append((x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    at = np.array(boxes)
    apart = (at[:, None, 0] >= at[None, :, 2]) | (at[:, None, 1] >= at[None, :, 3])
    assert (apart | apart.T)[~np.eye(len(at), dtype=bool)].all()


def test_the_order_of_words_does_not_matter_and_one_may_stand_alone():
    y = lstm_output(3).sum()
    assert draw(y, show=["saved", "value"]).source == draw(y, show=("value", "saved")).source
    assert draw(y, show="value").source == draw(y, show=["value"]).source
    assert draw(y, show=()).source == draw(y).source


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"show": "values"}, "value, grad, gradient, saved, source, got 'values'"),
        ({"show": ["value", 3]}, "got 3"),
        ({"color": "grad"}, "kind, gradient, finite, got 'grad'"),
        ({"show": "value", "view": "rolled"}, "unrolled"),
        ({"color": "gradient", "view": "rolled"}, "unrolled"),
    ],
)
def test_unknown_words(options, message):
    with pytest.raises(ValueError, match=message):
        draw(lstm_output(3).sum(), **options)


def test_the_palette_keeps_its_order_in_grey():
    assert all(a < b for a, b in pairwise(map(grey, style.STRIP_COLORS)))
    assert all(a > b for a, b in pairwise(map(grey, style.RAMP)))
    assert all(a < b for a, b in pairwise([grey(style.DARK[color]) for color in style.RAMP]))
    for tone in style.TONES.values():
        assert contrast(tone.fill, tone.ink) > 4.5, tone
        assert contrast(style.DARK[tone.fill], style.DARK[tone.ink]) > 4.5, tone


def grey(color: str) -> float:
    """Relative luminance."""
    color = {"white": "#ffffff", "black": "#000000"}.get(color, color)
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(a: str, b: str) -> float:
    low, high = sorted((grey(a), grey(b)))
    return (high + 0.05) / (low + 0.05)
