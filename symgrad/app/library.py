"""Library: every derivation by subject; a chosen one as a page that can be read, measured and taken away."""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from symgrad.app.ask import Document, ask, file_maker, told
from symgrad.app.downloads import download, share
from symgrad.app.links import open_view
from symgrad.app.parts import dark, figure, finding, grade_badge, sources, step, steps, verdict_badge
from symgrad.app.words import escaped, typeset
from symgrad.present import charts

__all__ = ["view"]

SUBJECTS = {
    "learning": "Learning",
    "depth": "Depth: the product of n factors",
    "conditions": "When it vanishes, when it explodes",
    "arithmetic": "In floating point",
    "initialization": "Initialisation: how large weights should be",
    "propagation": "Random weights: the typical gradient and the edge of chaos",
    "finite width": "Finite width: mean, typical value and worst case",
    "spectra": "All singular values: dynamical isometry",
    "time": "Through time: one matrix, applied again and again",
    "gates": "Gates: LSTM, GRU and the constant error carousel",
    "remedies": "Remedies: what each does to the product of n factors",
    "activations": "Activations: derivative and range",
}
"""Headings; a subject that is not named here is shown by its own name."""

FILES = {
    "pdf": "PDF",
    "tex": "LaTeX",
    "md": "Markdown",
    "ipynb": "Notebook",
    "png": "Chart PNG",
    "svg": "Chart SVG",
}


@st.fragment
def view() -> None:
    """The list, or the derivation that was chosen."""
    with told():
        entries = ask("list")["derivations"]
        chosen = st.selectbox(
            "Derivation",
            [entry["key"] for entry in entries],
            index=None,
            placeholder="Choose one, or type to search",
            help="The permanent key of a derivation: its address, its file name and the name of its test.",
            key="derivation",
            bind="query-params",
        )
        if chosen is None:
            shelves(entries)
        else:
            derivation_page(ask("show", key=chosen))


def shelves(entries: list[Document]) -> None:
    finding(
        f"{len(entries)} derivations: each step checked by the machine, each conclusion measured on "
        f"concrete nets."
    )
    columns, before = st.columns(2, gap="large"), 0
    for subject, group in groupby(entries, key=lambda entry: entry["subject"]):
        books = list(group)
        with columns[before + len(books) / 2 > len(entries) / 2]:  # on the side where its middle lies
            shelf(SUBJECTS.get(subject, subject), books)
        before += len(books)


def shelf(heading: str, entries: list[Document]) -> None:
    st.subheader(heading, anchor=False)
    with st.container(gap=None):
        for entry in entries:
            st.button(
                escaped(entry["title"]),
                key=f"open-{entry['key']}",
                type="tertiary",
                on_click=st.session_state.update,
                args=({"derivation": entry["key"]},),
            )


def derivation_page(page: Document) -> None:
    st.button(
        "← All derivations",
        key="back",
        type="tertiary",
        on_click=st.session_state.update,
        args=({"derivation": None},),
    )
    st.title(escaped(page["title"]), anchor=False)
    finding(page["summary"])
    st.markdown(f"Proof: {grade_badge(page['proof'])}")
    left, right = st.columns([3, 2], gap="large")
    with left:
        if page["assumptions"]:
            st.subheader("Assumptions", anchor=False)
            st.markdown("\n".join(f"- {assumption}" for assumption in page["assumptions"]))
        st.subheader("Steps", anchor=False)
        steps(page["steps"])
    with right:
        picture(page)
        st.subheader("Conclusion", anchor=False)
        step(page["conclusion"])
        claims(page)
        sources(page["sources"])
        takeaway(page)


def picture(page: Document) -> None:
    """The chart that belongs to the derivation, from a fresh measurement."""
    arguments = dict(page["picture"])
    verb = arguments.pop("verb")
    document = ask(verb, **arguments)
    figure(charts.picture({"verb": verb, **document}, dark=dark()), f"library-{page['key']}")
    if "finding" in document:
        st.caption(typeset(document["finding"]))


def claims(page: Document) -> None:
    """What an experiment can refute, and the experiment."""
    if not page["claims"]:
        return
    st.subheader("Measured", anchor=False)
    measured = f"measured-{page['key']}"
    for claim in page["claims"]:
        st.markdown(f"- {claim['statement']} *({claim['scope']}, {claim['regime']})*")
    st.button(
        "Measure now",
        key=f"measure-{page['key']}",
        type="primary",
        help="Runs the experiments of this derivation on concrete nets with seed 0; at most a minute.",
        on_click=st.session_state.update,
        args=({measured: True},),
    )
    if st.session_state.get(measured):
        with told():
            verdicts(ask("verify", keys=[page["key"]], seed=0))


def verdicts(document: Document) -> None:
    for claim in document["claims"]:
        with st.container(border=True, gap="xsmall"):
            verdict_badge(claim["verdict"], escaped(claim["evidence"]))
            if claim["margin"] is not None:
                st.caption(f"margin {claim['margin']:.3g}, seed {claim['seed']}")


def takeaway(page: Document) -> None:
    st.subheader("Take it away", anchor=False)
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind, label in FILES.items():
            download(label, page["key"], kind, file_maker("file", key=page["key"], kind=kind))
        share({"derivation": page["key"]}, {})
    with st.expander("Copy the LaTeX", key="latex"):
        st.code(page["latex"], language="latex", wrap_lines=True, height=300)
    if page["key"].startswith("activation-"):
        open_view(
            "activation",
            "See it drawn",
            {"activation": page["key"].removeprefix("activation-").replace("-", "_")},
        )
