"""Presets: settings worth seeing before one's own, each with the line that says why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import streamlit as st

from symgrad.numeric import Net

__all__ = [
    "ACTIVATION_PRESETS",
    "DEPTH_DEFAULTS",
    "DEPTH_PRESETS",
    "TYPED_PRESETS",
    "Preset",
    "depth_preset",
    "preset_buttons",
]


@dataclass(frozen=True)
class Preset:
    """Settings by the key of their widget."""

    name: str
    why: str
    options: Mapping[str, Any] = field(default_factory=dict)


DEPTH_DEFAULTS: Mapping[str, Any] = {
    "activation": "sigmoid",
    **{option.name: option.default for option in fields(Net) if option.name != "dtype"},
}


def depth_preset(name: str, why: str, **options: Any) -> Preset:
    """A preset of the Depth view: what it does not name stands at its default."""
    return Preset(name, why, {**DEPTH_DEFAULTS, **options})


SQRT2 = 2**0.5

DEPTH_PRESETS: tuple[Preset, ...] = (
    depth_preset(
        "Sigmoid vanishes",
        "The derivative of the sigmoid is at most 1/4, so every layer takes away at least that much, times "
        "what its weights stretch.",
    ),
    depth_preset(
        "Tanh, small weights",
        "The derivative of tanh reaches 1; weights a fifth too small are enough for an exponential decay.",
        activation="tanh",
        sigma_w=0.8,
    ),
    depth_preset(
        "ReLU with He weights holds",
        "Half the units are off, which halves the squared gradient; weights of variance 2/fan-in double it "
        "again.",
        activation="relu",
        sigma_w=SQRT2,
    ),
    depth_preset(
        "Too-large weights explode",
        "The same product with factors above 1 grows just as exponentially.",
        activation="tanh",
        sigma_w=3.0,
    ),
    depth_preset(
        "Orthogonal tanh",
        "Orthogonal weights stretch nothing: every norm in the bound is 1, and what is lost is lost to tanh "
        "alone.",
        activation="tanh",
        weights="orthogonal",
    ),
    depth_preset(
        "A chain of single units",
        "One net with one unit a layer: the factors are plain numbers, as in the classic argument.",
        activation="sigmoid",
        depth=20,
        width=1,
        batch=1,
        seeds=1,
    ),
)

ACTIVATION_PRESETS: tuple[Preset, ...] = (
    Preset(
        "sigmoid: at most 1/4",
        "The classic culprit: even at its steepest it passes on a quarter.",
        {"activation": "sigmoid"},
    ),
    Preset(
        "tanh: at most 1",
        "It passes everything on at 0, and next to nothing once a unit saturates.",
        {"activation": "tanh"},
    ),
    Preset(
        "ReLU: 0 or 1",
        "Either all or nothing: no shrinking on the active side, and a kink in between.",
        {"activation": "relu"},
    ),
    Preset(
        "SELU: above 1, never attained",
        "The largest slope is a one-sided limit at the kink: a supremum without a maximum.",
        {"activation": "selu"},
    ),
    Preset(
        "SiLU: a root with a name",
        "The largest slope has no closed form; it is exact all the same, through an isolated root.",
        {"activation": "silu"},
    ),
)


def typed(text: str, why: str, name: str = "") -> Preset:
    """An example for the field of the Activation view."""
    return Preset(name or text, why, {"activation": text})


TYPED_PRESETS: tuple[Preset, ...] = (
    typed(
        "x*tanh(log(1+exp(x)))",
        "Mish, typed: the steepest point solves an equation without a closed solution, and is exact through "
        "a root with a name.",
    ),
    typed(
        "x/(1+x^2)",
        "It rises, and falls again: far out the slope is negative, so the gradient changes its sign there.",
    ),
    typed(
        "tanh(x)/x",
        "Not defined at 0 by its formula; the limit fills the point, as the curve shows.",
    ),
    typed(
        "max(tanh(x), x/2)",
        "Where the two branches meet has no closed form; it is isolated all the same, and the kink proved.",
    ),
    typed("sin(x)/x", "Infinitely many turning points, ever lower: only the two innermost count."),
    typed(
        "x+sin(x)^2", "Periodic slope: the largest is taken at infinitely many points, given as one family."
    ),
    typed(
        "|x|^(3/2)", "The slope grows without bound: no constant bounds what a layer does to the gradient."
    ),
    typed("sqrt(|x|)", "A cusp: the slope is unbounded at a single point, near which every bound fails."),
    typed("log(x)", "Defined on half of the line only: as an activation it fails for every negative sum."),
    typed("1/x", "A pole: unbounded on both sides, and undefined at 0."),
    typed(
        "1/(1+exp(-a*x))",
        "A sigmoid with a parameter: set a = 4, and the slope reaches 1 where it was at most 1/4.",
    ),
    typed(
        "where(x < 0, x, x + 1)",
        "A step: the slope is 1 on both sides, but no Lipschitz constant bridges a jump.",
    ),
)
"""Each shows something that names alone do not."""


def preset_buttons(presets: Sequence[Preset], view: str) -> None:
    """A row of buttons that set the widgets; the one in force is marked, and its reason stands below."""
    with st.container(horizontal=True, gap="small", key=f"{view}-presets"):
        for preset in presets:
            st.button(
                preset.name,
                key=f"{view}-preset-{preset.name}",
                help=preset.why,
                type="primary" if in_force(preset) else "secondary",
                on_click=st.session_state.update,
                args=(dict(preset.options),),
            )
    for preset in presets:
        if in_force(preset):
            st.caption(preset.why)


def in_force(preset: Preset) -> bool:
    """Whether the widgets stand as the preset sets them."""
    return all(st.session_state.get(name) == value for name, value in preset.options.items())
