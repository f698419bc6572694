"""Depth: the measured gradient of a concrete net under its worst-case bound, layer by layer."""

from __future__ import annotations

from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import control_panel, net_controls
from symgrad.app.drawing import drawn
from symgrad.app.links import open_view
from symgrad.app.measured import gradient_chart, headline, net_takeaway, reading
from symgrad.app.parts import figure, projector, steps
from symgrad.app.presets import DEPTH_DEFAULTS, DEPTH_PRESETS, preset_buttons
from symgrad.app.words import powers
from symgrad.present import charts

__all__ = ["view"]


@st.fragment
def view() -> None:
    """The whole view is one fragment: a slider redraws it, and nothing else."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            options = net_controls()
        with presets:
            preset_buttons(DEPTH_PRESETS, "depth")
        if options is None:
            return
        document = ask("simulate", **options)
        with top:
            headline(document)
        result(document, options)


def result(document: Document, options: dict[str, Any]) -> None:
    if projector():
        gradient_chart(document)
        update_chart(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        gradient_chart(document)
        update_chart(document)
        net_takeaway(document, options, DEPTH_DEFAULTS, file_name(document))
        reading(READING)
    with beside:
        st.subheader("The derivation, with the numbers of this net", anchor=False)
        steps(document["steps"])
        open_view("library", "The norm bound, in full", {"derivation": "norm-bound"})


def file_name(document: Document) -> str:
    config = document["config"]
    return f"gradient-{config['activation'].replace('_', '-')}-{config['depth']}-layers-seed-{config['seed']}"


def update_chart(document: Document) -> None:
    figure(drawn(charts.update_by_layer, document), "update-chart")
    st.caption(powers(update_sentence(document)))


def update_sentence(document: Document) -> str:
    """What the second chart shows, from its first and last value."""
    median = document["log10_weight_gradient"]["median"]
    layers = document["config"]["depth"]
    if layers == 1 or median[0] is None or median[-1] is None:
        return (
            "The update of a layer is the learning rate times this gradient; a missing value is an exact "
            "zero."
        )
    change = median[0] - median[-1]
    side = "smaller" if change < 0 else "larger"
    return (
        f"The update of layer 1 is 10^{abs(change):.1f} times {side} than that of layer {layers}, at any "
        f"learning rate."
    )


READING = r"""
- **Vertical axis**: powers of ten. One step of 1 down the axis is a gradient ten times smaller.
- **Median and band**: every net drawn gives one curve, each from a seed of its own. The line is their median;
  the band reaches from the 5 % to the 95 % quantile.
- **Worst-case bound**: what the norm bound allows for the very weights that were drawn,
  $\lVert g\rVert\prod_{k>l}\gamma\lVert W_k\rVert_2$. No input can pass it. It may lie far above what
  happens, never below. The dashed line is the median of the nets' own bounds: where nets scatter widely, one
  net may pass it without passing its own.
- **Prediction**: the length map follows the typical size of gradients in a very wide net with random weights.
- **Typical at this width**: what remains of it in nets as narrow as these, with the band that holds 99 % of
  medians over as many seeds. It is left out, with the reason, where fluctuations are not small.
- **Verdict**: PASS when not one of the measured values, over all nets and layers, lies above its bound;
  UNDECIDED when there is no bound.
"""
