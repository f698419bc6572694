"""Choosing φ: by name from the list, or typed; the error stands beside the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from symgrad.app.ask import Document, ask
from symgrad.errors import InputError

__all__ = ["as_address", "chosen_phi", "names_in_order", "parameter_fields"]

LONGEST = 500
TYPED = "typed"
"""What the parameters of a typed activation go by in the address."""


def chosen_phi(default: str, *, list_width: float = 2.0) -> tuple[str, Document] | None:
    """The name or text chosen, and what it was understood as; None, with the reason beside the field, where
    it is neither.
    """
    left, right = st.columns([list_width, 3.0])
    with right:
        text = st.text_input(
            "or type your own φ(x), or a name",
            value=default,
            key="activation",
            bind="query-params",
            max_chars=LONGEST,
            placeholder=default,
            help=(
                "An expression in x, such as x\\*tanh(log(1+exp(x))) or |x|^(3/2): + − \\* / ^, |x|, "
                "exp, log, sqrt, tanh, erf, sin, min, max, where(x < 0, …, …), every name of the list as a "
                "function, and a b c k alpha beta gamma lambda as parameters."
            ),
        )
    asked = text.strip() or default
    with left:
        from_list(asked)
    try:
        return asked, ask("parse", activation=asked)
    except InputError as error:
        with right:
            pointed(asked, error)
        return None


def from_list(asked: str) -> None:
    """The registered names, the first ones first; it follows the text, and sets it."""
    names, families = names_in_order()
    st.session_state["activation_list"] = asked if asked in names else None
    st.selectbox(
        f"Activation φ: {len(names)} by name",
        names,
        index=None,
        key="activation_list",
        format_func=lambda name: f"{name}  ·  {families[name]}",
        placeholder="your own, typed beside" if asked not in names else "",
        on_change=take,
        help="Type to search, by name or by family. The function every unit applies to its weighted sum.",
    )


def take() -> None:
    """The name chosen in the list becomes the text."""
    if st.session_state["activation_list"]:
        st.session_state["activation"] = st.session_state["activation_list"]


def names_in_order() -> tuple[list[str], dict[str, str]]:
    """Every registered name, those of a first course in front, with the family of each."""
    listing = ask("list")
    families = {name: family for family, names in listing["families"].items() for name in names}
    core = listing["core"]
    return [*core, *(name for name in families if name not in core)], families


def pointed(text: str, error: InputError) -> None:
    """The line as typed, a caret under the column, and what is wrong there."""
    problem = str(error)
    if error.column is None:
        st.code(problem, language=None, wrap_lines=True)
        return
    _, found, after = problem.partition(f"column {error.column}: ")
    start = max(0, error.column - 30)
    shown = text[start : start + 60].replace("\n", " ")
    caret = " " * (error.column - 1 - start) + "^"
    told = f"column {error.column}: {after if found else problem}"
    st.code(f"{shown}\n{caret}\n{told}", language=None, wrap_lines=True)


def parameter_fields(asked: str, understood: Document) -> dict[str, str]:
    """A field for each parameter, and what was typed into those that were changed."""
    typed: dict[str, str] = {}
    if not understood["parameters"]:
        return typed
    row = st.container(horizontal=True)
    for parameter, default in understood["parameters"].items():
        text = row.text_input(
            f"Parameter {parameter}",
            key=f"{owner(asked)}_{parameter}",
            bind="query-params",
            placeholder=default if len(default) < 12 else "its default",
            max_chars=24,
            help=f"A positive decimal or fraction, such as 0.2 or 1/5. Empty: the default, {default}.",
        )
        if text:
            typed[parameter] = text.strip()
    return typed


def owner(asked: str) -> str:
    """What the fields of the parameters are called after: the activation's name, or that it was typed."""
    return asked if asked in ask("list")["activations"] else TYPED


def as_address(asked: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a verb by the keys of their controls."""
    settings = {f"{owner(asked['activation'])}_{name}": value for name, value in asked["settings"].items()}
    return {**{name: value for name, value in asked.items() if name != "settings"}, **settings}
