"""The house: imports go down only, the floors stand apart, no text is ever evaluated."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "symgrad"
MODULES = sorted(PACKAGE.rglob("*.py"))

FLOORS = {  # half a floor: above its neighbour on the same one
    "__main__": 8,
    "cli": 7.5,
    "app": 7,
    "table": 5,
    "tables": 7,
    "training_tables": 6,
    "options": 7,
    "verbs": 6.5,
    "documents": 6,
    "files": 6,
    "progress": 6,
    "runs": 5,
    "present": 4,
    "verify": 3,
    "theory": 2,
    "symbolic": 1,
    "numeric": 1,
    "errors": 0,
}
BUILT_IN = {"eval", "exec", "compile", "__import__"}
SYMPY = {"sympify", "parse_expr", "lambdify"}


def room(module: Path) -> str:
    return module.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> list[str]:
    """Names of the modules imported anywhere in the file, late imports too."""
    names = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.relative_to(PACKAGE).as_posix())
def test_imports_go_down_only(module: Path) -> None:
    here = room(module)
    if here == "__init__":
        return
    for name in imported(ast.parse(module.read_text("utf-8"))):
        parts = name.split(".")
        if parts[0] == "streamlit":
            assert here == "app", f"only app/ imports streamlit, not {module.name}"
        if parts[0] != "symgrad" or len(parts) < 2 or parts[1] not in FLOORS or parts[1] == here:
            continue
        assert FLOORS[parts[1]] < FLOORS[here], f"{here} imports {parts[1]}, which is not below it"


@pytest.mark.parametrize("module", MODULES, ids=lambda m: m.relative_to(PACKAGE).as_posix())
def test_no_text_is_evaluated(module: Path) -> None:
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        where = f"{module.name}:{node.lineno}"
        if isinstance(node.func, ast.Name):
            assert node.func.id not in BUILT_IN | SYMPY, where
        elif isinstance(node.func, ast.Attribute):
            strict = any(keyword.arg == "strict" for keyword in node.keywords)
            assert node.func.attr not in SYMPY or strict, f"{where}: text would be evaluated"
            assert getattr(node.func.value, "id", "") != "pickle", where


def test_files_are_short() -> None:
    long = {m.name: n for m in MODULES if (n := len(m.read_text("utf-8").splitlines())) > 350}
    assert not long


@pytest.mark.parametrize(
    ("statement", "absent"),
    [
        ("import symgrad", ("sympy", "numpy", "streamlit")),
        ("import symgrad.numeric", ("sympy", "streamlit", "altair")),
        ("import symgrad.cli", ("sympy", "numpy", "streamlit")),
    ],
)
def test_what_an_import_leaves_out(statement: str, absent: tuple[str, ...]) -> None:
    program = f"{statement}; import sys; print([name for name in {absent!r} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert found.stdout.strip() == "[]"
