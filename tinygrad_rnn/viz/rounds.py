"""In a loop of the user's own that is known only by the modules it calls: which round the operations between belong to.

Between two rounds lies the end of the one, and then the beginning of the next as far as the same comes before the
first round: attention, for example, before a cell is called.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise, takewhile

Place = tuple[int, int]  # number of the track, time step


def adopt(names: Sequence[str], reads: Sequence[list[int]], when: list[Place | None], loops: Sequence[int]) -> None:
    """Give a place to what has none and lies in a loop.

    After the last round only as much is taken as the round before had of the same operations.

    Args:
        names: of all operations, oldest first.
        reads: for each of them, which others it reads.
        when: their places, as far as modules tell them; the others are filled in.
        loops: track -> the loop that it is part of.
    """
    known = [position for position, place in enumerate(when) if place is not None]
    openings = _openings(names, when, loops, known)
    taken: Counter[tuple[int, int, str]] = Counter()
    for a, b in pairwise([-1, *known, len(names)]):
        before = when[a] if a >= 0 else None
        after = when[b] if b < len(names) else None
        inside = before is not None and after is not None and loops[before[0]] == loops[after[0]]
        begins = b
        if after is not None and not (inside and _step(before) == after[1]):
            begins = max(a + 1, b - openings.get(loops[after[0]], 0))
        for position in range(a + 1, b):
            place = after if position >= begins else before
            if position < begins and not inside:
                latest = max([at for at in reads[position] if when[at] is not None], default=-1)
                place = when[latest] if latest >= 0 else None
                if place is not None:
                    loop, t = loops[place[0]], place[1]
                    if taken[loop, t - 1, names[position]] <= taken[loop, t, names[position]]:
                        place = None
            if place is not None:
                taken[loops[place[0]], place[1], names[position]] += 1
                when[position] = place


def _step(place: Place | None) -> int | None:
    return None if place is None else place[1]


def _openings(names: Sequence[str], when: list[Place | None], loops: Sequence[int], known: list[int]) -> dict[int, int]:
    """Loop -> how many operations begin a round of it, before the first module is called."""
    first: dict[int, list[str]] = {}
    found: dict[int, int] = {}
    for a, b in pairwise([-1, *known]):
        before, after = when[a] if a >= 0 else None, when[b]
        assert after is not None
        loop, latest_first = loops[after[0]], [names[at] for at in range(b - 1, a, -1)]
        if loop not in first:
            first[loop] = latest_first
        elif loop not in found and _step(before) != after[1]:
            same = takewhile(lambda pair: pair[0] == pair[1], zip(first[loop], latest_first))
            found[loop] = len([*same])
    return found


def take_turns(spans: Sequence[tuple[int, int]]) -> list[int]:
    """Which loop each track is part of, from their first and last positions: those that overlap are one loop."""
    loops: list[int] = []
    end = -1
    for number, (first, last) in enumerate(spans):
        loops.append(loops[-1] if first < end else number)
        end = max(end, last)
    return loops
