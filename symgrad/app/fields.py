"""Widgets that several views share: the key of each is its name in the address, and its help says what
it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

__all__ = [
    "BATCH",
    "DEPTH",
    "LAWS",
    "NETS",
    "SEED",
    "STEPS",
    "WIDTH",
    "Whole",
    "linked_slider",
    "scale",
    "weights",
    "wholes",
]

LARGEST_SEED = 2**31 - 1
LAWS = {
    "gaussian": "Gaussian: independent entries.",
    "orthogonal": "Orthogonal: a random rotation times the weight scale, which stretches every direction "
    "equally.",
    "identity": "Identity: the weight scale times the unit matrix.",
}


@dataclass(frozen=True)
class Whole:
    """A field for a whole number from `least` to `most`."""

    key: str
    label: str
    why: str
    most: int
    least: int = 1

    def draw(self, place: Any, default: int) -> int:
        """The number in it."""
        return int(
            place.number_input(
                self.label,
                self.least,
                self.most,
                default,
                key=self.key,
                bind="query-params",
                help=self.why,
            )
        )


DEPTH = Whole("depth", "Layers L", "The depth as a number, for nets deeper than the slider goes.", 100_000)
STEPS = Whole("depth", "Steps T", "The length of the sequence, for longer ones than the slider goes.", 10_000)
WIDTH = Whole(
    "width", "Units a layer", "The width N. Wide nets agree with each other; narrow ones scatter.", 1_000_000
)
BATCH = Whole(
    "batch",
    "Inputs at once",
    "The batch B: so many random inputs go through each net together.",
    1_000_000,
)
NETS = Whole(
    "seeds",
    "Nets",
    "So many independent nets are drawn: charts show their median, and a band from 5 to 95 %.",
    100_000,
)
SEED = Whole(
    "seed",
    "Seed",
    "All random draws follow from this number: the same seed gives the same nets, on every machine.",
    LARGEST_SEED,
    0,
)


def wholes(columns: Iterable[Any], fields: Iterable[Whole], defaults: Mapping[str, Any]) -> dict[str, int]:
    """A field in each column, by its key."""
    return {
        field.key: field.draw(column, defaults[field.key])
        for column, field in zip(columns, fields, strict=False)
    }


def weights(place: Any, default: str, laws: Sequence[str] = ("gaussian", "orthogonal")) -> str:
    """Which law the weights are drawn from."""
    return str(
        place.segmented_control(
            "Weights",
            laws,
            default=default,
            required=True,
            key="weights",
            bind="query-params",
            help=" ".join(LAWS[law] for law in laws),
        )
    )


def scale(
    place: Any, key: str, label: str, most: float, default: float, why: str, least: float = 0.0
) -> float:
    """A slider in steps of 0.05."""
    return float(place.slider(label, least, most, default, 0.05, key=key, bind="query-params", help=why))


def linked_slider(place: Any, label: str, key: str, value: int, most: int, why: str, least: int = 1) -> None:
    """The whole number of the field `key` as a slider too; it follows the number, and moves it."""
    own = f"{key}_slider"
    st.session_state[own] = max(least, min(value, most))
    place.slider(label, least, most, key=own, on_change=partial(_take, own, key), help=why)


def _take(own: str, key: str) -> None:
    st.session_state[key] = st.session_state[own]
