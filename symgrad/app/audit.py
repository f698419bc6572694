"""Gain table: what the gains that the frameworks hand out really preserve, and nets that show it."""

from __future__ import annotations

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.downloads import chart_maker, document_maker, download, share
from symgrad.app.links import open_view
from symgrad.app.parts import dark, figure, finding, grade_badge
from symgrad.app.words import escaped, powers
from symgrad.present import charts

__all__ = ["view"]

NAMES = ("identity", "sigmoid", "tanh", "relu", "leaky_relu", "selu")
DEFAULT = "tanh"
SUMMARY = (
    "Of the six gains that frameworks hand out three keep mean squares from layer to layer; tanh's lets "
    "the gradient explode, sigmoid's lets it vanish, SELU's lets the signal shrink until it hardly moves."
)


@st.fragment
def view() -> None:
    """The finding, the table, and one of its entries measured."""
    finding(SUMMARY)
    with told():
        chosen = st.segmented_control(
            "Measure the entry",
            NAMES,
            default=DEFAULT,
            required=True,
            key="entry",
            bind="query-params",
            help="Nets with the table's gain, and with the gains that keep one of the mean squares.",
        )
        document = ask("audit", activation=chosen)
        left, right = st.columns([11, 9], gap="large")
        with left:
            table(document)
        with right:
            figure(charts.picture({"verb": "audit", **document}, dark=dark()), "audit-chart")
            st.caption(powers(document["finding"]))
            takeaway(document)
    open_view("library", "The derivation, with its measurement", {"derivation": "gain-table"})
    open_view("library", "Why one gain seldom keeps both", {"derivation": "gains"})


def table(document: Document) -> None:
    """Both factors of every entry at q = 1, and its fixed point."""
    head = (
        r"| entry | gain $g$ | $g^2\,\mathbb E\,\varphi(z)^2$ | $g^2\,\mathbb E\,\varphi'(z)^2$ | verdict |"
    )
    rows = [
        f"| {escaped(row['label'])} | ${row['gain_latex']}$ | {factor(row['forward'])} "
        f"| {factor(row['backward'])} | {row['says']} |"
        for row in document["rows"]
    ]
    st.markdown("\n".join([head, "|---|---|---|---|---|", *rows]))
    st.caption(
        "What one wide layer does to the variance of pre-activations and to the mean squared gradient where "
        "that variance is 1: a factor 1 keeps it, one above 1 explodes with depth, one below vanishes."
    )
    head = r"| entry | settles at $q^*$ | $g^2\,\mathbb E\,\varphi'(\sqrt{q^*}z)^2$ | gradient |"
    rows = [
        f"| {escaped(row['label'])} | {'any' if row['q'] is None else factor(row['q'])} "
        f"| {factor(row['chi1'])} | {row['settles']} |"
        for row in document["rows"]
    ]
    st.markdown("\n".join([head, "|---|---|---|---|", *rows]))
    st.caption(
        "Where that leads in a deep net without biases: its variance goes from 1 to the fixed point $q^*$ of "
        "the length map, and from there on a layer multiplies the mean squared gradient by $\\chi_1$, the "
        "third column."
    )


def factor(number: Document) -> str:
    """Eight digits and the grade; the document has thirty."""
    return f"{float(number['decimal']):.8g} {grade_badge(number['proof'])}"


def takeaway(document: Document) -> None:
    name = f"gain-table-{document['activation'].replace('_', '-')}"
    picture = {"verb": "audit", **document}
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind in ("png", "svg"):
            download(f"Chart {kind.upper()}", name, kind, chart_maker(charts.picture, picture, kind))
        download("Document JSON", name, "json", document_maker(document))
        share({"entry": document["activation"]}, {"entry": DEFAULT})
