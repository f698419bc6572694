"""The part for gains and the audit page, without a browser: they show what the verbs say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from symgrad import verbs
from symgrad.app.words import escaped, powers

Script = Callable[..., AppTest]


@pytest.fixture
def part() -> Script:
    """The gains of one activation alone on a page."""

    def run(activation: str, **address: Any) -> AppTest:
        app = AppTest.from_function(_part, kwargs={"activation": activation}, default_timeout=120)
        for name, value in address.items():
            app.query_params[name] = str(value)
        return app.run()

    return run


def _part(activation: str) -> None:
    from symgrad.app import gains

    vars(gains)["open_view"] = lambda *args: None  # there is no navigation here
    gains.gain_part({"activation": activation, "settings": {}})


def said(app: AppTest) -> list[str]:
    return [element.value for element in (*app.markdown, *app.caption)]


def test_the_numbers_with_their_grades(part: Script) -> None:
    app = part("gelu", q="1/2")
    assert not app.exception
    document = verbs.gain("gelu", q="1/2")
    assert escaped(document["text"]) in said(app)
    (table,) = (text for text in said(app) if text.startswith("| |"))
    for name in ("forward", "backward", "second_moment", "derivative_second_moment"):
        assert escaped(document[name]["decimal"]) in table
        assert ":green-badge[exact]" in table
    assert len(table.splitlines()) == 8


def test_no_column_is_empty(part: Script) -> None:
    (table,) = (text for text in said(part("tanh")) if text.startswith("| |"))
    assert "exact" not in table.splitlines()[0]
    assert len(table.splitlines()) == 7  # at q = 1 the forward gain keeps q


@pytest.mark.parametrize("mode", ["forward", "backward"])
def test_code_for_three_frameworks(part: Script, mode: str) -> None:
    app = part("tanh", keep=mode)
    assert not app.exception
    assert [tab.label for tab in app.tabs] == ["PyTorch", "JAX", "Keras"]
    code = verbs.initialization("tanh", mode=mode)["code"]
    assert [block.value.strip() for block in app.code] == [text.strip() for text in code.values()]


def test_what_has_no_gain_is_said(part: Script) -> None:
    app = part("sqrt(x)")
    assert not app.exception
    assert any("not real on the whole line" in block.value for block in app.code)
    app = part("sqrt(|x|)", keep="backward")
    assert not app.exception
    assert any("no gain keeps" in block.value for block in app.code)


def test_the_audit_page() -> None:
    app = AppTest.from_function(_audit, default_timeout=120).run()
    assert not app.exception
    document = verbs.audit("tanh")
    assert powers(document["finding"]) in said(app)
    table, settled = (text for text in said(app) if text.startswith("| entry"))
    for row in document["rows"]:
        assert row["says"] in table
        assert f"{float(row['forward']['decimal']):.8g}" in table
        assert f"{float(row['chi1']['decimal']):.8g}" in settled
        assert row["q"] is None or f"{float(row['q']['decimal']):.8g}" in settled
        assert row["settles"] in settled
    charts = [chart.proto for chart in app.get("vega_lite_chart")]
    assert len(charts) == 2


def _audit() -> None:
    from symgrad.app import audit

    vars(audit)["open_view"] = lambda *args: None
    audit.view()
