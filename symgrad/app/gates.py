"""Gates: how long an LSTM's cell remembers, what its gates do to the gradient, and what the bias changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ahead, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.derived import conclusion, steps_of
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import SEED, Whole, scale
from symgrad.app.parts import figure, formula, opening, projector, verdict_badge
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped, powers
from symgrad.present import gates_chart

__all__ = ["GATES_DEFAULTS", "GATES_PRESETS", "view"]

GATES_DEFAULTS: Mapping[str, Any] = {
    "forget_bias": 1.0,
    "steps": 100,
    "width": 32,
    "batch": 4,
    "seeds": 4,
    "sigma_w": 1.0,
    "seed": 0,
}
WHOLES = (
    Whole("steps", "Steps T", "The length of the sequence.", 2000),
    Whole("width", "Units", "The width N of every net.", 256),
    Whole("batch", "Inputs at once", "So many random sequences go through each net together.", 1000),
    Whole("seeds", "Nets", "Independent nets of each kind: lines are their medians.", 1000),
    SEED,
)


def gates_preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**GATES_DEFAULTS, **options})


GATES_PRESETS: tuple[Preset, ...] = (
    gates_preset(
        "Forget bias 1",
        "The usual choice: better than 0, and still half of the cell is forgotten every two steps.",
    ),
    gates_preset(
        "Forget bias 0", "Gates half open forget half of the cell at every single step.", forget_bias=0.0
    ),
    gates_preset("Forget bias 5", "Open gates: it takes a hundred steps to forget half.", forget_bias=5.0),
    gates_preset(
        "Chrono over 500 steps",
        "Biases drawn as logarithms of time spans: some units forget soon, some late, and the mean falls "
        "slower than any exponential.",
        steps=500,
    ),
)


@st.fragment
def view() -> None:
    """The whole view is one fragment: a slider redraws it, and nothing else."""
    top = st.container()
    with told():
        ahead("show", key="forget-gate")
        with control_panel():
            presets = st.container()
            options = controls()
        with presets:
            preset_buttons(GATES_PRESETS, "gates")
        document = ask("gates", **{**options, "forget_bias": f"{options['forget_bias']:g}"})
        with top:
            opening(document["finding"])
            above, values = document["violations"], document["measured_values"]
            detail = f"{above:,} of {values:,} measured values lie above the LSTM's worst-case bound"
            verdict_badge(document["verdict"], detail)
        result(document, options)


def controls() -> dict[str, Any]:
    """The arguments of `gates`, the bias as a number."""
    left, right = st.columns([3, 2])
    bias = left.slider(
        "Bias b of the forget gate",
        -2.0,
        8.0,
        GATES_DEFAULTS["forget_bias"],
        0.1,
        key="forget_bias",
        bind="query-params",
        help="The gate is σ(b) when nothing else moves it: near 1 it keeps the cell, near 0 it empties it.",
    )
    sigma_w = scale(right, "sigma_w", r"Weight scale $\sigma_w$", 4.0, GATES_DEFAULTS["sigma_w"],
                    r"The recurrent weights of every gate have variance $\sigma_w^2/N$.")  # fmt: skip
    with st.container(key="finer"):
        columns = st.columns(len(WHOLES))
    wholes = {
        one.key: one.draw(column, GATES_DEFAULTS[one.key])
        for column, one in zip(columns, WHOLES, strict=True)
    }
    return {"forget_bias": bias, "sigma_w": sigma_w, **wholes}


def result(document: Document, options: dict[str, Any]) -> None:
    if projector():
        gradients(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        gradients(document)
        forgetting(document)
        truncated(document)
        files(document, options)
        for key in (
            "constant-error-carousel",
            "chrono-initialization",
            "truncated-gradient",
            "lstm-jacobian",
        ):
            conclusion(key)
    with beside:
        lifetime(document)
        steps_of("forget-gate")


def gradients(document: Document) -> None:
    st.subheader("The same inputs, five kinds of net", anchor=False)
    figure(drawn(gates_chart.gated_gradients, document), "gates-chart")
    bound = document["log10_bound"][0]
    at = "" if bound is None else f" At step 1 it stands at 10^{bound:.0f}."
    st.caption(
        powers(
            "Medians over the nets drawn. Of an LSTM the gradient by its cell c is drawn, of the others by "
            "the "
            f"state h. The dotted bound is the worst case of the LSTM's own weights.{at}"
        )
    )


def forgetting(document: Document) -> None:
    st.subheader("What the forget gates let through", anchor=False)
    figure(drawn(gates_chart.forgetting, document), "forgetting-chart")
    st.caption(
        "The product of the forget gates from step t to the last, root mean square over units, inputs and "
        "nets. "
        "Chrono: biases log U with U uniform between 1 and T − 1."
    )


def truncated(document: Document) -> None:
    st.subheader("What the truncation leaves out", anchor=False)
    figure(drawn(gates_chart.truncation, document), "truncation-chart")
    found = document["truncation"]
    st.caption(
        escaped(
            "The original LSTM was trained with the part along the cell alone. At the first state the cosine "
            f"between the two is {found['cosine']:.2f}, and their difference is "
            f"{found['relative_difference']:.1%} of the whole (medians over nets).".replace("-", "−")
        )
    )


def lifetime(document: Document) -> None:
    """The half-life, exactly, and where it stands on the curve."""
    st.subheader("How long a cell remembers", anchor=False)
    number = document["half_life"]
    value = f"{float(number['decimal']):.6g}"
    exact = f"{number['latex']} = " if number["exact"] and len(number["exact"]) < 60 else ""
    formula(rf"t_{{1/2}} = {exact}{value}\ \text{{steps}}")
    figure(drawn(gates_chart.half_life, document), "half-life-chart")
    st.caption(
        "Half of the cell's content, and of its gradient, is gone after so many steps with gates at σ(b)."
    )


def files(document: Document, options: Mapping[str, Any]) -> None:
    columns = {"step": document["t"]}
    for one in document["series"]:
        columns |= {f"{one['name']}, {key}": values for key, values in one["log10_gradient"].items()}
    columns |= {f"product of f, {key}": values for key, values in document["log10_product_of_f"].items()}
    columns |= {"truncated": document["truncated"]["median"], "bound": document["log10_bound"]}
    takeaway("gates", gates_chart.gated_gradients, document, columns, options, GATES_DEFAULTS)
    st.caption(f"Seed {document['config']['seed']}: the same settings give the same numbers again.")
