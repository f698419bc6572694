"""Advise: how to initialise layers of an activation at a depth and width; predicted, measured, as code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import takeaway
from symgrad.app.drawing import drawn
from symgrad.app.fields import BATCH, NETS, SEED, WIDTH, Whole, scale, wholes
from symgrad.app.gains import FRAMEWORKS
from symgrad.app.links import open_view
from symgrad.app.measured import reading
from symgrad.app.parts import SENTENCES, figure, finding, projector
from symgrad.app.phi import as_address, chosen_phi, parameter_fields
from symgrad.app.presets import Preset, preset_buttons
from symgrad.app.words import escaped, powers, scales
from symgrad.present.advice_chart import ratio_by_scheme

__all__ = ["ADVICE_DEFAULTS", "ADVICE_PRESETS", "view"]

ADVICE_DEFAULTS: Mapping[str, Any] = {
    "activation": "tanh",
    "depth": 50,
    "width": 128,
    "sigma_b2": 0.0,
    "batch": 16,
    "seeds": 16,
    "seed": 0,
}
LAYERS = Whole("depth", "Layers L", "The depth of the net that is to be initialised.", 2_000)
RECOMMENDED = "the recommended one"
SAYS = {True: "✓ inside", False: "✗ outside", None: ""}
"""Where the median lies."""


def advice_preset(name: str, why: str, **options: Any) -> Preset:
    """What it does not name stands at its default."""
    return Preset(name, why, {**ADVICE_DEFAULTS, **options})


ADVICE_PRESETS: tuple[Preset, ...] = (
    advice_preset(
        "tanh, 50 layers",
        "The gain 5/3 that frameworks hand out for tanh lets the gradient explode, He's too; at the edge of "
        "chaos it arrives.",
    ),
    advice_preset(
        "ReLU, 50 layers",
        "Any scale gives the same ratio, but only He's holds the signal; orthogonal weights scatter less.",
        activation="relu",
    ),
    advice_preset(
        "GELU, 30 layers",
        "No entry in the gain table: He's scale loses the signal, layer by layer.",
        activation="gelu",
        depth=30,
    ),
    advice_preset(
        "Sigmoid, 30 layers",
        "The usual scales let the gradient vanish; the edge of chaos asks for weights of a hundred times the "
        "variance.",
        activation="sigmoid",
        depth=30,
    ),
    advice_preset(
        "SELU, narrow",
        "At width 32 nets of one scheme differ from each other by powers of ten: the band says how much.",
        activation="selu",
        width=32,
    ),
)


@st.fragment
def view() -> None:
    """The finding, every scheme drawn and in a table, and code to take away."""
    top = st.container()
    with told():
        with control_panel():
            presets = st.container()
            options = controls()
        with presets:
            preset_buttons(ADVICE_PRESETS, "advice")
        if options is None:
            return
        document = ask("advise", **options)
        with top:
            first, *others = SENTENCES.split(document["finding"], maxsplit=1)
            finding(scales(f"{first}." if others else first))
            for text in others:
                st.markdown(scales(text))
        result(document, options)


def controls() -> dict[str, Any] | None:
    """The arguments of `advise`; None where the activation is none, which is said beside its field."""
    chosen = chosen_phi(ADVICE_DEFAULTS["activation"])
    settings = parameter_fields(*chosen) if chosen is not None else {}
    with st.container(key="finer"):
        columns = st.columns([2, 2, 2, 3, 2, 2])
    sizes = wholes(columns, (LAYERS, WIDTH, BATCH), ADVICE_DEFAULTS)
    sigma_b2 = scale(
        columns[3],
        "sigma_b2",
        r"Biases $\sigma_b^2$ at the edge",
        2.0,
        ADVICE_DEFAULTS["sigma_b2"],
        "The variance of the biases that the edge of chaos is computed with. Other schemes have their own.",
    )
    more = wholes(columns[4:], (NETS, SEED), ADVICE_DEFAULTS)
    if chosen is None:
        return None
    return {"activation": chosen[0], "settings": settings, **sizes, "sigma_b2": sigma_b2, **more}


def result(document: Document, options: dict[str, Any]) -> None:
    if projector():
        chart(document)
        return
    wide, beside = st.columns([11, 9], gap="large")
    with wide:
        chart(document)
    with beside:
        code(document)
    table(document)
    files(document, options)
    reading(READING)
    with st.container(horizontal=True, gap="small"):
        open_view("library", "Where the prediction comes from", {"derivation": "length-map"})
        open_view("library", "Where the band comes from", {"derivation": "layered-slope"})
        open_view("library", "Why one gain seldom keeps both", {"derivation": "gains"})
        open_view("audit", "What the common gain table preserves")


def chart(document: Document) -> None:
    figure(drawn(ratio_by_scheme, document), "advice-chart")
    measured = [row for row in document["schemes"] if row["inside"] is not None]
    outside = [row["name"] for row in measured if not row["inside"]]
    missed = f"; outside: {', '.join(outside)}" if outside else ""
    st.caption(
        powers(
            "At 10^0 the first layer's weights get as large a gradient as the last layer's. "
            f"{len(measured) - len(outside)} of {len(measured)} medians lie inside their band{missed}."
        )
    )


def table(document: Document) -> None:
    """Every scheme with its scales and logarithms; one of which something is not known says why."""
    lines = [
        r"| initialisation | $\sigma_w^2$ | $\sigma_b^2$ | predicted | 99 % band | measured | signal | |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in document["schemes"]:
        name = escaped(row["name"])
        name = f"**★ {name}**" if row["name"] == document["recommended"] else name
        scales = (figures(row["sigma_w2"], ".5g"), figures(row["sigma_b2"], ".5g"))
        band = "" if row["band"] is None else " … ".join(figures(end) for end in row["band"])
        ratios = (figures(row["predicted_log10_ratio"]), band, figures(row["measured_log10_ratio"]))
        lines.append(
            f"| {' | '.join((name, *scales, *ratios, figures(row['log10_signal']), SAYS[row['inside']]))} |"
        )
    with st.container(key="schemes"):
        st.markdown("\n".join(lines))
    st.caption(
        "Powers of ten, as in the chart. Signal: the root mean square of the pre-activations of the last "
        "layer over that of the first, in a very wide net."
    )
    reasons = dict.fromkeys(row["why"] for row in document["schemes"] if row["why"])
    for why in reasons:
        names = ", ".join(row["name"] for row in document["schemes"] if row["why"] == why)
        st.caption(escaped(f"{names}: {why}."))


def figures(value: float | None, digits: str = ".2f") -> str:
    """A number with its sign as a reader writes it; nothing where there is none."""
    return "" if value is None else escaped(f"{value:{digits}}".replace("-", "−"))


def code(document: Document) -> None:
    """Code of the recommended scheme, or of another one, a tab for each framework."""
    st.subheader("Initialisation to paste", anchor=False)
    keys = {row["name"]: row["key"] for row in document["schemes"] if row["sigma_w2"] is not None}
    chosen = st.selectbox(
        "Scheme",
        [RECOMMENDED, *keys],
        key="scheme",
        bind="query-params",
        help="The code of the scheme that is recommended here, or of another one.",
    )
    codes = document["codes"][keys[chosen]] if chosen in keys else document["code"]
    if codes["pytorch"] is None:
        st.markdown("No code: the scheme does not exist for this activation.")
        return
    for tab, framework in zip(st.tabs(list(FRAMEWORKS.values())), FRAMEWORKS, strict=True):
        tab.code(codes[framework], language="python", wrap_lines=True)
    st.caption(
        "symgrad's tests run the code for PyTorch and JAX in such nets, and find the predicted gradient."
    )


def files(document: Document, options: Mapping[str, Any]) -> None:
    rows = document["schemes"]
    columns: dict[str, list[Any]] = {
        name: [row[name] for row in rows]
        for name in ("name", "weights", "sigma_w2", "sigma_b2", "predicted_log10_ratio")
    }
    for k, end in enumerate(("band_low", "band_high")):
        columns[end] = [None if row["band"] is None else row["band"][k] for row in rows]
    columns |= {name: [row[name] for row in rows] for name in ("measured_log10_ratio", "log10_signal", "why")}
    config = document["config"]
    name = f"advice-{document['slug']}-{config['depth']}-layers-width-{config['width']}"
    takeaway(name, ratio_by_scheme, document, columns, as_address(options), ADVICE_DEFAULTS)
    st.caption(f"Seed {config['seed']}: the same settings give the same numbers again.")


READING = r"""
- **Ratio**: $\lVert\partial E/\partial W_1\rVert_F\,/\,\lVert\partial E/\partial W_L\rVert_F$, how large an
  update the first layer gets beside the last one. Far left it hardly learns, far right it is thrown about.
- **Band**: nets of finite width differ from each other. It is to hold 99 of 100 of them, by the theory of
  wide nets to first order in 1/width; a dot is one net, drawn and measured here.
- **Signal**: a scheme whose gradients agree may still lose the signal itself, as ReLU does with LeCun's
  weights: then every layer's gradient is tiny. The recommended scheme keeps its signal within a factor of
  $10\sqrt L$.
- **Recommended**: of the schemes that do, the one whose band stays closest to a ratio of 1.
- **Uniform laws** stand for the Gaussian one of their variance: in wide layers only the variance counts.
"""
