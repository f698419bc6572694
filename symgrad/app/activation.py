"""Activation: φ, registered or typed; φ and φ′ drawn, the proved range of φ′, and the steps that prove it."""

from __future__ import annotations

import streamlit as st

from symgrad.app.ask import Document, ahead, ask, known, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import chart_maker, document_maker, download, share
from symgrad.app.drawing import drawn
from symgrad.app.extrema import extrema_table
from symgrad.app.gains import gain_part
from symgrad.app.links import open_view
from symgrad.app.parts import figure, finding, formula, projector, steps
from symgrad.app.phi import as_address, chosen_phi, owner, parameter_fields
from symgrad.app.presets import ACTIVATION_PRESETS, DEPTH_DEFAULTS, TYPED_PRESETS, preset_buttons
from symgrad.app.words import sentence
from symgrad.present import charts
from symgrad.present.slope_chart import touches

__all__ = ["view"]

DEFAULT = "sigmoid"
WHOLE_LINE = "(-oo, oo)"
PATIENT = 60.0
"""Seconds that a second try is given."""
TOUCHES = {True: "● where φ′ attains its bound", False: "○ where φ′ only approaches its bound"}


@st.fragment
def view() -> None:
    """One activation, wholly; each part is shown as soon as it is known."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            chosen = chosen_phi(DEFAULT)
            settings = parameter_fields(*chosen) if chosen else {}
        with presets:
            preset_buttons(ACTIVATION_PRESETS, "activation")
            gallery()
        if chosen is None:
            return
        asked: Document = {"activation": chosen[0], "settings": settings}
        ahead("bound", patience(asked), **asked, symbolic=True)
        ahead("derive", patience(asked), **asked)
        ahead("gain", **asked, q=str(st.session_state.get("q", "1")))
        result(top, asked)


def gallery() -> None:
    """Examples of what can be typed; open while one of them is chosen."""
    open_now = any(
        st.session_state.get("activation") == preset.options["activation"] for preset in TYPED_PRESETS
    )
    with st.expander(
        "Examples to type: poles, cusps, families, smaller domains", expanded=open_now, key="gallery"
    ):
        preset_buttons(TYPED_PRESETS, "typed")


def patience(asked: Document) -> float | None:
    """The time limit for this activation: longer once somebody asked for it."""
    return PATIENT if st.session_state.get(f"patient-{asked}") else None


def result(top: st.delta_generator.DeltaGenerator, asked: Document) -> None:
    wide, beside = (st.container(), None) if projector() else st.columns([11, 9], gap="large")
    with wide:
        place = st.empty()
        lines = st.container()
        curve = ask("curve", ranged=False, **asked)
        if not known("bound", patience(asked), **asked, symbolic=True):
            with place.container():
                chart(curve, {})
        derived = ask("derive", patience(asked), **asked)
        with lines:
            formula(rf"{curve['latex']}(x) = {derived['expression_latex']}")
            derivative(curve, derived, asked)
    if beside is not None:
        with beside:
            derivative_steps(derived)
    with wide:
        bound = ask("bound", patience(asked), **asked, symbolic=True)
        with place.container():
            chart(curve, bound)
        with top:
            finding(sentence_of(bound))
        cut_short(bound, asked, "The range below is what samples show: not proved.")
        extrema_table(bound)
        if not projector():
            own_slope(derived)
            gains(bound, asked)
            takeaway(bound, curve, derived, asked)
    if beside is not None and bound["steps"]:
        with beside:
            st.subheader("Its range, step by step", anchor=False)
            steps(bound["steps"], len(derived["steps"]) + 1)


def sentence_of(bound: Document) -> str:
    return bound["sentence"] if bound.get("complete", True) else sentence(bound["sentence"])


def derivative(curve: Document, derived: Document, asked: Document) -> None:
    if derived["latex"] is not None:
        formula(derivative_line(curve, derived))
    cut_short(derived, asked, "The derivative above is not simplified, and its steps are missing.")


def derivative_steps(derived: Document) -> None:
    if derived["steps"]:
        st.subheader("The derivative, step by step", anchor=False)
        steps(derived["steps"])


def derivative_line(curve: Document, derived: Document) -> str:
    return rf"{curve['latex']}'(x) = {derived['latex']}"


def cut_short(document: Document, asked: Document, says: str) -> None:
    """In place of what a limit cut off: that it did, why, and a second try with more time."""
    if document.get("complete", True):
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown(f":orange-badge[estimated]  **Not finished.** {says}")
        st.code(document["why"], language=None, wrap_lines=True)
        if patience(asked) is None and document["reason"] == "limit":
            st.button(
                "Try again for a minute",
                key=f"again-{says}",
                on_click=st.session_state.update,
                args=({f"patient-{asked}": True},),
            )


def chart(curve: Document, bound: Document) -> None:
    document = {**curve, **{end: bound.get(end) for end in ("inf", "sup")}}
    figure(drawn(charts.activation_curve, document), "activation-chart" if bound else "activation-curve")
    met = [kind for kind in TOUCHES if touches(document, kind)]
    broken = "dotted: where φ′ jumps or does not exist" if curve["breaks"] else ""
    says = [*(TOUCHES[kind] for kind in met), broken]
    if bound and not met:
        says.insert(0, "φ′ meets its bounds only at infinity, along a whole interval, or not at all")
    if any(says):
        st.caption(f"{'; '.join(filter(None, says))}.")


def own_slope(derived: Document) -> None:
    own = derived["autonomous"]
    st.subheader("The derivative from the output alone", anchor=False)
    undecided = own["exact"] is None and not own["steps"]
    st.markdown(f"Not decided here: {own['statement']}." if undecided else sentence(own["statement"]))
    if own["latex"] is not None:
        formula(rf"\varphi' = g(\varphi), \qquad g(y) = {own['latex']}")
        st.caption("So the backward pass needs only the stored output, not the input.")
    if own["steps"]:
        with st.expander("Its steps", expanded=True, key="own-steps"):
            steps(own["steps"])


def gains(bound: Document, asked: Document) -> None:
    if bound["domain"] in (None, WHOLE_LINE):
        gain_part(asked)
    else:
        st.caption("No gains: a Gaussian pre-activation has values outside the domain of φ.")


def certificate(bound: Document, asked: Document, name: str) -> None:
    """The proof as a file that another program checks; made when it is asked for."""
    if not bound.get("complete", True) or "estimated" in (bound["inf"]["proof"], bound["sup"]["proof"]):
        return
    wanted = f"certificate-{asked}"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            "Make the certificate",
            key="certificate",
            help="A JSON file with every interval of the proof, which `symgrad check FILE` verifies anew.",
            on_click=st.session_state.update,
            args=({wanted: True},),
        )
        if st.session_state.get(wanted):
            with told():
                found = ask("certificate", **asked)["certificate"]
                download("Certificate JSON", f"{name}-certificate", "json", document_maker(found))
                st.caption(
                    f"{len(found['intervals'])} intervals, from one end of the line to the other. "
                    "Verify it with `symgrad check FILE`."
                )


def takeaway(bound: Document, curve: Document, derived: Document, asked: Document) -> None:
    name = f"activation-{bound['slug']}"
    whole = {**curve, "inf": bound["inf"], "sup": bound["sup"]}
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind in ("png", "svg"):
            download(f"Chart {kind.upper()}", name, kind, chart_maker(charts.activation_curve, whole, kind))
        download("Document JSON", name, "json", document_maker({"bound": bound, "derive": derived}))
        share(as_address(asked), {"activation": DEFAULT})
    certificate(bound, asked, name)
    if derived["latex"] is not None:
        with st.expander("Copy the LaTeX of the derivative", key="latex"):
            st.code(derivative_line(curve, derived), language="latex", wrap_lines=True)
    with st.container(horizontal=True):
        if owner(asked["activation"]) == asked["activation"]:
            label = "As a derivation, with sources and measurements"
            open_view("library", label, {"derivation": name})
        open_view("depth", "In a net, layer by layer", {**DEPTH_DEFAULTS, **as_address(asked)})
