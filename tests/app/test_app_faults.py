"""What has no answer is said on the page, as it was worded and never as Markdown."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from symgrad.errors import FaultError, InputError, MemoryLimitError, TimeLimitError

LINE = "[width](https://x.example) **1** $x$"


def page(error: Exception | None) -> None:
    import streamlit

    from symgrad.app.ask import told

    with told():
        if error:
            raise error
    streamlit.markdown("the rest of the page")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (InputError(LINE), "warning"),
        (TimeLimitError(LINE), "warning"),
        (MemoryLimitError(LINE), "warning"),
        (FaultError(LINE), "error"),
    ],
    ids=["input", "time limit", "memory limit", "fault"],
)
def test_a_missing_answer_is_said(error: Exception, kind: str) -> None:
    app = AppTest.from_function(page, args=(error,)).run()
    assert not app.exception
    assert [code.value for code in app.code] == [LINE]
    assert len(app.get(kind)) == 1
    assert [text.value for text in app.markdown] == ["the rest of the page"]


def test_any_other_exception_is_not_swallowed() -> None:
    app = AppTest.from_function(page, args=(KeyError("planted"),)).run()
    assert len(app.exception) == 1
