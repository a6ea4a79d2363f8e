"""The run: every section's jobs one after the other, the competitors of a job by turns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from math import isclose
from statistics import median
from typing import Any, NamedTuple

from .child import Child, ChildError
from .engines import PEERS, installed
from .machine import machine, usable_cores, versions
from .measure import take_turns
from .report import Report

SECTIONS = ("ceiling", "products", "layers", "minimal", "bits", "characters", "overhead", "startup", "memory")
QUIET = 0.85  # of its threads' cores the ceiling's threads get on a machine that does nothing else
SAME = 1e-3  # relative: so close are the results of libraries that computed the same in float32

Contestant = tuple[str, int]  # a library, and on how many threads


class Times(NamedTuple):
    """What one contestant took."""

    seconds: list[float]  # of a call, in each round
    flops: float  # of a call, where it counts them itself
    cores: float  # that were kept busy


@dataclass
class Bench:
    """What all sections share: the options, and the processes that do the work.

    Args:
        threads: the numbers of threads to measure with.
        quick: fewer rounds, shorter turns, and the sections' reduced plans.
        note: called with whatever the reader has to know besides the figures.
    """

    threads: Sequence[int]
    quick: bool
    note: Callable[[str], object]
    _children: dict[Contestant, Child] = field(default_factory=dict)

    @property
    def rounds(self) -> int:
        return 3 if self.quick else 9

    @property
    def seconds(self) -> float:
        """How long a turn is, unless one call takes longer."""
        return 0.04 if self.quick else 0.15

    @property
    def starters(self) -> list[str]:
        """Libraries that are started anew for a measurement; quick runs leave out the one that compiles longest."""
        return [each for each in ("ours", "torch", "jax") if installed(each) and not (self.quick and each == "jax")]

    def race(
        self, name: str, works: Mapping[Contestant, tuple[str, Sequence]], seconds: float | None = None
    ) -> dict[Contestant, Times]:
        """Let contestants do the same work by turns.

        Args:
            name: of the work, for notes.
            works: the method and its arguments for every contestant; those that are not installed are left out.
            seconds: of a turn.

        Returns:
            Their times; a contestant that fails has none, and there is a note.
        """
        ready: dict[Contestant, dict[str, Any]] = {}
        works = {contestant: work for contestant, work in works.items() if installed(contestant[0])}
        self._start(works)
        for contestant, (work, sizes) in works.items():
            with self.noting(name):
                ready[contestant] = self.ask(contestant, "prepare", work=work, sizes=list(sizes))
        self._check(name, works, ready)
        turns: dict[Contestant, list[dict[str, Any]]] = {}
        with self.noting(name):
            turn = {each: partial(self._children[each].turn, seconds or self.seconds) for each in ready}
            turns = take_turns(turn, self.rounds)
        found = {}
        for each, took in turns.items():
            cores = median([turn["cores"] for turn in took])
            found[each] = Times([turn["seconds"] for turn in took], ready[each]["flops"], cores)
        for (library, threads), times in found.items():
            if times.cores > 1.25 * threads:
                self.note(f"{name}: {library} on {threads} thread(s) kept {times.cores:.1f} cores busy")
            if library == "ceiling" and busy(found, threads):
                got = f"{threads} thread(s) got {times.cores:.1f} cores"
                self.note(f"{name}: the machine was busy with other things, {got}")
        return found

    def ask(self, contestant: Contestant, do: str, **what: Any) -> dict[str, Any]:
        """Ask a contestant, who is started if need be, for something that is not timed."""
        self._start([contestant])
        try:
            child = self._children[contestant].ready()
        except ChildError:
            del self._children[contestant]
            raise
        return child.ask(do, **what)

    @contextmanager
    def noting(self, name: str) -> Iterator[None]:
        """Turn the failure of a competitor into a note."""
        try:
            yield
        except ChildError as error:
            self.note(f"{name}: {error}")

    def close(self) -> None:
        """End all processes, side by side."""
        for child in self._children.values():
            child.dismiss()
        while self._children:
            self._children.popitem()[1].close()

    def _start(self, contestants: Iterable[Contestant]) -> None:
        """All that have not been started yet, side by side."""
        for contestant in contestants:
            if contestant not in self._children:
                self._children[contestant] = Child(*contestant)

    def _check(
        self, name: str, works: Mapping[Contestant, tuple[str, Sequence]], ready: Mapping[Contestant, dict[str, Any]]
    ) -> None:
        """All that were given the same work as ours must have computed the same."""
        first = next((contestant for contestant in ready if contestant[0] == "ours"), None)
        if first is None:
            return
        ours: dict[str, float] = ready[first]["digest"]
        digests = {each: reply["digest"] for each, reply in ready.items() if works[each] == works[first]}
        for (library, _), found in digests.items():
            for array in ours.keys() & found.keys():
                if not isclose(found[array], ours[array], rel_tol=SAME):
                    self.note(f"{name}: {library} has {found[array]:.6g} as mean of |{array}|, ours {ours[array]:.6g}")


def busy(found: Mapping[Contestant, Times], threads: int) -> bool:
    """Whether something else used the cores, as is seen where the ceiling took part: ratios are worth little then."""
    return ("ceiling", threads) in found and found["ceiling", threads].cores < QUIET * threads


def run(
    sections: Sequence[str] = SECTIONS,
    quick: bool = False,
    threads: Sequence[int] | None = None,
    note: Callable[[str], object] = lambda text: None,
    show: Callable[[str, int, int], object] = lambda text, done, total: None,
) -> Report:
    """Measure.

    Args:
        sections: which of SECTIONS.
        quick: a reduced grid, in less than a minute.
        threads: to measure with; None for one and for as many as there are cores.
        note: called with every note as it comes up; they are in the report too.
        show: called before each job with its name, the number of jobs done, and of all jobs.
    """
    threads = sorted(set(threads or (1, usable_cores())))
    report = Report(machine(), versions(), {"sections": list(sections), "quick": quick, "threads": threads})

    def noting(text: str) -> None:
        if text not in report.notes:
            report.notes.append(text)
            note(text)

    for peer in PEERS:
        if not installed(peer):
            noting(f"{peer} is not installed: pip install {peer}")
    modules = {section: import_module(f".{section}", __package__) for section in sections}
    jobs = [(section, job) for section, module in modules.items() for job in module.plan(quick)]
    bench = Bench(threads, quick, noting)
    try:
        for k, (section, job) in enumerate(jobs):
            show(f"{section}: {job}", k, len(jobs))
            report.rows.extend(modules[section].measure(bench, job))
        show("done", len(jobs), len(jobs))
    finally:
        bench.close()
    return report
