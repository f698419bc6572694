"""Every derivation as a document of every kind: it compiles, fits, says everything, and is the same again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import sympy as sp

from symgrad.errors import InputError
from symgrad.present import book, latex, markdown, typst
from symgrad.present.blocks import Conclusion, Heading, Sources, Step, blocks
from symgrad.present.breaking import LINE, lines
from symgrad.present.escape import latex_text, markdown_text
from symgrad.present.names import UnprintableError
from symgrad.theory.bibliography import BIBLIOGRAPHY
from tests.present.samples import CONSTRUCTS, KEYS, LONG, compiled, derivation, overfull, sample

each = pytest.mark.parametrize("key", KEYS)
STATEMENTS = tuple(expr for expr in CONSTRUCTS if not isinstance(expr, sp.MatrixBase | sp.MatrixExpr))
BOOK = KEYS[:4] + KEYS[-2:]


@each
def test_blocks_hold_the_whole_derivation(key: str) -> None:
    built = derivation(key)
    found = blocks(built)
    steps = [block for block in found if isinstance(block, Step)]
    assert found[0] == Heading(built.title, 1, key)
    assert [step.number for step in steps] == list(range(1, len(built.steps) + 2))
    assert isinstance(steps[-1], Conclusion)
    assert [step.check for step in steps] == [step.check for step in (*built.steps, built.conclusion)]
    (cited,) = (block for block in found if isinstance(block, Sources))
    assert [key for key, _, _ in cited.items] == [source.key for source in built.sources]


@each
def test_latex_compiles_within_its_margins(key: str, pdflatex: str, tmp_path: Path) -> None:
    source = latex.document(derivation(key))
    log = compiled(pdflatex, source, tmp_path)
    assert max(overfull(log), default=0) <= 10
    assert "undefined" not in log
    assert len(re.findall(r"\\begin\{equation\}", source)) == len(derivation(key).steps) + 1


@each
def test_typst_compiles_to_the_same_bytes(key: str) -> None:
    source = typst.document(derivation(key))
    assert source == typst.document(derivation(key))
    assert typst.pdf(source) == typst.pdf(source)


@each
def test_markdown_says_everything(key: str) -> None:
    built = derivation(key)
    text = markdown.document(built)
    assert text.startswith(f"# {markdown_text(built.title)}\n")
    assert text.count("*Because:*") == text.count("*Check:*") == len(built.steps) + 1
    assert f"**Proof: {built.proof}.**" in text
    for source in built.sources:
        assert markdown_text(BIBLIOGRAPHY[source.key].title) in text
    displayed = re.findall(r"^\$\$\n(.*)\n\$\$$", text, re.MULTILINE)
    assert len(displayed) == len(built.steps) + 1
    assert text.replace("\\$", "").count("$") % 2 == 0
    # backslashes before punctuation would be taken for Markdown's own
    assert not [formula for formula in displayed if re.search(r"(?<!\\)\\[^A-Za-z\\]", formula)]


@each
def test_prose_may_stand_in_a_table(key: str) -> None:
    built = derivation(key)
    for prose in (built.summary, *built.assumptions, *(step.because for step in built.steps)):
        assert not re.search(r"(?<!\\)\|", markdown.prose_markdown(prose))


def test_awkward_words_are_words_everywhere(pdflatex: str, tmp_path: Path) -> None:
    built = sample(sp.Eq((sp.Symbol("x") + 1) ** 0, 1, evaluate=False))
    compiled(pdflatex, latex.document(built), tmp_path)
    assert typst.pdf(typst.document(built))
    text = markdown.document(built)
    assert r"\<b\>" in text and "<b>" not in text.replace(r"\<b\>", "")


def test_statements_of_every_construct_fit(pdflatex: str, tmp_path: Path) -> None:
    built = sample(*STATEMENTS)
    assert max(overfull(compiled(pdflatex, latex.document(built), tmp_path)), default=0) <= 10
    assert typst.pdf(typst.document(built))


def test_long_statements_are_broken_until_they_fit(pdflatex: str, tmp_path: Path) -> None:
    built = sample(*LONG)
    log = compiled(pdflatex, latex.document(built), tmp_path)
    assert max(overfull(log), default=0) <= 10
    assert typst.pdf(typst.document(built))
    broken = [lines(statement) for statement in LONG[:5]]
    assert all(len(found.rows) > 1 and found.width <= LINE + 1 for found in broken)


def test_the_check_of_margins_sees_a_line_that_is_too_wide(pdflatex: str, tmp_path: Path) -> None:
    wide = latex.PREAMBLE + "\\begin{document}\\noindent\\hbox{\\kern 500pt x}\n\\end{document}\n"
    assert max(overfull(compiled(pdflatex, wide, tmp_path))) > 10


def test_text_in_latex() -> None:
    assert latex_text("4⁻¹ ≤ γᵀ") == r"4$^{-1}$ $\leq $ $\gamma ^{\top}$"
    with pytest.raises(UnprintableError, match="cannot be set"):
        latex_text("漢")


def test_text_in_markdown() -> None:
    assert markdown_text("leaky_relu | x*y") == r"leaky\_relu \| x\*y"


@pytest.mark.parametrize("kind", ["md", "typ", "pdf", "ipynb"])
def test_a_book_is_made_the_same_twice(kind: str) -> None:
    chosen = [derivation(key) for key in BOOK]
    made = book.book(chosen, kind)
    assert made == book.book(chosen, kind)
    if kind != "pdf":
        text = made.decode()
        names = [markdown_text(one.title).split(":")[0] for one in chosen]
        assert all((json.dumps(name)[1:-1] if kind == "ipynb" else name) in text for name in names)
        assert text.count("A. M. Saxe") <= 1


def test_a_book_of_everything_in_latex(pdflatex: str, tmp_path: Path) -> None:
    source = book.book([derivation(key) for key in KEYS], "tex").decode()
    log = compiled(pdflatex, source, tmp_path)
    assert max(overfull(log), default=0) <= 10
    for key in {source.key for one in KEYS for source in derivation(one).sources}:
        assert source.count(f"\\bibitem{{{key}}}") == 1
    assert all(f"\\label{{{key}}}" in source for key in KEYS)


def test_a_book_has_no_other_format() -> None:
    with pytest.raises(InputError, match=r"'docx' .*legal: tex, md"):
        book.book([derivation(KEYS[0])], "docx")


def test_letters_beyond_latin_1_keep_their_accents() -> None:
    assert latex_text("Mańke, Yeroğlu, İ. Baş") == r"Ma\'{n}ke, Yero\u{g}lu, \.{I}. Ba\c{s}"
