"""The atlas as a table: CSV with every figure, Markdown and LaTeX with what fits a page."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

__all__ = ["COLUMNS", "FORMATS", "rounded", "short", "where"]

Row = Mapping[str, Any]
LONGEST = 28
"""Letters of an exact value that still fit a cell."""
DIGITS = 10


def short(value: Mapping[str, Any]) -> str:
    """A value for a narrow cell: exact where that is short, else ten digits."""
    exact = value["exact"]
    if exact is not None and len(exact) <= LONGEST:
        return str(exact)
    return rounded(value["decimal"])


def rounded(decimal: str, digits: int = DIGITS) -> str:
    """A decimal to so many digits; oo as it is."""
    return decimal if decimal.endswith("oo") else f"{float(decimal):.{digits}g}"


def _formula(value: Mapping[str, Any]) -> str:
    exact = value["exact"]
    if exact is not None and len(exact) <= LONGEST:
        return f"${value['latex']}$"
    return f"${rounded(value['decimal'])}$".replace("oo", r"\infty")


def where(extremum: Mapping[str, Any]) -> str:
    """The places of an extremum: attained there, approached, or only near."""
    verb = {True: "at ", False: "as ", None: "near "}[extremum["attained"]]
    return verb + "; ".join(extremum["at"])


def _proof(row: Row) -> str:
    """The grades of inf, sup and the gains, each once."""
    keys = ("inf", "sup", "lipschitz", "forward_gain", "backward_gain")
    return ", ".join(dict.fromkeys(row[key]["proof"] for key in keys))


def _frameworks(row: Row) -> str:
    return "; ".join(f"{module}: {names}" for module, names in row["frameworks"].items())


def _critical(row: Row, name: str) -> str:
    """A figure of the criticality class; empty where there is none, or where it may be any."""
    value = row["criticality"][name]
    return "" if value is None else str(value["decimal"])


def _class(row: Row) -> str:
    """The criticality class, with its length where that is one above 0."""
    found = row["criticality"]
    if found["kind"] == "half-stable":
        return f"half-stable, $q =$ {_formula(found['q'])}"
    return str(found["kind"]).replace("K* = 0", "$K^* = 0$")


def _extremum_cells(name: str) -> dict[str, Callable[[Row], str]]:
    return {
        name: lambda row: row[name]["decimal"],
        f"{name} exact": lambda row: row[name]["exact"] or "",
        f"{name} where": lambda row: where(row[name]),
        f"{name} proof": lambda row: row[name]["proof"],
    }


def _gain_cells(name: str) -> dict[str, Callable[[Row], str]]:
    key = f"{name}_gain"
    return {
        f"{name} gain": lambda row: row[key]["decimal"],
        f"{name} gain exact": lambda row: row[key]["exact"] or "",
        f"{name} gain proof": lambda row: row[key]["proof"],
    }


COLUMNS: dict[str, Callable[[Row], str]] = {
    "name": lambda row: row["name"],
    "family": lambda row: row["family"],
    "phi": lambda row: row["expression"],
    "phi'": lambda row: row["derivative"],
    **_extremum_cells("inf"),
    **_extremum_cells("sup"),
    **_extremum_cells("lipschitz"),
    "smoothness": lambda row: row["smoothness"],
    "symmetry": lambda row: row["parity"],
    "direction": lambda row: row["direction"],
    "g with phi' = g(phi)": lambda row: row["autonomous"] or "",
    **_gain_cells("forward"),
    **_gain_cells("backward"),
    "criticality": lambda row: row["criticality"]["kind"],
    "criticality proof": lambda row: row["criticality"]["proof"],
    "critical q": lambda row: _critical(row, "q"),
    "critical sigma_w^2": lambda row: _critical(row, "sigma_w2"),
    "critical sigma_b^2": lambda row: _critical(row, "sigma_b2"),
    "criticality why": lambda row: row["criticality"]["why"],
    "source": lambda row: row["source"],
    "frameworks": _frameworks,
}
"""The columns of the CSV: heading → text."""


def _csv(rows: Sequence[Row]) -> str:
    """RFC 4180; a cell that a spreadsheet would take for a formula gets a leading quote."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows([_safe(cell(row)) for cell in COLUMNS.values()] for row in rows)
    return text.getvalue()


def _safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


SIGNS = {"->": "→", "oo": "∞", "<=": "≤", ">=": "≥", "pi": "π", "sqrt": "√", "*": "·", "f(": "φ("}
CLASS = re.compile(r"C\^(\d+)")


def _signs(text: str) -> str:
    """Words of a place with a reader's signs."""
    for plain, sign in SIGNS.items():
        text = text.replace(plain, sign)
    return text


def _typeset(words: Callable[[str], str]) -> dict[str, Callable[[Row], str]]:
    """The columns of a page, with words escaped for its language and formulas between dollars."""
    return {
        "name": lambda row: words(row["name"]),
        "φ(x)": lambda row: f"${row['latex']}$",
        "φ′(x)": lambda row: f"${row['derivative_latex']}$",
        "inf φ′": lambda row: _formula(row["inf"]),
        "where": lambda row: words(_signs(where(row["inf"]))),
        "sup φ′": lambda row: _formula(row["sup"]),
        "where ": lambda row: words(_signs(where(row["sup"]))),
        "sup |φ′|": lambda row: _formula(row["lipschitz"]),
        "smoothness": lambda row: CLASS.sub(r"$C^{\1}$", row["smoothness"]),
        "symmetry": lambda row: words(_signs(row["parity"])),
        "direction": lambda row: words(row["direction"]),
        "g(y), φ′ = g(φ)": lambda row: f"${row['autonomous_latex']}$" if row["autonomous"] else "",
        "forward gain": lambda row: _formula(row["forward_gain"]),
        "backward gain": lambda row: _formula(row["backward_gain"]),
        "criticality": _class,
        "proof": lambda row: words(_proof(row)),
        "source": lambda row: words(row["source"]),
        "frameworks": lambda row: words(_frameworks(row)),
    }


def _by_family(rows: Sequence[Row]) -> dict[str, list[Row]]:
    families: dict[str, list[Row]] = {}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    return families


TITLE = "An atlas of activations"
SAYS = (
    "Every elementwise activation of PyTorch, JAX and Keras and many of the literature. Each figure is "
    "derived from the formula by the program that wrote this table; gains are for pre-activations of "
    "variance 1. The criticality class says at which variance q of pre-activations lengths and gradients can "
    "both be kept."
)


def _markdown(rows: Sequence[Row]) -> str:
    from symgrad.present.escape import markdown_text  # SymPy comes with it, and the app's page needs none

    columns = _typeset(markdown_text)
    lines = [f"# {TITLE}", "", SAYS]
    for family, members in _by_family(rows).items():
        lines += ["", f"## {family.capitalize()}", ""]
        lines += ["| " + " | ".join(title.replace("|", r"\|").strip() for title in columns) + " |"]
        lines += ["|" + "---|" * len(columns)]
        for row in members:
            lines.append("| " + " | ".join(_bar(cell(row)) for cell in columns.values()) + " |")
    return "\n".join([*lines, ""])


def _bar(cell: str) -> str:
    """A bar inside a formula would end the cell."""
    return cell.replace(r"\|", r"\Vert ").replace("|", r"\vert ") if "$" in cell else cell.replace("|", r"\|")


_PREAMBLE = r"""\documentclass[9pt,a4paper]{article}
\usepackage[utf8]{inputenc}
\usepackage{amsmath,amssymb,booktabs,longtable,array}
\usepackage[a2paper,landscape,margin=1.5cm]{geometry}
\usepackage[hidelinks,bookmarks=false]{hyperref}
\setlength{\tabcolsep}{3pt}
\newcolumntype{L}[1]{>{\raggedright\arraybackslash}p{#1}}
"""
_WIDTHS = (2.4, 7.0, 10.0, 2.3, 2.1, 2.3, 2.1, 2.3, 1.6, 1.6, 1.5, 4.0, 2.2, 2.2, 2.2, 1.4, 5.0, 2.6)
"""Centimetres of the columns; a2 paper, for the table is a wide one."""


def _latex(rows: Sequence[Row]) -> str:
    from symgrad.present.escape import latex_text

    columns = _typeset(latex_text)
    layout = "".join(f"L{{{width}cm}}" for width in _WIDTHS)
    heads = " & ".join(latex_text(title.strip()) for title in columns)
    parts = [_PREAMBLE, r"\begin{document}", rf"\section*{{{TITLE}}}", latex_text(SAYS)]
    for family, members in _by_family(rows).items():
        parts += [rf"\subsection*{{{latex_text(family.capitalize())}}}", r"{\scriptsize"]
        parts += [rf"\begin{{longtable}}{{{layout}}}", r"\toprule", rf"{heads} \\", r"\midrule", r"\endhead"]
        parts += [" & ".join(cell(row) for cell in columns.values()) + r" \\" for row in members]
        parts += [r"\bottomrule", r"\end{longtable}", "}"]
    return "\n".join([*parts, r"\end{document}", ""])


FORMATS: dict[str, Callable[[Sequence[Row]], str]] = {"csv": _csv, "md": _markdown, "tex": _latex}
"""Format → the whole file."""
