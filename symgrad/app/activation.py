"""Activation: φ and φ′ drawn, the exact range of φ′, and the steps that prove it."""

from __future__ import annotations

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import activation_settings, as_address, control_panel
from symgrad.app.downloads import chart_maker, document_maker, download, share
from symgrad.app.links import open_view
from symgrad.app.parts import dark, figure, finding, formula, grade_badge, projector, steps
from symgrad.app.presets import ACTIVATION_PRESETS, DEPTH_DEFAULTS, preset_buttons
from symgrad.app.words import escaped, sentence, typeset
from symgrad.present import charts

__all__ = ["view"]

DEFAULT = "sigmoid"
EXTREMA = (
    ("inf", "inf φ′", "the infimum: the largest number that no slope lies below."),
    ("sup", "sup φ′", "the supremum: the smallest number that no slope lies above."),
    (
        "lipschitz",
        "sup |φ′|",
        "γ, the Lipschitz constant: the most by which one layer can multiply a gradient, its weights apart.",
    ),
)
TOUCHES = {"attained": "● where φ′ attains its bound", "approached": "○ where φ′ only approaches its bound"}


@st.fragment
def view() -> None:
    """One activation, wholly: chosen among those registered."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            name = chosen_activation()
            settings = activation_settings(name)
        with presets:
            preset_buttons(ACTIVATION_PRESETS, "activation")
        asked = {"activation": name, "settings": settings}
        bound = ask("bound", **asked, symbolic=True)
        with top:
            finding(bound["sentence"])
        curve, derived = ask("curve", **asked), ask("derive", **asked)
        result(bound, curve, derived, asked)


def chosen_activation() -> str:
    return st.pills(
        "Activation φ",
        ask("list")["activations"],
        default=DEFAULT,
        required=True,
        key="activation",
        bind="query-params",
        help="The function every unit applies to its weighted sum.",
    )


def result(bound: Document, curve: Document, derived: Document, asked: Document) -> None:
    if projector():
        chart(bound, curve)
        formula(derivative_line(curve, derived))
        extrema_table(bound)
        return
    wide, beside = st.columns([11, 9], gap="large")
    with wide:
        chart(bound, curve)
        formula(rf"\varphi(x) = {derived['expression_latex']}")
        formula(derivative_line(curve, derived))
        extrema_table(bound)
        own_slope(derived)
        takeaway(bound, curve, derived, asked)
    with beside:
        st.subheader("The derivative, step by step", anchor=False)
        steps(derived["steps"])
        st.subheader("Its range, step by step", anchor=False)
        steps(bound["steps"], len(derived["steps"]) + 1)


def derivative_line(curve: Document, derived: Document) -> str:
    return rf"{curve['latex']}'(x) = {derived['latex']}"


def chart(bound: Document, curve: Document) -> None:
    figure(charts.activation_curve(curve, dark=dark()), "activation-chart")
    met = {touch["kind"] for touch in curve["touches"]}
    if met:
        st.caption("; ".join(says for kind, says in TOUCHES.items() if kind in met) + ".")
    else:
        st.caption(
            "φ′ meets its bounds only at infinity or along a whole interval: there is no point to mark."
        )


def extrema_table(bound: Document) -> None:
    rows = ["| | exact | 30 digits | where | proof |", "|---|---|---|---|---|"]
    for key, label, _ in EXTREMA:
        extremum = bound[key]
        exact = f"${cell(extremum['latex'])}$" if extremum["exact"] is not None else "not known"
        places = typeset("; ".join(extremum["at"]))
        met = {True: "attained at", False: "approached as", None: "near"}[extremum["attained"]]
        rows.append(
            f"| {escaped(label)} | {exact} | {escaped(extremum['decimal'])} | {met} {places} | "
            f"{grade_badge(extremum['proof'])} |"
        )
    st.markdown("\n".join(rows))
    with st.popover("What these are", key="extrema-help"):
        st.markdown("\n".join(f"- **{escaped(label)}**: {escaped(meaning)}" for _, label, meaning in EXTREMA))
        for key, label, _ in EXTREMA:
            st.caption(f"{escaped(label)}: {escaped(bound[key]['why'])}.")


def cell(latex: str) -> str:
    """A formula that may stand in a table: a bar would end the cell."""
    return latex.replace("|", r"\vert ")


def own_slope(derived: Document) -> None:
    own = derived["autonomous"]
    st.subheader("The derivative from the output alone", anchor=False)
    st.markdown(sentence(own["statement"]))
    if own["latex"] is not None:
        formula(rf"\varphi' = g(\varphi), \qquad g(y) = {own['latex']}")
        st.caption("So the backward pass needs only the stored output, not the input.")
    with st.expander("Its steps", expanded=True, key="own-steps"):
        steps(own["steps"])


def takeaway(bound: Document, curve: Document, derived: Document, asked: Document) -> None:
    slug = bound["activation"].replace("_", "-")
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind in ("png", "svg"):
            download(
                f"Chart {kind.upper()}",
                f"activation-{slug}",
                kind,
                chart_maker(charts.activation_curve, curve, kind),
            )
        download(
            "Document JSON", f"activation-{slug}", "json", document_maker({"bound": bound, "derive": derived})
        )
        share(as_address(asked), {"activation": DEFAULT})
    with st.expander("Copy the LaTeX of the derivative", key="latex"):
        st.code(derivative_line(curve, derived), language="latex", wrap_lines=True)
    with st.container(horizontal=True):
        open_view(
            "library", "As a derivation, with sources and measurements", {"derivation": f"activation-{slug}"}
        )
        open_view("depth", "In a net, layer by layer", {**DEPTH_DEFAULTS, **as_address(asked)})
