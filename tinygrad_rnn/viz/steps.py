"""Which time step a node belongs to, and which steps share a column.

A step is an explicit step frame; or, in a user's own loop without one, the k-th call of a module with weights
that is called more than once. Steps with equal numbers of loops that run side by side (layers, directions) share
a column; a loop that starts from what another has finished (a decoder) comes in columns of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from ..autograd.graph import Leaf
from ..autograd.scope import Frame, Scope, places
from .nodes import Source, Trace
from .rounds import adopt, take_turns


@dataclass
class Track:
    """One pass of one loop."""

    name: str
    loop: int  # tracks that take turns are parts of one loop
    first: int  # positions of its first and last node in the trace
    last: int
    steps: set[int] = field(default_factory=set)
    era: int = 0  # loops of one era share their columns
    after: set[int] = field(default_factory=set)
    twin: int | None = None  # of a gradient's loop: the loop whose gradient it is


class Timeline:
    """For every node of a trace its column, or None; and what the columns are called.

    Attributes:
        columns: (era, t) of each column, in the order in which they are drawn.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self.tracks: list[Track] = []
        self.when: list[tuple[int, int] | None] = []  # (track, t) of every node
        self._ranks = _repeated_calls(trace)
        self._walk()
        if self._ranks:
            self._adopt()
        self._eras()
        eras = sorted({(self.tracks[track].era, t) for track, t in filter(None, self.when)})
        self.columns: list[tuple[int, int]] = eras
        number = {key: column for column, key in enumerate(eras)}
        self.of: list[int | None] = [
            None if place is None else number[self.tracks[place[0]].era, place[1]] for place in self.when
        ]

    def place(self, scope: Scope) -> tuple[Any, str, int] | None:
        """(which loop, its name, step) of a scope."""
        for i, frame in enumerate(scope):
            if frame.kind == "step":
                return (
                    places(scope[:i]),
                    next((f.name for f in scope[i::-1] if f.kind == "module"), ""),
                    frame.index or 0,
                )
        for frame in scope:
            if frame.kind == "module" and (rank := self._ranks.get((frame.owner, frame.index))) is not None:
                return frame.owner, frame.name, rank
        return None

    def _walk(self) -> None:
        """Number the loops; one that starts over in the same place is another loop."""
        current: dict[Any, tuple[int, int, int]] = {}  # loop -> its latest track, step and direction
        first: dict[Any, int] = {}
        scope, place = None, None
        for position, node in enumerate(self._trace.nodes):
            if node.scope is not scope:
                scope = node.scope
                place = self.place(scope)
            if place is None:
                self.when.append(None)
                continue
            loop, name, t = place
            track, latest, direction = current.get(loop, (-1, t, 0))
            turn = (t > latest) - (t < latest)
            if track < 0 or (turn and direction and turn != direction):
                before, track, direction, turn = track, len(self.tracks), 0, 0
                twin = first.setdefault(loop, track) if any([f.kind == "vjp" for f in scope]) else None
                first.setdefault(loop, track)
                self.tracks.append(Track(name, track, position, position, twin=twin))
                if before >= 0:
                    direction = self._turn_back(before, latest, t)
            current[loop] = track, t, turn or direction
            self.tracks[track].last = position
            self.tracks[track].steps.add(t)
            self.when.append((track, t))

    def _turn_back(self, before: int, latest: int, t: int) -> int:
        """A loop that runs back began with the step that the one before it ended with, if that was entered again.

        Returns: its direction; 0 if it is not known.
        """
        old, new, number = self.tracks[before], self.tracks[-1], len(self.tracks) - 1
        if t not in old.steps or any([min(t, latest) < step < max(t, latest) for step in old.steps]):
            return 0
        span = range(old.first, new.first)
        entered: dict[int, dict[int, list[int]]] = {t: {}, latest: {}}  # step -> each `with step(...)`: its nodes
        for at in span:
            if (place := self.when[at]) is not None and place[0] == before and place[1] in entered:
                frame = next((frame for frame in self._trace.nodes[at].scope if frame.kind == "step"), None)
                entered[place[1]].setdefault(id(frame), []).append(at)
        again = [*entered[latest].values()][len(entered[t]) :]
        if not again:
            return 0
        for at in [at for nodes in again for at in nodes]:
            self.when[at] = number, latest
        new.first = again[0][0]
        new.steps.add(latest)
        old.last = max([at for at in span if (place := self.when[at]) is not None and place[0] == before])
        return (t > latest) - (t < latest)

    def _adopt(self) -> None:
        """What is computed between the modules of a loop belongs to its steps too."""
        loops = take_turns([(track.first, track.last) for track in self.tracks])
        for track, loop in zip(self.tracks, loops):
            track.loop = loop
        nodes = self._trace.nodes
        index = {node: position for position, node in enumerate(nodes)}
        reads = [[index[s.node] for s in self._trace.sources(node) if s.node in index] for node in nodes]
        adopt([node.op.name for node in nodes], reads, self.when, loops)
        for positions in _weightless_calls(self._trace, self._ranks):
            if placed := [place for at in positions if (place := self.when[at]) is not None]:
                for at in positions:
                    self.when[at] = self.when[at] and placed[-1]

    def _eras(self) -> None:
        if len(self.tracks) < 2:
            return
        index = {node: position for position, node in enumerate(self._trace.nodes)}
        gathers: list[frozenset[int]] = []  # the tracks that a node outside the steps depends on
        none: frozenset[int] = frozenset()
        for position, node in enumerate(self._trace.nodes):
            here = self.when[position]
            behind: set[int] = set()
            for source in self._trace.sources(node):
                if (at := index.get(source.node)) is None:
                    continue
                there = self.when[at]
                if there is None:
                    if here is None or not self._one_each(source, here):
                        behind |= gathers[at]
                elif here is None or there[1] != here[1]:
                    behind.add(there[0])
            gathers.append(frozenset(behind) if here is None and behind else none)
            if here is not None:
                track = self.tracks[here[0]]
                track.after |= {b for b in behind if self.tracks[b].last < track.first}
        for _, turns in groupby(self.tracks, key=lambda track: track.loop):
            together = [*turns]
            after = {b for track in together for b in track.after if self.tracks[b] not in together}
            for track in together:
                track.era = max([self.tracks[b].era + 1 for b in after], default=0)
                if track.twin is not None:
                    track.era = self.tracks[track.twin].era

    def _one_each(self, source: Source, here: tuple[int, int]) -> bool:
        """Output t of `unbind` goes to step t: the loops run side by side, not one after the other."""
        track, t = here
        unbound = source.node.op.name in UNBINDS and len(source.node.shape) == len(self.tracks[track].steps)
        return unbound and source.out == t


UNBINDS = ("unbind", "unstack")


def _repeated_calls(trace: Trace) -> dict[tuple[Any, Any], int]:
    """(module, number of the call) -> calls since its first one in this graph, of modules with weights that repeat.

    Empty where explicit step frames tell the time.
    """
    calls: dict[Any, set[int]] = {}
    weighted: set[Any] = set()
    scope = None
    for node in trace.nodes:
        owners = [frame.owner for frame in node.scope if frame.kind == "module"] if node.scope else []
        if owners and any([source.node.__class__ is Leaf for source in trace.sources(node)]):
            weighted.update(owners)
        if node.scope is scope:
            continue
        scope = node.scope
        for frame in scope:
            if frame.kind == "step":
                return {}
            if frame.kind == "module" and frame.index is not None:
                calls.setdefault(frame.owner, set()).add(frame.index)
    return {
        (owner, index): index - min(indices)  # a call that is not in the graph took its step, too
        for owner, indices in calls.items()
        if len(indices) > 1 and owner in weighted
        for index in indices
    }


def _weightless_calls(trace: Trace, ranks: dict[tuple[Any, Any], int]) -> list[list[int]]:
    """Positions of the nodes of each call of modules that repeat but do not tell the time: they lie in one step."""
    calls: dict[Any, dict[Any, list[int]]] = {}
    for position, node in enumerate(trace.nodes):
        for frame in node.scope:
            if frame.kind == "module" and frame.index is not None and (frame.owner, frame.index) not in ranks:
                calls.setdefault(frame.owner, {}).setdefault(frame.index, []).append(position)
    return [positions for of_one in calls.values() if len(of_one) > 1 for positions in of_one.values()]


def without_time(frames: Scope) -> tuple[Frame, ...]:
    """Frames that are the same at every step."""
    return tuple([frame._replace(index=None) for frame in frames if frame.kind != "step"])
