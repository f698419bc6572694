"""Time, a false theorem: that a spectral radius below 1/γ makes gradients vanish. Claim, proof and
counterexample, on a slider.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ahead, ask
from symgrad.app.controls import control_panel
from symgrad.app.derived import conclusion, in_full
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import Whole
from symgrad.app.parts import figure, finding, formula, projector, step, verdict_badge
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped, powers
from symgrad.present import time_charts

__all__ = ["PRESETS", "part"]

KEY = "spectral-radius"
DEFAULTS: Mapping[str, Any] = {"net": "slider", "radius": 0.5, "departure": 4.0, "steps": 40}
NETS = {
    "slider": "from normal to non-normal",
    "fixed point": "the exact counterexample",
    "chaotic": "its chaotic companion",
}
POWERS = Whole("steps", "Steps k", "So many steps are multiplied.", 1000)


def preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**DEFAULTS, **options})


PRESETS: tuple[Preset, ...] = (
    preset(
        "Normal: the radius decides",
        "A normal matrix is stretched by its eigenvalues alone: norm and spectral radius are one number.",
        departure=0.0,
    ),
    preset(
        "A hump, then decay",
        "Away from normal the linear net grows first and decays later; its spectral radius is only the end "
        "of "
        "the story.",
        departure=1.0,
    ),
    preset(
        "The same radius, and it explodes",
        "The eigenvalues have not moved, yet the nonlinear net's Jacobian grows step by step: what weighs "
        "the "
        "directions differently is no longer W.",
    ),
    preset(
        "The exact counterexample",
        "Both eigenvalues of W are 0, W² is exactly 0, and still the gradient doubles at every step.",
        net="fixed point",
        radius=0.0,
        departure=16.0,
    ),
    preset(
        "On typical orbits: chaos",
        "Not only at a fixed point that repels: here almost every orbit explodes, with eigenvalues 0.",
        net="chaotic",
        radius=0.0,
        departure=8.0,
    ),
)


def part() -> None:
    """The slider, the chart, and beside them claim, proof and counterexample."""
    ahead("show", key=KEY)
    top = st.container()
    with control_panel():
        presets = st.container()
        asked = controls()
    with presets:
        preset_buttons(PRESETS, "radius")
    document = ask("spectral-radius", **asked)
    with top:
        finding(powers(document["finding"]))
        verdict_badge(document["verdict"], "the product along the orbit against its bound, step by step")
    if projector():
        chart(document)
        return
    wide, beside = st.columns([3, 2], gap="large")
    with wide:
        chart(document)
        orbit(document)
        files(document)
    with beside:
        numbers(document)
        conclusion("time-norm-bound")
        conclusion("linear-recurrence")
    argument()


def controls() -> dict[str, Any]:
    """The arguments of `spectral-radius`: numbers as text, so that the answer can be exact."""
    net = st.segmented_control(
        "Net of two tanh units",
        list(NETS),
        default=DEFAULTS["net"],
        format_func=NETS.__getitem__,
        required=True,
        key="net",
        bind="query-params",
        help="The slider moves W away from normal with its eigenvalues held. The other two are fixed nets.",
    )
    left, middle, right = st.columns([5, 5, 2], vertical_alignment="bottom")
    steps = POWERS.draw(right, DEFAULTS["steps"])
    departure = left.slider(
        "From normal to non-normal: departure δ",
        0.0,
        32.0,
        DEFAULTS["departure"],
        0.25,
        key="departure",
        bind="query-params",
        disabled=net != "slider",
        help="Henrici's departure from normality of W: 0 is a normal matrix. The eigenvalues do not depend "
        "on it.",
    )
    radius = middle.slider(
        "Spectral radius ρ(W)",
        0.0,
        2.0,
        DEFAULTS["radius"],
        0.05,
        key="radius",
        bind="query-params",
        disabled=net != "slider",
        help="Both eigenvalues of W. Below 1 the linear net forgets, sooner or later.",
    )
    free = {"radius": f"{radius:g}", "departure": f"{departure:g}"} if net == "slider" else {}
    return {"preset": net, "steps": steps, **free}


def chart(document: Document) -> None:
    figure(drawn(time_charts.matrix_powers, document), "radius-chart")
    st.caption(
        "Solid blue: the linear net. Dotted: what its eigenvalues alone would say. The other lines are the "
        "nonlinear net with the same W: γ = 1 is the largest slope of tanh. The bound is a worst case; the "
        "orbit is one orbit."
    )


def orbit(document: Document) -> None:
    figure(drawn(time_charts.orbit, document), "orbit-chart")
    if document["left"] is not None:
        st.caption(
            f"The fixed point repels: rounding errors drive the float64 orbit off it at step "
            f"{document['left']}, and what is measured from then on is another place."
        )


def files(document: Document) -> None:
    keys = ("k", "log10_power", "log10_jacobian", "log10_orbit", "log10_bound")
    columns = {key: document[key] for key in keys if document[key] is not None}
    asked = {key: st.session_state.get(key, value) for key, value in DEFAULTS.items()}
    takeaway("spectral-radius", time_charts.matrix_powers, document, columns, asked, DEFAULTS)


ROWS = (
    ("radius", r"$\rho(W)$, the spectral radius"),
    ("norm", r"$\lVert W\rVert_2$, the norm"),
    ("sufficient", r"$1/\gamma$, below which a *norm* is enough to vanish"),
    ("multiplier", "spectral radius of the Jacobian at the fixed point"),
    ("threshold", "δ from which the fixed point repels"),
)


def numbers(document: Document) -> None:
    """The matrix and its numbers."""
    formula(rf"W = {document['matrix_latex']}, \qquad b = {document['bias_latex']}")
    if document["jacobian_latex"]:
        formula(rf"J = {document['jacobian_latex']}\quad\text{{at its fixed point}}")
    lines = ["| quantity | value |", "|---|---|"]
    for key, words in ROWS:
        if document[key] is not None:
            number = document[key]
            exact = number["exact"]
            short = exact is not None and len(exact) < 14 and exact != f"{float(number['decimal']):.6g}"
            value = f"{float(number['decimal']):.6g}"
            latex = f"${number['latex']}$ ≈ " if short and number.get("latex") else ""
            lines.append(f"| {words} | {latex}{value} |")
    if found := document["lyapunov"]:
        lines.append(
            f"| Lyapunov exponent, measured | {found['value']:+.3f} ± {found['half_width']:.3f} (99 %) |"
        )
    st.markdown("\n".join(lines))


def argument() -> None:
    """The widespread claim, why it looks true, and the steps that refute it."""
    page = ask("show", key=KEY)
    st.subheader("Claim · proof · counterexample", anchor=False)
    for claim in page["claims"]:
        refuted = claim.get("status") == "refuted"
        badge = ":red-badge[✗ refuted]" if refuted else ":green-badge[✓ stands]"
        st.markdown(f"{badge}  {claim['statement']}")
    for number, line in enumerate(page["steps"]):
        if number % 3 == 0:  # rows of columns, which a phone stacks in the order of the argument
            row = st.columns(3)
        with row[number % 3]:
            step(line, f"**{number + 1}.** {escaped(line['rule'])}")
    in_full(page)
