"""The little CSS that Streamlit's theme cannot say."""

from __future__ import annotations

import streamlit as st

__all__ = ["style"]

ALWAYS = """
.stMainBlockContainer { max-width: 84rem; padding-top: 4.5rem; padding-bottom: 3rem; }
.st-key-mode { position: fixed; top: 1.05rem; right: 4rem; width: auto; z-index: 999991; }
.st-key-finding p { font-size: 1.45rem; line-height: 1.4; font-weight: 600; }
.stHeading h1 { font-size: 2.1rem; padding: 0.2rem 0; }
.stHeading h2 { font-size: 1.6rem; }
.stHeading h3 { font-size: 1.3rem; padding: 0.4rem 0; }
.katex-display { overflow-x: auto; overflow-y: hidden; padding: 0.35rem 0 0.5rem; margin: 0 0 1rem; }
.stMarkdown p, .stMarkdown li { overflow-wrap: anywhere; }
.stMarkdown p:has(.katex) { overflow-x: auto; overflow-y: hidden; padding: 0.15rem 0; }
.stMarkdown table { display: block; overflow-x: auto; font-size: 0.9rem; }
.stMarkdown td:nth-child(-n+2) { white-space: nowrap; }
.stMarkdown td:nth-child(3) { overflow-wrap: anywhere; min-width: 8rem; }
.st-key-schemes td:nth-child(3) { min-width: 0; }
.st-key-extrema td:nth-child(4) { min-width: 11rem; }
[data-testid="stPageLink-NavLink"] { border: 1px solid rgba(128, 128, 128, 0.4); border-radius: 0.4rem; }
[class*="st-key-open-"] button { min-height: 1.6rem; padding: 0.1rem 0; text-align: left; }
@media (max-width: 640px) {
  .st-key-finer .stColumn, .st-key-grid-finer .stColumn {
    min-width: calc(50% - 1rem) !important; flex: 1 1 calc(50% - 1rem) !important; }
  .st-key-finer .stColumn:nth-child(4) { min-width: 100% !important; }
  .st-key-finding p { font-size: 1.25rem; }
  .stHeading h1 { font-size: 1.7rem; }
  .stMarkdown table { font-size: 0.8rem; }
  .stMarkdown td { overflow-wrap: anywhere; padding: 0.25rem; }
}
"""

PROJECTOR = """
html { font-size: 21px !important; }
.stMainBlockContainer { max-width: none; padding-left: 2.5rem; padding-right: 2.5rem; }
.katex { font-size: 1.35em !important; }
.st-key-finding p { font-size: 1.7rem; }
.st-key-finding .katex { font-size: 1.1em !important; }
"""


def style(projector: bool) -> None:
    """Puts the rules into the page."""
    st.html(f"<style>{ALWAYS}{PROJECTOR if projector else ''}</style>")
