"""Singular values of the whole Jacobian: Gaussian beside orthogonal, one activation beside another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ahead, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.derived import conclusion
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import SEED, Whole, wholes
from symgrad.app.links import open_view
from symgrad.app.parts import figure, opening, projector
from symgrad.app.phi import as_address, chosen_phi, parameter_fields
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped
from symgrad.present import spectrum_chart

__all__ = ["DEFAULTS", "PRESETS", "view"]

DEFAULTS: Mapping[str, Any] = {
    "activation": "tanh",
    "q": 0.02,
    "depth": 10,
    "width": 128,
    "seeds": 8,
    "seed": 0,
}
LAWS = ("orthogonal", "gaussian")
BESIDE = {"relu": "tanh"}
"""What stands beside an activation; ReLU does unless it is named here."""
FIELDS = (
    Whole("depth", "Layers L", "Layers between the input and the output.", 500),
    Whole("width", "Units a layer", "The width N: there are as many singular values.", 512, 2),
    Whole("seeds", "Nets", "So many independent nets are drawn of each kind.", 200, 2),
)


def _preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**DEFAULTS, **options})


PRESETS = (
    _preset(
        "Isometry",
        "tanh at a length of 0.02 is nearly linear: orthogonal weights keep every direction, ReLU cannot.",
    ),
    _preset(
        "tanh at length 1",
        "Larger pre-activations bend: slopes differ from unit to unit, and orthogonal weights spread too.",
        q=1.0,
    ),
    _preset(
        "Linear layers",
        "Without φ orthogonal weights change no length at all; the Gaussian spectrum and its edge are exact.",
        activation="identity",
        q=1.0,
    ),
    _preset("Forty layers", "What one layer spreads, depth adds up.", depth=40),
    _preset(
        "SiLU",
        "Smooth, but where its lengths settle half of its units are nearly off, as those of ReLU are.",
        activation="silu",
        q=20.0,
    ),
    _preset(
        "SiLU where lengths run away",
        "At a length of 1 the critical net has a fixed point that repels: nets leave it, and the prediction.",
        activation="silu",
        q=1.0,
    ),
)


@st.fragment
def view() -> None:
    """The finding, all singular values, how far they spread, and the derivations."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            options = controls()
        with presets:
            preset_buttons(PRESETS, "spectrum")
        if options is None:
            return
        document = spectra(options)
        with top:
            opening(document["finding"])
        result(document, options)


def controls() -> dict[str, Any] | None:
    """The arguments of `spectrum` but the law of the weights; None where the activation is none."""
    chosen = chosen_phi(DEFAULTS["activation"])
    settings = parameter_fields(*chosen) if chosen is not None else {}
    with st.container(key="finer"):
        columns = st.columns([3, 2, 2, 2, 2])
    q = columns[0].number_input(
        "Length $q^*$",
        0.0001,
        100.0,
        DEFAULTS["q"],
        0.01,
        format="%.4g",
        key="q",
        bind="query-params",
        help="Variance of the pre-activations, the same in every layer: the scales of weights and biases are "
        "those of the critical net that settles there.",
    )
    sizes = wholes(columns[1:4], FIELDS, DEFAULTS)
    seed = SEED.draw(columns[4], DEFAULTS["seed"])
    if chosen is None:
        return None
    return {"activation": chosen[0], "settings": settings, "q": q, **sizes, "seed": seed}


def spectra(options: Mapping[str, Any]) -> Document:
    """The four spectra side by side: the chosen activation and the one beside it, both laws of weights."""
    beside = {**options, "activation": BESIDE.get(options["activation"], "relu"), "settings": {}}
    questions = [{**each, "weights": law} for each in (options, beside) for law in LAWS]
    for question in questions:
        ahead("spectrum", **question)
    nets = [ask("spectrum", **question) for question in questions]
    return {"nets": nets, "finding": nets[0]["finding"]}


def result(document: Document, options: Mapping[str, Any]) -> None:
    """Charts with a sentence each; what is proved stands beside them."""
    if projector():
        charts(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        charts(document)
        files(document, options)
    with beside:
        for key in ("dynamical-isometry", "jacobian-spectrum-moments", "linear-product-edge"):
            conclusion(key)
        open_view("phase", "Where critical nets lie", {"activation": options["activation"]})


def charts(document: Document) -> None:
    """Both, each with what its numbers say."""
    figure(drawn(spectrum_chart.sorted_values, document), "spectrum-chart")
    st.caption(
        "A direction that the whole net keeps as long as it was has the singular value 1, which is 10⁰. A "
        "line that ends early goes on at exactly 0: ReLU switches units off, and so many directions are lost."
    )
    figure(drawn(spectrum_chart.spread, document), "spread-chart")
    st.caption(
        "Every net here is critical: the mean of the squares is 1, and it is their spread that differs."
    )
    st.caption(escaped(shares(document)))


def shares(document: Document) -> str:
    """How many singular values of each net are near 1, and how many exactly 0."""
    said = []
    for net in document["nets"]:
        zero = f" ({100 * net['zero_share']:.3g} % exactly 0)" if net["zero_share"] else ""
        said.append(f"{spectrum_chart.net_name(net)} {100 * net['near_share']:.3g} %{zero}")
    return f"Singular values between 1/2 and 2: {'; '.join(said)}."


def files(document: Document, options: Mapping[str, Any]) -> None:
    """One row a rank, one column a net: medians over seeds."""
    nets = document["nets"]
    columns = {"rank": list(range(1, nets[0]["config"]["width"] + 1))}
    for net in nets:
        name = f"{net['activation']}_{net['config']['weights']}"
        columns |= {f"log10_{name}_{part}": net["log10_sorted"][part] for part in ("median", "q05", "q95")}
    slug = f"spectrum-{nets[0]['slug']}-{options['depth']}-by-{options['width']}-seed-{options['seed']}"
    takeaway(slug, spectrum_chart.sorted_values, document, columns, as_address(options), DEFAULTS)
    st.caption(f"Seed {options['seed']}: the same settings give the same numbers again.")
