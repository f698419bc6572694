"""Start: the argument in seven steps, each a formula, a picture made from a document, and what to open."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from symgrad.app.argument import ARGUMENT, REMEDIES, Link, Point, Remedy
from symgrad.app.ask import Document, ask, told
from symgrad.app.depth import update_sentence
from symgrad.app.drawing import drawn
from symgrad.app.links import open_view
from symgrad.app.parts import dark, figure, finding, formula
from symgrad.app.presets import DEPTH_DEFAULTS
from symgrad.app.schematic import unfolded
from symgrad.app.words import escaped, powers
from symgrad.present import charts

__all__ = ["view"]


def view() -> None:
    """A measured net first, then why it does what it does."""
    st.title("Why the front layers learn so slowly", anchor=False)
    st.markdown(
        r"Measured here, in a concrete net: the size of $\partial E/\partial h_l$, the derivative of the "
        "error $E$ by the outputs $h_l$ of layer $l$. It starts at the last layer, and has to travel to "
        "layer 1."
    )
    with told():
        measured = net({})
        finding(powers(measured["finding"]))
        figure(drawn(charts.gradient_by_depth, measured), "start-chart")
    st.markdown(
        "Why that is so, in seven steps. Every formula was derived and checked by the machine; every chart "
        "is drawn from numbers computed here."
    )
    for number, point in enumerate(ARGUMENT, 1):
        with told():
            shown(number, point)
    remedies()


def shown(number: int, point: Point) -> None:
    st.header(f"{number}. {point.title}", anchor=False, divider="gray")
    left, right = st.columns([1, 1], gap="large", vertical_alignment="center")
    with left:
        st.markdown(point.says)
        document = ask("show", key=point.derivation)
        statement = document["conclusion"] if point.step is None else document["steps"][point.step - 1]
        formula(statement["latex"])
        links(point.links)
    with right:
        PICTURES[point.picture](number, point.options)


def links(chosen: tuple[Link, ...]) -> None:
    with st.container(horizontal=True, gap="small"):
        for link in chosen:
            open_view(link.view, link.label, link.options)


def net(options: Mapping[str, Any]) -> Document:
    """The document of a net of the Depth view, so that the two views agree."""
    return ask("simulate", **{**DEPTH_DEFAULTS, "settings": {}, **options})


def draw_gradient(number: int, options: Mapping[str, Any]) -> None:
    document = net(options)
    figure(drawn(charts.gradient_by_depth, document), f"picture-{number}")
    st.caption(powers(document["finding"]))


def draw_updates(number: int, options: Mapping[str, Any]) -> None:
    document = net(options)
    figure(drawn(charts.update_by_layer, document), f"picture-{number}")
    st.caption(powers(update_sentence(document)))


def draw_decay(number: int, options: Mapping[str, Any]) -> None:
    figure(drawn(charts.decay, ask("decay", **options)), f"picture-{number}")
    gammas = (
        f"{ask('bound', activation=name)['lipschitz']['exact']} for {name}" for name in options["names"]
    )
    st.caption(escaped(f"The worst case with weights of norm 1: γ is {', '.join(gammas)}."))


def draw_slopes(number: int, options: Mapping[str, Any]) -> None:
    for column, name in zip(st.columns(2), ("tanh", "sigmoid"), strict=True):
        with column:
            curve, bound = ask("curve", activation=name), ask("bound", activation=name)
            figure(drawn(charts.activation_curve, curve), f"picture-{number}-{name}")
            st.caption(bound["sentence"])


def draw_unfolded(number: int, options: Mapping[str, Any]) -> None:
    st.image(unfolded(dark()), width="stretch")
    st.caption(
        "Depth draws new weights for every layer; Time has recurrent nets with their one W, and Gates what "
        "holds their gradient up."
    )


PICTURES: dict[str, Callable[[int, Mapping[str, Any]], None]] = {
    "gradient": draw_gradient,
    "updates": draw_updates,
    "decay": draw_decay,
    "slopes": draw_slopes,
    "unfolded": draw_unfolded,
}


def remedies() -> None:
    """One line each; what cannot be tried yet says so."""
    for remedy in REMEDIES:
        remedy_line(remedy)


def remedy_line(remedy: Remedy) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        later = "" if remedy.links else "  :gray-badge[derivation to come]"
        st.markdown(f"**{remedy.name}**: {remedy.says}{later}", width="content")
        for link in remedy.links:
            open_view(link.view, link.label, link.options)
