"""The backward pass drawn beside the forward pass: what is mirrored, what is not, and the norms it carries."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

import tinygrad_rnn as tg
from tinygrad_rnn import Value, draw
from tinygrad_rnn.autograd.op import registry, resolve
from tinygrad_rnn.cli import program
from tinygrad_rnn.viz.formula import formula

from .helpers import edges, loop, lstm_output, members, nodes, step_labels, texts, titled, value_loop
from .test_drawing import words
from .test_gradient_color import T, edge_lines, loss_of, tip_norm


def gradients(source: str) -> dict[str, str]:
    """Gradient boxes: node -> title."""
    return {n: texts(a)[0] for n, a in nodes(source).items() if texts(a) and texts(a)[0].startswith("∇")}


def test_every_box_that_has_a_gradient_has_a_box_for_it():
    source = draw(lstm_output(3, layers=2)[-1].sum(), "step", backward=True).source
    titles = [texts(a)[0] for n, a in nodes(source).items() if texts(a)]
    forward = [t for t in titles if not t.startswith("∇")]
    without = [t for t in forward if t in ("x", "h, c = 0")]
    assert sorted(f"∇ {t}" for t in forward if t not in without) == sorted(gradients(source).values())
    assert len(without) == 3 + 2, "data and initial states"


@pytest.mark.parametrize("level", ["module", "layer", "step", "op"])
@pytest.mark.parametrize("view", ["unrolled", "folded", "rolled"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_forward_half_stays_as_it_is(level, view, bidirectional):
    loss = lstm_output(6, layers=2, bidirectional=bidirectional).sum()
    half, whole = draw(loss, level, view).source, draw(loss, level, view, backward=True).source
    assert step_labels(whole) == step_labels(half)
    assert [texts(a) for a in nodes(half).values()] == [texts(nodes(whole)[n]) for n in nodes(half)]
    assert set(edges(whole)) >= {(a, b) for a, b in edges(half) if a[0] == b[0] == "n"}


def test_a_gradient_lies_in_the_column_of_its_step_and_states_go_back_in_time():
    source = draw(lstm_output(4, layers=1)[-1].sum(), "step", backward=True).source
    steps = [[n for n in members(source, f"cluster_t{t}") if gradients(source).get(n) == "∇ LSTM"] for t in range(4)]
    assert [len(each) for each in steps] == [1] * 4
    for (before,), (after,) in pairwise(steps):
        assert edges(source).count((after, before)) == 2, "of h and of c"
        assert (before, after) not in edges(source)


def test_a_square_sends_two_gradients_to_its_input():
    x = Value(3.0)
    source = draw(x * x, backward=True, params={"x": x}).source
    (dx,), (square,) = titled(source, "∇ x"), titled(source, "∇ ×")
    assert edges(source).count((dx, square)) == 2, "placed like the edges of the forward pass, the arrow at dx"
    assert source.count("dir=back") == 2
    assert texts(nodes(source)[square]) == ["∇ ×", "da = dy * b", "db = dy * a"]
    assert texts(nodes(source)[dx]) == ["∇ x", "grad 0.0000"]


def test_what_wants_no_gradient_gets_none():
    h, w, _ = loop(3)
    source = draw(h.sum(), "op", backward=True, params={"w": w}).source
    assert not titled(source, "∇ x") and titled(source, "x")


def test_an_input_that_wants_a_gradient_gets_one_at_every_step():
    lstm, x = tg.nn.LSTM(3, 4), tg.randn(3, 2, 3, requires_grad=True)
    source = draw(lstm(x)[0].sum(), "step", backward=True, params={"x": x}).source
    (dx,) = titled(source, "∇ x")
    arrive = [a for a, b in edges(source) if b == dx]
    assert len(arrive) == 1 and arrive[0].startswith("g"), "collected by one line"
    assert len([1 for a, b in edges(source) if a in gradients(source) and b.startswith(f"g{dx[1:]}_")]) == 3


def test_a_parameter_collects_from_every_step():
    source = draw(lstm_output(5, layers=1).sum(), "op", backward=True).source
    for name in ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"):
        (dw,) = titled(source, f"∇ {name}")
        points = [b for a, b in edges(source) if a in gradients(source) and b.startswith(f"g{dw[1:]}_")]
        assert len(points) == 5


@pytest.mark.parametrize("gain", [0.5, 3.0])
def test_colours_move_to_the_backward_pass(gain):
    loss, (dhs, dws) = loss_of(gain)
    source = draw(loss, "step", color="gradient", backward=True).source
    lines = edge_lines(source)
    cells = [n for n, title in gradients(source).items() if title == "∇ RNN"]
    assert len(cells) == T
    for name, dh in zip(cells, dhs):
        assert tip_norm(nodes(source)[name]) == pytest.approx(dh, rel=1e-2)
    for t, (a, b) in enumerate(pairwise(cells)):
        assert tip_norm(lines[b, a]) == pytest.approx(dhs[t], rel=1e-2)
    plain = [n for n in nodes(source) if n not in gradients(source)]
    assert not any([tip_norm(nodes(source)[n]) for n in plain])
    assert "norm of the gradient" in source


def test_gradients_are_written_beside_values():
    x = tg.tensor([1.0, 2.0], requires_grad=True)
    source = draw((x * x).sum(), "op", backward=True, show=["value", "gradient"], params={"x": x}).source
    (box,), (dx,) = titled(source, "x"), titled(source, "∇ x")
    said = [" ".join(" ".join(texts(nodes(source)[name])).split()) for name in (box, dx)]
    assert said == ["x 2 value 1 2", "∇ x 2 gradient 2 4"]


def test_a_freed_graph_has_a_backward_pass_to_draw():
    loss = lstm_output(3).sum()
    before = draw(loss, "step", backward=True).source
    loss.backward()
    assert len(gradients(draw(loss, "step", backward=True).source)) == len(gradients(before))


def test_drawing_it_computes_nothing():
    h, w, u = loop(3)
    h.sum().backward(retain_graph=True)
    old = w.grad.numpy().copy()
    draw(h.sum(), "op", backward=True)
    assert np.array_equal(w.grad.numpy(), old)


def test_rolled_up_the_gradient_comes_from_the_step_after():
    source = draw(lstm_output(4, layers=1).sum(), "step", "rolled", backward=True).source
    assert source.count("t − 1") == 1 and source.count("t + 1") == 1


def test_values_in_steps_go_back_too():
    source = draw(value_loop(3), backward=True).source
    assert len([t for t in gradients(source).values() if t == "∇ ×"]) == 3


def test_outputs_of_every_step_have_a_gradient_that_arrives():
    source = draw(lstm_output(3, layers=1), "step", backward=True).source
    arriving = [n for n, title in gradients(source).items() if title == "∇ y"]
    assert len(arriving) == 3
    cells = [n for n, title in gradients(source).items() if title == "∇ LSTM"]
    assert len([1 for a, b in edges(source) if a in arriving and b in cells]) == 3


def test_it_lays_itself_out():
    picture = draw(lstm_output(3, bidirectional=True).sum(), "op", backward=True).render()
    assert words(picture).count("∇ linear") == 2 * 2 * 3 * 2, "two in each cell"


def test_formulas_come_from_the_rules():
    rule = lambda name, x: formula(resolve(registry[name].partials[x]))
    assert rule("tanh", "x") == "dy * (1.0 - y * y)"
    assert (rule("sub", "a"), rule("sub", "b")) == ("dy", "-dy"), "two lambdas in one line"
    assert formula(len) == "" and formula(eval("lambda dy: dy")) == "", "no source to read"


def test_the_command_draws_it(tmp_path):
    path = tmp_path / "x.dot"
    assert CliRunner().invoke(program, ["draw", "--cell", "rnn", "--backward", "-o", str(path)]).exit_code == 0
    assert gradients(path.read_text())


def test_what_thousands_share_collects_by_a_rail():
    y = leaf = tg.ones((), requires_grad=True)
    for _ in range(30):
        y = y + leaf
    source = draw(y, "op", backward=True).source
    assert len([line for line in source.splitlines() if "shape=point" in line]) == 2 * 31
    assert source.count("dir=back") == 30 + 1, "one arrow ends in the gradient of what is shared"
    draw(y, "op", backward=True).render()
