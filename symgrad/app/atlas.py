"""Atlas: every registered activation in one table to sort, filter and search; a row opens its own view."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import streamlit as st

from symgrad import verbs
from symgrad.app.downloads import download, share
from symgrad.app.parts import dark, figure, finding
from symgrad.present.atlas import FORMATS, short, where
from symgrad.present.atlas_chart import lipschitz_by_family

__all__ = ["view"]

Row = dict[str, Any]
ALL = "all families"
ANY = "all classes"
DEFAULTS = {"family": ALL, "criticality": ANY, "words": ""}
FIGURES = {
    "inf φ′": "The infimum of the slope over the line.",
    "sup φ′": "The supremum of the slope over the line.",
    "sup |φ′|": "The most by which one layer can magnify a gradient, its weights apart.",
    "forward gain": "The weight scale that keeps the second moment 1 going forwards: 1/√E φ(z)².",
    "backward gain": "The weight scale that keeps the mean squared gradient going back: 1/√E φ′(z)².",
}

CRITICAL = {
    "critical q": "The variance of pre-activations at which both factors are 1; empty where all or none are.",
    "critical σ_w²": "The variance of weights times the fan-in that it takes.",
    "critical σ_b²": "The variance of biases that it takes.",
}
KEYS = ("q", "sigma_w2", "sigma_b2")


@st.cache_data(show_spinner=False, max_entries=1)
def stored_rows() -> list[Row]:
    """The rows that this version stores: read, not worked out, so the page is there at once."""
    rows: list[Row] = verbs.call("atlas", {})["rows"]
    return rows


def view() -> None:
    """The finding, the filters, the table, the chart, the files."""
    rows = stored_rows()
    finding(sentence(rows))
    st.caption("Sort by a click on a heading; a tick in the first column opens that activation.")
    chosen = filtered(rows)
    if not chosen:
        st.info("No activation has all of these words. Fewer letters, all families or all classes show more.")
        return
    table(chosen)
    st.caption(f"{len(chosen)} of {len(rows)} activations; parameters at their defaults.")
    figure(lipschitz_by_family(chosen, dark=dark()), "atlas-chart")
    beyond = sum(largest(row) > 1 for row in chosen)
    st.caption(
        f"A dot is an activation, at the most by which one layer magnifies a gradient, its weights apart: "
        f"{beyond} of these {len(chosen)} lie beyond the line at 1."
    )
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind, label in (("csv", "CSV"), ("md", "Markdown"), ("tex", "LaTeX")):
            download(label, "atlas", kind, partial(content, kind, chosen))
        share({name: st.session_state.get(name) for name in DEFAULTS}, DEFAULTS)


def content(kind: str, rows: list[Row]) -> bytes:
    """The rows as a file."""
    return FORMATS[kind](rows).encode()


def sentence(rows: list[Row]) -> str:
    """What the table shows as a whole, made from its numbers."""
    gammas = [largest(row) for row in rows]
    above, endless = (sum(test(gamma) for gamma in gammas) for test in (lambda g: g > 1, math.isinf))
    exact = sum(row[end]["proof"] == "exact" for row in rows for end in ("inf", "sup")) / (2 * len(rows))
    return (
        rf"**{above}** of {len(rows)} activations have a slope above 1 somewhere, $\sup|\varphi'| > 1$, so "
        rf"that a layer can magnify a gradient; **{endless}** of them have no bound at all. Of the bounds, "
        rf"{exact:.0%} are closed forms, the rest certified enclosures."
    )


def largest(row: Row) -> float:
    """sup |φ′| as a number."""
    return float(row["lipschitz"]["decimal"].replace("oo", "inf"))


def filtered(rows: list[Row]) -> list[Row]:
    """The rows of one family and criticality class that have all the words somewhere in name, formula, source
    or frameworks."""
    families = list(dict.fromkeys(row["family"] for row in rows))
    classes = list(dict.fromkeys(row["criticality"]["kind"] for row in rows))
    narrow, middle, wide = st.columns([2, 2, 3], vertical_alignment="bottom")
    with narrow:
        family = st.selectbox(
            "Family",
            [ALL, *families],
            key="family",
            bind="query-params",
            help="What the activations are made of; the chart below has a line for each family.",
        )
    with middle:
        kind = st.selectbox(
            "Criticality",
            [ANY, *classes],
            key="criticality",
            bind="query-params",
            help="At which lengths of pre-activations weights and biases keep both lengths and gradients: "
            "at every one, in the limit of short ones (K* = 0), at one that lengths return to from one side "
            "only (half-stable), or at none.",
        )
    with wide:
        words = st.text_input(
            "Search",
            key="words",
            bind="query-params",
            max_chars=100,
            placeholder="tanh, Keras, Hochreiter, analytic …",
            help="Words of a name, a formula, a source, a framework, a smoothness class or a symmetry.",
        )
    kept = [
        row for row in rows if family in (ALL, row["family"]) and kind in (ANY, row["criticality"]["kind"])
    ]
    return [row for row in kept if all(word in text_of(row) for word in words.lower().split())]


def text_of(row: Row) -> str:
    """All words of a row, in small letters."""
    own = (
        row[key] for key in ("name", "family", "expression", "source", "smoothness", "parity", "direction")
    )
    theirs = (f"{module} {names}" for module, names in row["frameworks"].items())
    return " ".join((*own, row["criticality"]["kind"], *theirs)).lower()


def table(rows: list[Row]) -> None:
    """The rows; choosing one opens the Activation view with it."""
    figures = {
        name: st.column_config.NumberColumn(name, help=says, format="%.6g") for name, says in FIGURES.items()
    }
    chosen = st.dataframe(
        [cells(row) for row in rows],
        hide_index=True,
        height=460,
        column_config={
            "activation": st.column_config.TextColumn("activation", pinned=True),
            "where": st.column_config.TextColumn("where", help="Where sup φ′ is attained or approached."),
            **figures,
            **{
                name: st.column_config.NumberColumn(name, help=says, format="%.6g")
                for name, says in CRITICAL.items()
            },
        },
        on_select="rerun",
        selection_mode="single-row",
        key="atlas-table",
        alt=f"{len(rows)} activations with the range of the derivative, shape, gains and source",
    )
    if chosen["selection"]["rows"]:
        from symgrad.app.views import VIEWS  # the table names the views, and this is one of them

        (page,) = (view.page() for view in VIEWS if view.key == "activation")
        st.switch_page(page, query_params={"activation": rows[chosen["selection"]["rows"][0]]["name"]})


def cells(row: Row) -> Row:
    """One row as the table shows it: figures as numbers, so that they sort."""
    extrema = {"inf φ′": row["inf"], "sup φ′": row["sup"], "sup |φ′|": row["lipschitz"]}
    gains = {"forward gain": row["forward_gain"], "backward gain": row["backward_gain"]}
    return {
        "activation": row["name"],
        "family": row["family"],
        "φ(x)": row["expression"],
        **{name: number(value) for name, value in extrema.items()},
        "where": where(row["sup"]),
        "exact sup φ′": short(row["sup"]),
        "smoothness": row["smoothness"],
        "symmetry": row["parity"],
        "direction": row["direction"],
        "φ′ = g(φ), g(y)": row["autonomous"] or "",
        **{name: number(value) for name, value in gains.items()},
        "criticality": row["criticality"]["kind"],
        **{name: number(row["criticality"][key]) for name, key in zip(CRITICAL, KEYS, strict=True)},
        "criticality, why": row["criticality"]["why"],
        "proof": row["sup"]["proof"],
        "φ′(x)": row["derivative"],
        "source": row["source"],
        "frameworks": "; ".join(f"{module}: {names}" for module, names in row["frameworks"].items()),
    }


def number(value: Row | None) -> float | None:
    """A value of the document as a float; infinity as it is."""
    return None if value is None else float(value["decimal"].replace("oo", "inf"))
