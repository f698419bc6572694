"""The views of the explorer: a new one is one line of this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from symgrad.app import (
    activation,
    advise,
    atlas,
    audit,
    depth,
    finite_width,
    gates,
    library,
    phase,
    spectra,
    start,
    sweep,
    time,
    training,
)

__all__ = ["VIEWS", "View"]


@dataclass(frozen=True)
class View:
    """`key` is the address, permanent; `draw` puts the view on the page."""

    key: str
    title: str
    icon: str
    draw: Callable[[], None]

    def page(self) -> st.Page:
        """The view as Streamlit's navigation takes it; the first of the table is the one opened first."""
        return st.Page(
            self.draw, title=self.title, icon=self.icon, url_path=self.key, default=self is VIEWS[0]
        )


VIEWS: tuple[View, ...] = (
    View("start", "Start", ":material/explore:", start.view),
    View("activation", "Activation", ":material/show_chart:", activation.view),
    View("atlas", "Atlas", ":material/table_view:", atlas.view),
    View("depth", "Depth", ":material/stacked_line_chart:", depth.view),
    View("phase", "Edge of chaos", ":material/waves:", phase.view),
    View("finite-width", "Finite width", ":material/width:", finite_width.view),
    View("spectrum", "Singular values", ":material/bar_chart:", spectra.view),
    View("time", "Time", ":material/timeline:", time.view),
    View("gates", "Gates", ":material/sensor_door:", gates.view),
    View("training", "Training", ":material/model_training:", training.view),
    View("sweep", "Sweep", ":material/grid_on:", sweep.view),
    View("audit", "Gains", ":material/balance:", audit.view),
    View("advise", "Advise", ":material/tune:", advise.view),
    View("library", "Library", ":material/menu_book:", library.view),
)
