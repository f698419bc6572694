"""Finite width: mean, typical value and worst case of one gradient on one chart, and why they differ."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.derived import conclusion
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import SEED, Whole, wholes
from symgrad.app.parts import figure, opening, projector
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped
from symgrad.present import finite_width_chart

__all__ = ["DEFAULTS", "PRESETS", "view"]

DEFAULTS: Mapping[str, Any] = {"units": "relu", "depth": 50, "width": 50, "seeds": 200, "seed": 0}
UNITS = {"relu": "ReLU, He weights", "identity": "linear"}
FIELDS = (
    Whole("depth", "Layers", "Layers that the gradient goes back through.", 200),
    Whole(
        "width", "Units a layer", "The width N: wide nets agree with each other, narrow ones scatter.", 500, 2
    ),
    Whole("seeds", "Nets", "So many independent nets are drawn.", 2000, 2),
)
PRESETS = tuple(
    Preset(name, why, {**DEFAULTS, **options})
    for name, why, options in (
        (
            "As deep as wide",
            "Depth over width is 1: the typical net has lost a tenth of its mean's size.",
            {},
        ),
        (
            "Wide against its depth",
            "Depth over width is a tenth: mean and typical net are close, and moments can be measured.",
            {"depth": 10, "width": 100},
        ),
        (
            "Four times as deep as wide",
            "Depth over width is 4: the mean is carried by nets that a sample hardly ever holds.",
            {"depth": 120, "width": 30},
        ),
        (
            "Linear layers",
            "No unit switches off: the scatter is 2 a layer over the width, not 5.",
            {"units": "identity"},
        ),
    )
)


@st.fragment
def view() -> None:
    """The finding, the chart of three sizes, the histogram, and the derivations."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            asked = controls()
        with presets:
            preset_buttons(PRESETS, "finite-width")
        document = ask("finite-width", **{"activation" if k == "units" else k: v for k, v in asked.items()})
        with top:
            opening(document["finding"])
        result(document, asked)


def controls() -> dict[str, Any]:
    """The arguments of `finite-width`, with the activation under `units`."""
    columns = st.columns([4, 2, 2, 2, 2], vertical_alignment="bottom")
    units = columns[0].segmented_control(
        "Layers of",
        list(UNITS),
        format_func=UNITS.__getitem__,
        default=DEFAULTS["units"],
        required=True,
        key="units",
        bind="query-params",
        help="Weights have variance 2/N with ReLU and 1/N without it: both keep the mean squared gradient.",
    )
    chosen = wholes(columns[1:4], FIELDS, DEFAULTS)
    return {"units": units, **chosen, "seed": SEED.draw(columns[4], DEFAULTS["seed"])}


def result(document: Document, asked: Mapping[str, Any]) -> None:
    """Charts with a sentence each; what is proved stands beside them."""
    if projector():
        charts(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        charts(document)
        law, measured = document["log10_law"], document["log10_measured"]
        columns = {
            "layers_back": document["layers"],
            **{f"log10_measured_{name}": measured[name] for name in ("median", "q05", "q95")},
            "log10_measured_mean": document["log10_measured_mean"],
            **{f"log10_law_{name}": law[name] for name in ("median", "q05", "q95")},
            "log10_worst": document["log10_worst"],
        }
        name = f"finite-width-{asked['units']}-{asked['depth']}-by-{asked['width']}-seed-{asked['seed']}"
        takeaway(name, finite_width_chart.mean_and_typical, document, columns, asked, DEFAULTS)
        st.caption(f"Seed {asked['seed']}: the same settings give the same numbers again.")
    with beside:
        for key in ("typical-and-mean", "jacobian-moments", "jacobian-logarithm"):
            conclusion(key)


def charts(document: Document) -> None:
    """Both, each with what its numbers say."""
    figure(drawn(finite_width_chart.mean_and_typical, document), "finite-width-chart")
    law, first = document["above"], document["first_order"]
    st.caption(
        f"By the law {100 * law['law']:.0f} % of all lie above the mean after all layers; of those drawn "
        f"{100 * law['measured']:.0f} %. The mean of a sample falls off where the few nets that carry the "
        "true mean are not among those drawn."
    )
    figure(drawn(finite_width_chart.scatter, document), "scatter-chart")
    text = (
        f"The logarithm has mean {document['mean']:.3f} and variance {document['variance']:.3f} by the exact "
        f"sums; first order in the inverse width says {first['mean']:.3f} and {first['variance']:.3f}. "
        "The dotted line marks the mean of the squared gradient."
    )
    if document["alive"] < 1 - 1e-6:
        text += f" A net has no dead layer with probability {document['alive']:.4f}; others are left out."
    st.caption(escaped(text.replace("-", "−")))
