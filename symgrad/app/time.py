"""Time: recurrent nets. Each part opens with what it finds; which one is shown stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from symgrad.app import clipped, counterexample, latched, memory, unfolded
from symgrad.app.ask import told

__all__ = ["PARTS", "view"]

PARTS: Mapping[str, Callable[[], None]] = {
    "Unfolded": unfolded.part,
    "A false theorem": counterexample.part,
    "A latched bit": latched.part,
    "Clipping": clipped.part,
    "A task that needs memory": memory.part,
}
"""A new part is one line; its name is its address."""


@st.fragment
def view() -> None:
    """The choice of a part, and that part."""
    first = next(iter(PARTS))
    chosen = st.segmented_control(
        "What recurrent nets do",
        list(PARTS),
        default=first,
        required=True,
        key="part",
        bind="query-params",
        label_visibility="collapsed",
        help="The gradient through time; a theorem that is not one; what it costs to keep a bit; what "
        "clipping cures; and nets that have to learn to remember.",
    )
    with told():
        PARTS[chosen or first]()
