"""What can be taken away from a view: chart, document, table, address."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from symgrad.present import charts
from symgrad.present.columns import columns_csv

__all__ = [
    "chart_maker",
    "document_maker",
    "download",
    "layer_columns",
    "share",
    "takeaway",
]

Document = Mapping[str, Any]

MIME = {
    "png": "image/png",
    "svg": "image/svg+xml",
    "json": "application/json",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "toml": "application/toml",
    "tex": "application/x-tex",
    "md": "text/markdown",
    "pdf": "application/pdf",
    "ipynb": "application/x-ipynb+json",
}


def download(label: str, name: str, kind: str, make: Callable[[], bytes]) -> None:
    """A button whose file is made only when it is clicked."""
    st.download_button(
        label,
        data=make,
        file_name=f"{name}.{kind}",
        mime=MIME[kind],
        key=f"download-{name}-{kind}",
        on_click="ignore",
    )


def chart_maker(
    draw: Callable[[Document], charts.Chart], document: Document, kind: str
) -> Callable[[], bytes]:
    """The chart of a document as a picture, on white."""
    return lambda: charts.save(draw(document), kind)


def document_maker(document: Document) -> Callable[[], bytes]:
    """The document as indented JSON."""
    return lambda: json.dumps(document, indent=2, ensure_ascii=False).encode()


def layer_columns(document: Document) -> dict[str, Sequence[Any]]:
    """A simulation's columns, one row a layer, or a time step; null is the logarithm of an exact zero."""
    mlp = document["config"]["architecture"] == "mlp"
    columns: dict[str, Sequence[Any]] = {"layer" if mlp else "step": document["depth"]}
    for name in ("log10_gradient", "log10_weight_gradient"):
        if document.get(name) is not None:
            columns |= {
                f"{name}_{quantile}": document[name][quantile] for quantile in ("median", "q05", "q95")
            }
    columns["log10_bound"] = document["log10_bound"]
    if document["log10_predicted"] is not None:
        columns["log10_predicted"] = document["log10_predicted"]
    return columns


def takeaway(
    name: str,
    draw: Callable[[Document], charts.Chart],
    document: Document,
    columns: Mapping[str, Sequence[Any]],
    options: Mapping[str, Any],
    defaults: Mapping[str, Any],
) -> None:
    """The chart, its columns, the document, the address, and the way back to the defaults."""
    with st.container(horizontal=True, gap="small", key="takeaway"):
        for kind in ("png", "svg"):
            download(f"Chart {kind.upper()}", name, kind, chart_maker(draw, document, kind))
        download("Data CSV", name, "csv", lambda: columns_csv(columns))
        download("Document JSON", name, "json", document_maker(document))
        share(options, defaults)
        st.button("Reset", key="reset", on_click=st.session_state.update, args=(dict(defaults),))


def share(options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """The address that reproduces the view, to copy."""
    from urllib.parse import urlencode

    changed = {name: value for name, value in options.items() if value != defaults.get(name)}
    base = (st.context.url or "").split("?")[0]
    with st.popover("Share", key="share", help="The address of this view with these settings"):
        st.caption("Whoever opens this address sees the same settings and the same random draws.")
        st.code(
            f"{base}?{urlencode(changed, doseq=True)}" if changed else base, language=None, wrap_lines=True
        )
