"""Time, a latched bit: one unit with a strong weight on itself keeps a bit, and loses the gradient for it."""

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
from symgrad.app.parts import figure, formula, opening, projector, verdict_badge
from symgrad.app.presets import Preset, preset_buttons
from symgrad.present import latch_chart

__all__ = ["PRESETS", "part"]

DEFAULTS: Mapping[str, Any] = {"w": 2.0, "noise": 0.1, "steps": 60, "seed": 0}
STEPS = Whole("steps", "Steps", "So long the bit is kept.", 1000)


def preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**DEFAULTS, **options})


PRESETS: tuple[Preset, ...] = (
    preset(
        "A bit that is kept", "Two states that attract: which side of 0 the unit began on is never forgotten."
    ),
    preset(
        "A firm latch",
        "With self-weight 4 no input below 2 flips the bit, and the gradient vanishes many times faster.",
        w=4.0,
    ),
    preset(
        "Hardly a latch",
        "Just above 1 the gradient lasts long, and a small input is enough to lose the bit.",
        w=1.2,
        noise=0.05,
    ),
    preset("No latch", "Below 1 there is one fixed point, 0: every start is forgotten.", w=0.8),
    preset(
        "Inputs too strong", "Inputs as large as the critical one flip the bit: it is not kept.", noise=0.8
    ),
)


def part() -> None:
    """The unit's map, its basins, its gradient, and what the one costs the other."""
    top = st.container()
    with control_panel():
        presets = st.container()
        asked = controls()
    with presets:
        preset_buttons(PRESETS, "latch")
    document = ask("latching", **asked)
    with top:
        opening(document["finding"])
        if document["verdict"]:
            values = f"{document['violations']} of {document['measured_values']:,}"
            verdict_badge(document["verdict"], f"{values} measured values lie above the bound")
    result(document)


def controls() -> dict[str, Any]:
    """The arguments of `latching`: numbers as text, so that fixed points are named exactly."""
    left, middle, third, last = st.columns([4, 4, 2, 2], vertical_alignment="bottom")
    why = "The unit's weight on its own last state. Above 1 it has two states that attract."
    w = scale(left, "w", "Self-weight w", 6.0, DEFAULTS["w"], why, 0.05)
    why = "Inputs are anything from −μ to μ: the bit is kept robustly while no such input can flip it."
    noise = scale(middle, "noise", "Inputs up to μ", 4.0, DEFAULTS["noise"], why)
    steps = STEPS.draw(third, DEFAULTS["steps"])
    return {"w": f"{w:g}", "noise": f"{noise:g}", "steps": steps, "seed": SEED.draw(last, DEFAULTS["seed"])}


def result(document: Document) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Where the unit rests", anchor=False)
        figure(drawn(latch_chart.return_map, document), "map-chart")
        st.caption(
            "Solid: the next state, h′ = tanh(wh), with the band that inputs up to μ can shift it in. Where "
            "it meets the dotted diagonal nothing changes. Stairs: three orbits."
        )
    with right:
        st.subheader("Basins of attraction", anchor=False)
        figure(drawn(latch_chart.basins, document), "basin-chart")
        st.caption(
            "Where the unit ends, from each start and under each constant input. Dashed: the critical input, "
            "beyond which one of the two states no longer exists."
        )
    with left:
        st.subheader("What is left of the gradient", anchor=False)
        figure(drawn(latch_chart.latch_gradients, document), "gradient-chart")
        st.caption(
            "Thin: orbits with random inputs. The bound holds for every orbit that starts at or beyond the "
            "state that still attracts under the worst input. From the border, 0, the gradient would grow: "
            "there the bit is not yet decided."
        )
    with right:
        st.subheader("The price of a firm latch", anchor=False)
        figure(drawn(latch_chart.tradeoff, document), "tradeoff-chart")
        st.caption(
            "To the right: inputs that the bit withstands. Down: what a step leaves of the gradient. Nothing "
            "is gained without loss; the dot is the weight chosen."
        )
    if projector():
        return
    with left:
        asked = {key: st.session_state.get(key, value) for key, value in DEFAULTS.items()}
        columns = {"t": document["t"]}
        columns |= {one["name"]: one["log10_gradient"] for one in document["orbits"]}
        if document["log10_bound"]:
            columns["log10_bound"] = document["log10_bound"]
        takeaway("latched-bit", latch_chart.latch_gradients, document, columns, asked, DEFAULTS)
        fixed_points(document)
    with right:
        for key in ("latching", "latch-gradient", "robust-latching"):
            conclusion(key)


KINDS = {"attracts": "attracts", "repels": "repels", "neutral": "neither attracts nor repels"}


def fixed_points(document: Document) -> None:
    """Each with its 30 digits and what a small difference becomes in a step."""
    st.markdown("The states that do not change without input, all of them:")
    lines = ["| fixed point | | a difference is multiplied by |", "|---|---|---|"]
    for point in document["fixed_points"]:
        at, multiplier = (float(point[key]["decimal"]) for key in ("at", "multiplier"))
        lines.append(f"| {at:.12g} | {KINDS[point['kind']]} | {multiplier:.6g} |")
    st.markdown("\n".join(lines).replace("-", "−").replace("|−−−", "|---"))
    formula(r"h = \tanh(w h)")
