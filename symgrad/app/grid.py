"""Composing a sweep: widgets, or the text of a SPEC.toml, become the text of one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from symgrad.app.fields import BATCH, LAWS, NETS, SEED, wholes
from symgrad.app.phi import names_in_order
from symgrad.app.presets import DEPTH_DEFAULTS, Preset, preset_buttons
from symgrad.errors import InputError

__all__ = ["GRID_DEFAULTS", "GRID_PRESETS", "composed", "toml"]

LONGEST = 4_000
MOST_SIGMAS = 500
GRID_DEFAULTS: Mapping[str, Any] = {
    "phis": ["tanh", "relu", "gelu"],
    "sigma_range": (0.5, 3.0),
    "sigma_count": 26,
    "depths": "30",
    "widths": "64",
    "biases": "0",
    **{key: DEPTH_DEFAULTS[key] for key in ("batch", "seeds", "weights", "seed")},
    "as_text": False,
}
LISTS: tuple[tuple[str, str, str, Callable[[str], Any], str], ...] = (
    ("depths", "depth", "Layers L", int, "30, or several: 10, 30, 100. Each is a net of its own."),
    ("widths", "width", "Units a layer N", int, "64, or several: 16, 64, 256."),
    ("biases", "sigma_b", r"Bias scale $\sigma_b$", float, "0, or several: 0, 0.1, 0.3."),
)
"""Key of the field, option of `simulate`, label, kind of value, help."""


def grid_preset(name: str, why: str, **options: Any) -> Preset:
    """An example; what it does not name stands at its default."""
    return Preset(name, why, {**GRID_DEFAULTS, **options})


CORE = ["sigmoid", "tanh", "relu", "softplus", "softsign", "erf", "selu", "gelu", "silu", "mish"]
GRID_PRESETS: tuple[Preset, ...] = (
    grid_preset(
        "Three activations by weight scale",
        "Each has one scale at which the gradient neither vanishes nor explodes, and each its own.",
    ),
    grid_preset(
        "Weight scale × depth",
        "What a scale takes away a layer, depth raises to a power: a fan around the one that holds.",
        phis=["tanh"],
        sigma_range=(0.6, 2.6),
        sigma_count=21,
        depths="5, 10, 20, 30, 40, 60, 80, 100",
        widths="32",
        seeds=8,
    ),
    grid_preset(
        "Does width matter?",
        "The band narrows as nets widen: what wide nets do is the rule that narrow ones scatter about.",
        phis=["tanh", "relu"],
        sigma_range=(1.5, 1.5),
        sigma_count=1,
        widths="4, 8, 16, 32, 64, 128",
    ),
    grid_preset(
        "Ten activations, same weights",
        "At weight scale 1 nearly every activation loses the gradient; how fast differs by powers of ten.",
        phis=CORE,
        sigma_range=(1.0, 1.0),
        sigma_count=1,
    ),
)


def composed() -> str:
    """The text of the specification that the widgets stand for. Raises `InputError` naming a bad field."""
    examples = st.container()
    as_text = st.toggle(
        "Write it as text",
        key="as_text",
        bind="query-params",
        help="The specification as a SPEC.toml: any option of simulate can be fixed, or listed in the grid.",
    )
    text = typed() if as_text else chosen()
    with examples:
        preset_buttons(GRID_PRESETS, "grid")
    return text


def typed() -> str:
    """The text field; it begins with what the widgets last stood for."""
    st.session_state.setdefault("spec", st.session_state.get("last_spec", toml({}, {"sigma_w": [1.0, 1.5]})))
    text = st.text_area(
        "SPEC.toml",
        key="spec",
        bind="query-params",
        height=240,
        max_chars=LONGEST,
        help="[fixed] holds one value each, [grid] lists; the keys are simulate's options with underscores.",
    )
    return text or ""


def chosen() -> str:
    """The widgets; activations and scales first, the finer ones below."""
    left, middle, right = st.columns([5, 4, 2], vertical_alignment="bottom")
    with left:
        phis = st.multiselect(
            "Activations φ",
            names_in_order()[0],
            GRID_DEFAULTS["phis"],
            key="phis",
            bind="query-params",
            accept_new_options=True,
            placeholder="names, or your own: x*tanh(x)",
            help="Each gives a line of its own. Choose names, or type an expression in x and press Enter.",
        )
    with middle:
        low, high = st.slider(
            r"Weight scale $\sigma_w$, from … to",
            0.0,
            5.0,
            GRID_DEFAULTS["sigma_range"],
            0.05,
            key="sigma_range",
            bind="query-params",
            help="Weights have variance σ_w²/fan-in. Every scale reuses the same random draws.",
        )
    with right:
        count = st.number_input(
            "Scales",
            1,
            MOST_SIGMAS,
            GRID_DEFAULTS["sigma_count"],
            key="sigma_count",
            bind="query-params",
            help="So many scales, evenly spaced; 1 takes the lower end alone.",
        )
    grid: dict[str, Sequence[Any]] = {"activation": phis or GRID_DEFAULTS["phis"]}
    grid["sigma_w"] = spaced(low, high, count)
    with st.container(key="grid-finer"):
        columns = st.columns([5, 3, 2, 2, 2, 3, 2])
    for column, (key, option, label, kind, why) in zip(columns, LISTS, strict=False):
        with column:
            text = st.text_input(
                label, GRID_DEFAULTS[key], key=key, bind="query-params", max_chars=200, help=why
            )
        grid[option] = listed(label if "$" not in label else option, text or GRID_DEFAULTS[key], kind)
    fixed = finer(columns[len(LISTS) :])
    text = toml(fixed, grid)
    st.session_state["last_spec"] = text
    return text


def finer(columns: Sequence[st.delta_generator.DeltaGenerator]) -> dict[str, Any]:
    """What every net of the grid has in common."""
    fixed: dict[str, Any] = wholes(columns, (replace(BATCH, label="Inputs"), NETS), GRID_DEFAULTS)
    fixed["weights"] = columns[2].selectbox(
        "Weights",
        ("gaussian", "orthogonal"),
        key="weights",
        bind="query-params",
        help=f"{LAWS['gaussian']} {LAWS['orthogonal']}",
    )
    fixed["seed"] = SEED.draw(columns[3], GRID_DEFAULTS["seed"])
    return fixed


def spaced(low: float, high: float, count: int) -> list[float]:
    """Evenly spaced values with both ends, each once."""
    if count == 1 or low == high:
        return [low]
    return [round(low + (high - low) * k / (count - 1), 6) for k in range(count)]


def listed(label: str, text: str, kind: Callable[[str], Any]) -> list[Any]:
    """The numbers of a text, separated by commas or spaces."""
    try:
        return [kind(word) for word in re.split(r"[\s,;]+", text.strip(" ,;")) if word]
    except ValueError:
        what = "whole numbers" if kind is int else "numbers"
        raise InputError(
            f"{label}: {text[:60]!r} is not legal, only {what} such as 10, 30, 100 are"
        ) from None


def toml(fixed: Mapping[str, Any], grid: Mapping[str, Sequence[Any]]) -> str:
    """The specification as text: what has one value is fixed."""
    single = {key: values[0] for key, values in grid.items() if len(values) == 1}
    lists = {key: list(values) for key, values in grid.items() if len(values) > 1}
    lines = ["[fixed]", *(f"{key} = {value_of(value)}" for key, value in {**single, **fixed}.items())]
    lines += [
        "",
        "[grid]",
        *(f"{key} = [{', '.join(map(value_of, values))}]" for key, values in lists.items()),
    ]
    return "\n".join(lines) + "\n"


def value_of(value: Any) -> str:
    """A text or a number as TOML writes it; JSON's strings are TOML's."""
    return (
        json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        if isinstance(value, str)
        else repr(value)
    )
