"""The layout of small graphs, and how large boxes are taken to be."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_rnn.viz.layered import layered, spread
from tinygrad_rnn.viz.splines import corners, pos


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 12))
    pairs = [(a, b) for b in range(n) for a in range(b)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=20, unique=True)) if pairs else []
    sizes = [(draw(st.floats(5, 60)), draw(st.floats(5, 40))) for _ in range(n)]
    return sizes, edges


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_edges_go_right_and_boxes_do_not_overlap(graph):
    sizes, edges = graph
    layout = layered(sizes, edges)
    for a, b in edges:
        assert layout.at[a][0] + sizes[a][0] / 2 < layout.at[b][0] - sizes[b][0] / 2
    for i, (x, y) in enumerate(layout.at):
        assert y - sizes[i][1] / 2 >= -1e-6
        assert y + sizes[i][1] / 2 <= layout.height + 1e-6
        for j in range(i):
            dx, dy = abs(x - layout.at[j][0]), abs(y - layout.at[j][1])
            assert dx >= (sizes[i][0] + sizes[j][0]) / 2 or dy >= (sizes[i][1] + sizes[j][1]) / 2 - 1e-6
    assert [route[0][0] for route in layout.routes] == [layout.at[a][0] + sizes[a][0] / 2 for a, _ in edges]


def test_a_chain_is_straight():
    layout = layered([(10, 10)] * 4, [(0, 1), (1, 2), (2, 3)])
    assert len({round(y, 6) for _, y in layout.at}) == 1


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=8))
def test_spread_keeps_order_and_distance(wanted):
    places = spread(wanted, [1.0] * len(wanted), [10.0] * len(wanted), 2.0)
    assert all(b - a >= 12 - 1e-6 for a, b in itertools.pairwise(places))
    if all(b - a >= 12 for a, b in itertools.pairwise(wanted)):
        assert max(abs(a - b) for a, b in zip(places, wanted)) < 1e-6


def test_paths_are_bezier():
    path = corners([(0, 0), (10, 0), (10, 10)])
    assert len(path) % 3 == 1
    assert path[0] == (0, 0)
    assert path[-1] == (10, 10)
    assert pos(path).startswith("e,10.0,10.0 0.0,0.0 ")
