"""What every view is put together from: finding, badges, formulas, numbered steps, charts, sources."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import streamlit as st

from symgrad.app.words import escaped, powers, typeset

__all__ = [
    "dark",
    "figure",
    "finding",
    "formula",
    "grade_badge",
    "opening",
    "projector",
    "sources",
    "step",
    "steps",
    "verdict_badge",
]

Document = Mapping[str, Any]

SENTENCES = re.compile(r"(?<=[\w)])\. (?=[A-Z])")

VERDICTS = {
    "PASS": ("green", "✓ PASS", "Measured, and nothing contradicts the claim."),
    "FAIL": ("red", "✗ FAIL", "Measured, and something contradicts the claim."),
    "UNDECIDED": ("orange", "? UNDECIDED", "The measurement could not decide; this never counts as passed."),
}
GRADES = {
    "exact": ("green", "A closed form, proved by algebra or calculus steps."),
    "certified": ("blue", "A rigorous enclosure over the whole real line, by ball arithmetic."),
    "estimated": ("orange", "A number found by searching, without a proof."),
}


def projector() -> bool:
    """Whether the page is shown to a room: large type, controls put away."""
    return bool(st.session_state.get("projector", False))


def dark() -> bool:
    """Whether the reader's theme is the dark one."""
    return st.context.theme.type == "dark"


def finding(markdown: str) -> None:
    """The sentence a view opens with, in large type."""
    with st.container(key="finding"):
        st.markdown(markdown)


def opening(text: str) -> None:
    """A finding of several sentences: the first in large type, the others below it."""
    first, *others = SENTENCES.split(text, maxsplit=1)
    finding(powers(first if not others else f"{first}."))
    if others:
        st.markdown(powers(others[0]))


def formula(latex: str) -> None:
    """A displayed formula, scrolling in its own box where the page is narrow."""
    st.latex(latex)


def verdict_badge(verdict: str, detail: str) -> None:
    """PASS, FAIL or UNDECIDED, never by colour alone, and what was counted."""
    colour, label, meaning = VERDICTS[verdict]
    st.markdown(f":{colour}-badge[{label}]  {detail}", help=meaning)


def grade_badge(grade: str) -> str:
    """The proof grade as Markdown, for a table cell or a line of text."""
    return f":{GRADES[grade][0]}-badge[{grade}]"


def steps(lines: Sequence[Document], first: int = 1) -> None:
    """Numbered steps, each named by its rule."""
    for number, line in enumerate(lines, first):
        step(line, f"**{number}.** {escaped(line['rule'])}")


def step(line: Document, heading: str = "") -> None:
    """A formula, why it follows, and how the machine checked it."""
    with st.container(border=True, gap="xsmall"):
        if heading:
            st.markdown(heading)
        formula(line["latex"])
        st.markdown(line["because_markdown"])
        st.caption(f"✓ {typeset(line['check'])}")


def figure(chart: alt.TopLevelMixin | dict[str, Any], key: str) -> None:
    """A chart on the page's own ground, larger in projector mode; its description is its text alternative."""
    specification = chart if isinstance(chart, dict) else chart.to_dict()
    shared = {name: specification[name] for name in ("$schema", "description", "config")}
    shared["config"] |= ON_A_PAGE
    shared["autosize"] = {"type": "fit-x", "contains": "padding"}  # the height is that of the plot itself
    shared["config"]["legend"]["columns"] = {"expr": "width < 560 ? 1 : 3"}
    # Only a single chart fits itself to its place: the parts of a stack are drawn one by one.
    for index, part in enumerate(specification.get("vconcat", [specification])):
        whole = {**part, **shared}
        st.vega_lite_chart(
            enlarged(whole) if projector() else whole, theme=None, key=f"{key}-{index}", width="stretch"
        )


def enlarged(part: Any) -> Any:
    """The chart with type half as large again."""
    if isinstance(part, dict):
        return {
            name: 1.5 * value if name in SIZES and isinstance(value, int) else enlarged(value)
            for name, value in part.items()
        }
    return [enlarged(item) for item in part] if isinstance(part, list) else part


ON_A_PAGE = {"background": "transparent", "axisY": {"minExtent": 46}}
"""The page's own ground; stacked charts begin at the same place."""
SIZES = {"fontSize", "labelFontSize", "titleFontSize", "labelLimit"}


def sources(works: Sequence[Document]) -> None:
    """Where it was read: author, year, title, place in the work, identifier."""
    if not works:
        return
    st.subheader("Sources", anchor=False)
    for work in works:
        where = f", {escaped(work['where'])}." if work["where"] else "."
        identifier = f"  \n`{work['identifier']}`" if work["identifier"] else ""
        st.markdown(f"{escaped(work['text'].rstrip('.'))}{where}{identifier}")
