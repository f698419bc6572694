"""inf, sup and Lipschitz constant as a table: exact, in decimals, where, and how well they are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.parts import grade_badge
from symgrad.app.words import escaped, typeset

__all__ = ["extrema_table"]

Document = Mapping[str, Any]

EXTREMA = (
    ("inf", "inf φ′", "the infimum: the largest number that no slope lies below."),
    ("sup", "sup φ′", "the supremum: the smallest number that no slope lies above."),
    (
        "lipschitz",
        "Lipschitz",
        (
            "γ, the Lipschitz constant of φ on the whole line: sup |φ′|, if φ has no jump and no gap. It is "
            "the most by which one layer can multiply a gradient, its weights apart."
        ),
    ),
)
LONG_DECIMAL = re.compile(r"(\d+\.\d{8})\d{4,}")
"""A place without a closed form; the document holds all its digits."""
MET = {True: "attained at", False: "approached as", None: "near"}


def extrema_table(bound: Document) -> None:
    """The table; a line above it where φ is not defined on the whole line or has no Lipschitz constant."""
    remarks(bound)
    rows = ["| | exact | 30 digits | where | proof |", "|---|---|---|---|---|"]
    for key, label, _ in EXTREMA:
        extremum = bound[key]
        if extremum is None:
            rows.append(f"| {escaped(label)} | none |  |  |  |")
            continue
        rows.append(
            f"| {escaped(label)} | {exact(extremum)} | {decimal(extremum)} | {where(extremum)} | "
            f"{grade_badge(extremum['proof'])} |"
        )
    with st.container(key="extrema"):
        st.markdown("\n".join(rows))
    with st.popover("What these are", key="extrema-help"):
        st.markdown("\n".join(f"- **{escaped(label)}**: {escaped(meaning)}" for _, label, meaning in EXTREMA))
        for key, label, _ in EXTREMA:
            if bound[key] is not None:
                st.caption(f"{escaped(label)}: {escaped(bound[key]['why'])}.")


def remarks(bound: Document) -> None:
    """What a reader must know before using these numbers."""
    if bound["domain"] not in (None, "(-oo, oo)"):
        st.markdown(
            f"φ is defined on **{typeset(bound['domain'])}** only: a net that meets a sum outside fails."
        )
    lipschitz = bound["lipschitz"]
    if lipschitz is not None and lipschitz["decimal"] == "oo":
        st.markdown(
            "**Not Lipschitz**: no constant bounds what this activation does to a gradient, so there is no "
            "worst-case bound for a net with it."
        )


def exact(extremum: Document) -> str:
    if infinite(extremum):
        return f"${'-' if extremum['decimal'].startswith('-') else ''}\\infty$"
    if extremum["exact"] is None or extremum["latex"] is None:
        return "no closed form" if extremum["proof"] == "certified" else "not known"
    return f"${cell(extremum['latex'])}$"


def decimal(extremum: Document) -> str:
    """The digits; of a number without proof those that samples gave."""
    if extremum["decimal"] is None or infinite(extremum):
        return ""
    return f"{'≈ ' if extremum['proof'] == 'estimated' else ''}{escaped(extremum['decimal'])}"


def infinite(extremum: Document) -> bool:
    return extremum["decimal"] in ("oo", "-oo")


def where(extremum: Document) -> str:
    if not extremum["at"]:
        return ""
    places = LONG_DECIMAL.sub(r"\1…", "; ".join(extremum["at"]))
    return f"{MET[extremum['attained']]} {typeset(places)}"


def cell(latex: str) -> str:
    """A formula that may stand in a table: a bar would end the cell."""
    return latex.replace("|", r"\vert ")
