"""Every derivation as a notebook: it runs where symgrad is not, and tests the statements."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbformat
import pytest
import sympy as sp

from symgrad.present import book, notebook
from symgrad.present.names import UnprintableError
from symgrad.symbolic.derivation import Derivation, Step
from symgrad.symbolic.letters import E, gamma, h, n, w_scalar, x
from symgrad.symbolic.notation import Norm, Partial
from tests.present.samples import KEYS, derivation

each = pytest.mark.parametrize("key", KEYS)

RUN = """
import json, sys
sys.modules["symgrad"] = None  # importing it is an error
for path in sys.argv[1:]:
    names = {}
    for cell in json.load(open(path, encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            try:
                exec("".join(cell["source"]), names)
            except AssertionError as error:
                print(path, "refuted", error)
                break
    print(path, names["tested"])
"""


@cache
def made(key: str) -> str:
    return notebook.document(derivation(key))


def run(paths: list[Path], folder: Path) -> list[str]:
    """What the notebooks print when their code runs in an interpreter of its own, without symgrad."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", RUN, *map(str, paths)],
        cwd=folder,
        capture_output=True,
        check=True,
        timeout=300,
        text=True,
    )
    return done.stdout.splitlines()


@each
def test_it_is_a_notebook_with_fixed_cells_and_no_outputs(key: str) -> None:
    text = made(key)
    parsed = nbformat.reads(text, as_version=4)
    nbformat.validate(parsed)
    assert text == notebook.document(derivation(key))
    identities = [cell.id for cell in parsed.cells]
    assert len(set(identities)) == len(identities)
    assert all(not cell.outputs for cell in parsed.cells if cell.cell_type == "code")
    assert "symgrad" not in "".join(cell.source for cell in parsed.cells if cell.cell_type == "code")
    last = parsed.cells[-1].source
    assert last.startswith("assert tested == [") and "conclusion" in last


def test_all_of_them_run_without_symgrad(tmp_path: Path) -> None:
    paths = [tmp_path / f"{key}.ipynb" for key in KEYS]
    for key, path in zip(KEYS, paths, strict=True):
        path.write_text(made(key), "utf-8")
    printed = run(paths, tmp_path)
    assert len(printed) == len(KEYS)
    for key, line in zip(KEYS, printed, strict=True):
        tested = json.loads(line.split(" ", 1)[1])
        assert tested, key
        if key.startswith("activation-"):  # all about expressions: the conclusion itself is tested
            assert tested[-1] == len(derivation(key).steps) + 1


def tampered(key: str, number: int, statement: sp.Basic) -> Derivation:
    """The derivation with one statement replaced, past every check."""
    built = derivation(key)
    steps = list(built.steps)
    steps[number - 1] = Step(statement, steps[number - 1].because, "not checked")
    return dataclasses.replace(built, steps=tuple(steps))


@pytest.mark.parametrize(
    ("key", "statement"),
    [
        (
            "activation-tanh",
            sp.Eq(sp.Derivative(sp.tanh(x), x), 1 - sp.tanh(x) ** 2 * sp.Rational(999, 1000)),
        ),
        ("activation-sigmoid", sp.Eq(sp.Derivative(x, x), 1 + sp.Rational(1, 10**45), evaluate=False)),
        ("norm-bound", sp.Le(Norm(Partial(h[n], h[0])), gamma**n / 10**6, evaluate=False)),
        ("scalar-chain", sp.Eq(Partial(E, h[n]), 2 * Partial(E, h[n]), evaluate=False)),
    ],
)
def test_a_wrong_statement_is_refuted_by_its_notebook(key: str, statement: sp.Basic, tmp_path: Path) -> None:
    path = tmp_path / "wrong.ipynb"
    path.write_text(notebook.document(tampered(key, 1, statement)), "utf-8")
    (refuted, _) = run([path], tmp_path)
    assert "refuted" in refuted


def test_nothing_to_test_is_an_error() -> None:
    built = derivation("update-rule")
    only = dataclasses.replace(built, steps=(), conclusion=built.steps[0])
    assert only.conclusion.statement.has(Partial(E, w_scalar))
    with pytest.raises(UnprintableError, match="update-rule: no statement can be tested"):
        notebook.document(only)


def executed(path: Path) -> None:
    program = (
        "import sys, nbformat; from nbclient import NotebookClient;"
        "NotebookClient(nbformat.read(sys.argv[1], 4), timeout=240, kernel_name='python3').execute()"
    )
    command = [sys.executable, "-W", "ignore", "-c", program, str(path)]
    done = subprocess.run(command, cwd=path.parent, capture_output=True, check=False, timeout=300, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_one_runs_under_jupyter(tmp_path: Path) -> None:
    path = tmp_path / "one.ipynb"
    path.write_text(made("scalar-chain"), "utf-8")
    executed(path)


@pytest.mark.slow
def test_all_run_under_jupyter_as_one_book(tmp_path: Path) -> None:
    path = tmp_path / "book.ipynb"
    path.write_bytes(book.book([derivation(key) for key in reversed(KEYS)], "ipynb"))
    executed(path)
