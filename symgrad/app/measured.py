"""A measured net on the page, by layer or by time step: verdict, chart, how to read it, what to take away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document
from symgrad.app.downloads import layer_columns, takeaway
from symgrad.app.drawing import drawn
from symgrad.app.parts import figure, finding, verdict_badge
from symgrad.app.phi import as_address
from symgrad.app.words import escaped, powers
from symgrad.present import charts

__all__ = ["gradient_chart", "headline", "net_takeaway", "reading"]


def headline(document: Document) -> None:
    """The sentence that the view opens with, and whether anything measured lies above its bound."""
    finding(powers(document["finding"]))
    if document["verdict"] == "UNDECIDED":
        verdict_badge("UNDECIDED", "φ′ is unbounded: there is no worst-case bound to measure against")
        return
    pairs = document["config"]["seeds"] * document["config"]["depth"]
    detail = f"{document['violations']} of {pairs:,} measured values lie above the worst-case bound"
    verdict_badge(document["verdict"], detail)


def gradient_chart(document: Document, place: str = "layer", beyond: str = "towards the input") -> None:
    """The gradient by layer, or by time step, and its slope in words."""
    figure(drawn(charts.gradient_by_depth, document), "gradient-chart")
    measured, predicted = document["slope_measured"], document["slope_predicted"]
    if measured is None:
        return
    of = charts.gradient_of(document)
    text = f"{beyond.capitalize()} ln‖{of}‖ changes by {measured:+.3f} a {place}"
    if predicted is not None:
        text += f"; the length map, for very wide nets, predicts {predicted:+.3f}"
    elif document["why_unpredicted"]:
        text += f"; there is no prediction: {document['why_unpredicted']}"
    st.caption(escaped(f"{text}. {width_sentence(document)}".strip().replace("-", "−")))


def width_sentence(document: Document) -> str:
    """Whether the measured slope is inside the band of nets of this width, or why there is none."""
    band, width = document["slope_band"], document["config"]["width"]
    if band is None:
        why = document["why_no_band"]
        return f"Width {width} has no band: {why}." if why else ""
    inside = band[0] <= document["slope_measured"] <= band[1]
    seeds = document["config"]["seeds"]
    of = "single nets" if seeds == 1 else f"medians of {seeds} nets"
    where = f"between {band[0]:+.4f} and {band[1]:+.4f}"
    verdict = "inside" if inside else "outside, as one in a hundred is, or where terms beyond 1/N count"
    return f"At width {width} 99 % of {of} lie {where}: this one is {verdict}."


def reading(markdown: str) -> None:
    """How to read the charts, in a box that can be folded away."""
    with st.expander("How to read the charts", expanded=True, key="reading"):
        st.markdown(markdown)


def net_takeaway(
    document: Document, options: Mapping[str, Any], defaults: Mapping[str, Any], name: str
) -> None:
    """Files, the address, and the way back to the defaults; the seed."""
    chart, columns = charts.gradient_by_depth, layer_columns(document)
    takeaway(name, chart, document, columns, as_address(options), defaults)
    st.caption(f"Seed {document['config']['seed']}: the same settings give the same numbers again.")
