"""Derivations beside what was measured: their conclusion, or their steps, and the way to the whole page."""

from __future__ import annotations

import streamlit as st

from symgrad.app.ask import Document, ask
from symgrad.app.links import open_view
from symgrad.app.parts import formula, grade_badge, steps
from symgrad.app.words import escaped

__all__ = ["conclusion", "in_full", "steps_of"]


def conclusion(key: str) -> None:
    """The statement of a derivation with its reason, and a link to its page."""
    page = ask("show", key=key)
    with st.container(border=True, gap="xsmall", key=f"conclusion-{key}"):
        st.markdown(f"**{escaped(page['title'])}**  {grade_badge(page['proof'])}")
        formula(page["conclusion"]["latex"])
        st.markdown(page["conclusion"]["because_markdown"])
        in_full(page)


def steps_of(key: str) -> Document:
    """Every step of a derivation under its title, then a link to its page; returns the page."""
    page = ask("show", key=key)
    st.subheader(escaped(page["title"]), anchor=False)
    steps(page["steps"])
    in_full(page)
    return page


def in_full(page: Document) -> None:
    """The way to the derivation in the Library, where it can be measured and taken away."""
    open_view("library", "The derivation, in full", {"derivation": page["key"]})
