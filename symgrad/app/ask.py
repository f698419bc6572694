"""Questions to the verbs, answered by worker processes with documents, and remembered."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from symgrad.errors import InputError, TimeLimitError
from symgrad.runs.worker import Pool

__all__ = ["Document", "ask", "file_maker", "told"]

Document = dict[str, Any]
TIME_LIMIT = 60.0


@st.cache_resource(show_spinner=False)
def pool() -> Pool:
    """Two workers for all sessions."""
    return Pool(2)


def ask(verb: str, **arguments: Any) -> Document:
    """A verb's document. Raises `InputError`, `TimeLimitError` after a minute, `RuntimeError` on a fault."""
    return _answer(verb, json.dumps(arguments, sort_keys=True))


@st.cache_data(max_entries=300, show_spinner="Working it out …", show_time=True)
def _answer(verb: str, arguments: str) -> Document:
    return pool().call(verb, json.loads(arguments), TIME_LIMIT)


def file_maker(key: str, kind: str) -> Callable[[], bytes]:
    """What a download button calls when it is clicked: it has no session then, so the pool is taken along."""
    workers = pool()
    return lambda: base64.b64decode(workers.call("file", {"key": key, "kind": kind}, TIME_LIMIT)["content"])


@contextmanager
def told() -> Iterator[None]:
    """Says on the page why there is no answer, on a line that is shown as typed, never as Markdown."""
    try:
        yield
    except InputError as error:
        st.warning("This cannot be computed. Change the setting named here; everything else is kept.")
        st.code(str(error), language=None, wrap_lines=True)
    except TimeLimitError as error:
        st.warning(
            f"Stopped after {TIME_LIMIT:g} seconds. A smaller depth, width, batch or number of seeds "
            f"answers sooner."
        )
        st.code(str(error), language=None, wrap_lines=True)
    except RuntimeError as error:
        st.error("A fault in symgrad, not in your input: this answer is missing.")
        st.code(str(error), language=None, wrap_lines=True)
