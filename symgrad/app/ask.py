"""Questions to the verbs, answered by worker processes with documents, and what is said when they are not."""

from __future__ import annotations

import base64
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import Any

import streamlit as st

from symgrad.app.answers import Answers
from symgrad.errors import FaultError, InputError, LimitError
from symgrad.runs.pool import Pool

__all__ = ["Document", "ahead", "answers", "ask", "file_maker", "known", "told"]

Document = dict[str, Any]
AT_ONCE = 0.15
"""Seconds within which an answer comes without a sign that it is awaited."""
NICENESS = 10
"""How far the workers stand below the server: pages that need no work come first."""


@st.cache_resource(show_spinner=False)
def answers() -> Answers:
    """Three warm workers for all sessions, so that two that are hard at work leave one free."""
    # Streamlit collects garbage after every run of a page. What is loaded by now stays for good: looking
    # through it each time would take 90 ms, most of what a cached page costs.
    gc.freeze()
    return Answers(Pool(3, niceness=NICENESS))


def ask(verb: str, timeout: float | None = None, **arguments: Any) -> Document:
    """A verb's document, with "complete" false where a limit came first.

    Raises `InputError`, `LimitError` where nothing is known within the limit, `FaultError`.
    """
    coming = answers().ask(verb, arguments, timeout)
    if not wait([coming], AT_ONCE).done:
        with st.spinner("Working it out …", show_time=True):
            return coming.result()
    return coming.result()


def ahead(verb: str, timeout: float | None = None, **arguments: Any) -> None:
    """Puts a question that will be asked soon, so that its answer comes while others are shown."""
    answers().ask(verb, arguments, timeout)


def known(verb: str, timeout: float | None = None, **arguments: Any) -> bool:
    """Whether the answer is there already."""
    return answers().ask(verb, arguments, timeout).done()


def file_maker(verb: str, **arguments: Any) -> Callable[[], bytes]:
    """What a download button calls when it is clicked: it has no session then, so it takes all along."""
    source = answers()
    return lambda: base64.b64decode(source.ask(verb, arguments).result()["content"])


@contextmanager
def told() -> Iterator[None]:
    """Says on the page why there is no answer, on a line that is shown as typed, never as Markdown."""
    try:
        yield
    except InputError as error:
        st.warning("This cannot be computed. Change the setting named here; everything else is kept.")
        st.code(str(error), language=None, wrap_lines=True)
    except LimitError as error:
        st.warning(
            "Stopped at the limit of time or memory. A smaller depth, width, batch or number of seeds "
            "answers sooner."
        )
        st.code(str(error), language=None, wrap_lines=True)
    except FaultError as error:
        st.error("A fault in symgrad, not in your input: this answer is missing.")
        st.code(str(error), language=None, wrap_lines=True)
