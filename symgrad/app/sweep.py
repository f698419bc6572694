"""Sweep: a net's gradient over a grid of settings, shown at once or run as a process of its own and kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from symgrad.app.ask import Document, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import share
from symgrad.app.grid import GRID_DEFAULTS, composed
from symgrad.app.parts import finding
from symgrad.app.running import Work, kept, nothing_yet, opened, start_button, trouble
from symgrad.app.swept import results, saved
from symgrad.app.words import escaped
from symgrad.progress import duration

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status

__all__ = ["WORK", "view"]

SPEC = "sweep.toml"
AT_ONCE = 6.0
"""Estimated seconds, the start of a worker included, up to which a grid is drawn at once and not kept."""


@st.fragment
def view() -> None:
    """One folder of results, or the grid that is being composed; below, all that is kept."""
    body, shelf = st.container(), st.container()
    with told():
        with shelf:
            chosen = kept(WORK)
        with body:
            if chosen is None:
                compose()
            else:
                opened(WORK, chosen)


def status_of(folder: Path) -> Status:
    from symgrad.runs import sweeps

    return sweeps.status(folder)


def found(folder: Path, state: Document, top: Any) -> None:
    """What a folder has found up to now."""
    measured = state["done"] + state["failed"]
    if not measured:
        nothing_yet(top)
        return
    results(
        lambda held: ask("swept", folder=str(folder), held=held, upto=measured), top, lambda: saved(folder)
    )


WORK = Work(
    noun="sweep",
    file=SPEC,
    status=status_of,
    command=lambda folder: ["sweep", str(folder / SPEC), "--out", str(folder)],
    back="Compose a sweep",
    results=found,
)


def compose() -> None:
    """The grid, what it would cost, and what it shows where that is a matter of seconds."""
    top = st.container()
    with control_panel():
        text = composed()
        plan = ask("sweep-plan", text=text)
        start_row(plan)
    cost = f"{plan['points']:,} points, about {duration(max(1.0, plan['seconds']))} on this machine"
    if plan["seconds"] > AT_ONCE:
        with top:
            finding(f"{cost}: too long to show at once.")
            st.markdown("Start it: it runs on by itself, goes on after a restart, and is drawn as it grows.")
        return
    st.caption(escaped(f"{cost}; drawn below, and not kept unless you start it."))
    results(
        lambda held: ask("sweep-preview", text=plan["text"], held=held),
        top,
        lambda: share(address(), GRID_DEFAULTS),
    )


def address() -> dict[str, Any]:
    """What the widgets stand at, as the address has it."""
    options = {key: st.session_state.get(key, default) for key, default in GRID_DEFAULTS.items()}
    if options["as_text"]:
        return {"as_text": "true", "spec": st.session_state.get("spec", "")}
    return options


def start_row(plan: Document) -> None:
    """The name of the folder, and the button that starts the process."""
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    with left:
        name = st.text_input(
            "Keep it as",
            key="name",
            bind="query-params",
            max_chars=60,
            placeholder=suggested(plan),
            help="The folder's name: small letters, digits and hyphens; a number is added where it is taken.",
        )
    with right:
        start_button(WORK, "Start the sweep", plan["text"], name or suggested(plan))
    trouble()


def suggested(plan: Document) -> str:
    """A name from what is swept."""
    phi = plan["fixed"].get("activation", "")
    over = [key.replace("_", "-") for key in plan["axes"] if key != "activation"]
    return "-".join(part for part in (phi[:20] or "activations", *over) if part)
