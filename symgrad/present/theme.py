"""How charts look, on light and on dark: Okabe and Ito's colours, each role with one colour everywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["DASHES", "DARK", "LIGHT", "Theme", "theme"]

DASHES = ([1, 0], [7, 4], [2, 3], [9, 3, 2, 3])
"""Beside the colour, so that lines differ in print and to every eye."""


@dataclass(frozen=True)
class Theme:
    """Ground, text, quiet text, grid; the colours of roles; the colours of series in their order."""

    ground: str
    ink: str
    quiet: str
    grid: str
    roles: Mapping[str, str]

    @property
    def series(self) -> tuple[str, ...]:
        """For several of a kind: blue, vermillion, green, purple."""
        return tuple(self.roles[role] for role in ("measured", "bound", "slope", "predicted"))

    def config(self) -> dict[str, Any]:
        """As Vega-Lite's config."""
        text = {"labelColor": self.quiet, "titleColor": self.ink, "labelFontSize": 13, "titleFontSize": 14}
        return {
            "background": self.ground,
            "font": "Source Sans, Source Sans Pro, Helvetica, Arial, sans-serif",
            "view": {"stroke": None},
            "axis": {
                **text,
                "titleFontWeight": "normal",
                "titlePadding": 10,
                "gridColor": self.grid,
                "domainColor": self.quiet,
                "tickColor": self.quiet,
            },
            "legend": {
                **text,
                "labelColor": self.ink,
                "labelLimit": 260,
                "symbolStrokeWidth": 2.5,
                "columns": 3,
            },
            "title": {"color": self.ink, "anchor": "start", "fontSize": 14, "fontWeight": "normal"},
        }


LIGHT = Theme(
    ground="#ffffff",
    ink="#1b2430",
    quiet="#4c5968",
    grid="#dde3ea",
    roles={
        "measured": "#0072B2",
        "value": "#0072B2",
        "bound": "#D55E00",
        "slope": "#009E73",
        "predicted": "#A6458A",
        "violation": "#C4161C",
    },
)
DARK = Theme(
    ground="#10151c",
    ink="#e6ebf1",
    quiet="#aab4c0",
    grid="#2a3440",
    roles={
        "measured": "#56B4E9",
        "value": "#56B4E9",
        "bound": "#E67E22",
        "slope": "#2FBF9B",
        "predicted": "#E3A0C4",
        "violation": "#FF6B6B",
    },
)


def theme(dark: bool) -> Theme:
    """The one for the reader's ground."""
    return DARK if dark else LIGHT
