"""Long work as processes of their own: the folders kept, how far each is, start, cancel and going on.

A page reads the folder, so a reload or another session finds the work again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from symgrad.app.ask import NICENESS, Document, told
from symgrad.app.parts import finding
from symgrad.app.words import escaped
from symgrad.errors import InputError
from symgrad.progress import duration, said
from symgrad.runs import detached
from symgrad.runs.results_root import folder_of, folders, new_folder, results_root

if TYPE_CHECKING:
    from symgrad.runs.crew.status import Status

__all__ = ["Work", "kept", "nothing_yet", "opened", "progress_of", "start_button", "trouble"]

TICK = 1.0
"""Seconds between two looks at work that runs."""
LATEST = 20
STATES = {
    "running": ":blue-badge[running]",
    "finished": ":green-badge[✓ finished]",
    "cancelled": ":gray-badge[cancelled]",
    "failed": ":orange-badge[stopped]",
    "damaged": ":red-badge[cannot be read]",
}


@dataclass(frozen=True)
class Work:
    """A kind of work: how people call it, the file that says what is to be done, how far it is, the command
    line that does it or goes on, and what is shown of a folder (with the place for its finding, and whether
    anything is measured).
    """

    noun: str
    file: str
    status: Callable[[Path], Status]
    command: Callable[[Path], list[str]]
    back: str
    results: Callable[[Path, Document, Any], None]


def kept(work: Work, nothing: str = "Choose one, or type to search") -> str | None:
    """The work in the root: how far each is, and which one is opened."""
    names = [path.name for path in folders(work.file)]
    st.subheader(f"{work.noun.capitalize()}s kept here", anchor=False)
    chosen = st.selectbox(
        f"Open a {work.noun}",
        names,
        index=None,
        key="folder",
        bind="query-params",
        placeholder=nothing if names else "None yet",
        help=f"The folders under {escaped(str(results_root()))}; nothing outside it is opened.",
    )
    latest = names[:LATEST]
    working = any(state["state"] == "running" for _, state in _states(work, latest))
    st.fragment(_shelf, run_every=2 * TICK if working else None)(work, latest, chosen)
    return chosen


def _shelf(work: Work, names: list[str], chosen: str | None) -> None:
    for name, state in _states(work, [name for name in names if name != chosen]):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.button(escaped(name), key=f"open-{name}", type="tertiary", on_click=_go_to, args=(name,))
            st.markdown(f"{STATES[state['state']]}  {escaped(state['said'])}", width="content")


def _states(work: Work, names: list[str]) -> Iterator[tuple[str, Document]]:
    """How far each is; a folder that cannot be read says why, and hides none of the others."""
    for name in names:
        try:
            yield name, progress_of(work, folder_of(name))
        except InputError as error:
            yield name, {"state": "damaged", "said": str(error)}


def _go_to(name: str | None) -> None:
    """Opens the folder of that name; none closes it."""
    st.session_state["folder"] = name


def progress_of(work: Work, folder: Path) -> Document:
    """The status of a folder; of one whose process has only been started, that it runs."""
    status = work.status(folder)
    state = "running" if detached.runs(folder) and status.state != "finished" else status.state
    return {**status.document(), "state": state, "said": said(status)}


def start_button(work: Work, label: str, text: str, name: str) -> None:
    """The button that makes a folder holding the text, and starts the process there."""
    st.button(
        label,
        key="start",
        type="primary",
        icon=":material/play_arrow:",
        help="Runs as a process of its own: it goes on when this page is closed.",
        on_click=_begin,
        args=(work, text, name),
        width="stretch",
    )


def trouble() -> None:
    """Why the last start did not come about."""
    if words := st.session_state.pop("trouble", None):
        st.code(words, language=None, wrap_lines=True)


def _begin(work: Work, text: str, name: str) -> None:
    """A folder with what is to be done, and the process at work on it."""
    try:
        folder = new_folder(name)
        (folder / work.file).write_text(text, encoding="utf-8")
        _resume(work, folder)
    except (InputError, OSError) as error:
        st.session_state["trouble"] = str(error)
    else:
        _go_to(folder.name)


def _resume(work: Work, folder: Path) -> None:
    """The same command as the first time: what is done is not done again."""
    if not detached.runs(folder):
        detached.start(work.command(folder), folder, NICENESS)


def opened(work: Work, name: str) -> None:
    """A folder: how far it is, and what it has found up to now."""
    folder = folder_of(name)
    st.button(f"← {work.back}", key="back", type="tertiary", on_click=_go_to, args=(None,))
    running = progress_of(work, folder)["state"] == "running"
    st.fragment(_grown, run_every=TICK if running else None)(work, folder, running)


def _grown(work: Work, folder: Path, running: bool) -> None:
    """Drawn anew as long as the process runs; the page as a whole once it has ended, or begun."""
    with told():
        state = progress_of(work, folder)
        top = st.container()
        _progress(work, folder, state)
        work.results(folder, state, top)
        if running != (state["state"] == "running"):
            st.rerun()


def nothing_yet(top: Any) -> None:
    """In place of the finding, before there is one."""
    with top:
        finding("Nothing measured yet.")


def _progress(work: Work, folder: Path, state: Document) -> None:
    """How far it is, with what can be done about it."""
    words = state["said"]
    if state["state"] == "running":
        share_done = (state["done"] + state["failed"]) / max(1, state["points"])
        left, right = st.columns([5, 1], vertical_alignment="bottom")
        left.progress(min(1.0, share_done), text=escaped(words if state["pid"] else "starting …"))
        right.button("Cancel", key="cancel", on_click=_cancel, args=(work, folder), width="stretch",
                     help="Ends the process; what is measured stays, and it can go on later.")  # fmt: skip
        return
    took = f" · {duration(state['seconds'])}" if state["seconds"] else ""
    st.markdown(f"{STATES[state['state']]}  {escaped(words + took)}")
    if state["state"] == "finished":
        return
    if state["state"] == "failed":
        reasons = [state["why"], detached.last_words(folder)]
        st.code("\n".join(filter(None, reasons)), language=None, wrap_lines=True)
    st.button("Go on", key="go-on", icon=":material/play_arrow:", on_click=_resume, args=(work, folder),
              help="The same command again: what is measured is not measured again.")  # fmt: skip


def _cancel(work: Work, folder: Path) -> None:
    state = progress_of(work, folder)
    if state["state"] == "running" and state["pid"]:
        detached.end(state["pid"])
