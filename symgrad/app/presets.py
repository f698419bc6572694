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
