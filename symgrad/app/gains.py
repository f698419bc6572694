"""The gains of an activation: numbers with their grades, a slider for q, code to take away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.links import open_view
from symgrad.app.parts import grade_badge
from symgrad.app.words import escaped
from symgrad.present.initialization import MODES

__all__ = ["gain_part", "table_of"]

VARIANCES = ("1/16", "1/8", "1/4", "1/2", "1", "2", "4", "8", "16")
ROWS = (
    ("forward", "forward gain", r"$1/\sqrt{\mathbb E\,\varphi^2}$"),
    ("backward", "backward gain", r"$1/\sqrt{\mathbb E\,\varphi'^2}$"),
    ("second_moment", "", r"$\mathbb E\,\varphi(\sqrt q z)^2$"),
    ("derivative_second_moment", "", r"$\mathbb E\,\varphi'(\sqrt q z)^2$"),
    ("keeping", "gain keeping q", r"$\sqrt{q/\mathbb E\,\varphi^2}$"),
    ("bias_variance", "biases add", r"$q-\mathbb E\,\varphi^2/\mathbb E\,\varphi'^2$"),
)
"""Key of the document, name, formula. What biases add is meant beside the backward gain."""
FRAMEWORKS = {"pytorch": "PyTorch", "jax": "JAX", "keras": "Keras"}
LONG = 60
"""Characters of an exact form beyond which only its decimals stand in the table."""


def gain_part(asked: Mapping[str, Any]) -> None:
    """The gains of the activation asked about, at a variance to choose, and initialisation code."""
    st.subheader("Gains at initialisation", anchor=False)
    q = st.select_slider(
        "Variance q of a pre-activation",
        VARIANCES,
        "1",
        key="q",
        bind="query-params",
        help="Gains depend on the variance they are meant to keep; 1 is the usual aim.",
    )
    with told():
        found = ask("gain", **asked, q=q)
        st.markdown(escaped(found["text"]))
        table(found)
        initialization(asked, q)
    open_view("audit", "What the common gain table preserves")


def table(found: Document) -> None:
    """The numbers of `gain`. At q = 1 the gain that keeps q is the forward gain."""
    table_of(found, [row for row in ROWS if not (row[0] == "keeping" and found["q"] == "1")])


def table_of(found: Document, rows: Sequence[tuple[str, str, str]]) -> None:
    """Numbers of a document, (key, name, formula) each, with their grades; the exact form where it is
    short."""
    shown = [
        (f"{label} {formula}", exact_form(found[key]), found[key])
        for key, label, formula in rows
        if found[key] is not None
    ]
    if not shown:
        return
    exact = any(form for _, form, _ in shown)
    lines = [f"| |{' exact |' * exact} 30 digits | proof |", f"|---|{'---|' * exact}---|---|"]
    for name, form, number in shown:
        cells = [name, *([form] * exact), escaped(number["decimal"]), grade_badge(number["proof"])]
        lines.append(f"| {' | '.join(cells)} |")
    st.markdown("\n".join(lines))


def exact_form(number: Document) -> str:
    """The formula, nothing where there is none or a long one."""
    if number["exact"] is None or len(number["exact"]) > LONG:
        return ""
    latex = number["latex"].replace("|", r"\vert ")
    return f"${latex}$"


def initialization(asked: Mapping[str, Any], q: str) -> None:
    """Code for each framework, one tab each."""
    mode = st.segmented_control(
        "Initialise for the way",
        MODES,
        default=MODES[0],
        required=True,
        key="keep",
        bind="query-params",
        help="Forward keeps the variance of the pre-activations, backward the mean squared gradient.",
    )
    with told():
        found = ask("initialization", **asked, q=q, mode=mode)
        st.caption(escaped(f"The gain {float(found['gain']):.6g} {found['keeps']}."))
        for tab, framework in zip(st.tabs(list(FRAMEWORKS.values())), FRAMEWORKS, strict=True):
            tab.code(found["code"][framework], language="python", wrap_lines=True)
