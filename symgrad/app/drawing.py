"""Charts drawn once for all sessions: a page that was shown before costs no more than its text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from altair.utils.schemapi import debug_mode

from symgrad.app.parts import dark
from symgrad.present import charts

__all__ = ["drawn"]


def drawn(draw: Callable[..., charts.Chart], document: Mapping[str, Any]) -> dict[str, Any]:
    """The Vega-Lite specification of the document in this chart of `present`, in the reader's theme."""
    return _drawn(draw, f"{draw.__module__}.{draw.__qualname__}", json.dumps(document), dark())


@st.cache_resource(max_entries=300, show_spinner=False)
def _drawn(_draw: Callable[..., charts.Chart], name: str, document: str, in_the_dark: bool) -> dict[str, Any]:
    # Altair checks every part of a chart against its schema, which takes most of the time; tests do that.
    with debug_mode(False):
        specification: dict[str, Any] = _draw(json.loads(document), dark=in_the_dark).to_dict(validate=False)
    return specification
