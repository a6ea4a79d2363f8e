"""Which round of a loop an operation belongs to, told by what comes between the modules. Capitals are their calls."""

from __future__ import annotations

import pytest

from tinygrad_rnn.viz.rounds import adopt, take_turns


def rounds(program: str, chained: bool = True) -> str:
    """The time step of every operation, "." where it has none; each reads the one before it."""
    when, calls = [], {}
    for name in program:
        calls[name] = calls.get(name, -1) + 1
        when.append((sorted({c for c in program if c.isupper()}).index(name), calls[name]) if name.isupper() else None)
    tracks = sorted({place[0] for place in when if place})
    spans = [[i for i, place in enumerate(when) if place and place[0] == track] for track in tracks]
    reads = [[i - 1] if i and chained else [] for i in range(len(program))]
    adopt(program, reads, when, take_turns([(each[0], each[-1]) for each in spans]))
    return "".join(["." if place is None else str(place[1]) for place in when])


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("AAA", "012"),
        ("AtAtAt", "001122"),  # after the cell
        ("AtAtAtsl", "001122.."),  # what comes after the loop is no step of it
        ("cAcAcA", "001122"),  # before the cell
        ("pcAtcAtcAt", ".000111222"),  # both, and something before the loop
        ("ABABAB", "001122"),  # two modules that take turns
        ("AtBAtB", "000111"),
        ("AAAscBcBcB", "012.001122"),  # an encoder, a stack, a decoder that looks back first
        ("AAAscBHcBHcBH", "012.000111222"),
    ],
)
def test_rounds(program, expected):
    assert rounds(program) == expected


def test_what_reads_nothing_of_a_loop_and_lies_behind_it_is_not_part_of_it():
    assert rounds("AtAtAt", chained=False) == "00112."


def test_overlapping_spans_are_one_loop():
    assert take_turns([(0, 4), (1, 5), (7, 9), (8, 12), (14, 14)]) == [0, 0, 2, 2, 4]
