"""What a sweep has found: finding, picture, table, failures, files to take away."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import streamlit as st

from symgrad.app.ask import Document
from symgrad.app.downloads import chart_maker, download, share
from symgrad.app.drawing import drawn
from symgrad.app.parts import figure, finding, verdict_badge
from symgrad.app.words import escaped, powers
from symgrad.present import charts
from symgrad.present.thinning import FEW
from symgrad.verbs.sweep_findings import TITLES
from symgrad.verbs.sweeps import MOST_ROWS, rows_file

__all__ = ["results", "saved"]

LETTER = re.compile(r"σ\\_([wb])")
COLUMNS = {
    "median": ("log10 ratio", "log10 of the gradient at layer 1 over that at layer L, median over seeds."),
    "q05": ("5 %", "The 5 % quantile over seeds."),
    "q95": ("95 %", "The 95 % quantile over seeds."),
    "predicted": ("predicted", "What the length map predicts for very wide nets."),
    "bound": ("bound", "The most that the worst-case bound of the drawn weights allows, median over seeds."),
    "violations": ("above bound", "Measured values above their own worst-case bound; none can be."),
}


def results(
    found: Callable[[Mapping[str, Any]], Document],
    top: st.delta_generator.DeltaGenerator,
    takeaway: Callable[[], None],
) -> None:
    """The sentence at the top, the picture, a choice for each axis that found no place in it, the rows."""
    held: dict[str, Any] = {}
    choices = st.container(horizontal=True)
    document = found(held)
    for choice in document["picture"]["choices"]:
        with choices:
            held[choice["key"]] = st.selectbox(
                escaped(choice["title"]),
                choice["values"],
                choice["values"].index(document["picture"]["held"][choice["key"]]),
                key=f"held_{choice['key']}",
                bind="query-params",
                width=220,
                help="The picture is drawn at this value; the table and the files have all.",
            )
    if held:
        document = found(held)
    shown = document["picture"]
    with top:
        finding(LETTER.sub(r"$\\sigma_\1$", powers(shown["finding"])))
        against_bound(document)
    if shown["kind"] == "dots" or shown["cells"] or shown["series"]:
        figure(drawn(charts.sweep_picture, shown), "sweep-chart")
        st.caption(reading(shown))
    st.caption(escaped(f"The same in every net: {alike(document['fixed'])}."))
    failures(document)
    table(document)
    name = "-".join(["sweep", *document["axes"]]).replace("_", "-")
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind in ("png", "svg"):
            download(f"Chart {kind.upper()}", name, kind, chart_maker(charts.sweep_picture, shown, kind))
        takeaway()


def against_bound(document: Document) -> None:
    if not document["bounded"]:
        return
    above, values = document["violations"], document["measured_values"]
    detail = f"{above:,} of {values:,} measured values lie above the worst-case bound"
    verdict_badge("FAIL" if above else "PASS", detail)


READING = {
    "lines": "Solid: the median over seeds, with its 5 to 95 % band. On the line at 10^0 the gradient holds.",
    "map": "Blue: the gradient vanishes on its way to layer 1. Orange: it explodes. A dot: it holds, within "
    "a factor of 10.",
    "dots": "A dot: the median over seeds; its bar: 5 to 95 %. At 10^0 the gradient holds.",
}


def reading(shown: Document) -> str:
    text = READING[shown["kind"]]
    if shown["kind"] == "lines" and len(shown["series"]) <= FEW:
        text += " Dashed: what the length map predicts for very wide nets. Dotted: the worst-case bound."
        if any(point["band"] is not None for one in shown["series"] for point in one["points"]):
            text += " Darker band: where these medians lie in 99 of 100 such sweeps, at this width."
    return powers(text)


def alike(fixed: Mapping[str, Any]) -> str:
    """What was held fixed, each by its letter where it has one."""
    words = [str(fixed[key]) for key in ("activation", "set", "weights", "dtype") if fixed.get(key)]
    letters = {key: title.split()[-1] for key, title in TITLES.items()}
    numbers = ("depth", "width", "batch", "seeds", "sigma_w", "sigma_b", "seed")
    return ", ".join(words + [f"{letters[key]} = {fixed[key]:g}" for key in numbers if key in fixed])


def failures(document: Document) -> None:
    """The points without a result, each with its reason; the rest of the sweep went on."""
    if not document["failures"]:
        return
    count = document["failed"]
    with st.expander(
        f"{count:,} point{'s' * (count > 1)} failed: which, and why", expanded=True, key="failures"
    ):
        keys = ["point", *document["axes"]]
        rows = [{**{TITLES.get(key, key): row[key] for key in keys}, "why": row["error"]}
                for row in document["failures"]]  # fmt: skip
        st.dataframe(rows, hide_index=True, height="content" if len(rows) < 10 else 300)


def table(document: Document) -> None:
    """Every point, to sort and search."""
    with st.expander("The points as a table", key="points"):
        keys = list(document["axes"])
        rows = [{TITLES[key]: row[key] for key in keys} | {COLUMNS[key][0]: row[key] for key in COLUMNS}
                for row in document["rows"] if row["error"] is None]  # fmt: skip
        config = {
            label: st.column_config.NumberColumn(help=why, format="%.3f") for label, why in COLUMNS.values()
        }
        config["above bound"] = st.column_config.NumberColumn(help=COLUMNS["violations"][1], format="%d")
        st.dataframe(rows, hide_index=True, column_config=config, height="content" if len(rows) < 12 else 420)
        if len(document["rows"]) == MOST_ROWS:
            st.caption(f"The first {MOST_ROWS:,} points; the files hold all.")


def saved(folder: Path) -> None:
    """The files of a folder: made when they are asked for."""
    for kind, label in (("csv", "Data CSV"), ("parquet", "Data Parquet"), ("toml", "SPEC.toml")):
        download(label, folder.name, kind, partial(rows_file, folder, kind))
    share({"folder": folder.name}, {})
    with st.popover("Read it with pandas", key="pandas"):
        st.code(
            f'import pandas\n\nrows = pandas.read_parquet("{folder}/parts")',
            language="python",
            wrap_lines=True,
        )
