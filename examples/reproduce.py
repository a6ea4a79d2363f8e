"""Reproduce what was published: test every claim with several seeds, and write the tables into docs/tasks.md.

    python examples/reproduce.py                                     everything, about half an hour on one core
    python examples/reproduce.py --only adding "grammar, LSTM" --seeds 3 4
    python examples/reproduce.py --write                             only write the tables again
    python examples/reproduce.py --quick --docs trial                to see that all works; a folder with a tasks.md

What was found is kept in docs/tasks.json, so that a run of some claims or seeds replaces these and leaves the others.
Seconds are of the machine that ran it, on one thread but for the longest sequence; load is how many processes wanted
a core in the minute before the end. `_published.py` has the claims.
Expected: all claims hold for all seeds, but for those of which docs/tasks.md says why not.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from time import perf_counter
from typing import Any

from _claims import Claim, Found
from _dates import CASE, draw
from _published import PARTS
from _record import read, table, write

import tinygrad_rnn as tg
from tinygrad_rnn.divergence import Diverged

DOCS = Path(__file__).parent.parent / "docs"


def tested(claim: Claim, seed: int, quick: bool) -> dict[str, Any]:
    """What is kept of one test."""
    began = perf_counter()
    try:
        found = claim.test(seed, quick)
    except Diverged as error:
        found = Found(False, None, None, {"stopped": str(error)})
    seconds = round(perf_counter() - began, 1)
    load = round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None
    kept = {"holds": bool(found.holds), "figure": found.figure, "updates": found.updates}
    return {**kept, "seconds": seconds, "load": load, **found.more}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--only", nargs="+", metavar="WORDS", help="claims whose names have one of these in them")
    which.add_argument("--write", action="store_true", help="test nothing, write the tables of what is known")
    parser.add_argument("--seeds", nargs="+", type=int, help="by default those of each claim")
    parser.add_argument("--quick", action="store_true", help="a trial of each claim, which says nothing; needs --docs")
    parser.add_argument(
        "--docs", type=Path, help="folder with tasks.md, where the results go, if not that of the project"
    )
    options = parser.parse_args()
    if options.quick and not options.docs:
        parser.error("--quick is for trials, whose results are none: say with --docs where they may go")
    folder = options.docs or DOCS
    claims = [] if options.write else [claim for part in PARTS.values() for claim in part]
    if options.only:
        named = [claim for claim in claims if any(words in claim.name for words in options.only)]
        if not named:
            parser.error(f"no claim has any of these words; there are: {'; '.join(claim.name for claim in claims)}")
        claims = named

    tg.set_num_threads(1)
    results = read(folder)
    write(results, PARTS, folder)  # if it cannot be, it is said before anything is trained
    for claim in claims:
        seeds = (options.seeds or claim.seeds[: 1 if options.quick else None]) if claim.seeds else [0]
        for seed in seeds:
            found = tested(claim, seed, options.quick)
            print(f"{claim.name}, seed {seed}: {json.dumps(found)}", flush=True)
            results.setdefault(claim.name, {})[str(seed)] = found
            write(results, PARTS, folder)
    if any(claim.case == CASE for claim in claims):
        draw(results, folder)
    for title, part in PARTS.items():
        print(f"\n{title}\n\n{table(part, results)}")


if __name__ == "__main__":
    main()
