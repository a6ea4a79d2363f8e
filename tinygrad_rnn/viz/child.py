"""The child process: DOT text from standard input, a picture to standard output, by pygraphviz's Graphviz."""

from __future__ import annotations

import sys
import tempfile


def main(engine: str, format: str) -> int:
    from pygraphviz import graphviz

    with tempfile.TemporaryFile() as file:
        file.write(sys.stdin.buffer.read())
        file.seek(0)
        graph = graphviz.agread(file, None)
    context = graphviz.gvContextWithBuiltins()
    if graphviz.gvLayout(context, graph, engine.encode()):
        return 1
    error, picture = graphviz.gvRenderData(context, graph, format.encode())
    if error:
        return 1
    sys.stdout.buffer.write(picture)
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.path.pop(0)  # the folder of this file: its modules must not hide others
    sys.exit(main(*sys.argv[1:]))
