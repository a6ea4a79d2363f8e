"""Fuzz every loader with inputs that a coverage-guided fuzzer finds: python -m tests.trust.fuzz --inputs 100000

The fuzzer is Atheris, which is libFuzzer for Python: `pip install atheris` (its wheels are for Python 3.11 to 3.13 on
Linux). It counts the branches of our readers and of the json, pickletools and zipfile they call; inputs that reach new
ones are kept and changed further. What every input must do is in `loaders.py`. The table says for each loader how
many inputs there were, how many of them were loaded, how many branches they reached and the most memory one held.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOADERS = "safetensors", "safetensors header", "structure", "torch zip", "pickle in a zip", "text", "character model"
INSTRUMENTED = ["tinygrad_rnn.serialization", "tinygrad_rnn.text", "tinygrad_rnn.trainer", "tinygrad_rnn.device"]
READERS = ["json", "pickletools", "zipfile"]
WORDS = ["null", "true", "-1", "1e999", "99999999999999999999", "[]", "{}", "../", "\\x00", "\\xff\\xff\\xff\\xff"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--inputs", type=int, default=100_000, help="for each loader")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--loader", choices=LOADERS, action="append", help="default: all")
    parser.add_argument("--child", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        return fuzz(*options.child)
    print(f"{'loader':20} {'inputs':>9} {'loaded':>9} {'refused':>9} {'branches':>9} {'most held':>12}  found")
    rows = [supervise(name, options.inputs, options.seed) for name in options.loader or LOADERS]
    print(f"{'together':20} {sum(inputs for inputs, _ in rows):9,} {'':43} {sum(found for _, found in rows)} faults")
    return any(found for _, found in rows)


def supervise(name: str, inputs: int, seed: int) -> tuple[int, int]:
    """Fuzz one loader in a process of its own: inputs tried, faults found."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", __spec__.name, "--child", name, folder, str(inputs), str(seed)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        counted = Path(folder, "counted.json")
        if not counted.exists():
            sys.exit(done.stderr[-2000:])
        inputs, taken, held = json.loads(counted.read_text())
        reached = re.findall(r" cov: (\d+) ", done.stderr)
        faults = re.findall(r"^Broken: (.*)", done.stderr, re.MULTILINE)
        if done.returncode and not faults:
            faults = [f"exit {done.returncode}: {done.stderr.strip()[-300:]}"]
        for kept in Path(folder).glob("fault-*"):
            faults[0] += f"; the input is {kept.read_bytes()[:1000]!r}"
    columns = f"{inputs:9,} {taken:9,} {inputs - taken:9,} {int(reached[-1]) if reached else 0:9,} {held:12,}"
    print(f"{name:20} {columns}  {' '.join(faults) or 'nothing'}", flush=True)
    return inputs, len(faults)


def fuzz(name: str, folder: str, inputs: str, seed: str) -> int:
    """What the process of one loader does: it stops at the first fault."""
    import atheris

    with atheris.instrument_imports(include=[*INSTRUMENTED, *READERS]):
        from tests.trust.loaders import Broken, judge, loaders, warm
    warm()
    loader, counted = loaders()[name], [0, 0, 0]

    def one(data: bytes) -> None:
        counted[0] += 1
        try:
            taken, held = judge(loader, data)
        except Broken:
            note(folder, counted)
            raise
        counted[1:] = counted[1] + taken, max(counted[2], held)

    corpus = Path(folder, "corpus")
    corpus.mkdir()
    words = set(WORDS)
    for i, content in enumerate(loader.seeds):
        corpus.joinpath(str(i)).write_bytes(content)
        words |= {word.decode() for word in re.findall(rb"[a-zA-Z_.]{3,30}", content)}
    dictionary = Path(folder, "words")
    dictionary.write_text("".join(f'"{word}"\n' for word in sorted(words)))
    flags = [f"-atheris_runs={inputs}", f"-seed={seed}", f"-dict={dictionary}", f"-artifact_prefix={folder}/fault-"]
    limits = ["-max_len=20000", "-timeout=20", "-rss_limit_mb=4096"]
    atheris.Setup([sys.argv[0], *flags, *limits, str(corpus)], one)
    try:
        atheris.Fuzz()
    finally:
        note(folder, counted)
    return 0


def note(folder: str, counted: list[int]) -> None:
    """Before the fuzzer ends the process."""
    Path(folder, "counted.json").write_text(json.dumps(counted))


if __name__ == "__main__":
    sys.exit(main())
