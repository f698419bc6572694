"""Links from one view to another, with the settings it opens with: they are addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

__all__ = ["open_view"]


def open_view(key: str, label: str, options: Mapping[str, Any] | None = None) -> None:
    """A link to the view of that key; controls that `options` does not name keep their last value."""
    from symgrad.app.views import VIEWS  # the table names the views, which draw these links

    (view,) = (view for view in VIEWS if view.key == key)
    address = {name: str(value) for name, value in (options or {}).items()}
    st.page_link(view.page(), label=label, icon=view.icon, query_params=address)
