"""Time, clipping: the same net, exploding and vanishing, with its gradient clipped by norm and by value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask
from symgrad.app.controls import control_panel
from symgrad.app.derived import conclusion
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import SEED, Whole, scale
from symgrad.app.parts import figure, opening, projector
from symgrad.present import time_charts

__all__ = ["part"]

DEFAULTS: Mapping[str, Any] = {
    "vanishing": 0.8,
    "exploding": 4.0,
    "limit": 1.0,
    "value": 0.1,
    "steps": 60,
    "seed": 0,
}
STEPS = Whole("steps", "Longest T", "Sequences of every length up to this one.", 200, 2)


def part() -> None:
    """Sizes of both gradients, the direction of the one that is clipped, an exact example."""
    top = st.container()
    with control_panel():
        asked = controls()
    document = ask("clipping", **asked)
    with top:
        opening(document["finding"])
    if projector():
        sizes(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        sizes(document)
        figure(drawn(time_charts.clipped_directions, document), "direction-chart")
        st.caption(
            "1: the clipped gradient still points where the gradient does. Clipping by norm keeps the "
            "direction; clipping by value cuts each entry on its own, and turns it."
        )
        columns = {"length": document["nets"][0]["step"]}
        for net in document["nets"]:
            columns |= {
                f"{net['name']}_log10_norm_{clip}": net["log10_norm"][clip] for clip in net["log10_norm"]
            }
            columns |= {f"{net['name']}_cosine_{clip}": net["cosine"][clip] for clip in net["cosine"]}
        takeaway("clipping", time_charts.clipped_sizes, document, columns, asked, DEFAULTS)
    with beside:
        example(document)
        for key in ("clipping-by-norm", "clipping-by-value"):
            conclusion(key)


def controls() -> dict[str, Any]:
    """The arguments of `clipping`."""
    columns = st.columns([3, 3, 3, 3, 2, 2], vertical_alignment="bottom")
    rows = (
        ("vanishing", r"Smaller scale $\sigma_w$", 3.0, "The weight scale of the net that is to vanish."),
        (
            "exploding",
            r"Larger scale $\sigma_w$",
            8.0,
            "The same draws, scaled up: the net that is to explode.",
        ),
        ("limit", "Largest norm", 10.0, "Clipping by norm: a longer gradient is shortened to this."),
        ("value", "Largest entry", 2.0, "Clipping by value: each entry is cut at plus and minus this."),
    )
    asked: dict[str, Any] = {
        key: scale(column, key, label, most, DEFAULTS[key], why, 0.05)
        for column, (key, label, most, why) in zip(columns, rows, strict=False)
    }
    asked["steps"] = STEPS.draw(columns[4], DEFAULTS["steps"])
    asked["seed"] = SEED.draw(columns[5], DEFAULTS["seed"])
    return asked


def sizes(document: Document) -> None:
    figure(drawn(time_charts.clipped_sizes, document), "clipping-chart")
    lengths = len(document["nets"][0]["step"])
    counts = " ".join(
        f"The net that is {net['name']} was clipped by norm at {net['clipped']['norm']} of {lengths} "
        f"lengths, "
        f"by value at {net['clipped']['value']}."
        for net in document["nets"]
    )
    st.caption(
        "The net is told one input at step 1 and asked at step T; drawn is the norm of all its weight "
        "gradients "
        f"together. {counts}"
    )


def example(document: Document) -> None:
    """The two clips on a gradient small enough to write down."""
    one = document["example"]
    listed = {key: ", ".join(one[key]) for key in ("gradient", "by_norm", "by_value")}
    st.markdown(
        f"**Exactly, on two entries.** The gradient ({listed['gradient']}), clipped at {one['limit']}: by "
        f"norm "
        f"({listed['by_norm']}), which points the same way; by value ({listed['by_value']}), which is turned "
        f"by "
        f"{float(one['degrees']['decimal']):.4g}°."
    )
