"""Plain text stays plain in Markdown, by the judgement of a Markdown parser."""

from __future__ import annotations

import html
import re

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from symgrad.app.words import escaped, powers, sentence, typeset

PLAIN = st.text(
    st.characters(codec="utf-8", exclude_categories=("C", "Z"), include_characters=" "), min_size=1
).filter(lambda text: text == " ".join(text.split()) and text != "")


def rendered(markdown: str) -> str:
    return html.unescape(MarkdownIt().render(markdown))


@given(PLAIN)
def test_escaped_text_is_shown_as_it_is(text: str) -> None:
    assert rendered(escaped(text)) == f"<p>{text}</p>\n"


@given(PLAIN)
def test_escaped_text_opens_no_mathematics_and_no_directive(text: str) -> None:
    assert not re.search(r"(?<!\\)[$:]", escaped(text).replace(r"\\", ""))


def test_powers_of_ten_are_raised() -> None:
    assert powers("at most 0.21^t, of 10^{2} and x^2") == r"at most $0.21^{t}$, of 10\^\{2\} and x\^2"
    assert powers("by 10^-9.1 = 3, a_b") == r"by $10^{-9.1}$ \= 3, a\_b".replace(r"\=", "=")


def test_places_are_written_with_a_readers_signs() -> None:
    assert rendered(typeset("x -> -oo")) == "<p>x → −∞</p>\n"
    assert rendered(typeset("pi + 2*pi*k")) == "<p>π + 2·π·k</p>\n"
    assert rendered(typeset("-2*u, where u is a root")) == "<p>−2·u, where u is a root</p>\n"


def test_a_clause_becomes_a_sentence_but_greek_stays_small() -> None:
    assert sentence("the derivative is 1") == "The derivative is 1."
    assert sentence("φ′ is not a function of φ") == "φ′ is not a function of φ."
