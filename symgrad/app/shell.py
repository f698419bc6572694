"""The frame around every view: title, navigation, projector mode, footer."""

from __future__ import annotations

import streamlit as st

from symgrad import __version__
from symgrad.app.ask import answers
from symgrad.app.parts import projector
from symgrad.app.style import style
from symgrad.app.views import VIEWS

__all__ = ["main"]


def main() -> None:
    """Runs the view that the address names."""
    st.set_page_config(page_title="symgrad", page_icon="📉", layout="wide", initial_sidebar_state="collapsed")
    answers()  # the workers load while the page is being made
    page = st.navigation([view.page() for view in VIEWS], position="top")
    with st.container(key="mode"):
        st.toggle(
            "Projector",
            key="projector",
            bind="query-params",
            help="For a lecture: large type, the chart across the page, controls folded away.",
        )
    style(projector())
    page.run()
    st.caption(f"symgrad {__version__} · derived, proved and measured on this machine · nothing leaves it")
