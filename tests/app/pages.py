"""Pages of the app without a browser: what they say, and that nothing is wrong with them."""

from __future__ import annotations

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

__all__ = ["OpenView", "said", "sound"]

OpenView = Callable[..., AppTest]
"""(key, **address) -> the view, run; see `conftest`."""


def said(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown]


def sound(app: AppTest) -> None:
    troubles = [*app.exception, *app.error, *app.warning]
    assert [element.value for element in troubles] == []
