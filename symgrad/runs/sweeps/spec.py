"""The grid of a sweep: what one small TOML file says.

    [fixed]                      one value each
    activation = "tanh"
    depth = 50
    [grid]                       lists: every combination is one point
    sigma_w = [0.8, 1.0, 1.2]
    seed = [0, 1, 2]

Keys are the options of `simulate` with underscores, `set` those of an activation's parameters ("a=1/5, b=2").
Points are numbered from 0, options in one order and the last running fastest, whatever the order of the file.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from symgrad.errors import InputError
from symgrad.numeric.architectures import ARCHITECTURES, OPTIONS, drawn, options_of

__all__ = ["DEFAULTS", "NET", "Spec", "options_given", "settings"]

NET: tuple[str, ...] = tuple(OPTIONS)
"""The options of the net alone; some are known to one architecture only."""
DEFAULTS: dict[str, Any] = {
    "architecture": "mlp",
    "activation": "tanh",
    "set": "",
    **OPTIONS,
}
"""Every option, in the order in which points are numbered, and its default."""
KINDS = {int: "whole numbers", float: "numbers", str: "texts", bool: "true and false"}
TABLES = ("fixed", "grid")
POINTS = 1_000_000
"""Points of a sweep at most."""
LARGEST_FILE = 16 * 2**20
LARGEST = 2**63 - 1
"""The largest whole number that a column of them holds."""
ONE = {"depth": 1, "width": 1, "batch": 1, "seeds": 1}
"""The smallest net: each value is tried in it alone, so that what is refused is that value."""


@dataclass(frozen=True)
class Spec:
    """Option → its values, every option in the order of `DEFAULTS`; made by `read`, `parse` and
    `from_mapping`, which check it.
    """

    axes: Mapping[str, tuple[Any, ...]]

    @classmethod
    def read(cls, path: Path, activations: bool = True) -> Spec:
        """The spec of a TOML file; `activations` are read as well, which loads SymPy. Raises `InputError`
        naming the file, the key, the offender and what is legal.
        """
        try:
            if path.stat().st_size > LARGEST_FILE:
                raise InputError(f"{path}: larger than {LARGEST_FILE // 2**20} MiB, no spec is")
            text = path.read_text("utf-8")
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: no UTF-8 text ({error.reason} at byte {error.start})") from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise InputError(f"{path}: cannot be read ({why})") from None
        try:
            return cls.parse(text, activations)
        except InputError as error:
            raise InputError(f"{path}: {error}") from None

    @classmethod
    def parse(cls, text: str, activations: bool = True) -> Spec:
        """The spec of a TOML text; raises `InputError`."""
        try:
            tables = tomllib.loads(text)
        except RecursionError:
            raise InputError("no TOML: nested too deeply") from None
        except ValueError as error:
            raise InputError(f"no TOML: {_line(error)}") from None
        return cls.from_mapping(tables, activations)

    @classmethod
    def from_mapping(cls, tables: Mapping[str, Any], activations: bool = True) -> Spec:
        """The spec of {"fixed": {option: value}, "grid": {option: values}}; NumPy's numbers and arrays are
        taken too. Raises `InputError`.
        """
        for name in tables:
            if name not in TABLES:
                raise InputError(f"{_shown(name)} is not legal at the top (legal: [fixed] and [grid])")
            if not isinstance(tables[name], Mapping):
                raise InputError(f"{name} = {_shown(tables[name])}: legal is a table")
        fixed, grid = (tables.get(name, {}) for name in TABLES)
        for key in (*fixed, *grid):
            if key not in DEFAULTS:
                raise InputError(f"option {_shown(key)} is not known (legal: {', '.join(DEFAULTS)})")
        for key in fixed:
            if key in grid:
                raise InputError(f"{key} stands in [fixed] and in [grid]: legal is one of them")
        axes = {}
        for key, default in DEFAULTS.items():
            if key in grid:
                axes[key] = _values(key, grid[key])
            else:
                axes[key] = (_value("fixed", key, fixed[key]) if key in fixed else default,)
        points = math.prod(len(values) for values in axes.values())
        if points > POINTS:
            raise InputError(f"[grid] has {points:,} points: legal are at most {POINTS:,}")
        if activations:
            _check_activations(axes, "grid" if "activation" in grid else "fixed")
        return cls(axes)

    @property
    def fixed(self) -> dict[str, Any]:
        """The options that have one value, defaults among them."""
        return {key: values[0] for key, values in self.axes.items() if len(values) == 1}

    @property
    def grid(self) -> dict[str, tuple[Any, ...]]:
        """The options that have several values."""
        return {key: values for key, values in self.axes.items() if len(values) > 1}

    @property
    def shape(self) -> tuple[int, ...]:
        """How many values each option has."""
        return tuple(len(values) for values in self.axes.values())

    @property
    def points(self) -> int:
        """How many there are."""
        return math.prod(self.shape)

    def point(self, number: int) -> dict[str, Any]:
        """All options of one point."""
        options = {}
        for key in reversed(tuple(self.axes)):
            number, at = divmod(number, len(self.axes[key]))
            options[key] = self.axes[key][at]
        return {key: options[key] for key in self.axes}

    def text(self) -> str:
        """TOML that reads as this spec, every option written out."""
        lines = ["[fixed]", *(f"{key} = {_toml(value)}" for key, value in self.fixed.items())]
        if self.grid:
            lines += ["", "[grid]"]
            lines += [f"{key} = [{', '.join(map(_toml, values))}]" for key, values in self.grid.items()]
        return "\n".join(lines) + "\n"


def options_given(point: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a point's net, without those that its architecture does not know and that are left
    alone.
    """
    known = options_of(point["architecture"])
    return {name: point[name] for name in NET if name in known or point[name] != DEFAULTS[name]}


def settings(text: str) -> dict[str, str]:
    """Values of parameters by name, out of "a=1/5, b=2"; raises `InputError`."""
    found: dict[str, str] = {}
    for part in text.split(",") if text.strip() else ():
        name, equals, value = (word.strip() for word in part.partition("="))
        if not (equals and name and value) or name in found:
            raise InputError(f"set = {_shown(text)}: legal is NAME=VALUE, NAME=VALUE, each name once")
        found[name] = value
    return found


def _values(key: str, given: Any) -> tuple[Any, ...]:
    given = given.tolist() if hasattr(given, "tolist") else given
    if not isinstance(given, Iterable) or isinstance(given, (str, bytes, Mapping)):
        raise InputError(f"[grid] {key} = {_shown(given)}: legal is a list; one value stands in [fixed]")
    values = tuple(_value("grid", key, value) for value in given)
    if not values:
        raise InputError(f"[grid] {key} = []: legal is a list of at least one value")
    seen = set()
    for value in values:
        if value in seen:
            raise InputError(f"[grid] {key} has {_shown(value)} twice: legal is each value once")
        seen.add(value)
    return values


def _value(table: str, key: str, given: Any) -> Any:
    """The value as some architecture takes it, in the type of its default: a point whose own does not is
    recorded with the reason.
    """
    where = f"[{table}] {key}"
    value: Any = given.item() if hasattr(given, "item") else given
    kind: type = type(DEFAULTS[key])
    if isinstance(value, bool) != (kind is bool) or not isinstance(
        value, (int, float) if kind is float else kind
    ):
        raise InputError(f"{where} = {_shown(value)}: legal are {KINDS[kind]}")
    if isinstance(value, int) and abs(value) > LARGEST:
        raise InputError(f"{where} = {_shown(value)}: legal are numbers up to {LARGEST}")
    if key == "set":
        settings(str(value))
    if key == "architecture" and value not in ARCHITECTURES:
        raise InputError(f"{where} = {_shown(value)}: legal are {', '.join(ARCHITECTURES)}")
    if key not in NET:
        return str(value).strip()
    refused: list[str] = []
    for architecture in (name for name in ARCHITECTURES if key in options_of(name)):
        try:
            legal = getattr(drawn(architecture, {**ONE, key: value}), key)
        except ValueError as error:
            refused.append(str(error))
        else:
            return legal + 0.0 if kind is float else legal  # −0.0 is 0.0
    why = refused[-1]
    raise InputError(
        f"[{table}] {why}" if why.startswith(f"{key} = ") else f"{where} = {_shown(value)}: {why}"
    )


def _check_activations(axes: Mapping[str, tuple[Any, ...]], table: str) -> None:
    """Every activation is read, with every setting of its parameters."""
    from symgrad.theory.activations.setting import entry_of

    for activation, given in product(axes["activation"], axes["set"]):
        try:
            entry_of(activation, settings(given))
        except ValueError as error:
            at = f" with set = {_shown(given)}" if given else ""
            raise InputError(f"[{table}] activation = {_shown(activation)}{at}: {_line(error)}") from None


def _toml(value: Any) -> str:
    """A TOML value: texts are quoted as in JSON, but for the one character that JSON leaves bare."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _shown(value: object) -> str:
    """The offender, on one line and not too long."""
    try:
        text = repr(value)
    except ValueError:  # a whole number of thousands of digits
        text = f"a {type(value).__name__} of thousands of digits"
    return text if len(text) <= 60 else f"{text[:57]}..."


def _line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 400 else f"{text[:397]}..."
