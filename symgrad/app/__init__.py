"""The explorer: Streamlit views over the documents of `symgrad.verbs`; no mathematics is done here."""

from symgrad.app.shell import main

__all__ = ["main"]
