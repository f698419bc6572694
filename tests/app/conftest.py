"""The fixture that runs the app at one of its views."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import dev
from symgrad.app import views
from tests.app.pages import OpenView


@pytest.fixture
def open_view(monkeypatch: pytest.MonkeyPatch) -> OpenView:
    """Runs the app at a view, with the controls that an address sets."""

    def run(key: str, **address: Any) -> AppTest:
        chosen = [view for view in views.VIEWS if view.key == key]
        others = [view for view in views.VIEWS if view.key != key]
        monkeypatch.setattr(views, "VIEWS", (*chosen, *others))
        app = AppTest.from_file(str(dev.ROOT / "app.py"), default_timeout=120)
        for name, value in address.items():
            app.query_params[name] = str(value)
        return app.run()

    return run
