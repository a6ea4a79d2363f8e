"""Who may import whom: the table of the design, held against the code; and what an import costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "tinygrad_rnn"

# A room may import what stands before it in this list (and itself); rooms of one line do not see each other.
FLOORS = [
    {"kernels", "autograd"},
    {"absent", "interrupts", "limits", "determinism", "device", "node_names", "return_types"},
    {"backends", "cuda", "interchange", "random"},
    {"creation"},
    {"ops"},
    {"linalg", "methods", "printing"},
    {"tensor", "scalar"},
    {"legacy"},
    {"atomic"},
    {"text"},
    {"distributions", "nn", "optim", "utils", "viz"},
    {"charmodel", "divergence", "func", "onnx", "serialization"},
    {"tasks", "trainer"},
    {"__init__"},
    {"bench"},
    {"cli"},
    {"__main__"},
]
# Inside the engine, file by file.
ENGINE = ["scope", "source", "nonfinite", "handle", "writes", "graph", "promotion", "view", "binding", "fastcall", "op",
          "listen", "anomaly", "inplace", "backward", "forward_ad", "function",
          "functional", "gradcheck", "__init__"]  # fmt: skip
# Loaded only when called; not at import.
LAZY = {"__init__"}


def imports(path: Path, top_level_only: bool = False) -> set[tuple[str, ...]]:
    """The modules of this package that a file imports, as parts below the package."""
    here = path.relative_to(PACKAGE).with_suffix("").parts
    tree = ast.parse(path.read_text())
    nodes = tree.body if top_level_only else ast.walk(tree)
    found = set()
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and node.level:
            base = here[: len(here) - node.level]
            module = base + tuple((node.module or "").split(".") if node.module else ())
            found |= {(*module, alias.name) for alias in node.names}
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found |= {tuple(name.split("."))[1:] for name in names if name.split(".")[0] == PACKAGE.name}
    return found


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def floor(room: str) -> int:
    for level, rooms in enumerate(FLOORS):
        if room in rooms:
            return level
    raise AssertionError(f"{room} has no place in the table: add it to FLOORS")


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_downwards(path: Path) -> None:
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    for target in imports(path):
        if target and room not in LAZY:
            other = (
                target[0] if (PACKAGE / target[0]).is_dir() or (PACKAGE / f"{target[0]}.py").exists() else "__init__"
            )
            assert other == room or floor(other) < floor(room), f"{path} imports {'.'.join(target)}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "autograd").glob("*.py")), ids=lambda p: p.name)
def test_engine_files_import_downwards(path: Path) -> None:
    for target in imports(path):
        assert target[0] == "autograd", f"the engine knows nothing above itself: {path.name} imports {target}"
        if len(target) > 1 and target[1] in ENGINE:
            assert ENGINE.index(target[1]) < ENGINE.index(path.stem), f"{path.name} imports {target[1]}"


def test_import_is_light() -> None:
    """Importing the package loads none of the heavy libraries."""
    code = "import sys, tinygrad_rnn; print([m for m in sys.argv[1:] if m in sys.modules])"
    heavy = "numba graphviz pygraphviz matplotlib onnx onnxruntime torch rich click safetensors".split()
    out = subprocess.run([sys.executable, "-c", code, *heavy], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
