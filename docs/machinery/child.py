"""Runs the blocks of a page: the process that `cells.run` starts. Blocks come as JSON, and what each shows goes so."""

from __future__ import annotations

import ast
import io
import json
import linecache
import subprocess
import sys
import traceback
from contextlib import redirect_stdout


def main() -> None:
    blocks, answers, names = json.load(sys.stdin), [], {"__name__": "__main__"}
    for number, (language, code) in enumerate(blocks, 1):
        answers.append(run(code, f"block {number}", names) if language == "python" else shell(code))
        if answers[-1]["error"]:
            break
    answers += [{"output": "", "error": "a block above raised", "drawn": ""}] * (len(blocks) - len(answers))
    json.dump(answers, sys.stdout)


def run(code: str, name: str, names: dict) -> dict[str, str]:
    """What one block prints, draws or raises; its last expression is shown as a notebook shows it."""
    linecache.cache[name] = (len(code), None, code.splitlines(True), name)  # tracebacks and drawings name lines
    printed, error, drawn = io.StringIO(), "", ""
    with redirect_stdout(printed):
        try:
            tree = ast.parse(code, name)
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, name, "exec"), names)
            if last is not None:
                value = eval(compile(ast.Expression(last.value), name, "eval"), names)
                if hasattr(value, "_repr_svg_"):
                    drawn = value._repr_svg_()
                elif value is not None and not is_path(value):
                    print(repr(value))
        except BaseException:
            error = traceback.format_exc()
    return {"output": printed.getvalue(), "error": error, "drawn": drawn}


def shell(code: str) -> dict[str, str]:
    """What a terminal would show of some commands, errors among it."""
    ended = subprocess.run(["sh", "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return {"output": ended.stdout, "error": "", "drawn": ""}


def is_path(value: object) -> bool:
    """Whether it is what `save` returns: a page shows the picture, not where it lies."""
    return hasattr(value, "__fspath__")


if __name__ == "__main__":
    main()
