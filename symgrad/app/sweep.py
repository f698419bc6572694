"""Sweep: a net's gradient over a grid of settings, shown at once or run as a process of its own and kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import streamlit as st

from symgrad.app.ask import NICENESS, Document, ask, told
from symgrad.app.controls import control_panel
from symgrad.app.downloads import share
from symgrad.app.grid import GRID_DEFAULTS, composed
from symgrad.app.parts import finding
from symgrad.app.swept import results, saved
from symgrad.app.words import escaped
from symgrad.errors import InputError
from symgrad.progress import duration, said
from symgrad.runs import detached
from symgrad.runs.results_root import folder_of, folders, new_folder, results_root

__all__ = ["view"]

SPEC = "sweep.toml"
AT_ONCE = 6.0
"""Estimated seconds, the start of a worker included, up to which a grid is drawn at once and not kept."""
TICK = 1.0
"""Seconds between two looks at a sweep that runs."""
LATEST = 20
STATES = {
    "running": ":blue-badge[running]",
    "finished": ":green-badge[✓ finished]",
    "cancelled": ":gray-badge[cancelled]",
    "failed": ":orange-badge[stopped]",
    "damaged": ":red-badge[cannot be read]",
}


@st.fragment
def view() -> None:
    """One folder of results, or the grid that is being composed; below, all that is kept."""
    body, shelf = st.container(), st.container()
    with told():
        names = [path.name for path in folders(SPEC)]
        with shelf:
            chosen = kept(names)
        with body:
            if chosen is None:
                compose()
            else:
                opened(chosen)


def kept(names: list[str]) -> str | None:
    """The sweeps in the root: how far each is, and which one is opened."""
    st.subheader("Sweeps kept here", anchor=False)
    chosen = st.selectbox(
        "Open a sweep",
        names,
        index=None,
        key="folder",
        bind="query-params",
        placeholder="Choose one, or type to search" if names else "None yet",
        help=f"The folders under {escaped(str(results_root()))}; nothing outside it is opened.",
    )
    working = any(state["state"] == "running" for _, state in states(names[:LATEST]))
    st.fragment(shelf_rows, run_every=2 * TICK if working else None)(names[:LATEST], chosen)
    return chosen


def shelf_rows(names: list[str], chosen: str | None) -> None:
    for name, state in states([name for name in names if name != chosen]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(escaped(name), key=f"open-{name}", type="tertiary", on_click=go_to, args=(name,))
            st.markdown(f"{STATES[state['state']]}  {escaped(state['said'])}", width="content")


def states(names: list[str]) -> Iterator[tuple[str, Document]]:
    """How far each is; a folder that cannot be read says why, and hides none of the others."""
    for name in names:
        try:
            yield name, progress_of(folder_of(name))
        except InputError as error:
            yield name, {"state": "damaged", "said": str(error)}


def go_to(name: str | None) -> None:
    st.session_state["folder"] = name


def progress_of(folder: Path) -> Document:
    """The status of a folder; of one whose process has only been started, that it runs."""
    from symgrad.runs import sweeps

    status = sweeps.status(folder)
    state = "running" if detached.runs(folder) and status.state != "finished" else status.state
    return {**status.document(), "state": state, "said": said(status)}


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
        st.button(
            "Start the sweep",
            key="start",
            type="primary",
            icon=":material/play_arrow:",
            help="Runs as a process of its own: it goes on when this page is closed.",
            on_click=begin,
            args=(plan["text"], name or suggested(plan)),
            width="stretch",
        )
    if trouble := st.session_state.pop("trouble", None):
        st.code(trouble, language=None, wrap_lines=True)


def suggested(plan: Document) -> str:
    """A name from what is swept."""
    phi = plan["fixed"].get("activation", "")
    over = [key.replace("_", "-") for key in plan["axes"] if key != "activation"]
    return "-".join(part for part in (phi[:20] or "activations", *over) if part)


def begin(text: str, name: str) -> None:
    """A folder with the specification, and the process at work on it."""
    try:
        folder = new_folder(name)
        (folder / SPEC).write_text(text, encoding="utf-8")
        resume(folder)
    except (InputError, OSError) as error:
        st.session_state["trouble"] = str(error)
    else:
        go_to(folder.name)


def resume(folder: Path) -> None:
    """The same command as the first time: what is done is not done again."""
    if not detached.runs(folder):
        detached.start(["sweep", str(folder / SPEC), "--out", str(folder)], folder, NICENESS)


def opened(name: str) -> None:
    """A folder: how far it is, and what it has found up to now."""
    folder = folder_of(name)
    st.button("← Compose a sweep", key="back", type="tertiary", on_click=go_to, args=(None,))
    running = progress_of(folder)["state"] == "running"
    st.fragment(grown, run_every=TICK if running else None)(folder, running)


def grown(folder: Path, running: bool) -> None:
    """Drawn anew as long as the process runs; the page as a whole once it has ended, or begun."""
    with told():
        state = progress_of(folder)
        top = st.container()
        progress(folder, state)
        measured = state["done"] + state["failed"]
        if measured:
            results(
                lambda held: ask("swept", folder=str(folder), held=held, upto=measured),
                top,
                lambda: saved(folder),
            )
        else:
            with top:
                finding("Nothing measured yet.")
        if running != (state["state"] == "running"):
            st.rerun()


def progress(folder: Path, state: Document) -> None:
    """How far it is, with what can be done about it."""
    words = state["said"]
    if state["state"] == "running":
        share_done = (state["done"] + state["failed"]) / max(1, state["points"])
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        left.progress(min(1.0, share_done), text=escaped(words if state["pid"] else "starting …"))
        right.button("Cancel", key="cancel", on_click=cancel, args=(folder,), width="stretch",
                     help="Ends the process; what is measured stays, and it can go on later.")  # fmt: skip
        return
    took = f" · {duration(state['seconds'])}" if state["seconds"] else ""
    st.markdown(f"{STATES[state['state']]}  {escaped(words + took)}")
    if state["state"] == "finished":
        return
    if state["state"] == "failed":
        reasons = [state["why"], detached.last_words(folder)]
        st.code("\n".join(filter(None, reasons)), language=None, wrap_lines=True)
    st.button("Go on", key="go-on", icon=":material/play_arrow:", on_click=resume, args=(folder,),
              help="The same command again: what is measured is not measured again.")  # fmt: skip


def cancel(folder: Path) -> None:
    state = progress_of(folder)
    if state["state"] == "running" and state["pid"]:
        detached.end(state["pid"])
